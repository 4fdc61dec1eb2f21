/** What every layer of Disk promises, asked of the platform's. What a power cut takes is asked of the memory disk alone. */
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { Disk, type DiskError } from "../src/Disk.ts"
import { layerMemory, makeMemoryDisk } from "../src/DiskMemory.ts"
import { layer as layerNode } from "../src/node/NodeDisk.ts"
import { describeDisk, reasonOf, text } from "./support/disk.ts"

const root = fs.mkdtempSync(path.join(os.tmpdir(), "klamm-disk-"))
afterAll(() => fs.rmSync(root, { recursive: true }))
let directories = 0

describeDisk(
  "on the file system",
  () => layerNode,
  () => path.join(root, String(directories++))
)
describeDisk(
  "in memory",
  () => layerMemory,
  () => "/data"
)

/** The bytes of each write that `act` makes, on the event loop, where one chunk takes `slowMs` longer, and by the thread pool. */
const writesOf = async (act: Effect.Effect<void, DiskError, Disk | Scope.Scope>, slowMs = 0) => {
  const atOnce: Array<number> = []
  const pooled: Array<number> = []
  const { writev, writevSync, writeSync } = fs
  const lengthOf = (chunks: ReadonlyArray<ArrayBufferView>) =>
    chunks.reduce((bytes, { byteLength }) => bytes + byteLength, 0)
  Object.assign(fs, {
    writev: (...args: Parameters<typeof writev>): void => {
      pooled.push(lengthOf(args[1]))
      writev(...args)
    },
    writevSync: (...args: Parameters<typeof writevSync>): number => {
      atOnce.push(lengthOf(args[1]))
      return writevSync(...args)
    },
    writeSync: (fd: number, chunk: Uint8Array, offset: number, length: number, position: number): number => {
      atOnce.push(length)
      for (const until = performance.now() + slowMs; performance.now() < until; );
      return writeSync(fd, chunk, offset, length, position)
    }
  })
  syncBuiltinESMExports()
  try {
    await Effect.runPromise(Effect.scoped(Effect.provide(act, layerNode)))
  } finally {
    Object.assign(fs, { writev, writevSync, writeSync })
    syncBuiltinESMExports()
  }
  return { atOnce, pooled }
}

const openNew = Effect.gen(function* () {
  const at = path.join(root, String(directories++))
  const disk = yield* Disk
  yield* disk.makeDirectory(at)
  return yield* disk.open(path.join(at, "a"), "write")
})

describe("the disk of the file system (decision 0008)", () => {
  const most = 192 * 1024

  const pieces = (count: number) => Array<number>(count).fill(most)
  const writeOnce = (bytes: number) =>
    Effect.flatMap(openNew, (file) =>
      file.write(0, [new Uint8Array(100), new Uint8Array(bytes - most), new Uint8Array(most - 100)])
    )

  it("hands the kernel at most 192 KiB at a time, on the event loop as by the thread pool", async () => {
    assert.deepStrictEqual(await writesOf(writeOnce(5 * most)), { atOnce: pieces(5), pooled: [] })
    assert.deepStrictEqual(await writesOf(writeOnce(12 * most)), { atOnce: [], pooled: pieces(12) })
  })

  it("has the thread pool make sixteen large writes after a slow one, of any file", async () => {
    const write = Effect.gen(function* () {
      const files = [yield* openNew, yield* openNew]
      for (let index = 0; index < 18; index++) yield* files[index % 2]!.write(0, [new Uint8Array(most)])
    })
    assert.deepStrictEqual(await writesOf(write, 5), { atOnce: pieces(2), pooled: pieces(16) })
  })
})

describe("a sync of the file system's", () => {
  it("that nobody waits for any more is over first, and its error is remembered", async () => {
    const { fdatasync } = fs
    const failSlowly = (_: number, done: fs.NoParamCallback): void => {
      setTimeout(() => done(new Error("the device is gone")), 30)
    }
    Object.assign(fs, { fdatasync: failSlowly })
    syncBuiltinESMExports()
    const reasons = await Effect.runPromise(
      Effect.gen(function* () {
        const file = yield* openNew
        const syncing = yield* Effect.forkChild(file.sync, { startImmediately: true })
        yield* Fiber.interrupt(syncing)
        Object.assign(fs, { fdatasync })
        syncBuiltinESMExports()
        return [yield* reasonOf(file.sync), yield* reasonOf(file.write(0, [text("more")]))]
      }).pipe(Effect.provide(layerNode), Effect.scoped)
    )
    assert.deepStrictEqual(reasons, ["Io", "Io"])
  })

  it("of a directory that nobody waits for any more is over first too", async () => {
    const { fsync } = fs
    let isOver = false
    const syncSlowly = (_: number, done: fs.NoParamCallback): void => {
      setTimeout(() => {
        isOver = true
        done(null)
      }, 30)
    }
    Object.assign(fs, { fsync: syncSlowly })
    syncBuiltinESMExports()
    await Effect.runPromise(
      Effect.gen(function* () {
        const syncing = yield* Effect.forkChild((yield* Disk).syncDirectory(root), { startImmediately: true })
        yield* Fiber.interrupt(syncing)
      }).pipe(Effect.provide(layerNode))
    )
    Object.assign(fs, { fsync })
    syncBuiltinESMExports()
    assert.isTrue(isOver)
  })
})

describe("the memory disk", () => {
  it.effect("loses with the power what was not synced, and keeps it when only the process dies", () =>
    Effect.gen(function* () {
      const { disk, crash, losePower } = makeMemoryDisk()
      const write = Effect.scoped(
        Effect.gen(function* () {
          yield* disk.makeDirectory("/data")
          yield* disk.syncDirectory("/")
          const file = yield* disk.open("/data/a", "write")
          yield* disk.syncDirectory("/data")
          yield* file.write(0, [text("safe")])
          yield* file.sync
          yield* file.write(4, [text(" lost")])
          yield* disk.open("/data/unnamed", "write")
          return file
        })
      )
      const file = yield* write
      crash()
      assert.strictEqual(yield* reasonOf(file.size), "Io")
      assert.deepStrictEqual(yield* disk.readFile("/data/a"), text("safe lost"))
      losePower()
      assert.deepStrictEqual(yield* disk.readFile("/data/a"), text("safe"))
      assert.isFalse(yield* disk.exists("/data/unnamed"))
    })
  )

  it.effect("is full when its bytes are used up", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { disk } = makeMemoryDisk({ totalBytes: 10_000, pageBytes: 1000 })
        const file = yield* disk.open("/a", "write")
        yield* file.write(0, [new Uint8Array(10_000)])
        assert.strictEqual(yield* reasonOf(file.write(10_000, [new Uint8Array(1)])), "Full")
        yield* file.write(0, [text("over")])
        assert.strictEqual((yield* disk.volume("/")).usableBytes, 0)
      })
    )
  )
})
