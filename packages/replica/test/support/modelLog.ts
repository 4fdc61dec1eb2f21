/** A log as the partition machine needs it, in memory: batches, what of them is on the disk, leader epochs, producers. */
import * as EpochCache from "@klamm/log/EpochCache"
import * as ProducerState from "@klamm/log/ProducerState"
import * as Replay from "@klamm/log/Replay"
import * as RecordBatch from "@klamm/protocol/RecordBatch"

export class ModelLog {
  batches: ReadonlyArray<Uint8Array> = []
  epochs: EpochCache.EpochCache = EpochCache.empty
  start = 0
  synced = 0

  get end(): number {
    const last = this.batches[this.batches.length - 1]
    return last === undefined ? this.start : RecordBatch.lastOffset(last, 0) + 1
  }

  get producers(): ProducerState.ProducerState {
    let producers = ProducerState.empty
    for (const batch of this.batches) producers = Replay.replay(producers, batch, 0).state
    return producers
  }

  endOffsetForEpoch(epoch: number): EpochCache.EpochEndOffset {
    return EpochCache.endOffsetFor(this.epochs, epoch, this.end)
  }

  append(batch: Uint8Array): void {
    if (RecordBatch.baseOffset(batch, 0) < this.end) throw new Error("appended below the log end")
    this.epochs = EpochCache.assign(
      this.epochs,
      RecordBatch.partitionLeaderEpoch(batch, 0),
      RecordBatch.baseOffset(batch, 0)
    )
    this.batches = [...this.batches, batch]
  }

  truncateTo(offset: number): void {
    this.batches = this.batches.filter((batch) => RecordBatch.lastOffset(batch, 0) < offset)
    this.epochs = EpochCache.truncateFromEnd(this.epochs, this.end)
    this.synced = Math.min(this.synced, this.end)
  }

  restartAt(offset: number): void {
    this.batches = []
    this.epochs = EpochCache.empty
    this.start = offset
    this.synced = offset
  }

  /** As found after a power cut that spared what lies below `offset`, and all that was synced. */
  recover(offset: number): void {
    this.truncateTo(Math.max(offset, this.synced))
    this.epochs = EpochCache.empty
    for (const batch of this.batches) {
      this.epochs = EpochCache.assign(
        this.epochs,
        RecordBatch.partitionLeaderEpoch(batch, 0),
        RecordBatch.baseOffset(batch, 0)
      )
    }
  }

  /** One line a batch: where it is, in which epoch, and what it says. */
  lines(below = Number.POSITIVE_INFINITY): ReadonlyArray<string> {
    return this.batches.filter((batch) => RecordBatch.lastOffset(batch, 0) < below).map((batch) => lineOf(batch))
  }
}

const lines = new WeakMap<Uint8Array, string>()

export const lineOf = (batch: Uint8Array): string => {
  const known = lines.get(batch)
  if (known !== undefined) return known
  const line = `${RecordBatch.baseOffset(batch, 0)} e${RecordBatch.partitionLeaderEpoch(batch, 0)} ${RecordBatch.crc(batch, 0)}`
  lines.set(batch, line)
  return line
}
