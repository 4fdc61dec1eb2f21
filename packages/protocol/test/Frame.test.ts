import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MalformedBytes } from "../src/Bytes.ts"
import { FrameSplitter, frameLength } from "../src/Frame.ts"

const framed = (body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(4 + body.length)
  new DataView(bytes.buffer).setInt32(0, body.length)
  bytes.set(body, 4)
  return bytes
}

describe("frameLength", () => {
  it("is 0 until the four bytes of the length are there", () => {
    const bytes = framed(new Uint8Array(10))
    expect([0, 1, 2, 3, 4].map((end) => frameLength(bytes, 0, end, 100))).toEqual([0, 0, 0, 0, 14])
    expect(frameLength(Uint8Array.of(9, 9, 0, 0, 0, 1), 2, 6, 100)).toBe(5)
  })

  it("behaviour 009: a size below zero or above the limit is malformed", () => {
    expect(frameLength(Uint8Array.of(0, 0, 0, 100), 0, 4, 100)).toBe(104)
    expect(() => frameLength(Uint8Array.of(0, 0, 0, 101), 0, 4, 100)).toThrow(MalformedBytes)
    expect(() => frameLength(Uint8Array.of(255, 255, 255, 255), 0, 4, 100)).toThrow(MalformedBytes)
  })
})

describe("FrameSplitter", () => {
  it("gives the frames back whatever the chunks", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (bodies, sizes) => {
          const stream = Buffer.concat(bodies.map(framed))
          const splitter = new FrameSplitter(20)
          const frames: Array<ReadonlyArray<number>> = []
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1
            for (const frame of splitter.push(stream.subarray(at, at + size))) frames.push([...frame])
            at += size
          }
          expect(frames).toEqual(bodies.map((body) => [...body]))
        }
      )
    )
  })

  it("stops at a frame above the limit", () => {
    expect(() => new FrameSplitter(3).push(framed(new Uint8Array(4)))).toThrow(MalformedBytes)
  })
})
