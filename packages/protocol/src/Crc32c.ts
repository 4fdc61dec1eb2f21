/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of record batches, and the process's byte arena, over which it
 * runs in place. The arena is one WebAssembly memory of fixed size; whatever receives or reads batches cuts its buffers from
 * it (`@klamm/platform/Arena` describes how), so that checking a batch copies nothing. The size is virtual: pages that are
 * never touched cost nothing. Everything is made on first use; importing this file does no work.
 */
import { type Kernel, makeKernel } from "./crc32c/Kernel.ts"
import { reservedBytes, scratchAt, scratchBytes } from "./crc32c/module.ts"
import { sliceCrc32c } from "./crc32c/Slicing.ts"

/** Bytes at the bottom of the arena that belong to the checksum: its tables, folding windows and copy window. */
export { reservedBytes }

/** Size of the arena unless the first caller of `arenaMemory` wants another. */
export const defaultArenaBytes = 512 * 1024 * 1024

/** Below this many bytes outside the arena, table look-up beats a copy into it. */
const copyThresholdBytes = 64

let kernel: Kernel | undefined
let scratch = new Uint8Array(0)

const instantiate = (sizeBytes: number): Kernel => {
  if (sizeBytes < reservedBytes)
    throw new RangeError(`the arena needs at least ${reservedBytes} bytes, not ${sizeBytes}`)
  kernel = makeKernel(sizeBytes)
  scratch = new Uint8Array(kernel.buffer, scratchAt, scratchBytes)
  return kernel
}

/**
 * The arena's memory, bytes 0 to `reservedBytes` of which are not to be touched. The first call fixes its size for the life
 * of the process; a later call that names another size throws RangeError. Sizes are in bytes, rounded up to 64 KiB.
 */
export const arenaMemory = (sizeBytes?: number): ArrayBuffer => {
  const { buffer } = kernel ?? instantiate(sizeBytes ?? defaultArenaBytes)
  if (sizeBytes !== undefined && (sizeBytes > buffer.byteLength || sizeBytes <= buffer.byteLength - 65_536)) {
    throw new RangeError(`the arena already has ${buffer.byteLength} bytes, not ${sizeBytes}`)
  }
  return buffer
}

/**
 * The CRC-32C of `bytes[start, end)`, unsigned. `initial` is the checksum of the bytes that came before, 0 at the beginning:
 * `crc32c(b, crc32c(a))` is that of a followed by b. In place when `bytes` lies in the arena; else small inputs are looked up
 * in tables and larger ones pass through a window of the arena.
 */
export const crc32c = (bytes: Uint8Array, initial = 0, start = 0, end = bytes.length): number => {
  const length = end - start
  if (length < 0 || start < 0 || end > bytes.length)
    throw new RangeError(`no range ${start} to ${end} in ${bytes.length} bytes`)
  if (kernel !== undefined && bytes.buffer === kernel.buffer && kernel.checksum !== undefined) {
    return kernel.checksum(initial, bytes.byteOffset + start, length) >>> 0
  }
  if (length < copyThresholdBytes) return sliceCrc32c(bytes, initial, start, end)
  const { checksum } = kernel ?? instantiate(defaultArenaBytes)
  if (checksum === undefined) return sliceCrc32c(bytes, initial, start, end)
  let crc = initial
  for (let at = start; at < end; at += scratchBytes) {
    const part = bytes.subarray(at, Math.min(at + scratchBytes, end))
    scratch.set(part)
    crc = checksum(crc, scratchAt, part.length)
  }
  return crc >>> 0
}
