/**
 * A log against a model, a list of batches: random appends, rolls, reads, flushes, deletions, truncations, clean and unclean
 * ends, with the process killed or the power cut. After each opening the log is a prefix of the model that holds all that
 * was durable.
 */
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { describe, expect, it } from "vitest"
import * as EpochCache from "../src/EpochCache.ts"
import type { Log } from "../src/Log.ts"
import * as ProducerSnapshot from "../src/ProducerSnapshot.ts"
import type * as ProducerState from "../src/ProducerState.ts"
import * as Replay from "../src/Replay.ts"
import type { AbortedTransaction } from "../src/TransactionIndex.ts"
import { config, decompression, entriesOf, hex, openLog, readAll, run } from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"
import { type Chance, chance, producersAfter, randomBatch } from "./support/random.ts"

const rules = () => config({ segmentBytes: 900, indexIntervalBytes: 150, retentionBytes: 2500, retentionMs: -1 })

const endOf = (bytes: Uint8Array): number => RecordBatch.lastOffset(bytes, 0) + 1
const baseOf = (bytes: Uint8Array): number => RecordBatch.baseOffset(bytes, 0)

class Model {
  readonly disk = new FakeDisk()
  readonly random: Chance
  log!: Log
  kill!: () => Promise<void>
  /** Every batch ever appended and not truncated, also those deleted since. */
  batches: ReadonlyArray<Uint8Array> = []
  producers: ProducerState.ProducerState = producersAfter([])
  epoch = 0
  now = 0
  /** What the directory's checkpoints say. */
  recoveryPoint = 0
  logStartOffset = 0
  /** A power cut may have taken snapshots, so producers can't be compared any more. */
  producersKnown = true

  constructor(seed: number) {
    this.random = chance(seed)
  }

  async open(cleanShutdown: boolean): Promise<void> {
    const { recoveryPoint, logStartOffset, now } = this
    const opened = await openLog(this.disk, { config: rules, cleanShutdown, recoveryPoint, logStartOffset, now })
    this.log = opened.log
    this.kill = opened.kill
  }

  checkpoint(): void {
    this.recoveryPoint = this.log.recoveryPoint
    this.logStartOffset = this.log.logStartOffset
  }

  async append(): Promise<void> {
    const group: Array<Uint8Array> = []
    let { producers } = this
    let offset = this.log.logEndOffset
    for (let count = 1 + this.random.below(5); count > 0; count--) {
      if (this.random.below(20) === 0) this.epoch += 1
      const bytes = randomBatch(this.random, offset, this.epoch, producers)
      producers = Replay.replay(producers, bytes, 0).state
      group.push(bytes)
      offset = endOf(bytes)
    }
    await run(this.log.append(entriesOf(group, this.producers).entries, this.now))
    this.batches = [...this.batches, ...group]
    this.producers = producers
  }

  async truncate(): Promise<void> {
    const { log } = this
    const offset = log.logStartOffset + this.random.below(log.logEndOffset - log.logStartOffset + 1)
    await run(log.truncateTo(offset, this.now))
    this.batches = this.batches.filter((bytes) => endOf(bytes) <= offset)
    this.producers = producersAfter(this.batches)
    if (this.producersKnown) {
      expect(hex(ProducerSnapshot.encode(log.recoveredProducers))).toBe(hex(ProducerSnapshot.encode(this.producers)))
    }
    this.producers = log.recoveredProducers
    this.checkpoint()
  }

  async crash(powerCut: boolean): Promise<void> {
    const durable = this.log.recoveryPoint
    await this.kill()
    if (powerCut) {
      this.producersKnown = false
      if (this.random.next() < 0.3) this.disk.powerLoss()
      else this.disk.tornPowerLoss(this.random.next)
    }
    await this.open(false)
    const end = this.log.logEndOffset
    expect(end).toBeGreaterThanOrEqual(Math.min(durable, this.batches.length === 0 ? 0 : endOf(this.batches.at(-1)!)))
    this.batches = this.batches.filter((bytes) => endOf(bytes) <= end)
    this.afterOpening()
  }

  async restart(): Promise<void> {
    await run(this.log.close(this.producers))
    this.checkpoint()
    await this.open(true)
    this.afterOpening()
  }

