/**
 * One partition as its consumer has it: where fetching stands, what was fetched and not yet handed out, and what is done.
 *
 * Invariants: done ≤ handed ≤ the position fetched from; the position jumps only when nothing is buffered, or with the buffer
 * dropped; a feed that is closed gives nothing more, whoever still holds it. Neighbours: `fetch/Position.ts` decides positions,
 * `Engine.ts` owns the feeds.
 */
import type * as Position from "./fetch/Position.ts"
import type { RawRecord, RecordReader } from "./fetch/RecordReader.ts"
import type { TopicPartition } from "./TopicPartition.ts"

export interface Place {
  readonly offset: number
  /** Leader epoch of the record before it; -1 when unknown. */
  readonly epoch: number
}

const nowhere: Place = { offset: -1, epoch: -1 }

export class Feed implements TopicPartition {
  readonly topic: string
  readonly partition: number
  state: Position.PositionState
  /** A question about the position is under way. */
  isAsking = false
  isPaused = false
  /** Nothing more is handed out: its partition is being revoked. */
  isClosing = false
  isClosed = false
  /** What the position machine said while there was something buffered; it is asked again when that is gone. */
  isBlocked = false
  handed: Place = nowhere
  done: Place = nowhere
  committed: Place = nowhere
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  bufferedBytes = 0
  /** Why what was fetched last could not be read, until somebody has seen it; and how often in a row. */
  fault: string | undefined
  faults = 0
  /** Counts jumps: an answer to a fetch from before one is not for here. */
  turn = 0
  private readers: Array<RecordReader> = []

  constructor({ topic, partition }: TopicPartition, state: Position.PositionState) {
    this.topic = topic
    this.partition = partition
    this.state = state
  }

  get isDrained(): boolean {
    return this.readers.length === 0
  }

  /** Moves everything to where the position machine now stands, and drops what was fetched from elsewhere. */
  jump(): void {
    this.turn++
    this.readers = []
    this.bufferedBytes = 0
    this.isBlocked = false
    this.handed = nowhere
    this.done = nowhere
    this.settle()
  }

  /** Where there is a position and nothing was handed out yet, that is where handing out begins. */
  settle(): void {
    if (this.handed.offset >= 0 || this.state.need._tag !== "Ready") return
    this.handed = { offset: this.state.offset, epoch: this.state.offsetEpoch }
    this.done = this.handed
  }

  buffer(reader: RecordReader): void {
    this.readers.push(reader)
    this.bufferedBytes += reader.sizeBytes
  }

  /** The next records, in order. */
  take(max: number): ReadonlyArray<RawRecord> {
    if (this.isPaused || this.isClosing || this.isClosed) return []
    const isAllDone = this.done.offset === this.handed.offset
    while (this.readers.length > 0) {
      const reader = this.readers[0]!
      const records = reader.take(max)
      this.handed = { offset: reader.nextOffset, epoch: reader.lastEpoch }
      if (reader.fault !== undefined) this.rewind(reader.fault)
      else if (records.length < max) this.drop(reader)
      if (records.length > 0) return records
      // Only markers, aborted or old records: passing over them is no work.
      if (isAllDone) this.done = this.handed
    }
    return []
  }

  /** The most the application may call done: all that was handed out. */
  finish(): void {
    this.done = this.handed
  }

  /** Everything up to this record, which was handed out from here, is done. */
  finishUntil({ offset, leaderEpoch }: { readonly offset: number; readonly leaderEpoch: number }): void {
    const behind = offset + 1
    if (behind > this.done.offset && behind <= this.handed.offset) this.done = { offset: behind, epoch: leaderEpoch }
  }

  /** What was fetched can't be read: it is fetched again from where that began. */
  private rewind(fault: string): void {
    this.fault = fault
    this.faults++
    this.turn++
    this.readers = []
    this.bufferedBytes = 0
    this.isBlocked = false
    this.state = { ...this.state, offset: this.handed.offset, offsetEpoch: this.handed.epoch }
  }

  private drop(reader: RecordReader): void {
    this.readers.shift()
    this.bufferedBytes -= reader.sizeBytes
    if (this.isDrained) this.isBlocked = false
  }

  /** The end that a reader of this isolation can reach; -1 while unknown. */
  endFor(isCommittedOnly: boolean): number {
    return isCommittedOnly ? this.lastStableOffset : this.highWatermark
  }

  /** What was asked of the leader, where no fetch has told of the end meanwhile. */
  noteEnd(end: number, isCommittedOnly: boolean): void {
    if (this.endFor(isCommittedOnly) >= 0) return
    if (isCommittedOnly) this.lastStableOffset = end
    else this.highWatermark = end
  }

  /** Records between what is done and the end; -1 while unknown. */
  lag(isCommittedOnly: boolean): number {
    const end = this.endFor(isCommittedOnly)
    return end < 0 || this.done.offset < 0 ? -1 : Math.max(0, end - this.done.offset)
  }
}
