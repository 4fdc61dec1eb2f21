/**
 * Measures what a produced batch costs: the checksum in GB/s by size, in the arena and outside it, and the walk over its
 * records in ns a record. `node packages/protocol/scripts/bench-records.ts`; the best of several rounds counts, since a shared
 * machine only ever makes things slower.
 */

import { makeCodecs } from "../src/Compression.ts"
import { arenaMemory, crc32c, reservedBytes } from "../src/Crc32c.ts"
import { buildBatch, validateProduce, validateRecords } from "../src/RecordBatch.ts"

const rounds = 7
const roundMs = 150

/** Best time of one call, in ns. */
const timeOf = (work: () => unknown): number => {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    let calls = 0
    while (performance.now() - start < roundMs) {
      for (let repeat = 0; repeat < 8; repeat++) work()
      calls += 8
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / calls)
  }
  return best
}

const arenaBytes = (sizeBytes: number): Uint8Array => new Uint8Array(arenaMemory(), reservedBytes, sizeBytes)

const filled = (bytes: Uint8Array): Uint8Array => {
  for (let index = 0; index < bytes.length; index++) bytes[index] = (index * 31) ^ (index >>> 8)
  return bytes
}

const benchChecksum = (): void => {
  console.log("CRC-32C            in the arena      elsewhere")
  for (const sizeBytes of [64, 256, 1024, 4096, 16_384, 65_536, 1_048_576]) {
    const inside = filled(arenaBytes(sizeBytes))
    const outside = filled(new Uint8Array(sizeBytes))
    const rates = [inside, outside].map((bytes) => (sizeBytes / timeOf(() => crc32c(bytes))).toFixed(2))
    console.log(`${String(sizeBytes).padStart(9)} bytes ${rates.map((rate) => `${rate.padStart(8)} GB/s`).join("  ")}`)
  }
}

const none = { compress: (bytes: Uint8Array) => bytes, decompress: (bytes: Uint8Array) => bytes }
const decompression = { codecs: makeCodecs({ gzip: none, zstd: none }), maxBytes: 1 << 24 }

const benchWalk = (): void => {
  console.log("\nbatch                          validateProduce   validateRecords   a record")
  for (const [count, valueBytes, headerCount] of [
    [1, 1024, 0],
    [16, 1024, 0],
    [160, 100, 0],
    [1600, 10, 0],
    [160, 100, 2]
  ]) {
    const headers = Array.from({ length: headerCount! }, () => ({ key: new Uint8Array(5), value: new Uint8Array(8) }))
    const records = Array.from({ length: count! }, (_, index) => ({
      key: new Uint8Array(8),
      value: new Uint8Array(valueBytes!),
      headers,
      timestamp: 1_700_000_000_000 + index
    }))
    const built = buildBatch(records)
    const batch = arenaBytes(built.length)
    batch.set(built)
    const checks = { requireKeys: true, timestamps: { earliest: 0, latest: 2e12 } }
    if (validateRecords(batch, checks, decompression) !== undefined) throw new Error("the batch is valid")
    const header = timeOf(() => validateProduce(batch))
    const walk = timeOf(() => validateRecords(batch, checks, decompression))
    const name = `${count} × ${valueBytes} bytes, ${headerCount} headers`
    const columns = [`${header.toFixed(0)} ns`, `${walk.toFixed(0)} ns`, `${(walk / count!).toFixed(1)} ns`]
    console.log(`${name.padEnd(28)} ${columns.map((column) => column.padStart(14)).join("  ")}`)
  }
}

benchChecksum()
benchWalk()
