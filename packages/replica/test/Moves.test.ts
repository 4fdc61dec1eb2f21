/** Replicas that move to another directory of their broker, under load, throttled, cancelled, and with the power cut at every step. */
import { assert, describe, it } from "@effect/vitest"
import { Disk, DiskError } from "@klamm/platform"
import { FileFault, nothingSurvives, type Survivors } from "@klamm/platform/MemoryFiles"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import type { LogMove } from "../src/LogPlace.ts"
import { ReplicationQuota } from "../src/ReplicationQuota.ts"
import * as Support from "./support/cluster.ts"
import { Cluster, eventually, logOf, produce, topicId, topicName } from "./support/cluster.ts"
import { records } from "./support.ts"

const idempotent = (baseSequence: number) =>
  RecordBatch.buildBatch(records(3), { producerId: 9, producerEpoch: 0, baseSequence })

/** Failing disks are told as errors: that is what is asked for here. */
const withCluster = <A, E>(cluster: Cluster, test: Effect.Effect<A, E>) =>
  Effect.provideService(Support.withCluster(cluster, test), References.MinimumLogLevel, "None")

/** One broker with two directories; its partition begins in the first. */
const alone = (): Cluster => {
  const cluster = new Cluster([1], { minInsyncReplicas: 1 })
  cluster.directories = ["/a", "/b"]
  return cluster
}

const asked = { topic: topicName, topicId, partition: 0, isReplica: true }
const moveTo = (cluster: Cluster, path: string) => cluster.up.get(1)!.replicas.moveTo(asked, path)
const directoryOf = (cluster: Cluster): string => cluster.find(1)!.log.directory
const futures = (cluster: Cluster): ReadonlyArray<string> =>
  cluster.up
    .get(1)!
    .replicas.directories()
    .flatMap(({ path, futures: copies }) => (copies.size > 0 ? [path] : []))

/** The directories that have the partition under its own name. */
const placesOf = (cluster: Cluster) =>
  Effect.filter(cluster.directories, (path) => Effect.orDie(cluster.disks.get(1)!.disk.exists(`${path}/t-0`)))

const produceMany = (cluster: Cluster, from: number, count: number) =>
  Effect.gen(function* () {
    let acknowledged = 0
    for (let index = from; index < from + count; index++) {
      const result = yield* produce(cluster, 1, { batch: idempotent(index * 3) })
      if (result.errorCode !== ErrorCode.NONE) break
      acknowledged += 1
    }
    return acknowledged
  })

/** A quota that lets nothing more through. */
const exceeded = (): ReplicationQuota => {
  const window = { sampleMs: 1_000, samples: 11 }
  const quota = new ReplicationQuota(
    () => ({ bytesPerSecond: 0, window, replicas: new Map() }),
    () => 0
  )
  quota.record(1)
  return quota
}

