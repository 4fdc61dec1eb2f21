/** What is in a log directory that has failed. */
import { assert, it } from "@effect/vitest"
import { DiskError } from "@klamm/platform"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { Cluster, produce, withCluster } from "./support/cluster.ts"
import { records } from "./support.ts"

const failure = new DiskError({ operation: "write", path: "/a", reason: "Io" })

it.live("a log that could not be opened because its directory had failed is no stray: the next start finds it", () => {
  const cluster = new Cluster([1], { minInsyncReplicas: 1 })
  cluster.directories = ["/a", "/b"]
  return withCluster(
    cluster,
    Effect.gen(function* () {
      const written = yield* produce(cluster, 1, { batch: RecordBatch.buildBatch(records(3)) })
      assert.strictEqual(written.errorCode, ErrorCode.NONE)
      yield* cluster.kill(1)
      cluster.onOpened = ([first]) => void first!.fail(failure)
      const { replicas } = yield* cluster.start(1)
      assert.isUndefined(cluster.find(1))
      const { files } = cluster.disks.get(1)!
      const before = files.list("/a")
      yield* replicas.setStraysAside
      assert.deepStrictEqual(files.list("/a"), before)
      yield* cluster.kill(1)
      cluster.onOpened = () => undefined
      yield* cluster.start(1)
      assert.strictEqual(cluster.find(1)?.log.logEndOffset, 3)
    })
  )
})
