/**
 * Who looks at a test's cluster from a machine that no fault is meant for: who leads what, what is in sync, what is stored. Invariant: it
 * asks by Kafka's protocol only, and believes of several answers the one of the highest leader epoch. Neighbour: `TestCluster.ts`.
 */
import type { Address } from "@klamm/platform/Network"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { ListOffsetsRequest, ListOffsetsResponse } from "@klamm/protocol/api/02-ListOffsets"
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
import { earliest, latest } from "./workload/Admin.ts"
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

/** A partition as the brokers tell of it. */
export interface PartitionView {
  readonly topic: string
  readonly partition: number
  /** -1: none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: ReadonlyArray<number>
  readonly inSync: ReadonlyArray<number>
}

interface LeaderView extends PartitionView {
  readonly address: Address
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

  /** All committed records of a partition, in order, from the leader of the highest epoch that any broker knows. */
  read(topic: string, partition: number): Effect.Effect<ReadonlyArray<RawRecord>> {
    return Effect.gen({ self: this }, function* () {
      const records: Array<RawRecord> = []
      let position = 0
      while (true) {
        const leader = yield* this.leaderOf(topic, partition)
        const start = leader === undefined ? undefined : yield* this.offsetOf(leader, earliest)
        const end = leader === undefined ? undefined : yield* this.offsetOf(leader, latest)
        if (leader !== undefined && start !== undefined && end !== undefined) {
          position = Math.max(position, start)
          if (position >= end) return records
          const fetched = yield* this.fetch(leader, position)
          records.push(...fetched.records.filter(({ offset }) => offset >= position && offset < end))
          if (fetched.position > position) {
            position = fetched.position
            continue
          }
        }
        yield* Effect.sleep(paceMs)
      }
    })
  }

  private leaderOf(topic: string, partition: number): Effect.Effect<LeaderView | undefined> {
    const { cluster } = this.options
    return Effect.map(this.partitions([topic]), (views) => {
      const view = views.find((each) => each.partition === partition)
      const index = cluster.nodes.findIndex(({ id }) => id === view?.leader)
      const address = cluster.bootstrap[index]
      return view === undefined || address === undefined ? undefined : { ...view, address }
    })
  }

  /** Where the log begins, or what is behind its last committed record; undefined when the leader is none any more. */
  private offsetOf(
    { address, topic, partition, leaderEpoch }: LeaderView,
    timestamp: typeof earliest | typeof latest
  ): Effect.Effect<number | undefined> {
    const asked = this.options.client.ask(
      address,
      { request: ListOffsetsRequest, response: ListOffsetsResponse },
      6,
      {
        replicaId: -1,
        isolationLevel: 0,
        topics: [
          {
            name: topic,
            partitions: [{ partitionIndex: partition, currentLeaderEpoch: leaderEpoch, timestamp }]
          }
        ]
      },
      ({ topics }) => {
        const found = topics[0]?.partitions[0]
        return found?.errorCode === ErrorCode.NONE ? found.offset : undefined
      }
    )
    return Effect.catch(asked, () => Effect.succeed(undefined))
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

  private fetch({ address, topic, partition, leaderEpoch }: LeaderView, from: number) {
    const part = { partition, currentLeaderEpoch: leaderEpoch, fetchOffset: from, logStartOffset: -1 }
    const asked = this.options.client.ask(
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
        topics: [{ topic, topicId: ZERO, partitions: [{ ...part, partitionMaxBytes: maxBytes }] }]
      },
      ({ responses }) => {
        const found = responses[0]?.partitions[0]
        if (found === undefined || found.errorCode !== ErrorCode.NONE) {
          return { records: [], position: from }
        }
        const stored = this.recordsIn(partition, found.records)
        return { records: stored.records, position: stored.position ?? from }
      }
    )
    return Effect.catch(asked, () => Effect.succeed({ records: [], position: from }))
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
