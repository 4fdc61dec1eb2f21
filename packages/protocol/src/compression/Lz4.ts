/**
 * lz4 in the frame format, as record batches carry it (lz4_Frame_format.md and lz4_Block_format.md of the lz4 project). Kafka's
 * clients write one frame of independent blocks without checksums; all that the format allows a stranger is read: linked
 * blocks, checksums, frames one behind another, skippable frames; dictionaries are not.
 *
 * Decompression goes over the input twice. The first pass parses frames and block tokens, and so learns the exact size of the
 * output without producing any; the limit is checked there, and each block against its frame's block size. The second pass
 * fills memory of exactly that size. Neighbours: `Matches.ts`, `XxHash32.ts`.
 */
import { beyondLimit, type Codec, corrupt } from "./Codec.ts"
import { copyLiteral, copyMatch, findMatches, maxBlockBytes, minMatchBytes } from "./Matches.ts"
import { xxHash32 } from "./XxHash32.ts"

const codec = "lz4"

const frameMagic = 0x184d2204
/** Sixteen magics mark frames to be passed over. */
const skippableMagic = 0x184d2a50

/** Flags of a frame descriptor. */
const versionMask = 0xc0
const version1 = 0x40
const independentFlag = 0x20
const blockChecksumFlag = 0x10
const contentSizeFlag = 0x08
const contentChecksumFlag = 0x04
const reservedFlag = 0x02
const dictionaryFlag = 0x01

/** Block size codes 4 to 7 stand for 64 KiB, 256 KiB, 1 MiB and 4 MiB. */
const smallestBlockCode = 4
/** In a block's size field: the bytes are stored as they are. */
const storedBit = 0x8000_0000

const uint32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0

const putUint32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

/** Throws unless `count` bytes lie between `at` and the end of the input. */
const need = (bytes: Uint8Array, at: number, count: number): void => {
  if (count > bytes.length - at) corrupt(codec, "input ends too soon")
}

/** The uncompressed size of a block, from its tokens alone. */
const measureBlock = (bytes: Uint8Array, from: number, to: number): number => {
  let at = from
  let size = 0
  while (at < to) {
    const token = bytes[at]!
    at += 1
    let literalLength = token >>> 4
    if (literalLength === 15) {
      let more = 255
      while (more === 255 && at < to) {
        more = bytes[at]!
        literalLength += more
        at += 1
      }
    }
    at += literalLength
    size += literalLength
    if (at === to) return size
    at += 2
    let matchLength = token & 15
    if (matchLength === 15) {
      let more = 255
      while (more === 255 && at < to) {
        more = bytes[at]!
        matchLength += more
        at += 1
      }
    }
    size += matchLength + minMatchBytes
  }
  return corrupt(codec, "block without closing literal")
}

interface Descriptor {
  readonly flags: number
  readonly maxBlockSizeBytes: number
  /** Undefined when the frame does not tell. */
  readonly contentSizeBytes: number | undefined
  /** Where the first block begins. */
  readonly next: number
}

const readDescriptor = (bytes: Uint8Array, at: number): Descriptor => {
  need(bytes, at, 3)
  const flags = bytes[at]!
  const blockCode = bytes[at + 1]! >>> 4
  if ((flags & versionMask) !== version1 || (flags & reservedFlag) !== 0) corrupt(codec, "unknown frame version")
  if ((flags & dictionaryFlag) !== 0) corrupt(codec, "frame with a dictionary")
  if (blockCode < smallestBlockCode || blockCode > 7 || (bytes[at + 1]! & 15) !== 0)
    corrupt(codec, "unknown block size")
  const hasContentSize = (flags & contentSizeFlag) !== 0
  const checksumAt = at + (hasContentSize ? 10 : 2)
  need(bytes, checksumAt, 1)
  const checksum = (xxHash32(bytes, at, checksumAt) >>> 8) & 0xff
  if (checksum !== bytes[checksumAt]) corrupt(codec, "frame header fails its checksum")
  return {
    flags,
    maxBlockSizeBytes: maxBlockBytes << ((blockCode - smallestBlockCode) * 2),
    contentSizeBytes: hasContentSize ? uint32(bytes, at + 2) + uint32(bytes, at + 6) * 0x1_0000_0000 : undefined,
    next: checksumAt + 1
  }
}

