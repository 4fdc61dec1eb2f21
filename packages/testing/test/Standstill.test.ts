/** Since when nothing is in a partition's way, and how long a send has waited since. The whole is shown by a bug: `watermark-waits-for-failed-directory`. */
import { assert, describe, it } from "vitest"
import { Unhindered, waitedMs } from "../src/check/Standstill.ts"
import type { Send } from "../src/History.ts"

const send = (invokedMs: number): Send => ({
  producer: "p1",
  partition: 0,
  value: 1,
  acks: -1,
  invokedMs,
  state: "invoked",
  endedMs: 0,
  offset: -1,
  attempts: 1
})

describe("a partition with nothing in its way", () => {
  const calm = { mayGoOn: true, happened: "none" }

  it("has been so since it was first seen to be", () => {
    const unhindered = new Unhindered()
    assert.strictEqual(unhindered.note({ nowMs: 100, ...calm }), 100)
    assert.strictEqual(unhindered.note({ nowMs: 300, ...calm }), 100)
  })

  it("begins anew behind whatever was in its way, seen or only heard of", () => {
    const unhindered = new Unhindered()
    unhindered.note({ nowMs: 100, ...calm })
    assert.strictEqual(unhindered.note({ nowMs: 200, ...calm, mayGoOn: false }), 200)
    assert.strictEqual(unhindered.note({ nowMs: 300, ...calm }), 300)
    assert.strictEqual(unhindered.note({ nowMs: 400, ...calm }), 300)
    assert.strictEqual(unhindered.note({ nowMs: 500, ...calm, happened: "a life" }), 500)
    assert.strictEqual(unhindered.note({ nowMs: 600, ...calm, happened: "a life" }), 500)
  })

  it("counts what a send waited in that time alone", () => {
    assert.strictEqual(waitedMs(send(50), 400, 300), 100)
    assert.strictEqual(waitedMs(send(350), 400, 300), 50)
  })
})
