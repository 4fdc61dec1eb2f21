/**
 * What this machine gives at best, measured beside the brokers so that their figures can be read: a memory copy, the protocol's own
 * checksum, an append to a file, and streams between processes. Invariant: each is the best of its rounds,
 * for a floor is what nothing gets under. Neighbours: streams/, main.ts, docs/performance.md.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { arenaMemory, crc32c, reservedBytes } from "@klamm/protocol/Crc32c"
import { percentile } from "./Statistics.ts"
import { chain, type Streamed, sink, source } from "./streams/Streams.ts"

const MIB = 1024 * 1024
const SIZES = [16 * 1024, 64 * 1024, MIB] as const
const ROUNDS = 3
const SECONDS = 0.5
const COPIED_BYTES = 128 * MIB
const APPEND_BYTES = 512 * MIB
const STREAM_BYTES = 1024 * MIB
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

/** The quickest of three, as `MB/s (processor seconds per GB)`. */
const streamOf = async (stream: (size: number, bytes: number) => Promise<Streamed>, size: number): Promise<string> => {
  const runs: Array<Streamed> = []
  for (let round = 0; round < ROUNDS; round++) runs.push(await stream(size, STREAM_BYTES))
  const quickest = runs.reduce((one, other) => (other.megabytesPerSecond > one.megabytesPerSecond ? other : one))
  return `${whole(quickest.megabytesPerSecond)} (${quickest.secondsPerGb.toFixed(2)} s/GB)`
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
  for (const [name, stream] of [
    ["TCP sink with append", sink],
    ["TCP sink with append, passed on to two more", chain],
    ["file to TCP", source]
  ] as const) {
    const cells: Array<string> = []
    for (const size of SIZES) cells.push(await streamOf(stream, size))
    rows.push([name, ...cells])
  }
  const took = syncs()
  const [middle = 0, late = 0] = [percentile(took, 0.5), percentile(took, 0.99)]
  return { rows, notes: `fdatasync after 16 KiB: p50 ${middle.toFixed(2)} ms, p99 ${late.toFixed(2)} ms` }
}
