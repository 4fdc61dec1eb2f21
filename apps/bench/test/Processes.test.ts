import { createServer } from "node:net"
import { expect, it } from "vitest"
import { longestPause } from "../src/Probe.ts"
import * as Processes from "../src/Processes.ts"
import { isHere } from "../src/System.ts"

it("processor time is user and system time, whatever the process is called", () => {
  const stat = `42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 150 0 0 20 0`
  expect(Processes.processorSecondsIn(stat)).toBe(4)
})

it("a sum in which one is not known is not known", () => {
  expect(Processes.sum([1, 2])).toBe(3)
  expect(Processes.sum([1, undefined])).toBeUndefined()
  expect(Processes.sum([])).toBeUndefined()
})

it.runIf(process.platform === "linux")("the process that listens on a port is found, and is told of", async () => {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  })
  try {
    expect(Processes.processListeningOn(port)).toBe(process.pid)
    expect(Processes.residentMb(process.pid)).toBeGreaterThan(10)
    expect(Processes.peakMb(process.pid)).toBeGreaterThanOrEqual(Processes.residentMb(process.pid)! - 1)
    expect(Processes.processorSeconds(process.pid)).toBeGreaterThan(0)
  } finally {
    await new Promise((done) => server.close(done))
  }
  expect(Processes.processListeningOn(port)).toBeUndefined()
})

it("a process that is not there has no memory", () => {
  expect(Processes.residentMb(2 ** 30)).toBeUndefined()
  expect(Processes.processorSeconds(2 ** 30)).toBeUndefined()
})

it("the longest pause is between two acknowledgements that follow each other", () => {
  expect(longestPause([10, 15, 140, 145])).toBe(125)
  expect(longestPause([10])).toBe(0)
})

it("a port of another machine is not looked up on this one", () => {
  expect(["localhost:9092", "127.0.0.1:9092", "127.0.1.1:1"].every(isHere)).toBe(true)
  expect(isHere("broker.example:9092")).toBe(false)
  expect(isHere("203.0.113.7:9092")).toBe(false)
})
