/**
 * Makes the compacted topic that stays, and writes a few keys to it over and over: values and tombstones, some keys never again after a
 * while. Invariant: a partition has one batch under way, sent again with the same sequence until it is acknowledged, so that for each key
 * the order of what was written is known, and which write is the newest. Neighbours: `KeyedReader.ts`, and `check/Compaction.ts`.
 */
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { type Codecs, codecIds } from "@klamm/protocol/Compression"
import { ErrorCode, errorByCode } from "@klamm/protocol/ErrorCode"
import { buildBatch } from "@klamm/protocol/RecordBatch"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Chance } from "../Chance.ts"
import type { History } from "../History.ts"
import { type KeyedHistory, keyedTopic, type Write } from "../KeyedHistory.ts"
import { createTopic } from "./Admin.ts"
import { backoffMs, type Client } from "./Client.ts"
import { keyedInput } from "./KeyedRecords.ts"
import { askIdentity, type Identity, produceTimeoutMs } from "./Producer.ts"

export interface KeyedOptions {
  readonly client: Client
  /** Of what is odd, and of the topic's creation. */
  readonly history: History
  readonly keyed: KeyedHistory
  readonly nowMs: () => number
  readonly codecs: Codecs
  readonly replicationFactor: number
  readonly minInSync: number
  readonly isStopping: () => boolean
}

/** Tombstones that go soon behind their cleaning, and such as stay however far clocks are set forward; milliseconds. */
const soonMs = 1_000
const neverMs = 30 * 86_400_000

/** An operator may ask for one that is not there. */
export const maxPartitions = 2

/** Batches of a partition after which there are no more. */
const maxBatches = 500

/** What is drawn of a run, for all partitions. */
interface Plan {
  readonly partitions: number
  readonly deleteRetentionMs: number
  /** By key: the batch from which on it is not written any more. */
  readonly ends: ReadonlyArray<number>
  readonly tombstones: number
  /** The mean time between two batches of a partition, in milliseconds. */
  readonly paceMs: number
  readonly maxRecords: number
  readonly maxValueBytes: number
  readonly configs: Readonly<Record<string, string>>
}

const drawPlan = (chance: Chance, minInSync: number): Plan => {
  const deleteRetentionMs = chance.pick([soonMs, neverMs])
  return {
    partitions: 1 + chance.below(maxPartitions),
    deleteRetentionMs,
    ends: Array.from({ length: 5 + chance.below(16) }, () =>
      chance.happens(0.5) ? Math.ceil(chance.skewed(1, maxBatches)) : Number.POSITIVE_INFINITY
    ),
    tombstones: chance.pick([0.05, 0.3]),
    paceMs: chance.skewed(20, 300),
    maxRecords: chance.pick([1, 3, 10]),
    // With the largest a pass writes several segments, and leaves gaps between them.
    maxValueBytes: chance.pick([10, 200, 4_000, 40_000]),
    configs: {
      "cleanup.policy": "compact",
      "segment.ms": String(chance.pick([1, 100, 1_000])),
      "min.cleanable.dirty.ratio": "0.01",
      "delete.retention.ms": String(deleteRetentionMs),
      "min.insync.replicas": String(minInSync),
      "file.delete.delay.ms": chance.pick(["50", "60000"]),
      "compression.type": chance.pick(["producer", "producer", "lz4"]),
      // A clock that is set wrong is no reason to refuse what is written here.
      "message.timestamp.after.max.ms": String(Number.MAX_SAFE_INTEGER)
    }
  }
}

interface Batch {
  readonly writes: ReadonlyArray<Write>
  readonly bytes: Uint8Array
}

/** The next sequence can't be: a broker has forgotten what it acknowledged. */
const broken: ReadonlySet<number> = new Set([
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_EPOCH
])

/** One partition. */
class Writer {
  private readonly options: KeyedOptions
  private readonly plan: Plan
  private readonly partition: number
  private identity: Identity | undefined
  private nextSequence = 0
  private batches = 0
  private unstored: Batch | undefined

  constructor(options: KeyedOptions, plan: Plan, partition: number) {
    this.options = options
    this.plan = plan
    this.partition = partition
  }

