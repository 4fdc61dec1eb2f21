/** What every layer of Disk promises, asked of the platform's. What a power cut takes is asked of the memory disk alone. */
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
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

/** The bytes of each write that `act` has the thread pool make, where each on the event loop takes `slowMs` longer. */
const pooledBy = async (act: Effect.Effect<void, DiskError, Disk | Scope.Scope>, slowMs = 0) => {
  const sizes: Array<number> = []
  const { writev, writeSync } = fs
  const counting = (...args: Parameters<typeof writev>): void => {
    sizes.push(args[1].reduce((bytes, { byteLength }) => bytes + byteLength, 0))
    writev(...args)
  }
  const slow = (fd: number, chunk: Uint8Array, offset: number, length: number, position: number): number => {
    for (const until = performance.now() + slowMs; performance.now() < until; );
    return writeSync(fd, chunk, offset, length, position)
  }
  Object.assign(fs, { writev: counting, writeSync: slow })
  syncBuiltinESMExports()
  try {
    await Effect.runPromise(Effect.scoped(Effect.provide(act, layerNode)))
  } finally {
    Object.assign(fs, { writev, writeSync })
    syncBuiltinESMExports()
  }
  return sizes
}

const openNew = Effect.gen(function* () {
  const at = path.join(root, String(directories++))
  const disk = yield* Disk
  yield* disk.makeDirectory(at)
  return yield* disk.open(path.join(at, "a"), "write")
})

describe("the disk of the file system (decision 0008)", () => {
  const most = 192 * 1024

  it("hands the kernel at most 192 KiB at a time by the thread pool", async () => {
    const sizes = await pooledBy(
      Effect.flatMap(openNew, (file) =>
        file.write(0, [new Uint8Array(100), new Uint8Array(11 * most), new Uint8Array(most - 100)])
      )
    )
    assert.deepStrictEqual(sizes, Array<number>(12).fill(most))
  })

  it("has the thread pool make sixteen large writes after a slow one, of any file", async () => {
    const write = Effect.gen(function* () {
      const files = [yield* openNew, yield* openNew]
      for (let index = 0; index < 18; index++) yield* files[index % 2]!.write(0, [new Uint8Array(most)])
    })
    assert.deepStrictEqual(await pooledBy(write, 5), Array<number>(16).fill(most))
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
