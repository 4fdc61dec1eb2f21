/**
 * Who looks at a test's cluster from a machine that no fault is meant for: who leads what, what is in sync, what is stored. Invariant: it
 * asks by Kafka's protocol only, and believes of several answers the one of the highest leader epoch. Neighbour: `TestCluster.ts`.
 */
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { CreateTopicsRequest, CreateTopicsResponse } from "@klamm/protocol/api/19-CreateTopics"
import type { Decompression } from "@klamm/protocol/Compression"
import { ErrorCode, errorByCode } from "@klamm/protocol/ErrorCode"
import { iterateRecords, timestampOf } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { SimCluster } from "./SimCluster.ts"
import { earliest, latest, offsetOf } from "./workload/Admin.ts"
import type { Client } from "./workload/Client.ts"

/** What the cluster of a test did not do in its time. */
export class ClusterError extends Data.TaggedError("ClusterError")<{
  readonly operation: string
  readonly detail: string
}> {
  override get message(): string {
    return `${this.operation}: ${this.detail}`
  }
}

export interface PartitionView {
  readonly topic: string
  readonly partition: number
  /** -1: none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: ReadonlyArray<number>
  readonly inSync: ReadonlyArray<number>
}

/** A stored record as it is, copied. */
export interface RawRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: ReadonlyArray<{ readonly key: Uint8Array; readonly value: Uint8Array | null }>
}

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

const askTimeoutMs = 1_000
const paceMs = 50
const maxBytes = 1024 * 1024

export interface ObserverOptions {
  readonly client: Client
  readonly cluster: SimCluster
  readonly decompression: Decompression
}

const copy = (bytes: Uint8Array | null): Uint8Array | null => bytes?.slice() ?? null

export class Observer {
  private readonly options: ObserverOptions

  constructor(options: ObserverOptions) {
    this.options = options
  }

  /** Every partition of the topics, or of all topics, as those brokers say that can be asked. */
  partitions(topics: ReadonlyArray<string> | undefined): Effect.Effect<ReadonlyArray<PartitionView>> {
    const { cluster } = this.options
    const asked = cluster.nodes.filter(({ state }) => state === "Up").map(({ id }) => this.viewOf(id, topics))
    return Effect.map(Effect.all(asked, { concurrency: "unbounded" }), (views) => {
      const newest = new Map<string, PartitionView>()
      for (const view of views.flat()) {
        const name = `${view.topic}-${view.partition}`
        const known = newest.get(name)
        if (known === undefined || known.leaderEpoch < view.leaderEpoch) newest.set(name, view)
      }
      return [...newest.values()]
    })
  }

  /** Tries again and again, for so long of the world's time. */
  until<A>(
    operation: string,
    limitMs: number,
    look: () => Effect.Effect<A | string>
  ): Effect.Effect<Exclude<A, string>, ClusterError> {
    const { world } = this.options.cluster.options
    const endMs = world.nowMs + limitMs
    const again: Effect.Effect<Exclude<A, string>, ClusterError> = Effect.flatMap(Effect.suspend(look), (seen) => {
      if (typeof seen !== "string") return Effect.succeed(seen as Exclude<A, string>)
      if (world.nowMs < endMs) return Effect.andThen(Effect.sleep(paceMs), again)
      return Effect.fail(
        new ClusterError({ operation, detail: `${seen}, after ${limitMs / 1_000} s of the world's time` })
      )
    })
    return again
  }

  /** Asks anyone until the topic is there; what is refused for good is a failure. */
  createTopic(topic: NewTopic, limitMs: number): Effect.Effect<void, ClusterError> {
    const { client } = this.options
    const configs = Object.entries(topic.configs).map(([name, value]) => ({ name, value }))
    const { name, partitions, replicationFactor } = topic
    const wanted = { name, numPartitions: partitions, replicationFactor, assignments: [], configs }
    const once = Effect.suspend(() =>
      client.ask(
        client.anyone,
        { request: CreateTopicsRequest, response: CreateTopicsResponse },
        7,
        { topics: [wanted], timeoutMs: 3_000 },
        ({ topics }) => ({ code: topics[0]?.errorCode ?? ErrorCode.NONE, text: topics[0]?.errorMessage ?? "" })
      )
    )
    const isThere = new Set<number>([ErrorCode.NONE, ErrorCode.TOPIC_ALREADY_EXISTS])
    const attempt = Effect.match(once, {
      onFailure: (error) => error.message,
      onSuccess: ({ code, text }) => {
        const info = errorByCode(code)
        if (isThere.has(code)) return { refusal: undefined }
        return info?.retriable === true || code === ErrorCode.INVALID_REPLICATION_FACTOR
          ? `${info?.name} ${text}`
          : { refusal: `${info?.name ?? code} ${text}` }
      }
    })
    const operation = `creating ${topic.name}`
    return Effect.flatMap(
      this.until(operation, limitMs, () => attempt),
      ({ refusal }) =>
        refusal === undefined ? Effect.void : Effect.fail(new ClusterError({ operation, detail: refusal }))
    )
  }