  /** Writes until it has to stop and what was begun has ended. */
  get run(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { isStopping, client } = this.options
      const { paceMs } = this.plan
      if (this.unstored === undefined && (isStopping() || this.batches >= maxBatches)) return Effect.void
      const pause = Effect.sleep(client.chance.skewed(paceMs / 10, paceMs * 3))
      return Effect.andThen(Effect.andThen(pause, this.round), this.run)
    })
  }

  private get round(): Effect.Effect<void> {
    const self = this
    return Effect.gen(function* () {
      const { client } = self.options
      if (self.identity === undefined) {
        self.identity = yield* askIdentity(client)
        self.nextSequence = 0
      }
      const timestamp = yield* Clock.currentTimeMillis
      self.unstored ??= self.makeBatch(self.identity, timestamp)
      if (yield* self.attempt(self.unstored)) return
      yield* Effect.exit(client.refresh(keyedTopic))
      yield* Effect.sleep(backoffMs)
    })
  }

  private makeBatch(identity: Identity, timestamp: number): Batch {
    const { client, codecs } = this.options
    const { maxRecords, maxValueBytes } = this.plan
    const { chance } = client
    this.batches += 1
    const writes = Array.from({ length: 1 + chance.below(maxRecords) }, () => this.makeWrite(timestamp))
    const codecId = chance.happens(0.3) ? chance.pick([codecIds.gzip, codecIds.lz4, codecIds.snappy, codecIds.zstd]) : 0
    const records = writes.map((write) => keyedInput(write, Math.floor(chance.skewed(1, maxValueBytes + 1))))
    const bytes = buildBatch(records, {
      producerId: identity.id,
      producerEpoch: identity.epoch,
      baseSequence: this.nextSequence,
      compression: codecId === 0 ? undefined : { codecId, codecs }
    })
    this.nextSequence += writes.length
    return { writes, bytes }
  }

  private makeWrite(timestamp: number): Write {
    const { client, keyed, nowMs } = this.options
    const { chance } = client
    const { partition, batches } = this
    const live = this.plan.ends.flatMap((end, key) => (batches < end ? [key] : []))
    const write: Write = {
      partition,
      key: `key-${live.length === 0 ? 0 : chance.pick(live)}`,
      value: keyed.values.next(partition),
      isTombstone: chance.happens(this.plan.tombstones),
      timestamp,
      invokedMs: nowMs(),
      state: "invoked",
      endedMs: -1,
      offset: -1
    }
    keyed.writes.push(write)
    return write
  }

  /** Whether the batch has come to an end. */
  private attempt({ bytes, writes }: Batch): Effect.Effect<boolean> {
    const { client } = this.options
    const { partition } = this
    const partitionData = [{ index: partition, records: bytes }]
    const topicData = [{ name: keyedTopic, partitionData }]
    const asked = Effect.flatMap(client.findLeader(keyedTopic, partition), ({ address }) =>
      client.ask(
        address,
        { request: ProduceRequest, response: ProduceResponse },
        9,
        { transactionalId: null, acks: -1, timeoutMs: produceTimeoutMs, topicData },
        ({ responses }) => responses[0]?.partitionResponses[0]
      )
    )
    return Effect.match(asked, {
      onFailure: () => false,
      onSuccess: (found) => found !== undefined && this.settle(writes, found.errorCode, found.baseOffset)
    })
  }

  private settle(writes: ReadonlyArray<Write>, errorCode: number, baseOffset: number): boolean {
    const isStored = errorCode === ErrorCode.NONE || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER
    if (!isStored && !broken.has(errorCode)) {
      this.question(errorCode)
      return false
    }
    if (!isStored) this.giveUp(errorCode)
    const endedMs = this.options.nowMs()
    for (const [index, write] of writes.entries()) {
      write.state = isStored ? "ok" : "unknown"
      write.endedMs = endedMs
      if (errorCode === ErrorCode.NONE && baseOffset >= 0) write.offset = baseOffset + index
    }
    this.unstored = undefined
    return true
  }

  private giveUp(errorCode: number): void {
    const { history, client, nowMs } = this.options
    const what = `${errorByCode(errorCode)?.name} for the next sequence of ${client.clientId} in partition ${this.partition}`
    history.oddities.push({ kind: "sequence", what, atMs: nowMs() })
    this.identity = undefined
  }

  /** An answer that clients don't try again after is none that a healthy broker gives here. */
  private question(errorCode: number): void {
    const info = errorByCode(errorCode)
    if (info?.retriable === true) return
    const { history, client, nowMs } = this.options
    const what = `Produce of ${client.clientId}: ${info?.name ?? errorCode}`
    history.oddities.push({ kind: "answer", what, atMs: nowMs() })
  }
}

/** Runs until it stops and everything that was begun has ended. */
export const runKeyed = (options: KeyedOptions): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { client, history, keyed, nowMs, replicationFactor, minInSync } = options
    const plan = drawPlan(client.chance, minInSync)
    const { partitions, configs } = plan
    keyed.keepsTombstones = plan.deleteRetentionMs === neverMs
    yield* createTopic(client, history, nowMs, { name: keyedTopic, partitions, replicationFactor, configs })
    keyed.partitions = partitions
    const writers = Array.from({ length: partitions }, (_, partition) => new Writer(options, plan, partition))
    yield* Effect.forEach(writers, ({ run }) => run, { concurrency: "unbounded", discard: true })
  })
