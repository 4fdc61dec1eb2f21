/**
 * Snappy: the raw format (google/snappy, format_description.txt), and around it the framing that Java clients write and expect
 * (snappy-java's stream format, called xerial: a 16-byte header, then blocks behind their length). librdkafka sends raw snappy
 * where others send xerial, so both are read; xerial is written. The uncompressed length comes first in the format, so it is
 * checked against the limit, and against what the input could hold at all, before any memory is reserved. Neighbour: `Matches.ts`.
 */
import { beyondLimit, type Codec, corrupt } from "./Codec.ts"
import { copyLiteral, copyMatch, findMatches } from "./Matches.ts"

const codec = "snappy"

/** A copy element of three bytes makes at most 64 bytes: nothing in the format expands more. */
const maxExpansion = 22

interface Length {
  readonly value: number
  /** Where the elements begin. */
  readonly next: number
}

/** The uncompressed length at the front of a raw block: little-endian base 128. */
const uncompressedLength = (bytes: Uint8Array, start: number, end: number): Length => {
  let value = 0
  for (let at = start, scale = 1; at < end && at < start + 5; at++, scale *= 128) {
    const byte = bytes[at]!
    value += (byte & 127) * scale
    if (byte < 128) {
      return value <= (end - at) * maxExpansion ? { value, next: at + 1 } : corrupt(codec, "impossible length")
    }
  }
  return corrupt(codec, "no length")
}

/** Unpacks the elements `bytes[at, end)` into exactly `output[from, to)`. */
const decodeBlock = (bytes: Uint8Array, start: number, end: number, output: Uint8Array, from: number, to: number) => {
  let at = start
  let out = from
  while (at < end) {
    const tag = bytes[at]!
    at += 1
    if ((tag & 3) === 0) {
      let length = tag >>> 2
      if (length >= 60) {
        const lengthBytes = length - 59
        if (at + lengthBytes > end) corrupt(codec, "literal without length")
        length = 0
        for (let index = lengthBytes - 1; index >= 0; index--) length = length * 256 + bytes[at + index]!
        at += lengthBytes
      }
      length += 1
      if (length > end - at || length > to - out) corrupt(codec, "literal too long")
      copyLiteral(bytes, at, length, output, out)
      at += length
      out += length
      continue
    }
    const short = (tag & 3) === 1
    const length = short ? 4 + ((tag >>> 2) & 7) : 1 + (tag >>> 2)
    const offsetBytes = short ? 1 : (tag & 3) === 2 ? 2 : 4
    if (at + offsetBytes > end) corrupt(codec, "copy without offset")
    let offset = bytes[at]!
    if (short) offset |= (tag >>> 5) << 8
    else offset |= bytes[at + 1]! << 8
    if (offsetBytes === 4) offset += bytes[at + 2]! * 0x1_0000 + bytes[at + 3]! * 0x100_0000
    at += offsetBytes
    if (offset === 0 || offset > out - from) corrupt(codec, "copy from before the block")
    if (length > to - out) corrupt(codec, "copy too long")
    copyMatch(output, out, offset, length)
    out += length
  }
  if (out !== to) corrupt(codec, "block of another length than it declares")
}

/** 0x82 "SNAPPY" 0. */
const xerialMagic = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0)
/** The magic, int32 version, int32 least version of a reader. Kafka's clients write 1 and 1. */
const xerialHeaderBytes = 16
const xerialVersion = 1
/** What one written block holds, as in the Java client. */
const xerialBlockBytes = 32 * 1024

const hasXerialHeader = (bytes: Uint8Array, at: number): boolean =>
  bytes.length - at >= xerialHeaderBytes && xerialMagic.every((byte, index) => bytes[at + index] === byte)

/** Big-endian, as everything in the framing and nothing in snappy itself. */
const int32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!

const putInt32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Called for each raw block: its elements are `bytes[from, to)` and unpack to `sizeBytes`. */
type VisitBlock = (from: number, to: number, sizeBytes: number) => void

const visitBlock = (bytes: Uint8Array, from: number, to: number, visit: VisitBlock): void => {
  const { value, next } = uncompressedLength(bytes, from, to)
  visit(next, to, value)
}

