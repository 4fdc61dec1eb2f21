/** Which large writes leave the event loop (decision 0008). */
import { assert, describe, it } from "@effect/vitest"
import { makeWritePace, type WritePace } from "../src/node/WritePace.ts"

const KIB = 1024
const MIB = KIB * KIB

/** Milliseconds of a write at one nanosecond a byte, of memory at hand a quarter. */
const msOf = (bytes: number): number => bytes / 1e6

const pooledOf = (pace: WritePace, writes: number): number => {
  let pooled = 0
  for (let write = 0; write < writes; write++) if (!pace.isAtOnce(MIB)) pooled += 1
  return pooled
}

describe("the pace of writes", () => {
  it("keeps writes on the event loop as long as they are quick", () => {
    const pace = makeWritePace()
    for (let write = 0; write < 100; write++) {
      assert.isTrue(pace.isAtOnce(MIB))
      pace.took(MIB, msOf(MIB) / 4)
    }
  })

  it("sends the sixteen after a slow one to the thread pool, and asks again with the next", () => {
    const pace = makeWritePace()
    pace.took(MIB, 3 * msOf(MIB))
    assert.strictEqual(pooledOf(pace, 16), 16)
    assert.isTrue(pace.isAtOnce(MIB))
    pace.took(MIB, 3 * msOf(MIB))
    assert.strictEqual(pooledOf(pace, 100), 16)
  })

  it("takes two nanoseconds a byte for slow", () => {
    const pace = makeWritePace()
    pace.took(MIB, 2 * msOf(MIB))
    assert.strictEqual(pooledOf(pace, 1), 0)
    pace.took(MIB, 2.01 * msOf(MIB))
    assert.strictEqual(pooledOf(pace, 1), 1)
  })

  it("makes what is under 128 KiB at once, also while writes are slow, and neither asks nor counts it", () => {
    const pace = makeWritePace()
    pace.took(128 * KIB - 1, 1_000)
    assert.isTrue(pace.isAtOnce(128 * KIB))
    pace.took(128 * KIB, 1_000)
    for (let write = 0; write < 100; write++) assert.isTrue(pace.isAtOnce(128 * KIB - 1))
    assert.strictEqual(pooledOf(pace, 100), 16)
  })

  it("never makes more than 2 MiB at once", () => {
    const pace = makeWritePace()
    assert.isTrue(pace.isAtOnce(2 * MIB))
    assert.isFalse(pace.isAtOnce(2 * MIB + 1))
    assert.isTrue(pace.isAtOnce(2 * MIB))
  })
})
