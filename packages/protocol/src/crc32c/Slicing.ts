/**
 * CRC-32C by table look-up, eight bytes a step ("slicing by 8"). It is the path for inputs too small to be worth a copy into
 * the arena, the fallback where WebAssembly SIMD is missing, and the source of the tables the WebAssembly module uses.
 * Neighbours: `../Crc32c.ts` chooses the path, `Kernel.ts` holds the WebAssembly one.
 */

/** The Castagnoli polynomial with its bits reversed: the lowest bit stands for x^31, and x^32 is implied. */
export const reversedPolynomial = 0x82f63b78

const tableEntries = 256

/** How many tables are made: the WebAssembly module takes sixteen bytes a step, this file eight. */
export const tableCount = 16

/**
 * Table k, entry b, at index k * 256 + b: what byte b contributes to the remainder once k more zero bytes have followed it.
 * The remainder is linear, so the contributions of neighbouring bytes may be looked up side by side and added (XOR).
 */
const makeTables = (): Int32Array => {
  const tables = new Int32Array(tableCount * tableEntries)
  for (let byte = 0; byte < tableEntries; byte++) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (-(remainder & 1) & reversedPolynomial)
    tables[byte] = remainder
  }
  for (let index = tableEntries; index < tables.length; index++) {
    const before = tables[index - tableEntries]!
    tables[index] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}

let madeTables: Int32Array | undefined

/** The tables, made on first use. */
export const tables = (): Int32Array => {
  madeTables ??= makeTables()
  return madeTables
}

/** Continues the checksum `initial` (0 to begin) over `bytes[start, end)`. Unsigned. */
export const sliceCrc32c = (bytes: Uint8Array, initial: number, start: number, end: number): number => {
  const table = tables()
  let crc = ~initial
  let at = start
  for (const last = end - 8; at <= last; at += 8) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      table[1792 + (low & 0xff)]! ^
      table[1536 + ((low >>> 8) & 0xff)]! ^
      table[1280 + ((low >>> 16) & 0xff)]! ^
      table[1024 + (low >>> 24)]! ^
      table[768 + bytes[at + 4]!]! ^
      table[512 + bytes[at + 5]!]! ^
      table[256 + bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
