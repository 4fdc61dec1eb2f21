/**
 * Reads the records of one partition out of the bytes of a Fetch answer, a few at a time: skips what lies before the position, what
 * control batches hold, and, for read_committed, what aborted transactions left (behaviours 076, 082, 083, 085).
 *
 * Invariant: `nextOffset` never goes back and moves past everything that was skipped, so that reading goes on behind gaps; the
 * bytes are the reader's own. A batch that fails its checksum stops it: it reads nothing beyond.
 */
import { Compression, MalformedBytes, Record, RecordBatch } from "@klamm/protocol"

/** A record as it lies in the log. */
export interface RawRecord {
  readonly offset: number
  readonly leaderEpoch: number
  readonly timestamp: number
  /** Whether the time is the producer's or the broker's. */
  readonly timestampType: "CreateTime" | "LogAppendTime"
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: ReadonlyArray<Record.RecordHeader>
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface ReaderOptions {
  /** Where the partition is read from. */
  readonly position: number
  /** Null for read_uncommitted, where everything counts. */
  readonly aborted: ReadonlyArray<AbortedTransaction> | null
  readonly decompression: Compression.Decompression
  readonly checkCrcs: boolean
}

export class RecordReader {
  /** The offset behind everything read or skipped so far. */
  nextOffset: number
  /** The leader epoch of the last batch read from; before that the position's. */
  lastEpoch: number
  /** What stopped the reader before the end. */
  fault: string | undefined
  private readonly bytes: Uint8Array
  private readonly options: ReaderOptions
  private readonly aborted: ReadonlyArray<AbortedTransaction>
  private abortedAt = 0
  private readonly aborting = new Set<number>()
  /** Where the whole batches begin; an answer may end inside one. */
  private readonly batches: Array<number> = []
  private batchIndex = 0
  private cursor: Record.RecordCursor | undefined
  private left = 0

  constructor(bytes: Uint8Array, options: ReaderOptions) {
    this.bytes = bytes
    this.options = options
    this.nextOffset = options.position
    this.lastEpoch = -1
    this.aborted = (options.aborted ?? []).toSorted((left, right) => left.firstOffset - right.firstOffset)
    RecordBatch.forEachBatch(bytes, 0, bytes.length, (at) => this.batches.push(at))
    if (this.batches.length === 0 && bytes.length > 0) this.fault = "no whole batch"
  }

  /** The offset behind the last whole batch: where the next fetch begins. */
  get endOffset(): number {
    const last = this.batches.at(-1)
    return last === undefined
      ? this.options.position
      : Math.max(this.options.position, RecordBatch.lastOffset(this.bytes, last) + 1)
  }

  /** The leader epoch of the last whole batch; -1 without one. */
  get endEpoch(): number {
    const last = this.batches.at(-1)
    return last === undefined ? -1 : RecordBatch.partitionLeaderEpoch(this.bytes, last)
  }

  /** The bytes it holds on to. */
  get sizeBytes(): number {
    return this.bytes.length
  }

  /** Up to `max` records, in order; fewer only at the end. */
  take(max: number): ReadonlyArray<RawRecord> {
    const records: Array<RawRecord> = []
    try {
      while (records.length < max && this.open()) this.read(records, max)
    } catch (error) {
      if (!(error instanceof MalformedBytes) && !(error instanceof Compression.CompressionError)) throw error
      this.fault = error.message
    }
    return records
  }

  /** Stands inside a batch that has records to give, or answers that none is left. */
  private open(): boolean {
    if (this.cursor !== undefined) return true
    const { bytes, options, batches } = this
    while (this.fault === undefined && this.batchIndex < batches.length) {
      const at = batches[this.batchIndex]!
      if (RecordBatch.lastOffset(bytes, at) >= this.nextOffset) {
        if (options.checkCrcs && RecordBatch.computeCrc(bytes, at) !== RecordBatch.crc(bytes, at)) {
          this.fault = "checksum"
          return false
        }
        this.lastEpoch = RecordBatch.partitionLeaderEpoch(bytes, at)
        if (this.isWanted(at)) {
          this.cursor = Record.openRecords(bytes, at, options.decompression)
          this.left = RecordBatch.count(bytes, at)
          return true
        }
        this.nextOffset = RecordBatch.lastOffset(bytes, at) + 1
      }
      this.batchIndex++
    }
    return false
  }

  private isWanted(at: number): boolean {
    const { bytes } = this
    const producerId = RecordBatch.producerId(bytes, at)
    const last = RecordBatch.lastOffset(bytes, at)
    while (this.abortedAt < this.aborted.length && this.aborted[this.abortedAt]!.firstOffset <= last) {
      this.aborting.add(this.aborted[this.abortedAt++]!.producerId)
    }
    if (RecordBatch.isControl(bytes, at)) {
      if (RecordBatch.endTransactionMarker(bytes, at)?.committed === false) this.aborting.delete(producerId)
      return false
    }
    return !(RecordBatch.isTransactional(bytes, at) && this.aborting.has(producerId))
  }

  private read(into: Array<RawRecord>, max: number): void {
    const { bytes, cursor } = this
    const batchAt = this.batches[this.batchIndex]
    if (cursor === undefined || batchAt === undefined) return
    const baseOffset = RecordBatch.baseOffset(bytes, batchAt)
    const isAppendTime = RecordBatch.timestampType(bytes, batchAt) === RecordBatch.logAppendTime
    while (this.left > 0 && into.length < max) {
      cursor.next()
      this.left--
      const offset = baseOffset + cursor.offsetDelta
      if (offset < this.nextOffset) continue
      const { key, value, headers, timestampDelta } = Record.recordAt(cursor)
      into.push({
        offset,
        leaderEpoch: this.lastEpoch,
        timestamp: Record.timestampOf(bytes, batchAt, timestampDelta),
        timestampType: isAppendTime ? "LogAppendTime" : "CreateTime",
        key,
        value,
        headers
      })
      this.nextOffset = offset + 1
    }
    if (this.left > 0) return
    this.nextOffset = Math.max(this.nextOffset, RecordBatch.lastOffset(bytes, batchAt) + 1)
    this.batchIndex++
    this.cursor = undefined
  }
}
