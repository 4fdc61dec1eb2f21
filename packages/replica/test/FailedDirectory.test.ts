/** What is in a log directory that has failed. */
import { assert, describe, it } from "@effect/vitest"
import { DiskError } from "@klamm/platform"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import type { ReplicaDirectory } from "../src/ReplicaDirectory.ts"
import { Cluster, produce, withCluster } from "./support/cluster.ts"
import { records } from "./support.ts"

const failure = new DiskError({ operation: "write", path: "/a", reason: "Io" })
const failFirst = ([first]: ReadonlyArray<ReplicaDirectory>): void => void first?.fail(failure)

const write = (cluster: Cluster) =>
  Effect.gen(function* () {
    const written = yield* produce(cluster, 1, { batch: RecordBatch.buildBatch(records(3)) })
    assert.strictEqual(written.errorCode, ErrorCode.NONE)
  })

/** A broker with two directories, and a log in the first. */
const withTwo = <A, E>(test: (cluster: Cluster) => Effect.Effect<A, E>) => {
  const cluster = new Cluster([1], { minInsyncReplicas: 1 })
  cluster.directories = ["/a", "/b"]
  const story = Effect.gen(function* () {
    yield* write(cluster)
    yield* cluster.kill(1)
    return yield* test(cluster)
  })
  return withCluster(cluster, Effect.provideService(story, References.MinimumLogLevel, "None"))
}

const filesOf = (cluster: Cluster, path: string) => cluster.disks.get(1)!.files.list(path)

it.live("a log that could not be opened because its directory had failed is no stray: the next start finds it", () =>
  withTwo((cluster) =>
    Effect.gen(function* () {
      cluster.onOpened = failFirst
      const { replicas } = yield* cluster.start(1)
      assert.isUndefined(cluster.find(1))
      const before = filesOf(cluster, "/a")
      yield* replicas.setStraysAside
      assert.deepStrictEqual(filesOf(cluster, "/a"), before)
      yield* cluster.kill(1)
      cluster.onOpened = () => undefined
      yield* cluster.start(1)
      assert.strictEqual(cluster.find(1)?.log.logEndOffset, 3)
    })
  )
)

describe("a log that has stayed in a directory that had failed", () => {
  it.live.each(["start", "work"] as const)(
    "does not take the place of the one that began elsewhere, where it failed at %s",
    (failsAt) =>
      withTwo((cluster) =>
        Effect.gen(function* () {
          const opened: Array<ReplicaDirectory> = []
          cluster.onOpened = failsAt === "start" ? failFirst : (directories) => void opened.push(...directories)
          yield* cluster.start(1)
          failFirst(opened)
          yield* cluster.publish({ replicas: [2], isr: [2], leader: 2 })
          const [, other] = cluster.directoryIds(1)
          yield* cluster.publish({ replicas: [1], isr: [1], leader: 1, directories: [other!] })
          assert.strictEqual(cluster.find(1)?.log.directory, "/b/t-0")
          yield* write(cluster)
          yield* write(cluster)
          yield* cluster.kill(1)
          cluster.onOpened = () => undefined
          const { replicas } = yield* cluster.start(1)
          const { directory, logEndOffset } = cluster.find(1)!.log
          assert.deepStrictEqual([directory, logEndOffset], ["/b/t-0", 6])
          yield* replicas.setStraysAside
          const left = filesOf(cluster, "/a").filter(({ name }) => name.startsWith("t-0"))
          assert.lengthOf(left, 1)
          assert.isTrue(left[0]!.name.endsWith("-stray"))
        })
      )
  )

  it.live("does not keep another topic of that name from this broker", () =>
    withTwo((cluster) =>
      Effect.gen(function* () {
        cluster.onOpened = failFirst
        cluster.topicId = "AAAAAAAAAAAAAAAAAAAAAQ"
        cluster.partition = { ...cluster.partition, directories: cluster.directoryIds(1).slice(1) }
        yield* cluster.start(1)
        assert.strictEqual(cluster.find(1)?.log.directory, "/b/t-0")
      })
    )
  )
})
