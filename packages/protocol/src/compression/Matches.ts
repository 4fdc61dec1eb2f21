/**
 * What snappy and lz4 have in common: both replace repeated bytes by references to where they were before, within 64 KiB.
 * Finding repetitions and copying them back is here; how they are written down is in `Snappy.ts` and `Lz4.ts`.
 */

/** Matches shorter than this are not worth their reference. */
export const minMatchBytes = 4
/** The lz4 block format wants its last bytes literal and no match to begin too near the end; snappy does not mind. */
const lastLiteralBytes = 5
const matchFreeTailBytes = 12
/** Largest input of `findMatches`: positions have to fit the table and offsets two bytes. */
export const maxBlockBytes = 65_536

const hashBits = 14
/** Where a hash was last seen; overwritten by each call, read by nobody else. */
const lastSeen = new Uint16Array(1 << hashBits)
/** Every so many failed attempts the search takes longer steps, so that incompressible bytes are passed quickly. */
const patienceBits = 5

const fourBytes = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

/**
 * Walks through `block` from the front and reports each match: `length` bytes equal to those `offset` before, preceded by the
 * literal bytes from `literalFrom` to `literalTo`. Answers where the literal bytes behind the last match begin. Greedy: the
 * latest earlier place with the same four bytes, as long as it goes.
 */
export const findMatches = (
  block: Uint8Array,
  onMatch: (literalFrom: number, literalTo: number, offset: number, length: number) => void
): number => {
  lastSeen.fill(0)
  const lastStart = block.length - matchFreeTailBytes
  const matchEnd = block.length - lastLiteralBytes
  let literalFrom = 0
  let attempts = 1 << patienceBits
  let at = 1
  while (at < lastStart) {
    const sequence = fourBytes(block, at)
    const slot = Math.imul(sequence, 0x9e3779b1) >>> (32 - hashBits)
    const candidate = lastSeen[slot]!
    lastSeen[slot] = at
    if (fourBytes(block, candidate) !== sequence) {
      at += attempts >>> patienceBits
      attempts += 1
      continue
    }
    let end = at + minMatchBytes
    for (let other = candidate + minMatchBytes; end < matchEnd && block[end] === block[other]; other++) end += 1
    onMatch(literalFrom, at, at - candidate, end - at)
    at = end
    literalFrom = end
    attempts = 1 << patienceBits
  }
  return literalFrom
}

/** Copies `bytes[from, from + length)` to `output` at `at`; few bytes by hand, for a call of `set` costs as much as fifty. */
export const copyLiteral = (bytes: Uint8Array, from: number, length: number, output: Uint8Array, at: number): void => {
  if (length > 48) output.set(bytes.subarray(from, from + length), at)
  else for (let index = 0; index < length; index++) output[at + index] = bytes[from + index]!
}

/**
 * Repeats in `output` at `at` the `length` bytes from `offset` before it. Source and target may overlap: the last `offset`
 * bytes are then repeated over and over. The caller has checked the bounds.
 */
export const copyMatch = (output: Uint8Array, at: number, offset: number, length: number): void => {
  const from = at - offset
  if (length > 32 && offset >= length) {
    output.copyWithin(at, from, from + length)
  } else if (length > 64 && offset === 1) {
    output.fill(output[from]!, at, at + length)
  } else {
    for (let index = 0; index < length; index++) output[at + index] = output[from + index]!
  }
}
