/**
 * Frames: on a connection each message comes behind its length, an int32 that does not count itself. Pure; a broker calls
 * `frameLength` on bytes where they were received, tools and tests use `FrameSplitter`. Invariant: no memory is reserved for
 * a frame before its length has been checked against the limit.
 */
import { MalformedBytes } from "./Malformed.ts"

/** Bytes of the length before each frame. */
export const lengthPrefixBytes = 4

/**
 * The length in bytes, prefix included, of the frame that begins at `start`; 0 while fewer than four bytes of it lie before
 * `end`. The frame itself need not have arrived. Throws MalformedBytes for a size below 0 or above `maxBytes`
 * (socket.request.max.bytes), after which the connection is of no use.
 */
export const frameLength = (bytes: Uint8Array, start: number, end: number, maxBytes: number): number => {
  if (end - start < lengthPrefixBytes) return 0
  const size = (bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!
  if (size < 0) throw new MalformedBytes(`frame of ${size} bytes`, start)
  if (size > maxBytes) throw new MalformedBytes(`frame of ${size} bytes where ${maxBytes} are allowed`, start)
  return lengthPrefixBytes + size
}

/** Chunks in, whole frames out. It copies each frame once, so that a frame may be kept. */
export class FrameSplitter {
  private readonly maxBytes: number
  private prefix = new Uint8Array(lengthPrefixBytes)
  private prefixBytes = 0
  /** The frame being filled, without its length. */
  private frame: Uint8Array | undefined
  private frameBytes = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Takes what was received and answers the frames it completes, without their lengths. Throws MalformedBytes. */
  push(chunk: Uint8Array): ReadonlyArray<Uint8Array> {
    const frames: Array<Uint8Array> = []
    let from = 0
    while (from < chunk.length) {
      from += this.frame === undefined ? this.takePrefix(chunk, from) : this.takeBody(this.frame, chunk, from)
      if (this.frame !== undefined && this.frameBytes === this.frame.length) {
        frames.push(this.frame)
        this.frame = undefined
        this.prefixBytes = 0
      }
    }
    return frames
  }

  private takePrefix(chunk: Uint8Array, from: number): number {
    const taken = Math.min(lengthPrefixBytes - this.prefixBytes, chunk.length - from)
    this.prefix.set(chunk.subarray(from, from + taken), this.prefixBytes)
    this.prefixBytes += taken
    const length = frameLength(this.prefix, 0, this.prefixBytes, this.maxBytes)
    if (length > 0) {
      this.frame = new Uint8Array(length - lengthPrefixBytes)
      this.frameBytes = 0
    }
    return taken
  }

  private takeBody(frame: Uint8Array, chunk: Uint8Array, from: number): number {
    const taken = Math.min(frame.length - this.frameBytes, chunk.length - from)
    frame.set(chunk.subarray(from, from + taken), this.frameBytes)
    this.frameBytes += taken
    return taken
  }
}