/** One pass over the input. Blocks are visited, not listed: a list would cost many times the input. */
interface Pass {
  /** `bytes[from, to)` is the block's content. */
  readonly block: (frame: Descriptor, from: number, to: number, isStored: boolean) => void
  /** All blocks of the frame were visited; its content checksum, if it has one, lies at `at`. */
  readonly endFrame: (frame: Descriptor, at: number) => void
}

/** Passes over one frame whose descriptor begins at `at`; answers where the next frame begins. */
const passFrame = (bytes: Uint8Array, at: number, pass: Pass): number => {
  const frame = readDescriptor(bytes, at)
  const checksumBytes = (frame.flags & blockChecksumFlag) === 0 ? 0 : 4
  let from = frame.next
  for (;;) {
    need(bytes, from, 4)
    const field = uint32(bytes, from)
    from += 4
    if (field === 0) break
    const isStored = field >= storedBit
    const to = from + (isStored ? field - storedBit : field)
    need(bytes, from, to + checksumBytes - from)
    pass.block(frame, from, to, isStored)
    from = to + checksumBytes
  }
  const contentChecksumBytes = (frame.flags & contentChecksumFlag) === 0 ? 0 : 4
  need(bytes, from, contentChecksumBytes)
  pass.endFrame(frame, from)
  return from + contentChecksumBytes
}

const passFrames = (bytes: Uint8Array, pass: Pass): void => {
  let at = 0
  do {
    need(bytes, at, 8)
    const magic = uint32(bytes, at)
    if (magic === frameMagic) at = passFrame(bytes, at + 4, pass)
    else if ((magic & ~15) >>> 0 === skippableMagic) {
      need(bytes, at + 8, uint32(bytes, at + 4))
      at += 8 + uint32(bytes, at + 4)
    } else corrupt(codec, "no frame")
  } while (at < bytes.length)
}

/** First pass: checks the structure and answers the size of the output, at most `maxBytes`. */
const measure = (bytes: Uint8Array, maxBytes: number): number => {
  let total = 0
  let frameBytes = 0
  passFrames(bytes, {
    block: (frame, from, to, isStored) => {
      if ((frame.flags & blockChecksumFlag) !== 0 && xxHash32(bytes, from, to) !== uint32(bytes, to)) {
        corrupt(codec, "block fails its checksum")
      }
      const sizeBytes = isStored ? to - from : measureBlock(bytes, from, to)
      if (sizeBytes > frame.maxBlockSizeBytes) corrupt(codec, "block larger than its frame allows")
      frameBytes += sizeBytes
      total += sizeBytes
      if (total > maxBytes) beyondLimit(codec, maxBytes)
    },
    endFrame: ({ contentSizeBytes }) => {
      if (contentSizeBytes !== undefined && contentSizeBytes !== frameBytes)
        corrupt(codec, "content of another size than told")
      frameBytes = 0
    }
  })
  return total
}

/**
 * Unpacks the measured block `bytes[from, to)` into `output` at `start`, matches reaching back to `windowStart` at most;
 * answers where its output ends.
 */
const decodeBlock = (
  bytes: Uint8Array,
  from: number,
  to: number,
  output: Uint8Array,
  start: number,
  windowStart: number
): number => {
  let at = from
  let out = start
  for (;;) {
    const token = bytes[at]!
    at += 1
    let literalLength = token >>> 4
    if (literalLength === 15) {
      let more = 255
      for (; more === 255; at++) {
        more = bytes[at]!
        literalLength += more
      }
    }
    copyLiteral(bytes, at, literalLength, output, out)
    at += literalLength
    out += literalLength
    if (at === to) return out
    const offset = bytes[at]! | (bytes[at + 1]! << 8)
    at += 2
    let matchLength = (token & 15) + minMatchBytes
    if ((token & 15) === 15) {
      let more = 255
      for (; more === 255; at++) {
        more = bytes[at]!
        matchLength += more
      }
    }
    if (offset === 0 || offset > out - windowStart) corrupt(codec, "match from before the window")
    copyMatch(output, out, offset, matchLength)
    out += matchLength
  }
}

