/**
 * The topics of the plain loop: a folder with one file for each partition, written to once per turn, and where its last batches lie. It serves consumers
 * at the tail alone: no batch older than those can be found again, so the oldest of them is where a log starts for who reads it.
 * Invariants: batches that were appended lie in the memory of a connection until `flush`, which comes before more is received into it;
 * nothing is read in between, and nothing above the high watermark. Neighbours: Answers.ts, Loop.ts, Following.ts.
 */
import { closeSync, mkdirSync, openSync, readSync, rmSync, writevSync } from "node:fs"
import { join } from "node:path"
import { lastOffsetDelta, setBaseOffset } from "@klamm/protocol/RecordBatch"

/** Several turns' worth in every load of this bench, so that who follows the tail finds what it has not read yet. */
const REMEMBERED_BATCHES = 256

/** What one write hands to the kernel, as a broker's (decision 0008). */
const PIECE_BYTES = 192 * 1024

/** The same bytes in pieces of at most that size. */
const inPieces = (batches: ReadonlyArray<Uint8Array>): ReadonlyArray<ReadonlyArray<Uint8Array>> => {
  const pieces: Array<Array<Uint8Array>> = [[]]
  let room = PIECE_BYTES
  for (const batch of batches) {
    for (let at = 0; at < batch.length; ) {
      if (room === 0) {
        pieces.push([])
        room = PIECE_BYTES
      }
      const part = batch.subarray(at, at + room)
      pieces.at(-1)?.push(part)
      at += part.length
      room -= part.length
    }
  }
  return pieces
}

/** How far a log goes. */
interface Extent {
  readonly endOffset: number
  readonly sizeBytes: number
}

export class Partition {
  endOffset = 0
  /** What every replica has: as far as it is told and read. */
  committed: Extent = { endOffset: 0, sizeBytes: 0 }
  private readonly folder: string
  private readonly fd: number
  private pending: Array<Uint8Array> = []
  /** With what is pending. */
  sizeBytes = 0
  private writtenBytes = 0
  private batches = 0
  /** Of the last batches, each in the place of its number modulo their count. */
  private readonly baseOffsets = new Float64Array(REMEMBERED_BATCHES)
  private readonly positions = new Float64Array(REMEMBERED_BATCHES)

  constructor(folder: string) {
    mkdirSync(folder)
    this.folder = folder
    this.fd = openSync(join(folder, "0.log"), "w+")
  }

  /** The first offset that can be read. */
  get startOffset(): number {
    return this.baseOffsets[Math.max(0, this.batches - REMEMBERED_BATCHES) % REMEMBERED_BATCHES]!
  }

  get isDirty(): boolean {
    return this.pending.length > 0
  }

  /** Gives the batch its offsets, in place, and answers the first. */
  append(batch: Uint8Array): number {
    const baseOffset = this.endOffset
    setBaseOffset(batch, 0, baseOffset)
    const place = this.batches % REMEMBERED_BATCHES
    this.baseOffsets[place] = baseOffset
    this.positions[place] = this.sizeBytes
    this.batches += 1
    this.pending.push(batch)
    this.sizeBytes += batch.length
    this.endOffset += lastOffsetDelta(batch, 0) + 1
    return baseOffset
  }

  flush(): void {
    for (const piece of inPieces(this.pending)) this.writtenBytes += writevSync(this.fd, piece, this.writtenBytes)
    if (this.writtenBytes < this.sizeBytes)
      throw new Error(`${this.folder}: ${this.writtenBytes} of ${this.sizeBytes} bytes`)
    this.pending = []
  }

  get highWatermark(): number {
    return this.committed.endOffset
  }

  /** From the batch that holds an offset, which lies between start and high watermark: that batch whole, more up to `maxBytes`. */
  read(offset: number, maxBytes: number): Uint8Array {
    const { endOffset, sizeBytes } = this.committed
    if (offset === endOffset) return new Uint8Array(0)
    let batch = this.batches - 1
    while (this.baseOffsets[batch % REMEMBERED_BATCHES]! > offset) batch -= 1
    const from = this.positions[batch % REMEMBERED_BATCHES]!
    const next = batch + 1 < this.batches ? this.positions[(batch + 1) % REMEMBERED_BATCHES]! : this.sizeBytes
    const bytes = Buffer.allocUnsafe(Math.min(sizeBytes, Math.max(next, from + maxBytes)) - from)
    const read = readSync(this.fd, bytes, 0, bytes.length, from)
    if (read < bytes.length) throw new Error(`${this.folder}: ${read} of ${bytes.length} bytes at ${from}`)
    return bytes
  }

  remove(): void {
    closeSync(this.fd)
    rmSync(this.folder, { recursive: true })
  }
}

/** What was written in a turn, and how long the stream to the other replicas was then. */
interface Written {
  readonly partition: Partition
  readonly extent: Extent
  readonly position: number
}

export class Topics {
  /** Where the folders of all partitions lie, each named after its topic and number. */
  readonly folder: string
  private readonly partitions = new Map<string, ReadonlyArray<Partition>>()
  private dirty: Array<Partition> = []
  /** Not yet committed, in the order in which it was written. */
  private written: Array<Written> = []

  constructor(folder: string) {
    this.folder = folder
  }

  get names(): ReadonlyArray<string> {
    return [...this.partitions.keys()]
  }

  partitionsOf(name: string): ReadonlyArray<Partition> | undefined {
    return this.partitions.get(name)
  }

  partition(name: string, index: number): Partition | undefined {
    return this.partitions.get(name)?.[index]
  }

  /** False when there is one of this name. */
  create(name: string, partitions: number): boolean {
    if (this.partitions.has(name)) return false
    const folders = Array.from({ length: partitions }, (_, index) => join(this.folder, `${name}-${index}`))
    this.partitions.set(
      name,
      folders.map((folder) => new Partition(folder))
    )
    return true
  }

  /** False when there is none. */
  remove(name: string): boolean {
    const removed = this.partitions.get(name) ?? []
    this.dirty = this.dirty.filter((partition) => !removed.includes(partition))
    for (const partition of removed) partition.remove()
    return this.partitions.delete(name)
  }

  append(partition: Partition, batch: Uint8Array): number {
    if (!partition.isDirty) this.dirty.push(partition)
    return partition.append(batch)
  }

  close(): void {
    for (const partitions of this.partitions.values()) for (const partition of partitions) partition.remove()
  }

  /** Writes what was appended, in one write for each partition; the stream to the other replicas ends with it at `position`. */
  flush(position: number): void {
    for (const partition of this.dirty) {
      partition.flush()
      const { endOffset, sizeBytes } = partition
      this.written.push({ partition, extent: { endOffset, sizeBytes }, position })
    }
    if (this.dirty.length > 0) this.dirty = []
  }

  /** Of what was written that which every replica has, of the stream so much, is there to be read. */
  commit(position: number): void {
    let count = 0
    for (const { partition, extent, position: end } of this.written) {
      if (end > position) break
      partition.committed = extent
      count += 1
    }
    if (count > 0) this.written.splice(0, count)
  }
}
