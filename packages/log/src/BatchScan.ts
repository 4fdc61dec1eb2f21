/**
 * Walking the batches of a `.log` file: whole batches in big sequential chunks for recovery and compaction, and a few headers
 * from a known position for reads. Invariant: a batch is handed on only when its header makes sense and it lies wholly inside
 * the range; nothing here checks the CRC (visitors that need it do). Neighbours: `Recovery.ts`, `Read.ts`, `Cleaner.ts`.
 */
import type { DiskError, DiskFile, ReadHint } from "@klamm/platform"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"

/** Chunk of a sequential scan. A larger batch makes the buffer grow to hold it. */
export const scanBufferBytes = 1024 * 1024

/** Window of a header walk: about one index interval. */
const headerWindowBytes = 4096

/** Header bytes up to and including last_offset_delta: what a walk needs of each batch. */
export const walkHeaderBytes = 27

const currentMagic = 2

/** Called for each batch, `bytes[at]` being its first byte; answers a reason to stop before this batch, or undefined. */
export type BatchVisitor = (bytes: Uint8Array, at: number, position: number) => string | undefined

export interface ScanEnd {
  /** Where the scan stopped: the end of the last batch it accepted. */
  readonly position: number
  /** Why it stopped there; undefined when it reached the end of the range. */
  readonly reason: string | undefined
}

/** Why the bytes at `at` can't be a batch of the present format; undefined when the header makes sense. */
export const headerFault = (bytes: Uint8Array, at: number): string | undefined => {
  if (RecordBatch.sizeInBytes(bytes, at) < RecordBatch.headerBytes) return "batch length below the header's"
  if (RecordBatch.magic(bytes, at) !== currentMagic) return "unknown magic"
  return RecordBatch.lastOffsetDelta(bytes, at) < 0 ? "negative offset delta" : undefined
}

/** Visits the batches in file positions `from`…`to - 1`, reading sequentially. */
export const scan = (
  file: DiskFile,
  from: number,
  to: number,
  visit: BatchVisitor
): Effect.Effect<ScanEnd, DiskError> =>
  Effect.gen(function* () {
    let buffer = new Uint8Array(Math.min(scanBufferBytes, to - from))
    let position = from
    while (position < to) {
      const wanted = Math.min(buffer.byteLength, to - position)
      const read = yield* file.read(position, buffer.subarray(0, wanted), "cold")
      const walked = visitWhole(buffer, read, position, to, visit)
      position += walked.bytes
      if (walked.reason !== undefined) return { position, reason: walked.reason }
      if (read < wanted)
        return position < to ? { position, reason: "file ends early" } : { position, reason: undefined }
      if (walked.bytes === 0) buffer = new Uint8Array(RecordBatch.sizeInBytes(buffer, 0))
    }
    return { position, reason: undefined }
  })

const visitWhole = (buffer: Uint8Array, read: number, position: number, to: number, visit: BatchVisitor) => {
  let at = 0
  while (at < read) {
    if (to - position - at < RecordBatch.headerBytes) return { bytes: at, reason: "incomplete header" }
    if (read - at < RecordBatch.headerBytes) break
    const fault = headerFault(buffer, at)
    if (fault !== undefined) return { bytes: at, reason: fault }
    const size = RecordBatch.sizeInBytes(buffer, at)
    if (size > to - position - at) return { bytes: at, reason: "incomplete batch" }
    if (size > read - at) break
    const reason = visit(buffer, at, position + at)
    if (reason !== undefined) return { bytes: at, reason }
    at += size
  }
  return { bytes: at, reason: undefined }
}

export interface LocatedBatch {
  readonly position: number
  readonly sizeBytes: number
  readonly baseOffset: number
  readonly lastOffset: number
}

/** The walk's other answers: no such batch before the end of the range; or bytes that are no batch at all. */
export type NotLocated = "end" | "damaged"

/** The batch at `at` of bytes that lie at `position` in the file. */
export const locatedAt = (bytes: Uint8Array, at: number, position: number): LocatedBatch => ({
  position: position + at,
  sizeBytes: RecordBatch.sizeInBytes(bytes, at),
  baseOffset: RecordBatch.baseOffset(bytes, at),
  lastOffset: RecordBatch.lastOffset(bytes, at)
})

/** The first batch in `from`…`end - 1` whose last offset is at or above `offset`. `from` has to be where a batch begins. */
export const findBatch = (
  file: DiskFile,
  from: number,
  end: number,
  offset: number,
  hint: ReadHint
): Effect.Effect<LocatedBatch | NotLocated, DiskError> =>
  Effect.gen(function* () {
    const window = new Uint8Array(headerWindowBytes)
    let position = from
    while (position + RecordBatch.headerBytes <= end) {
      const wanted = Math.min(headerWindowBytes, end - position)
      const read = yield* file.read(position, window.subarray(0, wanted), hint)
      if (read < walkHeaderBytes) return "damaged"
      let at = 0
      while (at + walkHeaderBytes <= read) {
        const fault = headerFault(window, at)
        const sizeBytes = RecordBatch.sizeInBytes(window, at)
        if (fault !== undefined || position + at + sizeBytes > end) return "damaged"
        if (RecordBatch.lastOffset(window, at) >= offset) return locatedAt(window, at, position)
        at += sizeBytes
      }
      position += at
    }
    return position === end ? "end" : "damaged"
  })
