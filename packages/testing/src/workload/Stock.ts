/** Taking stock when all is quiet: reads everything from its beginning, and what groups and topics there are. */

import type { Address } from "@klamm/platform/Network"
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { OffsetFetchRequest, OffsetFetchResponse } from "@klamm/protocol/api/09-OffsetFetch"
import type { Decompression } from "@klamm/protocol/Compression"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { committedKey, type Drained, type Evidence } from "../check/Evidence.ts"
import type { History } from "../History.ts"
import { type KeyedHistory, keyedTopic, type Pass } from "../KeyedHistory.ts"
import { earliest, latest, offsetOf } from "./Admin.ts"
import { backoffMs, type Client, refused } from "./Client.ts"
import { fetchAt } from "./Fetch.ts"
import { readPass } from "./KeyedReader.ts"
import { type ReadRecord, readNumber } from "./Payload.ts"

export type Found = Pick<Evidence, "drained" | "topics" | "committed"> & {
  /** Each partition of the compacted topic. */
  readonly passes: ReadonlyArray<Pass>
}

/** Every broker says that all replicas of the topic are in sync, asked until it does: one that was cut off may be far behind the others. */
const inSync = (client: Client, brokers: ReadonlyArray<Address>, topic: string): Effect.Effect<void> =>
  insist(
    Effect.forEach(brokers, (broker) =>
      Effect.flatMap(client.replication(topic, broker), (partitions) =>
        partitions.every(({ replicas, inSync: isr }) => replicas === isr)
          ? Effect.void
          : Effect.fail(refused(ErrorCode.NOT_ENOUGH_REPLICAS))
      )
    )
  )

export interface StockOptions {
  readonly bootstrap: ReadonlyArray<Address>
  readonly decompression: Decompression
  readonly history: History
  readonly keyed: KeyedHistory
  readonly nowMs: () => number
  readonly swarm: { readonly partitions: number }
}

const maxBytes = 1024 * 1024

/** Tries again until it succeeds; the run's own limit ends it. */
const insist = <A, E>(attempt: Effect.Effect<A, E>): Effect.Effect<A> =>
  Effect.catch(attempt, () =>
    Effect.andThen(
      Effect.sleep(backoffMs),
      Effect.suspend(() => insist(attempt))
    )
  )

const drain = (client: Client, options: StockOptions, topic: string, partition: number): Effect.Effect<Drained> =>
  Effect.gen(function* () {
    const end = yield* offsetOf(client, topic, partition, latest)
    const records: Array<ReadRecord> = []
    let position = yield* offsetOf(client, topic, partition, earliest)
    while (position < end) {
      const from = position
      const request = { topic, partition, offset: from, maxBytes, decompression: options.decompression }
      const batches = yield* insist(fetchAt(client, request, readNumber))
      for (const batch of batches) {
        if (batch.fault !== undefined) break
        records.push(...batch.records.filter(({ offset }) => offset >= position))
        position = Math.max(position, batch.nextOffset)
      }
      if (position === from) yield* Effect.sleep(backoffMs)
    }
    return { partition, end, records }
  })

const topicsOn = (client: Client, broker: Address) =>
  client.ask(
    broker,
    { request: MetadataRequest, response: MetadataResponse },
    12,
    {
      topics: null,
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
      includeClusterAuthorizedOperations: false
    },
    ({ topics }) => topics.map(({ name, partitions }): readonly [string, number] => [name ?? "", partitions.length])
  )

const printed = (topics: ReadonlyArray<readonly [string, number]>): string =>
  topics
    .map(([name, partitions]) => `${name} ${partitions}`)
    .sort()
    .join()

/** The topics of which every broker knows, asked until all say the same: one that was cut off learns late of what came meanwhile. */
const topicsOf = (client: Client, brokers: ReadonlyArray<Address>) =>
  Effect.flatMap(
    Effect.forEach(brokers, (broker) => topicsOn(client, broker)),
    (answers) =>
      new Set(answers.map(printed)).size === 1
        ? Effect.succeed(new Map(answers[0]))
        : Effect.fail(refused(ErrorCode.LEADER_NOT_AVAILABLE))
  )

const committedBy = (client: Client, group: string, topic: string, partitions: ReadonlyArray<number>) =>
  Effect.suspend(() =>
    Effect.flatMap(client.coordinatorOf(group), (coordinator) =>
      client.ask(
        coordinator,
        { request: OffsetFetchRequest, response: OffsetFetchResponse },
        7,
        { groupId: group, topics: [{ name: topic, partitionIndexes: partitions }], groups: [], requireStable: true },
        ({ errorCode, topics }) => {
          const found = topics[0]?.partitions ?? []
          const offsets = found.map(({ partitionIndex, committedOffset }): [string, number] => [
            committedKey(group, partitionIndex),
            Number(committedOffset)
          ])
          return { errorCode: found.find((each) => each.errorCode !== 0)?.errorCode ?? errorCode, offsets }
        }
      )
    )
  ).pipe(
    Effect.flatMap(({ errorCode, offsets }) =>
      errorCode === ErrorCode.NONE ? Effect.succeed(offsets) : Effect.fail(refused(errorCode))
    ),
    Effect.tapError(() => Effect.sync(() => client.forgetCoordinator(group)))
  )

const readKeyedTopic = (client: Client, options: StockOptions): Effect.Effect<ReadonlyArray<Pass>> =>
  Effect.gen(function* () {
    const { bootstrap, decompression, history, keyed, nowMs } = options
    const partitions = Array.from({ length: keyed.partitions }, (_, index) => index)
    if (partitions.length > 0) yield* inSync(client, bootstrap, keyedTopic)
    const reading = { client, history, nowMs, decompression, maxBytes }
    return yield* Effect.forEach(partitions, (partition) => readPass(reading, partition))
  })

export const takeStock = (client: Client, options: StockOptions, topic: string): Effect.Effect<Found> =>
  Effect.gen(function* () {
    const partitions = Array.from({ length: options.swarm.partitions }, (_, index) => index)
    yield* inSync(client, options.bootstrap, topic)
    const drained = yield* Effect.forEach(partitions, (partition) => drain(client, options, topic, partition))
    const passes = yield* readKeyedTopic(client, options)
    const groups = new Set(options.history.commits.map(({ group }) => group))
    const committed = yield* Effect.forEach(groups, (group) => insist(committedBy(client, group, topic, partitions)))
    const topics = yield* insist(topicsOf(client, options.bootstrap))
    // What was found to be damaged in all this reading is being fetched anew.
    yield* inSync(client, options.bootstrap, topic)
    return { drained, passes, topics, committed: new Map(committed.flat()) }
  })
