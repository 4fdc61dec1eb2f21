/**
 * Reads the compacted topic from its beginning to its end, while it is written and cleaned. Invariant: a pass ends where the partition
 * does, as its leader says once all before has been read: whatever the cleaner has removed on the way was removed for something that the
 * pass has come by.
 */
import type { Decompression } from "@klamm/protocol/Compression"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { History } from "../History.ts"
import { type KeyedHistory, type KeyedRecord, keyedTopic, type Pass } from "../KeyedHistory.ts"
import { earliest, latest, offsetOf } from "./Admin.ts"
import { backoffMs, type Client, type Refusal } from "./Client.ts"
import { fetchAt } from "./Fetch.ts"
import { readKeyed } from "./KeyedRecords.ts"
import type { ReadBatch } from "./Payload.ts"

export interface PassOptions {
  readonly client: Client
  /** Of what is odd. */
  readonly history: History
  readonly nowMs: () => number
  readonly decompression: Decompression
  readonly maxBytes: number
}

/** After so many fetches a pass is given up: the partition is written faster than it is read. */
const maxFetches = 2_000

/** One pass under way. */
class Reading {
  private readonly options: PassOptions
  private readonly partition: number
  private readonly records: Array<KeyedRecord> = []
  private position = 0
  private end = -1
  /** The highest leader epoch that was asked: an older leader has not heard of what a newer one has removed something for. */
  private epoch = -1
  private isWhole = true

  constructor(options: PassOptions, partition: number) {
    this.options = options
    this.partition = partition
  }

  get run(): Effect.Effect<Pass> {
    const self = this
    return Effect.gen(function* () {
      const beganMs = self.options.nowMs()
      const start = yield* self.ask(earliest)
      self.position = start
      for (let fetches = 0; !(yield* self.isAtEnd); fetches++) {
        if (fetches < maxFetches) yield* self.readOn
        else self.isWhole = false
        if (!self.isWhole) break
      }
      const { partition, end, isWhole, records } = self
      return { partition, beganMs, endedMs: self.options.nowMs(), start, end, isWhole, records }
    })
  }

  private ask(timestamp: typeof earliest | typeof latest): Effect.Effect<number> {
    const asked = offsetOf(this.options.client, keyedTopic, this.partition, timestamp)
    return Effect.tap(asked, () => Effect.sync(() => this.note()))
  }

  private get isAtEnd(): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      if (this.position < this.end) return Effect.succeed(false)
      return Effect.map(this.ask(latest), (end) => {
        this.end = end
        return this.position >= end
      })
    })
  }

  private get readOn(): Effect.Effect<void> {
    const { client, decompression, maxBytes } = this.options
    const { partition, position: offset } = this
    const asked = fetchAt(client, { topic: keyedTopic, partition, offset, maxBytes, decompression }, readKeyed)
    return Effect.matchEffect(asked, {
      onFailure: (refusal) => this.refused(refusal),
      onSuccess: (batches) => {
        this.note()
        this.take(batches)
        // The end may have come nearer, where a power cut has taken what nobody was promised.
        if (this.position === offset) this.end = -1
        return this.position === offset ? Effect.sleep(backoffMs) : Effect.void
      }
    })
  }

  private refused(refusal: Refusal): Effect.Effect<void> {
    const { client, history, nowMs } = this.options
    if (refusal._tag === "Refused" && refusal.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      const what = `${client.clientId} has read ${keyedTopic}-${this.partition} to ${this.position}, which is out of range`
      history.oddities.push({ kind: "range", what, atMs: nowMs() })
      this.isWhole = false
      return Effect.void
    }
    return Effect.andThen(Effect.exit(client.refresh(keyedTopic)), Effect.sleep(backoffMs))
  }

  /** The first batch may begin below the position; behind it everything counts, in whatever order it comes. */
  private take(batches: ReadonlyArray<ReadBatch<KeyedRecord>>): void {
    const { client, history, nowMs } = this.options
    const from = this.position
    for (const [index, { fault, baseOffset, nextOffset, records }] of batches.entries()) {
      if (fault !== undefined) {
        const what = `${client.clientId} was served a batch of ${keyedTopic}-${this.partition} at ${baseOffset}: ${fault}`
        history.oddities.push({ kind: "bytes", what, atMs: nowMs() })
        this.isWhole = false
        return
      }
      this.records.push(...records.filter(({ offset }) => index > 0 || offset >= from))
      this.position = Math.max(this.position, nextOffset)
    }
  }

  private note(): void {
    const epoch = this.options.client.leaderOf(keyedTopic, this.partition)?.epoch ?? this.epoch
    if (epoch < this.epoch) this.isWhole = false
    this.epoch = Math.max(this.epoch, epoch)
  }
}

/** Everything of one partition. */
export const readPass = (options: PassOptions, partition: number): Effect.Effect<Pass> =>
  Effect.suspend(() => new Reading(options, partition).run)

export interface KeyedReaderOptions extends PassOptions {
  readonly keyed: KeyedHistory
  /** The mean time between two passes, in milliseconds. */
  readonly paceMs: number
  readonly isStopping: () => boolean
}

/** Reads all of a partition now and then, once there is one. */
export const runKeyedReader = (options: KeyedReaderOptions): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { client, keyed, paceMs, isStopping } = options
    if (isStopping()) return Effect.void
    const pass = Effect.suspend(() =>
      keyed.partitions === 0
        ? Effect.void
        : Effect.map(readPass(options, client.chance.below(keyed.partitions)), (read) => {
            keyed.passes.push(read)
          })
    )
    return Effect.andThen(
      Effect.andThen(Effect.sleep(client.chance.skewed(paceMs / 10, paceMs * 3)), pass),
      Effect.suspend(() => runKeyedReader(options))
    )
  })
