/**
 * Calls that a partition's leader answers. Invariant: who leads is asked for anew whenever the one that was asked does not answer, or
 * says that it does not lead; what is asked this way may be asked twice. Neighbours: `Call.ts` asks others.
 */
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Klamm } from "../Klamm.ts"
import {
  type Admin,
  AdminError,
  anyBroker,
  ask,
  attempt,
  broker,
  byTopic,
  type Call,
  type Failure,
  failureOf,
  failuresOf,
  groupBy,
  nameOf,
  type Outcome,
  outcome,
  printPartition,
  type Target,
  type TopicPartition,
  worthAnotherAttempt
} from "./Call.ts"

/** The leaders of partitions as the brokers know them now. */
const leadersOf = (operation: string, partitions: ReadonlyArray<TopicPartition>): Admin<ReadonlyMap<string, number>> =>
  ask({
    operation,
    target: anyBroker,
    api: { request: MetadataRequest, response: MetadataResponse },
    minVersion: 10,
    body: {
      topics: byTopic(partitions).map(([name]) => ({ name, topicId: ZERO })),
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
      includeClusterAuthorizedOperations: false
    },
    read: ({ topics }) => {
      const leaders = new Map<string, number>()
      for (const { name, partitions: found } of topics) {
        for (const { partitionIndex, leaderId, errorCode } of found) {
          if (errorCode === ErrorCode.NONE) leaders.set(printPartition(name ?? "", partitionIndex), leaderId)
        }
      }
      const lost = topics.length > 0 && topics.every(({ errorCode }) => errorCode !== ErrorCode.NONE)
      const leaderless = partitions
        .map(({ topic, partition }) => printPartition(nameOf(topic), partition))
        .filter((name) => !leaders.has(name))
      const failures: ReadonlyArray<Failure> = lost
        ? failuresOf(topics, ({ name }) => name ?? "")
        : leaderless.flatMap((name) => failureOf(name, { errorCode: ErrorCode.LEADER_NOT_AVAILABLE }))
      return outcome<ReadonlyMap<string, number>>(leaders, failures)
    }
  })

/**
 * So long the broker that is asked may say that there is no such topic, milliseconds: of one that was made a moment ago it may not have heard
 * yet. (Kafka's PartitionLeaderStrategy goes on asking until the call's time is over: a name that is wrong is told only then.)
 */
export const unheardMs = 2_000

const isUnheard = ({ failures }: AdminError): boolean =>
  failures.every(({ code }) => code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)

/** The same, asked again up to a time when the topics are not known. */
const leadersOnceHeard = (
  operation: string,
  partitions: ReadonlyArray<TopicPartition>,
  untilMs: number,
  attempts = 1
): Admin<ReadonlyMap<string, number>> =>
  Effect.catch(leadersOf(operation, partitions), (error) =>
    Effect.gen(function* () {
      const { cluster } = yield* Klamm
      const pauseMs = cluster.backoffMs(attempts)
      if (!isUnheard(error) || (yield* Clock.currentTimeMillis) + pauseMs > untilMs) return yield* error
      yield* Effect.sleep(pauseMs)
      return yield* leadersOnceHeard(operation, partitions, untilMs, attempts + 1)
    })
  )

/** A leader that metadata has named may not have heard of it itself, as of a topic that was made a moment ago. */
const mayPass = ({ code }: Failure): boolean =>
  code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || worthAnotherAttempt.has(code)

/** What one leader's answer comes to: its part, or nothing while it is worth asking again. */
const judge = <A>(
  operation: string,
  answered: Outcome<A>,
  isOver: boolean
): Effect.Effect<A | undefined, AdminError> => {
  const [first, ...others] = answered.failures
  if (first === undefined) return Effect.succeed(answered.value)
  if (!isOver && answered.failures.every(mayPass)) return Effect.succeed(undefined)
  return Effect.fail(new AdminError({ operation, failures: [first, ...others] }))
}

/** A call to be asked of leaders, whose types follow from each other. */
export const toLeader = <Req, Res, A>(call: Call<Req, Res, A>): Call<Req, Res, A> => call

/** Asks each partition's leader for the partitions it leads, all of them at once, and puts the answers together. */
export const askLeaders = <P extends TopicPartition, Req, Res, A>(
  operation: string,
  partitions: ReadonlyArray<P>,
  callOf: (target: Target, led: ReadonlyArray<P>) => Call<Req, Res, ReadonlyArray<A>>
): Admin<ReadonlyArray<A>> =>
  Effect.gen(function* () {
    const { cluster, settings } = yield* Klamm
    const startMs = yield* Clock.currentTimeMillis
    const endMs = startMs + settings.apiTimeoutMs
    const heardMs = Math.min(endMs, startMs + unheardMs)
    const found: Array<A> = []
    let left = partitions
    for (let attempts = 1; ; attempts++) {
      const leaders = yield* leadersOnceHeard(operation, left, heardMs)
      const pauseMs = cluster.backoffMs(attempts)
      const isOver = (yield* Clock.currentTimeMillis) + pauseMs > endMs
      const askOne = ([leader, led]: readonly [number, ReadonlyArray<P>]) =>
        attempt(cluster, callOf(broker(leader), led)).pipe(
          Effect.flatMap((answered) => judge(operation, answered, isOver)),
          Effect.catch((error) => (error.retriable && !isOver ? Effect.succeed(undefined) : Effect.fail(error))),
          Effect.map((part) => (part === undefined ? { part: [], again: led } : { part, again: [] }))
        )
      const led = groupBy(left, ({ topic, partition }) => leaders.get(printPartition(nameOf(topic), partition)) ?? -1)
      const answers = yield* Effect.forEach(led, askOne, { concurrency: "unbounded" })
      found.push(...answers.flatMap(({ part }) => part))
      left = answers.flatMap(({ again }) => again)
      if (left.length === 0) return found
      yield* Effect.sleep(pauseMs)
    }
  })
