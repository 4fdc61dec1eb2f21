/** Batches, configs and opened logs for tests, with as few words as can be. */
import { Disk } from "@klamm/platform"
import type { Codec, Decompression } from "@klamm/protocol/Compression"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { type AppendEntry, Log, type OpenOptions } from "../../src/Log.ts"
import { defaultLogConfig, type LogConfig } from "../../src/LogConfig.ts"
import * as ProducerState from "../../src/ProducerState.ts"
import * as Replay from "../../src/Replay.ts"
import type { FakeDisk } from "./FakeDisk.ts"

export const directory = "/data/topic-0"
export const topicId = "ZRItVlJ5R3WVAhTgbtf6oQ"

const text = new TextEncoder()

export interface BatchSpec extends RecordBatch.BatchOptions {
  readonly baseOffset: number
  readonly count?: number
  readonly timestamp?: number
  readonly valueBytes?: number
}

/** A batch of `count` records with keys of one length, leader epoch 0 unless said otherwise. */
export const batch = (spec: BatchSpec): Uint8Array => {
  const { count = 1, timestamp = 1000, valueBytes = 10 } = spec
  const records = Array.from({ length: count }, (_, index) => ({
    key: text.encode(`k${String(spec.baseOffset + index).padStart(8, "0")}`),
    value: new Uint8Array(valueBytes).fill(index),
    timestamp: timestamp + index
  }))
  return RecordBatch.buildBatch(records, { partitionLeaderEpoch: 0, ...spec })
}

/** A batch with these keys and values; null is a tombstone. */
export const keyed = (
  baseOffset: number,
  pairs: ReadonlyArray<readonly [string, string | null]>,
  options: RecordBatch.BatchOptions & { readonly timestamp?: number } = {}
): Uint8Array =>
  RecordBatch.buildBatch(
    pairs.map(([key, value]) => ({
      key: text.encode(key),
      value: value === null ? null : text.encode(value),
      timestamp: options.timestamp ?? 1000
    })),
    { partitionLeaderEpoch: 0, ...options, baseOffset }
  )

/** The control batch that ends a transaction. */
export const marker = (
  baseOffset: number,
  producerId: number,
  producerEpoch: number,
  committed: boolean,
  coordinatorEpoch = 0,
  timestamp = 1000
): Uint8Array => {
  const key = Uint8Array.of(0, 0, 0, committed ? 1 : 0)
  const value = new Uint8Array(6)
  new DataView(value.buffer).setInt32(2, coordinatorEpoch)
  return RecordBatch.buildBatch([{ key, value, timestamp }], {
    baseOffset,
    producerId,
    producerEpoch,
    isTransactional: true,
    isControl: true,
    partitionLeaderEpoch: 0
  })
}

/** Append entries of batches that follow one another, with the producers each one leaves. */
export const entriesOf = (
  batches: ReadonlyArray<Uint8Array>,
  before: ProducerState.ProducerState = ProducerState.empty
): { readonly entries: ReadonlyArray<AppendEntry>; readonly after: ProducerState.ProducerState } => {
  let producers = before
  const entries = batches.map((bytes) => {
    const entry = { bytes, producersBefore: producers }
    producers = Replay.replay(producers, bytes, 0).state
    return entry
  })
  return { entries, after: producers }
}

export const config = (changes: Partial<LogConfig> = {}): LogConfig => ({ ...defaultLogConfig, ...changes })

const refusing: Codec = {
  compress: () => {
    throw new Error("no codec here")
  },
  decompress: () => {
    throw new Error("no codec here")
  }
}

/** For uncompressed batches only: the codecs refuse to be used. */
export const decompression: Decompression = {
  maxBytes: 1 << 20,
  codecs: { gzip: refusing, snappy: refusing, lz4: refusing, zstd: refusing }
}

export const options = (changes: Partial<OpenOptions> = {}): OpenOptions => ({
  directory,
  topic: "topic",
  partition: 0,
  topicId,
  config: () => config(),
  cleanShutdown: true,
  recoveryPoint: 0,
  logStartOffset: 0,
  now: 0,
  ...changes
})

/** An opened log that stays open until `kill`. */
export const openLog = async (disk: FakeDisk, changes: Partial<OpenOptions> = {}) => {
  const scope = Scope.makeUnsafe()
  const opening = Log.open(options(changes)).pipe(Effect.provideService(Disk, disk.service), Scope.provide(scope))
  const log = await run(opening)
  return { log, kill: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

/** Without the warnings that the tests of damage would print. */
export const quietly = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.provideService(effect, References.MinimumLogLevel, "None")

export const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> => Effect.runPromise(quietly(effect))

/** All stored bytes of the log, read as a follower would: segment after segment from the log start. */
export const readAll = async (log: Log): Promise<ReadonlyArray<Uint8Array>> => {
  const batches: Array<Uint8Array> = []
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    const found = await run(
      log.read({
        offset,
        maxBytes: 1 << 20,
        upToOffset: log.logEndOffset,
        minOneBatch: true,
        allocate: (size) => new Uint8Array(size)
      })
    )
    if (found === "none") break
    RecordBatch.forEachBatch(found.bytes, 0, found.bytes.byteLength, (at, size) => {
      batches.push(found.bytes.slice(at, at + size))
      offset = RecordBatch.lastOffset(found.bytes, at) + 1
    })
  }
  return batches
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
export const unhex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, "hex"))
