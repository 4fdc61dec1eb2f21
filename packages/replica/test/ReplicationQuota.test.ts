import { it as effectIt } from "@effect/vitest"
import { monotonicMsOf } from "@klamm/platform/Moment"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { assert, describe, expect, it } from "vitest"
import { ReplicationQuota, type ReplicationQuotaSettings, throttledPartitions } from "../src/ReplicationQuota.ts"
import { Cluster, eventually, logOf, produce, topicName, withCluster } from "./support/cluster.ts"
import { records } from "./support.ts"

const window = { sampleMs: 1_000, samples: 11 }

const quotaOf = (change: Partial<ReplicationQuotaSettings>) => {
  const clock = { ms: 0 }
  const replicas = new Map([[topicName, new Set([0])]])
  const quota = new ReplicationQuota(
    () => ({ bytesPerSecond: 100, window, replicas, ...change }),
    () => clock.ms
  )
  return { clock, quota }
}

describe("the list of throttled replicas", () => {
  it("names those of this broker, all of them, or none", () => {
    expect(throttledPartitions("0:1,1:2, 2:1", 1)).toEqual(new Set([0, 2]))
    expect(throttledPartitions("*", 1)).toBe("All")
    for (const none of ["", " ", "0:2,1:12"]) expect(throttledPartitions(none, 1)).toBeUndefined()
  })
})

describe("a replication quota", () => {
  it("is exceeded above its limit, and by itself no longer after a while", () => {
    const { clock, quota } = quotaOf({})
    quota.record(100)
    expect(quota.isExceeded).toBe(false)
    quota.record(1)
    expect(quota.isExceeded).toBe(true)
    clock.ms = 1_010
    expect(quota.isExceeded).toBe(false)
  })

  it("of nothing lets something through once in a window", () => {
    const { clock, quota } = quotaOf({ bytesPerSecond: 0 })
    expect(quota.isExceeded).toBe(false)
    quota.record(1)
    clock.ms = 10_999
    expect(quota.isExceeded).toBe(true)
    clock.ms = 11_000
    expect(quota.isExceeded).toBe(false)
  })

  it("throttles what is named", () => {
    const { quota } = quotaOf({})
    expect(quota.isActive).toBe(true)
    expect(quota.isThrottled({ topic: topicName, partition: 0 })).toBe(true)
    expect(quota.isThrottled({ topic: topicName, partition: 1 })).toBe(false)
    expect(quota.isThrottled({ topic: "other", partition: 0 })).toBe(false)
    expect(quotaOf({ replicas: new Map() }).quota.isActive).toBe(false)
    const all = quotaOf({ replicas: new Map([[topicName, "All" as const]]) })
    expect(all.quota.isThrottled({ topic: topicName, partition: 7 })).toBe(true)
  })
})

describe("a throttled follower", () => {
  const batch = () => RecordBatch.buildBatch(records(3))
  const batchBytes = batch().byteLength
  const batches = 12

  /** Two nodes in sync, and a third that comes back to a log it has nothing of, slowed to one batch in 50 ms. */
  const behind = (cluster: Cluster) =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const settings = {
        bytesPerSecond: batchBytes * 20,
        window: { sampleMs: 50, samples: 11 },
        replicas: new Map([[topicName, "All" as const]])
      }
      cluster.partitionMaxBytes = batchBytes
      yield* cluster.kill(3)
      yield* cluster.publish({ isr: [1, 2] })
      for (let count = 0; count < batches; count++) yield* produce(cluster, 1, { batch: batch() })
      cluster.quota = new ReplicationQuota(
        () => settings,
        () => monotonicMsOf(clock)
      )
    })

  effectIt.live("is slowed until it is in sync, and then no longer", () => {
    const cluster = new Cluster([1, 2, 3])
    return withCluster(
      cluster,
      Effect.gen(function* () {
        yield* behind(cluster)
        const before = yield* Clock.currentTimeMillis
        yield* cluster.start(3)
        yield* cluster.publish({})
        yield* eventually("3 is in sync", () => cluster.partition.isr.includes(3))
        const tookMs = (yield* Clock.currentTimeMillis) - before
        assert.isAbove(tookMs, 400)
        yield* eventually("the rest has come", () => cluster.find(3)?.actor.state().highWatermark === batches * 3)
        cluster.quota.record(batchBytes * 1_000)
        assert.isTrue(cluster.quota.isExceeded)
        const result = yield* produce(cluster, 1, { batch: batch(), timeoutMs: 300 })
        assert.strictEqual(result.errorCode, 0, "who is in sync goes on as if there were no quota")
        assert.deepStrictEqual(yield* logOf(cluster, 3), yield* logOf(cluster, 1))
      })
    )
  })

  effectIt.live("that is not in sync is what its leader holds back, while the rate is exceeded", () => {
    const cluster = new Cluster([1, 2, 3])
    return withCluster(
      cluster,
      Effect.gen(function* () {
        yield* behind(cluster)
        const leader = cluster.find(1)!
        assert.isFalse(cluster.quota.holdsBack(leader, 3))
        cluster.quota.record(batchBytes * 1_000)
        assert.isTrue(cluster.quota.holdsBack(leader, 3))
        assert.isFalse(cluster.quota.holdsBack(leader, 2), "in sync")
        assert.isFalse(cluster.quota.holdsBack(cluster.find(2)!, 3), "no leader")
      })
    )
  })
})
