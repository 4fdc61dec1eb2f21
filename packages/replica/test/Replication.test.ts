/** Replication as it is composed: real logs on disks in memory, fetch loops, in-sync replicas, changes of the leader. */

import { assert, describe, it } from "@effect/vitest"
import { nothingSurvives } from "@klamm/platform/MemoryFiles"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Cluster, eventually, logOf, produce, usedArenaBytes, withCluster } from "./support/cluster.ts"
import { records } from "./support.ts"

const plain = () => RecordBatch.buildBatch(records(3))
const idempotent = (baseSequence: number) =>
  RecordBatch.buildBatch(records(3), { producerId: 9, producerEpoch: 0, baseSequence })

const end = (cluster: Cluster, id: number) => cluster.find(id)?.actor.state().logEndOffset ?? -1
const watermark = (cluster: Cluster, id: number) => cluster.find(id)?.actor.state().highWatermark ?? -1

const assertSameLogs = (cluster: Cluster, ids: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const logs = yield* Effect.forEach(ids, (id) => logOf(cluster, id))
    for (const log of logs) assert.deepStrictEqual(log, logs[0])
  })

describe("three replicas", () => {
  it.live(
    "behaviour 175: acks=all is answered once all have it, and followers that consumers read from learn the high watermark at once",
    () => {
      const cluster = new Cluster([1, 2, 3])
      cluster.servesConsumers = true
      return withCluster(
        cluster,
        Effect.gen(function* () {
          for (let round = 0; round < 20; round++) {
            const results = yield* Effect.all(
              [0, 1, 2].map(() => produce(cluster, 1, { batch: plain() })),
              {
                concurrency: "unbounded"
              }
            )
            assert.deepStrictEqual(
              results.map((result) => result.errorCode),
              [0, 0, 0]
            )
          }
          yield* eventually("watermarks", () => [1, 2, 3].every((id) => watermark(cluster, id) === 180), 400)
          yield* assertSameLogs(cluster, [1, 2, 3])
          assert.strictEqual(usedArenaBytes(), 0)
        })
      )
    }
  )

  it.live(
    "behaviour 175: other followers fetch once for a record, and learn the high watermark when their poll ends",
    () => {
      const cluster = new Cluster([1, 2, 3])
      const rounds = 20
      return withCluster(
        cluster,
        Effect.gen(function* () {
          yield* produce(cluster, 1, { batch: plain() })
          const before = cluster.fetches.length
          for (let round = 0; round < rounds; round++) yield* produce(cluster, 1, { batch: plain() })
          // A poll or two may have ended by itself meanwhile.
          assert.closeTo(cluster.fetches.length - before, 2 * rounds, 4)
          const end = 3 * (rounds + 1)
          assert.strictEqual(watermark(cluster, 1), end)
          assert.isBelow(watermark(cluster, 2), end)
          yield* eventually("watermarks", () => [2, 3].every((id) => watermark(cluster, id) === end), 1_000)
        })
      )
    }
  )

  it.live("a new leader knows the old one's producers, and the old one is cut back to it", () => {
    const cluster = new Cluster([1, 2, 3])
    return withCluster(
      cluster,
      Effect.gen(function* () {
        const first = yield* produce(cluster, 1, { batch: idempotent(0) })
        assert.strictEqual(first.errorCode, 0)
        cluster.cut.add("2>1")
        cluster.cut.add("3>1")
        yield* eventually("cut off", () => end(cluster, 1) === 3)
        yield* produce(cluster, 1, { batch: plain(), acks: 1 })
        yield* produce(cluster, 1, { batch: plain(), acks: 1 })
        assert.strictEqual(end(cluster, 1), 9)
        const lost = yield* Effect.forkChild(produce(cluster, 1, { batch: plain() }), { startImmediately: true })
        yield* cluster.publish({ leader: 2, isr: [2, 3] })
        const refused = yield* Fiber.join(lost)
        assert.strictEqual(refused.errorCode, 6, "whoever waits is told to ask the next leader")
        const repeated = yield* produce(cluster, 2, { batch: idempotent(0) })
        assert.deepStrictEqual([repeated.errorCode, repeated.baseOffset], [0, 0])
        const next = yield* produce(cluster, 2, { batch: idempotent(3) })
        assert.deepStrictEqual([next.errorCode, next.baseOffset], [0, 3])
        yield* eventually("1 has followed", () => end(cluster, 1) === 6 && watermark(cluster, 1) === 6)
        yield* eventually("1 is in sync again", () => cluster.partition.isr.includes(1))
        yield* assertSameLogs(cluster, [1, 2, 3])
      })
    )
  })

  it.live("a follower that loses its power catches up with what it had not synced, and joins again", () => {
    const cluster = new Cluster([1, 2, 3])
    return withCluster(
      cluster,
      Effect.gen(function* () {
        for (let round = 0; round < 5; round++) yield* produce(cluster, 1, { batch: plain() })
        yield* cluster.kill(3, nothingSurvives)
        yield* cluster.publish({ isr: [1, 2] })
        for (let round = 0; round < 5; round++) {
          assert.strictEqual((yield* produce(cluster, 1, { batch: plain() })).errorCode, 0)
        }
        yield* cluster.start(3)
        yield* cluster.publish({})
        yield* eventually("3 is in sync again", () => cluster.partition.isr.length === 3)
        yield* assertSameLogs(cluster, [1, 2, 3])
      })
    )
  })

  it.live("behaviour 180: what was acknowledged survives a power cut of the leader", () => {
    const cluster = new Cluster([1, 2, 3])
    return withCluster(
      cluster,
      Effect.gen(function* () {
        for (let round = 0; round < 10; round++) yield* produce(cluster, 1, { batch: plain() })
        yield* cluster.kill(1, nothingSurvives)
        yield* cluster.kill(2, nothingSurvives)
        yield* cluster.kill(3, nothingSurvives)
        yield* cluster.start(3)
        yield* cluster.publish({ leader: 3, isr: [3, 2] })
        assert.strictEqual(end(cluster, 3), 30)
        yield* cluster.start(2)
        yield* cluster.publish({})
        assert.strictEqual((yield* produce(cluster, 3, { batch: plain() })).errorCode, 0)
        yield* assertSameLogs(cluster, [2, 3])
      })
    )
  })
})

