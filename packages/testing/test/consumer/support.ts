/**
 * What the consumer's tests share: a cluster to run against (Klamm in this process, or whatever `KAFKA_BOOTSTRAP` names), fresh
 * topics, and records written by bare Produce requests, so that nothing here rests on the client's producer.
 */
import * as Admin from "@klamm/client/Admin"
import { broker } from "@klamm/client/Cluster"
import { Klamm, layer } from "@klamm/client/Klamm"
import * as Topic from "@klamm/client/Topic"
import { ProduceRequest, ProduceResponse, RecordBatch } from "@klamm/protocol"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { afterAll } from "vitest"
import { type StartedCluster, startTestCluster } from "../../src/startTestCluster.ts"

export const kafka = process.env.KAFKA_BOOTSTRAP

/** A test's whole effect, within a scope and on a connection of its own. */
export type Run = <A, E>(effect: Effect.Effect<A, E, Klamm | Scope.Scope>) => Promise<A>

const runOn =
  (bootstrapOf: () => Promise<string>): Run =>
  async (effect) => {
    const bootstrap = (await bootstrapOf()).split(",")
    return Effect.runPromise(Effect.scoped(effect).pipe(Effect.provide(layer({ bootstrap }))))
  }

let started: Promise<StartedCluster> | undefined

const ownCluster = async (): Promise<string> => {
  started ??= startTestCluster({ brokers: 1, settings: { "group.initial.rebalance.delay.ms": 100 } })
  return (await started).bootstrap
}

afterAll(async () => (await started)?.stop())

/** Runs on Kafka; fails where none is named. */
export const onKafka: Run = runOn(async () => kafka ?? "")

/** Klamm in this process and, where one is named, Kafka. */
export const clusters: ReadonlyArray<{ readonly name: string; readonly run: Run }> = [
  { name: "Klamm", run: runOn(ownCluster) },
  ...(kafka === undefined ? [] : [{ name: "Kafka", run: onKafka }])
]

let made = 0

/** A name nobody has used. */
export const unique = (what: string): string => `${what}-${process.pid}-${Date.now().toString(36)}-${++made}`

/** A topic of texts that exists. */
export const freshTopic = (partitions: number, configs: { readonly [name: string]: string } = {}) =>
  Effect.gen(function* () {
    const name = unique("t")
    yield* Admin.createTopics([{ topic: name, partitions, replicationFactor: 1, configs }])
    return Topic.make(name, { key: Schema.NullOr(Schema.String), value: Schema.String })
  })

export type TextTopic = Topic.Topic<string | null, string>

const patienceMs = 20_000

/** Waits for something to become true. */
export const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.andThen(Effect.sleep(10), condition).pipe(
    Effect.repeat({ until: (isTrue) => isTrue }),
    Effect.timeoutOrElse({ duration: patienceMs, orElse: () => Effect.die(new Error("it did not come true")) }),
    Effect.asVoid
  )

const utf8 = new TextEncoder()

export interface Written {
  readonly key?: string | null
  readonly value: string
}

/** Writes to one partition; answers the offset of the first record. */
export const write = (
  topic: string,
  partition: number,
  records: ReadonlyArray<Written>,
  options: RecordBatch.BatchOptions = {}
) =>
  Effect.gen(function* () {
    const { cluster } = yield* Klamm
    const now = Date.now()
    const batch = RecordBatch.buildBatch(
      records.map(({ key = null, value }) => ({
        key: key === null ? null : utf8.encode(key),
        value: utf8.encode(value),
        timestamp: now
      })),
      options
    )
    const { topicId } = yield* cluster.topic(topic)
    const attempt = Effect.gen(function* () {
      const { id } = yield* cluster.leaderOf(topic, partition)
      const [code, base] = yield* cluster.ask(
        broker(id),
        { request: ProduceRequest, response: ProduceResponse },
        (version) => ({
          transactionalId: null,
          acks: -1,
          timeoutMs: 10_000,
          topicData: [
            {
              ...(version >= 13 ? { topicId } : { name: topic }),
              partitionData: [{ index: partition, records: batch }]
            }
          ]
        }),
        ({ responses }) => {
          const answer = responses[0]?.partitionResponses[0]
          return [answer?.errorCode ?? -1, answer?.baseOffset ?? -1] as const
        }
      )
      return code === 0 ? base : yield* Effect.fail(new Error(`Produce answered ${code}`))
    })
    return yield* Effect.retry(attempt, { times: 20 }).pipe(Effect.orDie)
  })

/** Numbered values over all partitions: `p-n` is the n-th of partition p. */
export const fill = (topic: string, partitions: number, each: number) =>
  Effect.forEach(
    Array.from({ length: partitions }, (_, partition) => partition),
    (partition) =>
      write(
        topic,
        partition,
        Array.from({ length: each }, (_, n) => ({ key: `k${n % 7}`, value: `${partition}-${n}` }))
      ),
    { discard: true }
  )

export const valuesOf = (partitions: number, each: number): ReadonlyArray<string> =>
  Array.from({ length: partitions }, (_, partition) =>
    Array.from({ length: each }, (_, n) => `${partition}-${n}`)
  ).flat()
