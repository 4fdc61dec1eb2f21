/**
 * What stands in a partition, read by the plainest of Fetch requests: the producer's tests must not hang on the consumer. Committed
 * records alone, in their order.
 */
import { Cluster, Klamm, type Topic } from "@klamm/client"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { ListOffsetsRequest, ListOffsetsResponse } from "@klamm/protocol/api/02-ListOffsets"
import { iterateRecords, timestampOf } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

export interface ReadRecord<K, V> {
  readonly offset: number
  readonly timestamp: number
  readonly key: K
  readonly value: V
  readonly headers: ReadonlyArray<readonly [string, string]>
}

/** The last version in which a fetch names its topics. */
const maxVersion = 12
const maxBytes = 10_000_000
const maxWaitMs = 200
const readCommitted = 1
const text = new TextDecoder()

const endOf = (name: string, partition: number) =>
  Effect.gen(function* () {
    const { cluster } = yield* Klamm.Klamm
    const { id } = yield* cluster.retrying(cluster.leaderOf(name, partition), { about: "a leader", topics: [name] })
    const api = { request: ListOffsetsRequest, response: ListOffsetsResponse }
    const body = {
      replicaId: -1,
      isolationLevel: readCommitted,
      topics: [{ name, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: -1 }] }],
      timeoutMs: 10_000
    }
    return yield* cluster.ask(Cluster.broker(id), api, body, (answer) => answer.topics[0]?.partitions[0]?.offset ?? 0)
  })

const fetchFrom = <K, V, H>(topic: Topic.Topic<K, V, H>, partition: number, fetchOffset: number) =>
  Effect.gen(function* () {
    const { cluster, codecs } = yield* Klamm.Klamm
    const { id } = yield* cluster.leaderOf(topic.name, partition)
    const api = { request: FetchRequest, response: FetchResponse }
    const wanted = { partition, currentLeaderEpoch: -1, fetchOffset, logStartOffset: -1, partitionMaxBytes: maxBytes }
    const body = {
      maxWaitMs,
      minBytes: 1,
      maxBytes,
      isolationLevel: readCommitted,
      topics: [{ topic: topic.name, partitions: [{ ...wanted, lastFetchedEpoch: -1 }] }],
      forgottenTopicsData: []
    }
    return yield* cluster.ask(
      Cluster.broker(id),
      api,
      body,
      (answer) => {
        const told = answer.responses[0]?.partitions[0]
        const aborted = told?.abortedTransactions ?? []
        return readBatches(topic, told?.records ?? new Uint8Array(0), fetchOffset, codecs, aborted)
      },
      { maxVersion, lane: "fetch" }
    )
  })

type Codecs = Klamm.Klamm["Service"]["codecs"]
type Aborted = ReadonlyArray<{ readonly producerId: number; readonly firstOffset: number }>

/** The records from `from` on, without those of aborted transactions, and where to go on. */
const readBatches = <K, V, H>(
  topic: Topic.Topic<K, V, H>,
  bytes: Uint8Array,
  from: number,
  codecs: Codecs,
  aborted: Aborted
) => {
  const records: Array<ReadRecord<K, V>> = []
  const open = new Map(aborted.map(({ producerId, firstOffset }) => [producerId, firstOffset]))
  let next = from
  for (let at = 0; at + RecordBatch.headerBytes <= bytes.length; at += RecordBatch.sizeInBytes(bytes, at)) {
    if (at + RecordBatch.sizeInBytes(bytes, at) > bytes.length) break
    const base = RecordBatch.baseOffset(bytes, at)
    next = base + RecordBatch.lastOffsetDelta(bytes, at) + 1
    const producerId = RecordBatch.producerId(bytes, at)
    if (RecordBatch.isControl(bytes, at)) {
      // The end of an earlier transaction of the same producer says nothing of the one that was aborted.
      if ((open.get(producerId) ?? Number.POSITIVE_INFINITY) <= base) open.delete(producerId)
      continue
    }
    if (RecordBatch.isTransactional(bytes, at) && (open.get(producerId) ?? Number.POSITIVE_INFINITY) <= base) continue
    for (const record of iterateRecords(bytes, at, { codecs, maxBytes })) {
      const offset = base + record.offsetDelta
      if (offset < from) continue
      records.push({
        offset,
        timestamp: timestampOf(bytes, at, record.timestampDelta),
        key: Result.getOrThrow(topic.key.decode(record.key)),
        value: Result.getOrThrow(topic.value.decode(record.value)),
        headers: record.headers.map(({ key, value }) => [text.decode(key), text.decode(value ?? new Uint8Array(0))])
      })
    }
  }
  return { records, next }
}

/** All committed records of a partition; waits until there are at least `atLeast`. */
export const readAll = <K, V, H>(topic: Topic.Topic<K, V, H>, partition: number, atLeast = 0) =>
  Effect.gen(function* () {
    const records: Array<ReadRecord<K, V>> = []
    let next = 0
    while (records.length < atLeast || next < (yield* endOf(topic.name, partition))) {
      const read = yield* fetchFrom(topic, partition, next)
      records.push(...read.records)
      next = read.next
    }
    return records
  })