  afterOpening(): void {
    if (this.producersKnown) {
      const expected = hex(ProducerSnapshot.encode(producersAfter(this.batches)))
      expect(hex(ProducerSnapshot.encode(this.log.recoveredProducers))).toBe(expected)
    }
    this.producers = this.log.recoveredProducers
  }

  async step(): Promise<void> {
    this.now += 10
    const choice = this.random.below(100)
    if (choice < 50) await this.append()
    else if (choice < 55) await run(this.log.roll(this.producers, this.now))
    else if (choice < 63) await run(this.log.flush)
    else if (choice < 68) this.checkpoint()
    else if (choice < 73) await this.truncate()
    else if (choice < 77) await this.deleteRecords()
    else if (choice < 82) await run(this.log.deleteOldSegments(this.now, this.log.logEndOffset))
    else if (choice < 86) await run(this.log.removeDeleted(this.now + 60_000))
    else if (choice < 90) await this.restart()
    else if (choice < 95) await this.crash(false)
    else await this.crash(true)
  }

  async deleteRecords(): Promise<void> {
    const { log } = this
    const offset = log.logStartOffset + this.random.below(log.logEndOffset - log.logStartOffset + 1)
    await run(log.deleteRecordsBefore(offset))
  }

  async check(): Promise<void> {
    const { log } = this
    const stored = this.batches.filter((bytes) => endOf(bytes) > log.logStartOffset)
    expect((await readAll(log)).map(hex)).toEqual(stored.map(hex))
    for (const bytes of stored) {
      const offset = Math.max(baseOf(bytes), log.logStartOffset)
      expect(EpochCache.epochForOffset(log.epochs, offset)).toBe(RecordBatch.partitionLeaderEpoch(bytes, 0))
    }
    expect(log.recoveryPoint).toBeLessThanOrEqual(log.logEndOffset)
    if (this.producersKnown) await this.checkAborted()
    await this.checkTimes(stored)
  }

  async checkAborted(): Promise<void> {
    const { log } = this
    const firstBase = log.segmentBaseOffsets[0]!
    const aborted: Array<AbortedTransaction> = []
    let state = producersAfter([])
    for (const bytes of this.batches) {
      const replayed = Replay.replay(state, bytes, 0)
      state = replayed.state
      if (replayed.aborted !== undefined) aborted.push(replayed.aborted)
    }
    const from = log.logStartOffset + this.random.below(log.logEndOffset - log.logStartOffset + 1)
    const to = from + this.random.below(log.logEndOffset - from + 1)
    const overlapping = aborted.filter(
      ({ firstOffset, lastOffset }) => lastOffset >= Math.max(from, firstBase) && firstOffset < to
    )
    expect(await run(log.abortedTransactions(from, to))).toEqual(overlapping)
  }

  async checkTimes(stored: ReadonlyArray<Uint8Array>): Promise<void> {
    const { log } = this
    const wanted = 1000 + this.random.below(1003)
    const found = await run(log.offsetForTimestamp(wanted, log.logEndOffset, decompression))
    let first: number | undefined
    for (const bytes of stored) {
      if (RecordBatch.maxTimestamp(bytes, 0) < wanted) continue
      const timestamp = RecordBatch.baseTimestamp(bytes, 0)
      const offset = baseOf(bytes) + Math.max(0, wanted - timestamp)
      first = Math.max(offset, log.logStartOffset)
      break
    }
    expect(found?.offset).toBe(first)
  }
}

describe("a log under random use", () => {
  const seeds = 120
  const steps = 60

  it.each([0, 1, 2, 3])(
    "stays equal to its model, whatever happens to the process and the power (%i)",
    async (part) => {
      for (let seed = part; seed < seeds; seed += 4) {
        const model = new Model(seed)
        await model.open(true)
        for (let step = 0; step < steps; step++) {
          try {
            await model.step()
            await model.check()
          } catch (error) {
            throw new Error(`seed ${seed}, step ${step}`, { cause: error })
          }
        }
        await model.kill()
        expect(model.disk.openFiles).toBe(0)
      }
    }
  )
})
