/**
 * The promises of batches, tried on damaged ones until the caller's time is up: whatever the bytes, only MalformedBytes and
 * CompressionError are ever thrown, nothing is unpacked beyond its limit, and a batch that passes both validations reads as
 * records with offsets 0, 1, 2, … Used by a test on each run and by the fuzz command for as long as it likes.
 */
import { CompressionError, codecOf } from "../src/Compression.ts"
import { MalformedBytes } from "../src/Malformed.ts"
import { iterateRecords } from "../src/Record.ts"
import * as RecordBatch from "../src/RecordBatch.ts"
import { codecs } from "./codecs.ts"
import { type GoldenName, goldenBatch, goldenNames } from "./golden-batches.ts"

const maxUnpackedBytes = 64 * 1024
const decompression = { codecs, maxBytes: maxUnpackedBytes }

/** Whole numbers from 0 to `below` - 1. */
type Draw = (below: number) => number

/** mulberry32. */
const drawFrom = (seed: number): Draw => {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const randomBytes = (draw: Draw, maxLength: number): Uint8Array => {
  const narrow = draw(3) === 0 ? 4 : 256
  return Uint8Array.from({ length: draw(maxLength + 1) }, () => draw(narrow))
}

const randomBatch = (draw: Draw): Uint8Array => {
  if (draw(4) === 0) return goldenBatch(goldenNames[draw(goldenNames.length)] as GoldenName)
  const records = Array.from({ length: 1 + draw(12) }, () => ({
    key: draw(4) === 0 ? null : randomBytes(draw, 40),
    value: draw(4) === 0 ? null : randomBytes(draw, 400),
    headers: Array.from({ length: draw(3) }, () => ({ key: randomBytes(draw, 9), value: randomBytes(draw, 9) })),
    timestamp: draw(100_000)
  }))
  return RecordBatch.buildBatch(records, { compression: { codecId: draw(5), codecs }, isControl: draw(9) === 0 })
}

/** Flips, overwrites, cuts, doubles or inserts; mostly a little. */
const damage = (draw: Draw, whole: Uint8Array): Uint8Array => {
  let bytes = whole.slice()
  for (let times = draw(4); times > 0 && bytes.length > 0; times--) {
    const at = draw(bytes.length)
    const kind = draw(6)
    if (kind <= 1) bytes[at]! ^= 1 << draw(8)
    else if (kind === 2) bytes[at] = [0, 1, 127, 128, 255][draw(5)]!
    else if (kind === 3) bytes = bytes.slice(0, at)
    else if (kind === 4)
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...randomBytes(draw, 9), ...bytes.subarray(at)])
    else bytes = Uint8Array.from([...bytes, ...bytes.subarray(at)])
  }
  return bytes
}

/** Makes length and checksum right again, so that the damage is met further inside. */
const mend = (bytes: Uint8Array): void => {
  if (bytes.length < RecordBatch.headerBytes) return
  RecordBatch.setInt32(bytes, RecordBatch.batchLengthAt, bytes.length - RecordBatch.lengthOverheadBytes)
  RecordBatch.updateCrc(bytes, 0)
}

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`broken promise: ${what}`)
}

/** Runs what may fail; answers whether it did, and only lets the two typed errors count as failing. */
const fails = (work: () => void): boolean => {
  try {
    work()
    return false
  } catch (error) {
    if (error instanceof MalformedBytes || error instanceof CompressionError) return true
    throw error
  }
}

const readAll = (bytes: Uint8Array, at: number): ReadonlyArray<number> =>
  Array.from(iterateRecords(bytes, at, decompression), ({ offsetDelta }) => offsetDelta)

const checkAsLog = (bytes: Uint8Array): void => {
  const end = RecordBatch.forEachBatch(bytes, 0, bytes.length, (at, sizeBytes) => {
    must(at + sizeBytes <= bytes.length, "visited batches lie inside the range")
    RecordBatch.verifyBatch(bytes, at)
    RecordBatch.controlType(bytes, at)
    RecordBatch.endTransactionMarker(bytes, at)
    RecordBatch.emptyBatchOf(bytes, at)
    fails(() => readAll(bytes, at))
  })
  must(end <= bytes.length, "the walk ends inside the range")
}

const checkAsProduced = (bytes: Uint8Array, draw: Draw): void => {
  if (RecordBatch.validateProduce(bytes) !== undefined) return
  must(RecordBatch.verifyBatch(bytes) === undefined, "an accepted batch is intact")
  const timestamps = draw(2) === 0 ? undefined : { earliest: 10, latest: 99_000 }
  RecordBatch.validateRecords(bytes, { requireKeys: true, timestamps }, decompression)
  if (RecordBatch.validateRecords(bytes, { requireKeys: false }, decompression) !== undefined) return
  const deltas = readAll(bytes, 0)
  must(deltas.length === RecordBatch.count(bytes, 0), "an accepted batch has as many records as it says")
  must(
    deltas.every((delta, index) => delta === index),
    "offset deltas of an accepted batch count up from 0"
  )
}

const checkUnpacking = (bytes: Uint8Array, draw: Draw): void => {
  const codec = codecOf(codecs, 1 + draw(4))
  const maxBytes = draw(2000)
  const packed = draw(2) === 0 ? bytes : damage(draw, codec.compress(bytes))
  fails(() => must(codec.decompress(packed, maxBytes).length <= maxBytes, "unpacking keeps to its limit"))
}

/** One round from the seed; `fuzzBatches` runs many. */
const round = (draw: Draw): void => {
  const bytes = damage(draw, randomBatch(draw))
  if (draw(3) !== 0) mend(bytes)
  checkAsLog(bytes)
  checkAsProduced(bytes, draw)
  checkUnpacking(bytes, draw)
}

/**
 * Tries random damaged batches until the deadline; answers how many. Throws an error that names the seed of the failing round,
 * with which, given as `seed`, that round comes first.
 */
export const fuzzBatches = (seed: number, deadlineReached: () => boolean): number => {
  let rounds = 0
  for (; !deadlineReached(); rounds++) {
    try {
      round(drawFrom(seed + rounds))
    } catch (cause) {
      throw new Error(`fuzzBatches fails with seed ${seed + rounds}`, { cause })
    }
  }
  return rounds
}
