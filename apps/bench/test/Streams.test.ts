import { describe, expect, it } from "vitest"
import { chain, type Streamed, sink, source } from "../src/streams/Streams.ts"

const MIB = 1024 * 1024

const expectRate = ({ megabytesPerSecond, secondsPerGb }: Streamed): void => {
  expect(megabytesPerSecond).toBeGreaterThan(0)
  expect(megabytesPerSecond).toBeLessThan(1e6)
  expect(secondsPerGb).toBeGreaterThan(0)
}

describe("streams between processes", () => {
  it("end when all that was sent has been appended", async () => {
    expectRate(await sink(64 * 1024, 8 * MIB))
  })

  it("end when two more have appended all of it, also more than may be under way", async () => {
    expectRate(await chain(MIB, 48 * MIB))
  })

  it("end when a file has been sent", async () => {
    expectRate(await source(16 * 1024, 8 * MIB))
  })
})
