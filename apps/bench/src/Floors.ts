/**
 * What this machine gives at best, measured beside the brokers so that their figures can be read: a memory copy, the protocol's own
 * checksum, an append to a file, and a TCP sink that does nothing but receive and append. Invariant: each is the best of its rounds,
 * for a floor is what nothing gets under. Neighbours: main.ts, docs/performance.md.
 */
import { spawn } from "node:child_process"
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { arenaMemory, crc32c, reservedBytes } from "@klamm/protocol/Crc32c"
import { percentile } from "./Statistics.ts"

const MIB = 1024 * 1024
const SIZES = [16 * 1024, 64 * 1024, MIB] as const
const ROUNDS = 3
const SECONDS = 0.5
const COPIED_BYTES = 128 * MIB
const APPEND_BYTES = 512 * MIB
const SINK_BYTES = 1024 * MIB
const SYNCS = 200
const FILLER = 0x61

const best = (rates: ReadonlyArray<number>): number => Math.max(...rates)

/** MB/s of something done over and over for a while. */
const rate = (bytes: number, act: () => void): number => {
  const from = performance.now()
  let done = 0
  while (performance.now() - from < SECONDS * 1000) {
    for (let index = 0; index < 16; index++) act()
    done += 16 * bytes
  }
  return done / 1e3 / (performance.now() - from)
}

const rounds = (measure: () => number): number => best(Array.from({ length: ROUNDS }, measure))

/** Through a memory that no cache holds, as the bytes of many connections are. */
const copy = (size: number): number => {
  const [from, to] = [new Uint8Array(COPIED_BYTES).fill(FILLER), new Uint8Array(COPIED_BYTES).fill(FILLER)]
  let at = 0
  return rounds(() =>
    rate(size, () => {
      to.set(from.subarray(at, at + size), at)
      at = (at + size) % COPIED_BYTES
    })
  )
}

const checksum = (size: number): number => {
  const bytes = new Uint8Array(arenaMemory(), reservedBytes, size).fill(FILLER)
  return rounds(() => rate(size, () => void crc32c(bytes)))
}

const inFile = <A>(use: (fd: number) => A): A => {
  const folder = mkdtempSync(join(tmpdir(), "klamm-floors-"))
  const fd = openSync(join(folder, "log"), "w")
  try {
    return use(fd)
  } finally {
    closeSync(fd)
    rmSync(folder, { recursive: true, force: true })
  }
}

const append = (size: number): number =>
  rounds(() =>
    inFile((fd) => {
      const bytes = new Uint8Array(size).fill(FILLER)
      const from = performance.now()
      for (let at = 0; at < APPEND_BYTES; at += size) writeSync(fd, bytes, 0, size, at)
      return APPEND_BYTES / 1e3 / (performance.now() - from)
    })
  )

/** ms of one fdatasync after an append of 16 KiB. */
const syncs = (): ReadonlyArray<number> =>
  inFile((fd) => {
    const bytes = new Uint8Array(SIZES[0]).fill(FILLER)
    return Array.from({ length: SYNCS }, (_, index) => {
      writeSync(fd, bytes, 0, bytes.length, index * bytes.length)
      const from = performance.now()
      fdatasyncSync(fd)
      return performance.now() - from
    })
  })

/** Another process writes chunks of a size as fast as it can. */
const SENDER = `
  const [port, size, total] = process.argv.slice(1).map(Number)
  const chunk = Buffer.alloc(size, 97)
  const socket = require("net").connect(port, "127.0.0.1")
  let sent = 0
  const go = () => {
    while (sent < total) {
      sent += size
      if (!socket.write(chunk)) return socket.once("drain", go)
    }
    socket.end()
  }
  socket.on("connect", go)
`

const receive = (socket: Socket, fd: number): Promise<number> =>
  new Promise((resolve, reject) => {
    let bytes = 0
    let from = 0
    socket.on("data", (chunk: Buffer) => {
      if (from === 0) from = performance.now()
      writeSync(fd, chunk, 0, chunk.length, bytes)
      bytes += chunk.length
    })
    socket.once("error", reject)
    socket.once("end", () => resolve(bytes / 1e3 / (performance.now() - from)))
  })

const sinkOnce = async (size: number): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), "klamm-floors-"))
  const fd = openSync(join(folder, "log"), "w")
  const server = createServer()
  try {
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resolve(typeof address === "object" && address !== null ? address.port : 0)
      })
    )
    const connected = new Promise<Socket>((resolve) => server.once("connection", resolve))
    const parts = ["-e", SENDER, String(port), String(size), String(SINK_BYTES)]
    const sender = spawn(process.execPath, parts, { stdio: "ignore" })
    const megabytes = await receive(await connected, fd)
    sender.kill()
    return megabytes
  } finally {
    server.close()
    closeSync(fd)
    rmSync(folder, { recursive: true, force: true })
  }
}

const sink = async (size: number): Promise<number> => {
  const rates: Array<number> = []
  for (let round = 0; round < ROUNDS; round++) {
    rates.push(await sinkOnce(size))
  }
  return best(rates)
}

const whole = (value: number): string => Math.round(value).toLocaleString("en")

export const FLOORS_HEAD = ["MB/s, best of three", "16 KiB", "64 KiB", "1 MiB"] as const

export interface Floors {
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  readonly notes: string
}

export const measureFloors = async (): Promise<Floors> => {
  const rows: Array<ReadonlyArray<string>> = []
  for (const [name, measure] of [
    ["memory copy", copy],
    ["CRC-32C in place", checksum],
    ["append to a file", append]
  ] as const) {
    rows.push([name, ...SIZES.map((size) => whole(measure(size)))])
  }
  const sinks: Array<string> = []
  for (const size of SIZES) sinks.push(whole(await sink(size)))
  rows.push(["TCP sink with append", ...sinks])
  const took = syncs()
  const [middle = 0, late = 0] = [percentile(took, 0.5), percentile(took, 0.99)]
  return { rows, notes: `fdatasync after 16 KiB: p50 ${middle.toFixed(2)} ms, p99 ${late.toFixed(2)} ms` }
}
