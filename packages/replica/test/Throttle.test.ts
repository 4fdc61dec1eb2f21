import { describe, expect, it } from "vitest"
import * as Throttle from "../src/Throttle.ts"

const window: Throttle.Window = { sampleMs: 1_000, samples: 11 }

const after = (...moves: ReadonlyArray<readonly [atMs: number, bytes: number]>): Throttle.Throttle =>
  moves.reduce((throttle, [atMs, bytes]) => Throttle.record(throttle, bytes, atMs, window), Throttle.empty)

describe("a rate over a window", () => {
  it("is nothing before anything moved", () => {
    expect(Throttle.rate(Throttle.empty, 5_000, window)).toBe(0)
  })

  it("is measured over no less than one sample", () => {
    expect(Throttle.rate(after([100, 500]), 100, window)).toBe(500)
    expect(Throttle.rate(after([100, 500], [150, 500]), 600, window)).toBe(1_000)
  })

  it("is what moved since the oldest sample began", () => {
    const throttle = after([0, 4_000], [1_500, 2_000], [3_000, 2_000])
    expect(Throttle.rate(throttle, 4_000, window)).toBe(2_000)
    expect(Throttle.rate(throttle, 8_000, window)).toBe(1_000)
  })

  it("forgets a sample when the window is over, and only then", () => {
    const throttle = after([0, 11_000], [6_000, 600])
    expect(Throttle.rate(throttle, 10_999, window)).toBeCloseTo(11_600_000 / 10_999)
    expect(Throttle.rate(throttle, 11_000, window)).toBe(120)
    expect(Throttle.rate(throttle, 17_000, window)).toBe(0)
  })

  it("keeps no more samples than the window has", () => {
    let throttle = Throttle.empty
    for (let atMs = 0; atMs < 60_000; atMs += 100) throttle = Throttle.record(throttle, 10, atMs, window)
    expect(throttle.length).toBe(window.samples)
    expect(Throttle.rate(throttle, 60_000, window)).toBeCloseTo(100)
  })

  it("moved whenever it is below the limit comes to the limit, whatever the size of one answer", () => {
    for (const answerBytes of [1_000, 300_000, 5_000_000]) {
      let throttle = Throttle.empty
      let movedBytes = 0
      for (let atMs = 0; atMs < 200_000; atMs += 100) {
        if (Throttle.rate(throttle, atMs, window) > 10_000) continue
        throttle = Throttle.record(throttle, answerBytes, atMs, window)
        movedBytes += answerBytes
      }
      // One that the window is too short for goes out once in a window: slow, and never not at all.
      const expected = Math.max(200_000 * 10, Math.ceil(200_000 / 11_000) * answerBytes)
      expect(movedBytes / expected).toBeCloseTo(1, 0)
    }
  })
})
