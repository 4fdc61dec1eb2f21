/** A log under a name that was another's, whose offsets are still in the directory's checkpoints when the broker crashes. */
import { assert, describe, it } from "@effect/vitest"
import { nothingSurvives, type Survivors } from "@klamm/platform/MemoryFiles"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { Cluster, eventually, logOf, produce, withCluster } from "./support/cluster.ts"
import { records } from "./support.ts"

const produceMany = (cluster: Cluster, batches: number) =>
  Effect.gen(function* () {
    for (let count = 0; count < batches; count++) {
      const { errorCode } = yield* produce(cluster, 1, { batch: RecordBatch.buildBatch(records(3)) })
      assert.strictEqual(errorCode, ErrorCode.NONE)
    }
  })

/** Without what the stories make brokers say. */
const quietly = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.provideService(effect, References.MinimumLogLevel, "None")

const away = { replicas: [2], isr: [2], leader: 2 }
const back = { replicas: [1], isr: [1], leader: 1 }

/** A broker with a log of many records, most of which were deleted, that loses the partition and is given it again. */
const givenAgain = (changes: Partial<Cluster["settings"]> = {}) => {
  const cluster = new Cluster([1], { minInsyncReplicas: 1, ...changes })
  const { disks } = cluster
  const story = Effect.gen(function* () {
    yield* produceMany(cluster, 20)
    const { log } = cluster.find(1)!
    yield* Effect.orDie(log.flush)
    yield* Effect.orDie(log.deleteRecordsBefore(40))
    yield* cluster.up.get(1)!.replicas.stop(1)
    yield* cluster.kill(1)
    yield* cluster.start(1)
    assert.deepStrictEqual([cluster.find(1)!.log.logStartOffset, cluster.find(1)!.log.logEndOffset], [40, 60])
    yield* cluster.publish(away)
    yield* cluster.publish(back)
  })
  const crashed = (survivors?: Survivors) => Effect.andThen(cluster.kill(1, survivors), cluster.start(1))
  return { cluster, disks, story, crashed }
}

describe("a log that begins under the name of one that was deleted", () => {
  it.live("keeps what was acknowledged when the process is killed", () => {
    const { cluster, story, crashed } = givenAgain()
    const rest = Effect.gen(function* () {
      yield* produceMany(cluster, 2)
      yield* crashed()
      const { log } = cluster.find(1)!
      assert.deepStrictEqual([log.logStartOffset, log.logEndOffset], [0, 6])
      assert.strictEqual((yield* logOf(cluster, 1)).length, 2)
    })
    return quietly(withCluster(cluster, Effect.andThen(story, rest)))
  })

  it.live("is cut where it is torn, and not taken for damaged", () => {
    const { cluster, disks, story, crashed } = givenAgain({ syncBeforeAck: false })
    const rest = Effect.gen(function* () {
      yield* produceMany(cluster, 2)
      const file = disks.get(1)!.files.file("/data/t-0/00000000000000000000.log")
      const size = file.size / 2
      file.truncate(size + 30)
      yield* crashed()
      assert.strictEqual(cluster.find(1)?.log.logEndOffset, 3)
    })
    return quietly(withCluster(cluster, Effect.andThen(story, rest)))
  })
})

describe("a log that is fetched anew in place of a damaged one", () => {
  it.live("is durable when it is said to be, whatever became of the first attempt", () => {
    const cluster = new Cluster([1, 2, 3], { minInsyncReplicas: 1 })
    const end = () => cluster.find(2)?.log.recoveryPoint
    const story = Effect.gen(function* () {
      yield* produceMany(cluster, 1)
      yield* eventually("all of it", () => end() === 3)
      yield* cluster.up.get(2)!.replicas.stop(1)
      yield* cluster.kill(2)
      yield* cluster.publish({ isr: [1, 3] })
      cluster.disks.get(2)!.files.create("/data/t-0/damaged", false)
      cluster.cut.add("2>1")
      yield* cluster.start(2)
      assert.strictEqual(end(), 0)
      yield* cluster.kill(2)
      cluster.cut.clear()
      yield* cluster.start(2)
      yield* eventually("all of it again", () => end() === 3)
      cluster.cut.add("2>1")
      yield* cluster.kill(2, nothingSurvives)
      yield* cluster.start(2)
      assert.strictEqual(cluster.find(2)?.log.logEndOffset, 3)
    })
    return quietly(withCluster(cluster, story))
  })
})
