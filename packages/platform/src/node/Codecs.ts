/**
 * gzip and zstd by Node's own zlib, for `makeCodecs` of `@klamm/protocol/Compression`, whose shape this file has without
 * importing it (both stand on floor 0). Invariant: for any input, `decompress` answers at most `maxBytes` bytes or a word for
 * why not, and zlib stops inflating at the limit. Several gzip members or zstd frames one behind another are one stream, and
 * zstd frames need not tell their size: so librdkafka and Java write them.
 */
import * as zlib from "node:zlib"

/** Why there is no output: it would be longer than allowed, or the input is not what it should be. */
export type Refusal = "DecompressionLimit" | "CorruptCompression"

export interface PlatformCodec {
  readonly compress: (bytes: Uint8Array, level?: number) => Uint8Array
  readonly decompress: (bytes: Uint8Array, maxBytes: number) => Uint8Array | Refusal
}

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number; chunkSize: number }) => Buffer

/** The error code of Node when `maxOutputLength` is reached. */
const tooLargeCode = "ERR_BUFFER_TOO_LARGE"

/** zlib inflates into chunks of this size, in bytes: a few calls for a usual batch, no waste for a small one. */
const minChunkBytes = 4 * 1024
const maxChunkBytes = 256 * 1024
const chunkBytes = (inputBytes: number): number => Math.min(Math.max(inputBytes * 4, minChunkBytes), maxChunkBytes)

/** A Buffer's `slice` shares memory where a Uint8Array's copies: the difference is not to leave this file. */
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)

/** zlib wants a limit of at least one byte: a byte where none is allowed is seen by the output's length. */
const inflateWithin = (inflate: Inflate, bytes: Uint8Array, maxBytes: number): Uint8Array | Refusal => {
  try {
    const output = inflate(bytes, { maxOutputLength: Math.max(maxBytes, 1), chunkSize: chunkBytes(bytes.length) })
    return output.length > maxBytes ? "DecompressionLimit" : plain(output)
  } catch (error) {
    const tooLarge = error instanceof Error && "code" in error && error.code === tooLargeCode
    return tooLarge ? "DecompressionLimit" : "CorruptCompression"
  }
}

/** Levels are zlib's: -1 (the default, 6) and 1 to 9. */
export const gzip: PlatformCodec = {
  compress: (bytes, level = zlib.constants.Z_DEFAULT_COMPRESSION) => plain(zlib.gzipSync(bytes, { level })),
  decompress: (bytes, maxBytes) => inflateWithin(zlib.gunzipSync, bytes, maxBytes)
}

const zstdMagic = 0xfd2fb528
/** Sixteen magics mark frames to be passed over. */
const skippableMagic = 0x184d2a50
const lastBlockBit = 1
const rleBlock = 1

const littleEndian = (bytes: Uint8Array, at: number, count: number): number => {
  let value = 0
  for (let index = count - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0)
  return value
}

/** More frames in one input are refused: each is a call into zlib, and a stranger could make them of nine bytes. */
export const maxZstdFrames = 1000

/**
 * Where the zstd frame at `at` ends, from its header and the headers of its blocks (RFC 8878, section 3.1); beyond the input
 * when the frame is cut short, undefined when it is none. Needed because Node's zstd inflates the first frame only.
 */
const zstdFrameEnd = (bytes: Uint8Array, at: number): number | undefined => {
  const magic = littleEndian(bytes, at, 4)
  if (magic >= skippableMagic && magic <= skippableMagic + 15) return at + 8 + littleEndian(bytes, at + 4, 4)
  if (magic !== zstdMagic) return undefined
  const descriptor = bytes[at + 4] ?? 0
  const isSingleSegment = (descriptor & 0x20) !== 0
  const contentSizeCode = descriptor >>> 6
  const contentSizeBytes = contentSizeCode === 0 ? (isSingleSegment ? 1 : 0) : 1 << contentSizeCode
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  let end = at + 5 + (isSingleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes
  for (let isLast = false; !isLast && end < bytes.length; ) {
    const block = littleEndian(bytes, end, 3)
    isLast = (block & lastBlockBit) !== 0
    end += 3 + (((block >>> 1) & 3) === rleBlock ? 1 : block >>> 3)
  }
  return end + ((descriptor & 0x04) === 0 ? 0 : 4)
}

const joined = (parts: ReadonlyArray<Uint8Array>, sizeBytes: number): Uint8Array => {
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const zstdDecompress = (bytes: Uint8Array, maxBytes: number): Uint8Array | Refusal => {
  const parts: Array<Uint8Array> = []
  let sizeBytes = 0
  let at = 0
  for (let frames = 0; at < bytes.length || frames === 0; frames++) {
    const end = zstdFrameEnd(bytes, at)
    if (end === undefined || end > bytes.length || frames === maxZstdFrames) return "CorruptCompression"
    const frame = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end)
    const output = inflateWithin(zlib.zstdDecompressSync, frame, maxBytes - sizeBytes)
    if (typeof output === "string") return output
    if (output.length > 0) parts.push(output)
    sizeBytes += output.length
    at = end
  }
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : joined(parts, sizeBytes)
}

/** Levels are zstd's: -131072 to 22, 3 by default. */
export const zstd: PlatformCodec = {
  compress: (bytes, level = zlib.constants.ZSTD_CLEVEL_DEFAULT) =>
    plain(zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } })),
  decompress: zstdDecompress
}