  /** All committed records of a partition, in order. */
  read(topic: string, partition: number): Effect.Effect<ReadonlyArray<RawRecord>> {
    return Effect.gen({ self: this }, function* () {
      const { client } = this.options
      const end = yield* offsetOf(client, topic, partition, latest)
      const records: Array<RawRecord> = []
      let position = yield* offsetOf(client, topic, partition, earliest)
      while (position < end) {
        const fetched = yield* Effect.exit(this.fetch(topic, partition, position))
        const next = fetched._tag === "Success" ? fetched.value : { records: [], position, isStale: true }
        records.push(...next.records.filter(({ offset }) => offset >= position && offset < end))
        if (next.position === position) yield* Effect.sleep(paceMs)
        if (next.isStale) yield* Effect.exit(client.refresh(topic))
        position = next.position
      }
      return records
    })
  }

  private viewOf(
    nodeId: number,
    topics: ReadonlyArray<string> | undefined
  ): Effect.Effect<ReadonlyArray<PartitionView>> {
    const { client, cluster } = this.options
    const address = cluster.bootstrap[cluster.nodes.findIndex(({ id }) => id === nodeId)]!
    const asked = client.ask(
      address,
      { request: MetadataRequest, response: MetadataResponse },
      12,
      {
        topics: topics === undefined ? null : topics.map((name) => ({ name })),
        allowAutoTopicCreation: false,
        includeTopicAuthorizedOperations: false,
        includeClusterAuthorizedOperations: false
      },
      (answer) =>
        answer.topics.flatMap(({ name, partitions }) =>
          partitions.map(({ partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes }) => ({
            topic: name ?? "",
            partition: partitionIndex,
            leader: leaderId,
            leaderEpoch,
            replicas: [...replicaNodes],
            inSync: [...isrNodes]
          }))
        ),
      askTimeoutMs
    )
    return Effect.catch(asked, () => Effect.succeed([]))
  }

  private fetch(topic: string, partition: number, from: number) {
    const { client } = this.options
    const part = { partition, fetchOffset: from, logStartOffset: -1, partitionMaxBytes: maxBytes }
    return Effect.flatMap(client.findLeader(topic, partition), ({ address, epoch }) =>
      client.ask(
        address,
        { request: FetchRequest, response: FetchResponse },
        12,
        {
          maxWaitMs: 0,
          minBytes: 1,
          maxBytes,
          isolationLevel: 0,
          sessionId: 0,
          sessionEpoch: -1,
          rackId: "",
          forgottenTopicsData: [],
          topics: [{ topic, topicId: ZERO, partitions: [{ ...part, currentLeaderEpoch: epoch }] }]
        },
        ({ responses }) => {
          const found = responses[0]?.partitions[0]
          const isStale = found?.errorCode !== ErrorCode.NONE
          const stored = this.recordsIn(partition, isStale ? null : found.records)
          return { isStale, records: stored.records, position: stored.position ?? from }
        }
      )
    )
  }

  private recordsIn(partition: number, bytes: Uint8Array | null) {
    const records: Array<RawRecord> = []
    let position: number | undefined
    if (bytes === null) return { records, position }
    RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at, sizeBytes) => {
      if (RecordBatch.verifyBatch(bytes, at, at + sizeBytes) !== undefined) return
      position = RecordBatch.lastOffset(bytes, at) + 1
      if (RecordBatch.isControl(bytes, at)) return
      const base = RecordBatch.baseOffset(bytes, at)
      for (const record of iterateRecords(bytes, at, this.options.decompression)) {
        records.push({
          partition,
          offset: base + record.offsetDelta,
          timestamp: timestampOf(bytes, at, record.timestampDelta),
          key: copy(record.key),
          value: copy(record.value),
          headers: record.headers.map(({ key, value }) => ({ key: key.slice(), value: copy(value) }))
        })
      }
    })
    return { records, position }
  }
}
