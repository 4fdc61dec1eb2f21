/** A replica that goes while it is read. */
import { assert, it } from "@effect/vitest"
import type { DiskFile } from "@klamm/platform"
import { makeMemoryDisk } from "@klamm/platform/DiskMemory"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { Cluster, produce, withCluster } from "./support/cluster.ts"
import { records } from "./support.ts"

const request = {
  offset: 0,
  maxBytes: 1_000,
  upToOffset: 3,
  minOneBatch: true,
  allocate: (bytes: number) => new Uint8Array(bytes)
}

it.live("is gone for the metadata before its readers are", () => {
  const cluster = new Cluster([1], { minInsyncReplicas: 1 })
  const memory = makeMemoryDisk({})
  const gate = Latch.makeUnsafe(true)
  const slow = (file: DiskFile): DiskFile => ({
    ...file,
    read: (position, target) => Effect.andThen(gate.await, file.read(position, target))
  })
  const open: typeof memory.disk.open = (path, mode) => Effect.map(memory.disk.open(path, mode), slow)
  cluster.disks.set(1, { ...memory, disk: { ...memory.disk, open } })
  return withCluster(
    cluster,
    Effect.gen(function* () {
      const written = yield* produce(cluster, 1, { batch: RecordBatch.buildBatch(records(3)) })
      assert.strictEqual(written.errorCode, ErrorCode.NONE)
      const { log } = cluster.find(1)!
      gate.closeUnsafe()
      const reading = yield* Effect.forkChild(log.read(request), { startImmediately: true })
      yield* cluster.publish({ replicas: [2], isr: [2], leader: 2 })
      assert.isUndefined(cluster.find(1))
      assert.isUndefined(reading.pollUnsafe(), "it still reads")
      gate.openUnsafe()
      const read = yield* Fiber.join(reading)
      assert.notStrictEqual(read, "none")
    })
  )
})
