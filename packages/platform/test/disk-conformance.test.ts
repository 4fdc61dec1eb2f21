/** What every layer of Disk promises, asked of the platform's. What a power cut takes is asked of the memory disk alone. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
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
