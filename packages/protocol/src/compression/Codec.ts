/**
 * What every codec is and how it refuses its input. Invariant of them all: whatever the input, `decompress` answers at most
 * `maxBytes` bytes or throws CompressionError, and never reserves much more memory than `maxBytes`. The door is
 * `../Compression.ts`.
 */

/** Codec ids as in a batch's attributes; the names are those of `compression.type`. */
export const codecIds = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

export type CodecName = Exclude<keyof typeof codecIds, "none">

export interface Codec {
  /** `level` is the codec's own scale (`compression.gzip.level` and its like); its default when left out. */
  readonly compress: (bytes: Uint8Array, level?: number) => Uint8Array
  /** The whole of what was compressed, in memory of its own. Throws CompressionError, also beyond `maxBytes`. */
  readonly decompress: (bytes: Uint8Array, maxBytes: number) => Uint8Array
}

export type CompressionErrorReason = "DecompressionLimit" | "CorruptCompression" | "UnknownCodec"

/** Compressed bytes that can't or may not be unpacked. Made as often as a stranger likes, so it carries no stack. */
export class CompressionError extends Error {
  readonly _tag = "CompressionError"
  readonly reason: CompressionErrorReason

  constructor(reason: CompressionErrorReason, message: string) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = limit
    this.name = "CompressionError"
    this.reason = reason
  }
}

/** Throws the error for input that breaks its format. */
export const corrupt = (codec: CodecName, what: string): never => {
  throw new CompressionError("CorruptCompression", `${codec}: ${what}`)
}

/** Throws the error for output beyond `maxBytes`. */
export const beyondLimit = (codec: CodecName, maxBytes: number): never => {
  throw new CompressionError("DecompressionLimit", `${codec}: unpacks to more than ${maxBytes} bytes`)
}
