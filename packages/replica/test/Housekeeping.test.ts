import { assert, describe, it } from "@effect/vitest"
import { Image } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Cluster, produce, topicId, topicName, withCluster } from "./support/cluster.ts"
import { housekeeping } from "./support/housekeeping.ts"
import { records } from "./support.ts"

const namesIn = (cluster: Cluster, path: string): ReadonlyArray<string> =>
  cluster.disks
    .get(1)!
    .files.list(path)
    .map(({ name }) => name)

const log = (baseOffset: number): string => `${String(baseOffset).padStart(20, "0")}.log`

describe("what was deleted", () => {
  it.effect("goes when its delay is over, and not only with the next look at what is to be retained", () => {
    const cluster = new Cluster([1], { minInsyncReplicas: 1, syncBeforeAck: false })
    const story = Effect.gen(function* () {
      const { errorCode } = yield* produce(cluster, 1, { batch: RecordBatch.buildBatch(records(3)) })
      assert.strictEqual(errorCode, ErrorCode.NONE)
      const removedTopics = [{ name: topicName, id: topicId, partitions: [cluster.partition] }]
      const changes = { partitions: [], removedTopics, configs: false, brokers: false }
      yield* cluster.up.get(1)!.replicas.apply(changes, Image.empty)
      const deleted = namesIn(cluster, "/data").filter((name) => name.endsWith("-delete"))
      assert.strictEqual(deleted.length, 1)
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual(
        namesIn(cluster, "/data").filter((name) => name.startsWith(`${topicName}-0`)),
        []
      )
    })
    return withCluster(cluster, story)
  })

  it.effect("of a log goes as soon, segment by segment", () => {
    const cluster = new Cluster([1], { minInsyncReplicas: 1, syncBeforeAck: false })
    cluster.logConfig = { ...cluster.logConfig, fileDeleteDelayMs: 500 }
    const story = Effect.gen(function* () {
      const batch = () => RecordBatch.buildBatch(records(30))
      for (let round = 0; round < 3; round++) yield* produce(cluster, 1, { batch: batch() })
      const segments = namesIn(cluster, "/data/t-0").filter((name) => name.endsWith(".log"))
      assert.deepStrictEqual(segments, [log(0), log(30), log(60)])
      yield* cluster.find(1)!.log.deleteRecordsBefore(60)
      yield* TestClock.adjust(housekeeping.retentionCheckMs)
      yield* TestClock.adjust(1_000)
      const left = namesIn(cluster, "/data/t-0").filter((name) => name.includes(".log"))
      assert.deepStrictEqual(left, [log(60)])
    })
    return withCluster(cluster, story)
  })
})