describe("a replica that moves", () => {
  it.live("goes on where the copy is, with all it had, while it is written to", () => {
    const cluster = alone()
    return withCluster(
      cluster,
      Effect.gen(function* () {
        yield* produceMany(cluster, 0, 40)
        yield* cluster.publish({ leader: 1 })
        yield* produceMany(cluster, 40, 1)
        const before = yield* logOf(cluster, 1)
        const { epochs } = cluster.find(1)!.log
        assert.strictEqual(directoryOf(cluster), "/a/t-0")
        const writing = yield* Effect.forkChild(produceMany(cluster, 41, 40), { startImmediately: true })
        assert.strictEqual(yield* moveTo(cluster, "/b"), ErrorCode.NONE)
        yield* eventually("it has moved", () => directoryOf(cluster) === "/b/t-0")
        assert.strictEqual(yield* Fiber.join(writing), 40, "nobody who writes sees anything of it")
        const after = yield* logOf(cluster, 1)
        assert.deepStrictEqual(after.slice(0, before.length), before)
        assert.strictEqual(after.length, 81)
        assert.deepStrictEqual(cluster.find(1)!.log.epochs, epochs)
        assert.strictEqual(cluster.find(1)!.actor.state().highWatermark, 243)
        assert.deepStrictEqual(cluster.assigned, ["1 AAAAAAAAAAAAAAAAAAA11A"])
        assert.deepStrictEqual(futures(cluster), [])
        yield* eventually(
          "the old one is gone",
          () =>
            !cluster.disks
              .get(1)!
              .files.list("/a")
              .some(({ name }) => name === "t-0")
        )
        yield* cluster.kill(1, nothingSurvives)
        yield* cluster.start(1)
        assert.strictEqual(directoryOf(cluster), "/b/t-0")
        assert.deepStrictEqual(yield* logOf(cluster, 1), after)
        const repeated = yield* produce(cluster, 1, { batch: idempotent(80 * 3) })
        assert.deepStrictEqual([repeated.errorCode, repeated.baseOffset], [ErrorCode.NONE, 240])
      })
    )
  })

  it.live("is written to where it is now by what is decided in the same turn as its move", () => {
    const cluster = alone()
    return withCluster(
      cluster,
      Effect.gen(function* () {
        const moving = cluster.find(1)!
        const { log: before } = moving
        const [, there] = cluster.up.get(1)!.replicas.directories()
        const { currentTimeMillis: now } = Clock
        const creating = there!.log.createFuture(topicName, 0, topicId, () => cluster.logConfig, yield* now)
        const log = yield* Effect.provideService(creating, Disk, cluster.disks.get(1)!.disk)
        const move: LogMove = {
          truncations: 0,
          refuse: () => undefined,
          perform: (_, replace) =>
            Effect.sync(() => {
              replace({ log, onTruncated: Effect.void, onDiskError: () => Effect.void })
              return "Moved"
            })
        }
        moving.actor.tell({ _tag: "MoveLog", move })
        const written = yield* produce(cluster, 1, { batch: idempotent(0) })
        assert.strictEqual(written.errorCode, ErrorCode.NONE)
        assert.deepStrictEqual([before.logEndOffset, log.logEndOffset], [0, 3])
      }).pipe(Effect.scoped)
    )
  })

  it.live("is shown as a copy while it is slowed, starts over after a restart, and stays when it is asked to", () => {
    const cluster = alone()
    const unlimited = cluster.quota
    cluster.quota = exceeded()
    return withCluster(
      cluster,
      Effect.gen(function* () {
        yield* produceMany(cluster, 0, 10)
        assert.strictEqual(yield* moveTo(cluster, "/b"), ErrorCode.NONE)
        assert.strictEqual(yield* moveTo(cluster, "/b"), ErrorCode.NONE, "once more is no more")
        assert.deepStrictEqual(futures(cluster), ["/b"])
        yield* cluster.kill(1, nothingSurvives)
        yield* cluster.start(1)
        assert.deepStrictEqual(futures(cluster), ["/b"])
        assert.strictEqual(directoryOf(cluster), "/a/t-0")
        assert.strictEqual(yield* moveTo(cluster, "/a"), ErrorCode.NONE)
        assert.deepStrictEqual(futures(cluster), [], "it is there already, and the copy is given up")
        yield* moveTo(cluster, "/b")
        yield* cluster.up.get(1)!.replicas.stop(1)
        yield* cluster.kill(1)
        cluster.quota = unlimited
        yield* cluster.start(1)
        yield* eventually("it has moved", () => directoryOf(cluster) === "/b/t-0")
        assert.strictEqual((yield* logOf(cluster, 1)).length, 10)
      })
    )
  })

  it.live("takes its copy with it when it goes", () => {
    const cluster = alone()
    cluster.quota = exceeded()
    return withCluster(
      cluster,
      Effect.gen(function* () {
        yield* produceMany(cluster, 0, 10)
        yield* moveTo(cluster, "/b")
        yield* cluster.publish({ replicas: [2], isr: [2], leader: 2 })
        assert.isUndefined(cluster.find(1))
        assert.deepStrictEqual(futures(cluster), [])
        const left = cluster.directories.flatMap((path) =>
          cluster.disks
            .get(1)!
            .files.list(path)
            .map(({ name }) => name)
        )
        assert.deepStrictEqual(
          left.filter((name) => name.startsWith("t-0") && !name.endsWith("-delete")),
          []
        )
      })
    )
  })

  it.live("is refused as Kafka refuses it, and one that is not here yet is created where it was asked for", () => {
    const cluster = alone()
    return withCluster(
      cluster,
      Effect.gen(function* () {
        const { replicas } = cluster.up.get(1)!
        assert.strictEqual(yield* replicas.moveTo(asked, "/nowhere"), ErrorCode.LOG_DIR_NOT_FOUND)
        const absent = { topic: "absent", topicId: undefined, partition: 0, isReplica: false }
        assert.strictEqual(yield* replicas.moveTo(absent, "/b"), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        const long = { ...absent, topic: "x".repeat(249) }
        assert.strictEqual(yield* replicas.moveTo(long, "/b"), ErrorCode.INVALID_TOPIC_EXCEPTION)
        yield* cluster.publish({ replicas: [2], isr: [2], leader: 2 })
        const away = { ...asked, isReplica: false }
        assert.strictEqual(yield* replicas.moveTo(away, "/b"), ErrorCode.REPLICA_NOT_AVAILABLE)
        yield* cluster.publish({ replicas: [1], isr: [1], leader: 1 })
        assert.strictEqual(directoryOf(cluster), "/b/t-0")
      })
    )
  })
})

/** What fails from some step of a move on, and what is left of what was written when the broker starts again. */
interface Trouble {
  readonly fails: (path: string) => boolean
  readonly survivors: Survivors | undefined
}

const changes = new Set(["write", "sync", "truncate", "rename", "remove", "makeDirectory", "syncDirectory", "open"])

/** A broker whose disk fails at the `step`th change of it after the move has begun; answers whether it came to that. */
const failAt = (step: number, { fails, survivors }: Trouble) => {
  const cluster = alone()
  let left = Number.POSITIVE_INFINITY
  cluster.diskOptions = {
    before: (operation, path) => {
      if (!fails(path)) return
      if (changes.has(operation)) left -= 1
      if (left <= 0) throw new FileFault("Io")
    }
  }
  const isOver = () => futures(cluster).length === 0 && (left <= 0 || directoryOf(cluster) === "/b/t-0")
  return withCluster(
    cluster,
    Effect.gen(function* () {
      const first = yield* produceMany(cluster, 0, 8)
      left = step
      const writing = yield* Effect.forkChild(produceMany(cluster, first, 2), { startImmediately: true })
      yield* moveTo(cluster, "/b")
      yield* eventually("it has moved, or failed", isOver)
      const second = first + (yield* Fiber.join(writing))
      const durable = second + (yield* produceMany(cluster, second, 2))
      const hasFailed = left <= 0
      left = 0
      yield* cluster.kill(1, survivors)
      left = Number.POSITIVE_INFINITY
      yield* cluster.start(1)
      yield* cluster.up.get(1)!.replicas.setStraysAside
      assert.isAtLeast(cluster.find(1)!.log.logEndOffset, durable * 3, `step ${step}`)
      const repeated = yield* produce(cluster, 1, { batch: idempotent((durable - 1) * 3) })
      assert.deepStrictEqual([repeated.errorCode, repeated.baseOffset], [ErrorCode.NONE, (durable - 1) * 3])
      yield* moveTo(cluster, "/b")
      yield* eventually(`it has moved after all, step ${step}`, () => directoryOf(cluster) === "/b/t-0")
      yield* eventually("once", () => futures(cluster).length === 0)
      assert.deepStrictEqual(yield* placesOf(cluster), ["/b"], `step ${step}`)
      assert.isAtLeast((yield* logOf(cluster, 1)).length, durable)
      return hasFailed
    })
  )
}

const atEveryStep = (trouble: Trouble) =>
  Effect.gen(function* () {
    let step = 1
    while (yield* failAt(step, trouble)) step += 1
    assert.isAbove(step, 4)
  })

const lost = new DiskError({ operation: "write", path: "/a", reason: "Io" })

/** The directory that a replica is moved out of is found to have failed at the `step`th change of the other; answers whether it came to that. */
const loseOldAt = (step: number) => {
  const cluster = alone()
  let left = Number.POSITIVE_INFINITY
  cluster.diskOptions = {
    before: (operation, path) => {
      if (!path.startsWith("/b") || !changes.has(operation)) return
      left -= 1
      if (left === 0) cluster.up.get(1)!.replicas.directories()[0]!.fail(lost)
    }
  }
  return withCluster(
    cluster,
    Effect.gen(function* () {
      const written = yield* produceMany(cluster, 0, 8)
      left = step
      yield* moveTo(cluster, "/b")
      yield* eventually("the move is over", () => futures(cluster).length === 0)
      const hasFailed = left <= 0
      const isTold = cluster.assigned.length > 0
      // What the controller believes of the directories is so: who was told to be in the new one goes on, who is in the failed one does not.
      const answered = yield* produce(cluster, 1, { batch: idempotent(written * 3) })
      assert.strictEqual(answered.errorCode, isTold ? ErrorCode.NONE : ErrorCode.KAFKA_STORAGE_ERROR, `step ${step}`)
      assert.strictEqual(directoryOf(cluster), isTold ? "/b/t-0" : "/a/t-0", `step ${step}`)
      yield* cluster.kill(1, nothingSurvives)
      left = Number.POSITIVE_INFINITY
      yield* cluster.start(1)
      assert.strictEqual((yield* logOf(cluster, 1)).length, written + (isTold ? 1 : 0), `step ${step}`)
      return hasFailed
    })
  )
}

const all = () => true
const inside = (directory: string) => (path: string) => path.startsWith(directory)

describe("at any step of a move nothing is lost", () => {
  const limitMs = 60_000
  it.live("by a power cut", () => atEveryStep({ fails: all, survivors: nothingSurvives }), limitMs)
  it.live("by the end of the process", () => atEveryStep({ fails: all, survivors: undefined }), limitMs)
  it.live("if the old directory fails", () => atEveryStep({ fails: inside("/a"), survivors: nothingSurvives }), limitMs)
  it.live("if the new directory fails", () => atEveryStep({ fails: inside("/b"), survivors: nothingSurvives }), limitMs)
  it.live(
    "if the old one is found to have failed meanwhile",
    () =>
      Effect.gen(function* () {
        let step = 1
        while (yield* loseOldAt(step)) step += 1
        assert.isAbove(step, 4)
      }),
    limitMs
  )
  it.live(
    "if the new one fails and keeps what it was told",
    () => atEveryStep({ fails: inside("/b"), survivors: undefined }),
    limitMs
  )
})
