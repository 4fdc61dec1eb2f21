/**
 * Batches one after another, as a segment file or a Fetch response holds them: walking them and verifying one. Invariant: no
 * batch is handed on that does not lie wholly inside the given range with a header that makes sense.
 */
import { computeCrc, crc, currentMagic, headerBytes, lastOffsetDelta, magic, sizeInBytes } from "./Header.ts"

/** What can be wrong with a stored batch: it ends outside the range, or its length, format, offsets or checksum are no batch's. */
export type BatchFault = "incomplete" | "length" | "magic" | "offsets" | "checksum"

/** What is wrong with the frame of the batch at `at`, looking at its header alone; undefined when it lies whole in [at, end). */
const frameFault = (bytes: Uint8Array, at: number, end: number): BatchFault | undefined => {
  if (end - at < headerBytes) return "incomplete"
  const size = sizeInBytes(bytes, at)
  if (size < headerBytes) return "length"
  if (magic(bytes, at) !== currentMagic) return "magic"
  if (lastOffsetDelta(bytes, at) < 0) return "offsets"
  return size > end - at ? "incomplete" : undefined
}

/** What is wrong with the batch at `at`, its checksum included; undefined for an intact batch inside [at, end). */
export const verifyBatch = (bytes: Uint8Array, at = 0, end = bytes.length): BatchFault | undefined => {
  const fault = frameFault(bytes, at, end)
  if (fault !== undefined) return fault
  return computeCrc(bytes, at) === crc(bytes, at) ? undefined : "checksum"
}

/**
 * Visits the whole batches of `bytes[start, end)` in order and answers where it stopped: the end of the last whole batch. A
 * torn or senseless tail is left unvisited (behaviour 075: a Fetch may end inside a batch). Checksums are not looked at.
 */
export const forEachBatch = (
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (at: number, sizeBytes: number) => void
): number => {
  let at = start
  while (frameFault(bytes, at, end) === undefined) {
    const size = sizeInBytes(bytes, at)
    visit(at, size)
    at += size
  }
  return at
}
