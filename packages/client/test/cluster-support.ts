/** A cluster in which each test says what it needs of one: one topic, led by broker 1; what is not said is not to be asked. */
import * as Effect from "effect/Effect"
import type { Cluster, ClusterMetadata } from "../src/Cluster.ts"

export const topic = "orders"

/** What is known of a cluster of one broker, which leads every partition of the topic. */
export const knownOf = (partitionCount: number): ClusterMetadata => ({
  clusterId: "test",
  controllerId: 1,
  brokers: new Map([[1, { id: 1, host: "broker-1", port: 9092, rack: null }]]),
  topics: new Map([
    [
      topic,
      {
        name: topic,
        topicId: "0-0-0-0-1",
        isInternal: false,
        errorCode: 0,
        partitions: Array.from({ length: partitionCount }, (_, partition) => ({
          partition,
          errorCode: 0,
          leaderId: 1,
          leaderEpoch: 0,
          replicas: [1],
          inSync: [1],
          offline: []
        }))
      }
    ]
  ])
})

const unexpected = (what: string) => () => Effect.die(new Error(`nobody is to ask for ${what}`))

export const clusterOf = (given: Partial<Cluster>): Cluster => ({
  request: unexpected("a request"),
  ask: unexpected("an answer"),
  tell: unexpected("a message"),
  metadata: unexpected("metadata"),
  allTopics: Effect.suspend(unexpected("all topics")),
  refresh: unexpected("fresh metadata"),
  known: () => knownOf(1),
  invalidate: () => undefined,
  learn: () => undefined,
  topic: unexpected("a topic"),
  leaderOf: unexpected("a leader"),
  feature: () => 0,
  nameOf: () => topic,
  coordinatorOf: unexpected("a coordinator"),
  invalidateCoordinator: () => undefined,
  retrying: (effect) => effect,
  backoffMs: () => 1,
  ...given
})
