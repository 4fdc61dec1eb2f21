import { readFile } from "node:fs/promises"
import { crc32c as oracle } from "@node-rs/crc32"
import * as fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { modulePath, renderModule } from "../scripts/build-crc32c.ts"
import { arenaMemory, crc32c, defaultArenaBytes, reservedBytes } from "../src/Crc32c.ts"
import { sliceCrc32c } from "../src/crc32c/Slicing.ts"

/** The largest input tried: well above every threshold and window of the folding stages. */
const poolBytes = 300_000

const randomPool = (() => {
  const bytes = new Uint8Array(poolBytes)
  let state = 12_345
  for (let index = 0; index < bytes.length; index++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    bytes[index] = state >>> 24
  }
  return bytes
})()

const arenaPool = (): Uint8Array => {
  const pool = new Uint8Array(arenaMemory(), reservedBytes, poolBytes)
  pool.set(randomPool)
  return pool
}

/** Lengths of all sizes, small ones and those near a stage's threshold more often. */
const lengths = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 1_990, max: 2_200 }),
  fc.integer({ min: 6_100, max: 6_300 }),
  fc.integer({ min: 0, max: 40_000 }),
  fc.integer({ min: 0, max: poolBytes - 200 })
)
const cases = fc.tuple(lengths, fc.integer({ min: 0, max: 200 }), fc.oneof(fc.constant(0), fc.nat(0xffffffff)))

describe("crc32c", () => {
  it("has the check value of the standard", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(0))).toBe(0)
    expect(crc32c(new Uint8Array(0), 77)).toBe(77)
  })

  it("equals the oracle in the arena, at any length, alignment and start value", () => {
    const pool = arenaPool()
    fc.assert(
      fc.property(cases, ([length, at, initial]) => {
        expect(crc32c(pool.subarray(at, at + length), initial)).toBe(
          oracle(randomPool.subarray(at, at + length), initial)
        )
      }),
      { numRuns: 4000 }
    )
  })

  it("equals the oracle outside the arena, by tables and through the copy window", () => {
    fc.assert(
      fc.property(cases, ([length, at, initial]) => {
        const expected = oracle(randomPool.subarray(at, at + length), initial)
        expect(crc32c(randomPool, initial, at, at + length)).toBe(expected)
        expect(sliceCrc32c(randomPool, initial, at, at + length)).toBe(expected)
      }),
      { numRuns: 2000 }
    )
  })

  it("continues where it stopped: the checksum of two parts is that of the whole", () => {
    const pool = arenaPool()
    fc.assert(
      fc.property(lengths, fc.double({ min: 0, max: 1, noNaN: true }), (length, share) => {
        const middle = Math.floor(length * share)
        expect(crc32c(pool, crc32c(pool, 0, 0, middle), middle, length)).toBe(crc32c(pool, 0, 0, length))
      }),
      { numRuns: 500 }
    )
  })

  it("sees a changed bit wherever it is", () => {
    const pool = arenaPool()
    const length = 20_000
    const before = crc32c(pool, 0, 0, length)
    fc.assert(
      fc.property(fc.nat(length * 8 - 1), (bit) => {
        pool[bit >> 3]! ^= 1 << (bit & 7)
        expect(crc32c(pool, 0, 0, length)).not.toBe(before)
        pool[bit >> 3]! ^= 1 << (bit & 7)
      })
    )
  })

  it("refuses a range outside the bytes", () => {
    const bytes = new Uint8Array(10)
    for (const [start, end] of [
      [-1, 5],
      [0, 11],
      [6, 5]
    ] as const) {
      expect(() => crc32c(bytes, 0, start, end)).toThrow(RangeError)
    }
  })

  const host = Reflect.get(globalThis, "WebAssembly")
  it.each([
    ["WebAssembly", undefined],
    ["its SIMD", { Memory: host.Memory, Module: host.Module, Instance: host.Instance, validate: () => false }]
  ])("works the same without %s", async (_name, stub) => {
    vi.stubGlobal("WebAssembly", stub)
    vi.resetModules()
    const fresh = await import("../src/Crc32c.ts")
    const bytes = new Uint8Array(fresh.arenaMemory(1_000_000), fresh.reservedBytes, 10_000).fill(7)
    const expected = oracle(new Uint8Array(10_000).fill(7))
    expect(fresh.crc32c(bytes)).toBe(expected)
    expect(fresh.crc32c(bytes.slice())).toBe(expected)
    expect(new Uint8Array(fresh.arenaMemory(), 0, fresh.reservedBytes).every((byte) => byte === 0)).toBe(true)
    vi.unstubAllGlobals()
    vi.resetModules()
  })
})

describe("the arena", () => {
  it("keeps the size it was made with, and one buffer", () => {
    const buffer = arenaMemory()
    expect(buffer.byteLength).toBe(defaultArenaBytes)
    expect(arenaMemory()).toBe(buffer)
    expect(arenaMemory(defaultArenaBytes)).toBe(buffer)
    expect(() => arenaMemory(defaultArenaBytes * 2)).toThrow(RangeError)
    expect(() => arenaMemory(defaultArenaBytes / 2)).toThrow(RangeError)
  })

  it("is not written to outside the reserved bytes", () => {
    const after = new Uint8Array(arenaMemory(), reservedBytes, 1_000_000).fill(0x5a)
    crc32c(after)
    crc32c(randomPool)
    expect(after.every((byte) => byte === 0x5a)).toBe(true)
  })
})

describe("the WebAssembly module", () => {
  it("is what scripts/build-crc32c.ts builds", async () => {
    expect(await readFile(modulePath, "utf8")).toBe(await renderModule())
  })
})