describe("several loops for each source broker", () => {
  it.live("fetch the partitions that are theirs, and give them away when there are more or fewer loops", () => {
    const cluster = new Cluster([1, 2, 3])
    cluster.fetchers = 3
    return withCluster(
      cluster,
      Effect.gen(function* () {
        yield* produce(cluster, 1, { batch: plain() })
        assert.deepStrictEqual([...cluster.fetchersSeen], [2])
        cluster.fetchers = 5
        for (const { replicas } of cluster.up.values()) yield* replicas.reconfigure
        for (let round = 0; round < 5; round++) {
          assert.strictEqual((yield* produce(cluster, 1, { batch: plain() })).errorCode, 0)
        }
        assert.deepStrictEqual([...cluster.fetchersSeen], [2, 1])
        yield* cluster.publish({ leader: 2 })
        assert.strictEqual((yield* produce(cluster, 2, { batch: plain() })).errorCode, 0)
        yield* assertSameLogs(cluster, [1, 2, 3])
      })
    )
  })
})

describe("in-sync replicas", () => {
  it.live("who lags too long leaves, acks=all goes on with the others, and who has caught up is back", () => {
    const cluster = new Cluster([1, 2, 3], { lagTimeMaxMs: 150 })
    return withCluster(
      cluster,
      Effect.gen(function* () {
        yield* produce(cluster, 1, { batch: plain() })
        cluster.cut.add("3>1")
        // The poll that was waiting is answered yet; what follows it is not.
        yield* produce(cluster, 1, { batch: plain() })
        const result = yield* produce(cluster, 1, { batch: plain() })
        assert.strictEqual(result.errorCode, 0)
        yield* eventually("3 has left", () => cluster.partition.isr.length === 2)
        assert.deepStrictEqual(cluster.partition.isr, [1, 2])
        cluster.cut.delete("3>1")
        yield* eventually("3 is in sync again", () => cluster.partition.isr.length === 3)
        yield* assertSameLogs(cluster, [1, 2, 3])
      })
    )
  })
})

describe("reassignment", () => {
  it.live("a replica that is added catches up, one that is taken away loses its log", () => {
    const cluster = new Cluster([1, 2])
    return withCluster(
      cluster,
      Effect.gen(function* () {
        for (let round = 0; round < 10; round++) yield* produce(cluster, 1, { batch: plain() })
        yield* cluster.start(3)
        const directories = ["", "", ""]
        yield* cluster.publish({ replicas: [1, 2, 3], directories, addingReplicas: [3] })
        yield* eventually("3 is in sync", () => cluster.partition.isr.includes(3))
        yield* cluster.publish({ replicas: [1, 3], isr: [1, 3], directories: ["", ""], addingReplicas: [] })
        assert.strictEqual(cluster.find(2), undefined)
        assert.strictEqual((yield* produce(cluster, 1, { batch: plain() })).errorCode, 0)
        yield* assertSameLogs(cluster, [1, 3])
      })
    )
  })

  it.live("a replica whose leader has deleted what it lacks begins at the leader's log start", () => {
    const cluster = new Cluster([1, 2], { minInsyncReplicas: 1 })
    return withCluster(
      cluster,
      Effect.gen(function* () {
        for (let round = 0; round < 10; round++) yield* produce(cluster, 1, { batch: plain() })
        const leader = cluster.find(1)!
        leader.actor.tell({
          _tag: "DeleteRecords",
          request: { offset: 16, deadline: Number.POSITIVE_INFINITY, complete: () => undefined }
        })
        yield* eventually("both have deleted", () => [1, 2].every((id) => cluster.find(id)?.log.logStartOffset === 16))
        yield* cluster.start(3)
        yield* cluster.publish({ replicas: [1, 2, 3], directories: ["", "", ""] })
        yield* eventually("3 is in sync", () => cluster.partition.isr.includes(3))
        assert.strictEqual(cluster.find(3)?.log.logStartOffset, 16)
        assert.strictEqual(end(cluster, 3), 30)
      })
    )
  })
})