/** Without the header, the whole is one raw block. */
const visitBlocks = (bytes: Uint8Array, visit: VisitBlock): void => {
  if (!hasXerialHeader(bytes, 0)) {
    visitBlock(bytes, 0, bytes.length, visit)
    return
  }
  let at = 0
  while (at < bytes.length) {
    // Streams may be put one behind another, header and all.
    if (hasXerialHeader(bytes, at)) {
      if (int32(bytes, at + 12) > xerialVersion) corrupt(codec, "framing of a later version")
      at += xerialHeaderBytes
      continue
    }
    if (bytes.length - at < 4) corrupt(codec, "block without length")
    const length = int32(bytes, at)
    at += 4
    if (length < 0 || length > bytes.length - at) corrupt(codec, "block longer than its stream")
    visitBlock(bytes, at, at + length, visit)
    at += length
  }
}

const decompress = (bytes: Uint8Array, maxBytes: number): Uint8Array => {
  let total = 0
  visitBlocks(bytes, (_from, _to, sizeBytes) => {
    total += sizeBytes
    if (total > maxBytes) beyondLimit(codec, maxBytes)
  })
  const output = new Uint8Array(total)
  let out = 0
  visitBlocks(bytes, (from, to, sizeBytes) => {
    decodeBlock(bytes, from, to, output, out, out + sizeBytes)
    out += sizeBytes
  })
  return output
}

const putLiteral = (block: Uint8Array, from: number, to: number, output: Uint8Array, at: number): number => {
  const length = to - from
  if (length === 0) return at
  let out = at
  if (length <= 60) {
    output[out] = (length - 1) << 2
    out += 1
  } else {
    // 60 says that one length byte follows, 61 two; a block is too small for three.
    const wide = length > 256
    output[out] = (wide ? 61 : 60) << 2
    output[out + 1] = length - 1
    if (wide) output[out + 2] = (length - 1) >>> 8
    out += wide ? 3 : 2
  }
  copyLiteral(block, from, length, output, out)
  return out + length
}

/** Copies of at most 64 bytes with a two-byte offset, which reaches over the whole block. */
const putCopy = (output: Uint8Array, at: number, offset: number, length: number): number => {
  let out = at
  for (let rest = length; rest > 0; out += 3) {
    const now = Math.min(rest, 64)
    output[out] = ((now - 1) << 2) | 2
    output[out + 1] = offset
    output[out + 2] = offset >>> 8
    rest -= now
  }
  return out
}

/** Packs one block behind its length into `output` at `at`; answers where it ends. */
const encodeBlock = (block: Uint8Array, output: Uint8Array, at: number): number => {
  let out = at
  let length = block.length
  for (; length > 127; length >>>= 7) {
    output[out] = (length & 127) | 128
    out += 1
  }
  output[out] = length
  out += 1
  const restFrom = findMatches(block, (literalFrom, literalTo, offset, matchLength) => {
    out = putCopy(output, putLiteral(block, literalFrom, literalTo, output, out), offset, matchLength)
  })
  return putLiteral(block, restFrom, block.length, output, out)
}

/** Incompressible bytes grow by literal tags and the block's length: far below a sixth and 32 bytes a block. */
const largestEncoding = (sizeBytes: number): number => {
  const blocks = Math.ceil(sizeBytes / xerialBlockBytes)
  return xerialHeaderBytes + sizeBytes + Math.ceil(sizeBytes / 6) + blocks * 32
}

const compress = (bytes: Uint8Array): Uint8Array => {
  const output = new Uint8Array(largestEncoding(bytes.length))
  output.set(xerialMagic)
  putInt32(output, 8, xerialVersion)
  putInt32(output, 12, xerialVersion)
  let out = xerialHeaderBytes
  for (let at = 0; at < bytes.length; at += xerialBlockBytes) {
    const end = encodeBlock(bytes.subarray(at, at + xerialBlockBytes), output, out + 4)
    putInt32(output, out, end - out - 4)
    out = end
  }
  return output.slice(0, out)
}

/** Snappy has no levels: a given one is ignored. */
export const snappy: Codec = { compress, decompress }