const decompress = (bytes: Uint8Array, maxBytes: number): Uint8Array => {
  const output = new Uint8Array(measure(bytes, maxBytes))
  let frameStart = 0
  let out = 0
  passFrames(bytes, {
    block: (frame, from, to, isStored) => {
      if (isStored) output.set(bytes.subarray(from, to), out)
      const windowStart = (frame.flags & independentFlag) === 0 ? frameStart : out
      out = isStored ? out + to - from : decodeBlock(bytes, from, to, output, out, windowStart)
    },
    endFrame: ({ flags }, at) => {
      if ((flags & contentChecksumFlag) !== 0 && xxHash32(output, frameStart, out) !== uint32(bytes, at)) {
        corrupt(codec, "content fails its checksum")
      }
      frameStart = out
    }
  })
  return output
}

/** What does not fit into half a token goes into bytes of 255 and a last smaller one. */
const putLength = (output: Uint8Array, at: number, length: number): number => {
  let out = at
  let rest = length - 15
  for (; rest >= 255; rest -= 255) {
    output[out] = 255
    out += 1
  }
  output[out] = rest
  return out + 1
}

/** A token and the literal behind it; answers where it ends. `matchLength` 0 is the closing literal's. */
const putLiteral = (
  block: Uint8Array,
  from: number,
  to: number,
  matchLength: number,
  output: Uint8Array,
  at: number
): number => {
  const length = to - from
  const matchToken = matchLength === 0 ? 0 : Math.min(matchLength - minMatchBytes, 15)
  output[at] = (Math.min(length, 15) << 4) | matchToken
  const out = length < 15 ? at + 1 : putLength(output, at + 1, length)
  copyLiteral(block, from, length, output, out)
  return out + length
}

/** Packs a block into `output` at `at`; answers where it ends. */
const encodeBlock = (block: Uint8Array, output: Uint8Array, at: number): number => {
  let out = at
  const restFrom = findMatches(block, (literalFrom, literalTo, offset, length) => {
    out = putLiteral(block, literalFrom, literalTo, length, output, out)
    output[out] = offset
    output[out + 1] = offset >>> 8
    out += 2
    if (length - minMatchBytes >= 15) out = putLength(output, out, length - minMatchBytes)
  })
  return putLiteral(block, restFrom, block.length, 0, output, out)
}

/** One frame of independent 64 KiB blocks without checksums, as Kafka's Java client writes it. */
const compress = (bytes: Uint8Array): Uint8Array => {
  const blocks = Math.ceil(bytes.length / maxBlockBytes)
  const output = new Uint8Array(bytes.length + Math.ceil(bytes.length / 255) + blocks * 32 + 32)
  putUint32(output, 0, frameMagic)
  output[4] = version1 | independentFlag
  output[5] = smallestBlockCode << 4
  output[6] = xxHash32(output, 4, 6) >>> 8
  let out = 7
  for (let at = 0; at < bytes.length; at += maxBlockBytes) {
    const block = bytes.subarray(at, at + maxBlockBytes)
    const end = encodeBlock(block, output, out + 4)
    const isStored = end - out - 4 >= block.length
    if (isStored) output.set(block, out + 4)
    const packedBytes = isStored ? block.length : end - out - 4
    putUint32(output, out, isStored ? storedBit + packedBytes : packedBytes)
    out += 4 + packedBytes
  }
  putUint32(output, out, 0)
  return output.slice(0, out + 4)
}

/** One strength only: a given level is ignored. */
export const lz4: Codec = { compress, decompress }
