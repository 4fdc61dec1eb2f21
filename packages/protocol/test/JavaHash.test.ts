import { describe, expect, it } from "vitest"
import { fetcherFor, hashCode } from "../src/JavaHash.ts"

/** Whose hash is the smallest int32. */
const extreme = "polygenelubricants"

describe("the loop that fetches a partition", () => {
  it("is found by Java's arithmetic", () => {
    expect(hashCode("t")).toBe(116)
    expect([0, 1, 2, 3, 4].map((partition) => fetcherFor("t", partition, 4))).toEqual([0, 1, 2, 3, 0])
    expect(hashCode(extreme)).toBe(-2_147_483_648)
    expect([0, 1, 2].map((partition) => fetcherFor(extreme, partition, 4))).toEqual([0, 3, 2])
  })

  it("is one of as many as there are, and all have about as much to do", () => {
    const loops = Array.from({ length: 3000 }, (_, partition) => fetcherFor("a.topic-with_a.name", partition, 3))
    expect([0, 1, 2].map((loop) => loops.filter((each) => each === loop).length)).toEqual([1000, 1000, 1000])
    expect(new Set(Array.from({ length: 50 }, (_, partition) => fetcherFor("other", partition, 1)))).toEqual(
      new Set([0])
    )
  })
})
