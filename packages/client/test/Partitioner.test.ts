import { expect, it } from "vitest"
import { murmur2, ofKey, ofLoad } from "../src/Partitioner.ts"

const utf8 = (text: string) => new TextEncoder().encode(text)

it("murmur2 gives what the Java client gives", () => {
  const known: ReadonlyArray<readonly [string, number]> = [
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107]
  ]
  for (const [text, hash] of known) expect(murmur2(utf8(text))).toBe(hash)
})

it("a key always has the same partition, within the count", () => {
  for (let index = 0; index < 200; index++) {
    const partition = ofKey(utf8(`key-${index}`), 7)
    expect(partition).toBe((murmur2(utf8(`key-${index}`)) & 0x7fffffff) % 7)
    expect(partition).toBeGreaterThanOrEqual(0)
    expect(partition).toBeLessThan(7)
  }
})

it("what has less waiting is likelier, what has no leader never drawn", () => {
  const drawn = Array.from({ length: 60 }, (_, index) => ofLoad([4, undefined, 0], index / 60))
  expect(drawn.filter((each) => each === 0)).toHaveLength(10)
  expect(drawn.filter((each) => each === 1)).toHaveLength(0)
  expect(drawn.filter((each) => each === 2)).toHaveLength(50)
  expect(ofLoad([undefined, undefined], 0.7)).toBe(1)
})
