/**
 * A story is what an application does with a cluster and what must come of it, told once and run against every cluster there is:
 * Klamm in a world, Klamm as processes, Apache Kafka. Invariant: stories share the cluster and nothing else, so each names its topics and
 * groups by `fresh`, and may be told again on the same cluster; what it can't be told without is in `needs`.
 * Neighbours: `Book.ts` has them all, `../src/Telling.ts` tells them.
 */

import * as Admin from "@klamm/client/Admin"
import { broker } from "@klamm/client/Cluster"
import { Klamm } from "@klamm/client/Klamm"
import * as Topic from "@klamm/client/Topic"
import { ProduceRequest, ProduceResponse, RecordBatch } from "@klamm/protocol"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Feature } from "../src/Feature.ts"

export interface Story {
  readonly name: string
  readonly needs?: ReadonlyArray<Feature>
  /** `unique` is a name that nobody else uses. */
  readonly tell: (unique: string) => Effect.Effect<void, unknown, Klamm | Scope.Scope>
}

/** The same stories, none of which can be told without these. */
export const needing = (needs: ReadonlyArray<Feature>, stories: ReadonlyArray<Story>): ReadonlyArray<Story> =>
  stories.map((story) => ({ ...story, needs: [...needs, ...(story.needs ?? [])] }))

/** A name that nobody else uses, now or in another run. */
export const fresh = (name: string): Effect.Effect<string> =>
  Effect.map(Random.nextInt, (chance) => `${name}-${Math.abs(chance).toString(36)}`)

/** A topic that exists, as whatever its records are. */
export const freshOf = <K, V, H>(topic: (name: string) => Topic.Topic<K, V, H>, name: string, partitions = 3) =>
  Effect.gen(function* () {
    const made = topic(yield* fresh(name))
    yield* Admin.createTopics([{ topic: made.name, partitions }])
    return made
  })

/** A topic of texts that exists. */
export const freshTopic = (partitions: number) =>
  freshOf((name) => Topic.make(name, { key: Schema.NullOr(Schema.String), value: Schema.String }), "t", partitions)

export type TextTopic = Topic.Topic<string | null, string>

const patience = "20 seconds"

/** Waits for something to become true; `missing` says what there was instead when it did not. */
export const until = <E, R>(
  condition: Effect.Effect<boolean, E, R>,
  missing: () => string = () => "it did not come true"
): Effect.Effect<void, E, R> =>
  Effect.andThen(Effect.sleep(10), condition).pipe(
    Effect.repeat({ until: (isTrue) => isTrue }),
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.die(new Error(missing())) }),
    Effect.asVoid
  )

/** The same of something that is looked at without waiting. */
export const untilSo = (isSo: () => boolean, missing?: () => string): Effect.Effect<void> =>
  until(Effect.sync(isSo), missing)

const utf8 = new TextEncoder()

export interface Written {
  readonly key?: string | null
  readonly value: string
}

/** Writes to one partition by a bare Produce request, so that nothing here rests on the producer; answers the first offset. */
export const write = (topic: string, partition: number, records: ReadonlyArray<Written>) =>
  Effect.gen(function* () {
    const { cluster } = yield* Klamm
    const now = yield* Clock.currentTimeMillis
    const batch = RecordBatch.buildBatch(
      records.map(({ key = null, value }) => ({
        key: key === null ? null : utf8.encode(key),
        value: utf8.encode(value),
        timestamp: now
      })),
      {}
    )
    const { topicId } = yield* cluster.topic(topic)
    const partitionData = [{ index: partition, records: batch }]
    const attempt = Effect.gen(function* () {
      const { id } = yield* cluster.leaderOf(topic, partition)
      const [code, base] = yield* cluster.ask(
        broker(id),
        { request: ProduceRequest, response: ProduceResponse },
        (version) => ({
          transactionalId: null,
          acks: -1,
          timeoutMs: 10_000,
          topicData: [{ ...(version >= 13 ? { topicId } : { name: topic }), partitionData }]
        }),
        ({ responses }) => {
          const answer = responses[0]?.partitionResponses[0]
          return [answer?.errorCode ?? -1, answer?.baseOffset ?? -1] as const
        }
      )
      return code === 0 ? base : yield* Effect.fail(new Error(`Produce answered ${code}`))
    })
    return yield* Effect.retry(
      Effect.tapError(attempt, () => Effect.sleep(100)),
      { times: 30 }
    ).pipe(Effect.orDie)
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
