/** What every layer of Disk promises, asked of the platform's. What a power cut takes is asked of the memory disk alone. */
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Disk } from "../src/Disk.ts"
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

/** The bytes of each gathered write that `act` has Node make. */
const writtenBy = async (act: () => Promise<void>): Promise<ReadonlyArray<number>> => {
  const sizes: Array<number> = []
  const { writev } = fs
  const counting = (...args: Parameters<typeof writev>): void => {
    sizes.push(args[1].reduce((bytes, { byteLength }) => bytes + byteLength, 0))
    writev(...args)
  }
  Object.assign(fs, { writev: counting })
  syncBuiltinESMExports()
  try {
    await act()
  } finally {
    Object.assign(fs, { writev })
    syncBuiltinESMExports()
  }
  return sizes
}

it("the disk of the file system hands the kernel at most 192 KiB at a time (decision 0008)", async () => {
  const most = 192 * 1024
  const write = Effect.gen(function* () {
    const at = path.join(root, String(directories++))
    const disk = yield* Disk
    yield* disk.makeDirectory(at)
    const file = yield* disk.open(path.join(at, "a"), "write")
    yield* file.write(0, [new Uint8Array(100), new Uint8Array(2 * most), new Uint8Array(most - 100)])
  })
  const sizes = await writtenBy(() => Effect.runPromise(Effect.scoped(Effect.provide(write, layerNode))))
  assert.deepStrictEqual(sizes, [most, most, most])
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
