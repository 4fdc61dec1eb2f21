/** Rot on one replica's disk (decision 0007): nobody takes it in, and the replica is fetched anew where nobody counts on it. */
import { assert, describe, it } from "@effect/vitest"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { takeApart } from "../src/ReplicaRecords.ts"
import { Cluster, eventually, logOf, produce, withCluster } from "./support/cluster.ts"
import { records } from "./support.ts"

const batch = () => RecordBatch.buildBatch(records(3))
const size = batch().byteLength
const directory = "/data/t-0"
const end = (cluster: Cluster, id: number) => cluster.find(id)?.actor.state().logEndOffset ?? -1

/** Without what the stories make brokers say. */
const quietly = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.provideService(effect, References.MinimumLogLevel, "None")

/** Flips a bit of the batch of that number, counted from 0. */
const flip = (cluster: Cluster, id: number, number: number): void => {
  const file = cluster.disks.get(id)!.files.file(`${directory}/00000000000000000000.log`)
  const byte = new Uint8Array(1)
  file.read(number * size + size - 1, byte)
  file.write(
    number * size + size - 1,
    byte.map((value) => value ^ 1)
  )
  file.sync()
}

const strays = (cluster: Cluster, id: number) =>
  cluster.disks
    .get(id)!
    .files.list("/data")
    .filter(({ name }) => name.endsWith("-stray")).length

describe("a leader whose disk has rotted", () => {
  it.live("gives followers what lies ahead of it, and the next leader gives the rest", () => {
    const cluster = new Cluster([1, 2, 3], { minInsyncReplicas: 1 })
    const story = Effect.gen(function* () {
      yield* cluster.kill(3)
      yield* cluster.publish({ isr: [1, 2] })
      for (let round = 0; round < 3; round++) {
        assert.strictEqual((yield* produce(cluster, 1, { batch: batch() })).errorCode, ErrorCode.NONE)
      }
      yield* cluster.kill(1)
      yield* cluster.start(1)
      yield* cluster.publish({ leader: 1 })
      flip(cluster, 1, 1)
      yield* cluster.start(3)
      yield* eventually("what is sound", () => end(cluster, 3) === 3)
      yield* eventually("the damage", () => cluster.find(1)?.log.isDamaged === true)
      yield* Effect.sleep(200)
      assert.strictEqual(end(cluster, 3), 3)
      yield* cluster.kill(1)
      yield* cluster.publish({ leader: 2, isr: [2] })
      yield* eventually("the rest", () => end(cluster, 3) === 9)
      yield* cluster.start(1)
      yield* eventually("all of it", () => end(cluster, 1) === 9)
      assert.deepStrictEqual(yield* logOf(cluster, 1), yield* logOf(cluster, 2))
      assert.deepStrictEqual(yield* logOf(cluster, 3), yield* logOf(cluster, 2))
    })
    return quietly(withCluster(cluster, story))
  })
})

describe("a replica that was found to be damaged", () => {
  const restarted = (isr: ReadonlyArray<number>, eligibleLeaderReplicas: ReadonlyArray<number> = []) => {
    const cluster = new Cluster([1, 2, 3], { minInsyncReplicas: 1 })
    const story = Effect.gen(function* () {
      assert.strictEqual((yield* produce(cluster, 1, { batch: batch() })).errorCode, ErrorCode.NONE)
      yield* cluster.kill(2)
      cluster.disks.get(2)!.files.create(`${directory}/damaged`, false)
      yield* cluster.publish({ isr, eligibleLeaderReplicas })
      yield* cluster.start(2)
      yield* eventually("all of it", () => end(cluster, 2) === 3)
      assert.deepStrictEqual(yield* logOf(cluster, 2), yield* logOf(cluster, 1))
      return strays(cluster, 2)
    })
    return quietly(withCluster(cluster, story))
  }

  it.live("is set aside and fetched anew where others are in sync", () =>
    Effect.map(restarted([1, 3]), (count) => assert.strictEqual(count, 1))
  )

  it.live("is kept where the cluster counts on it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* restarted([1, 2, 3]), 0)
      assert.strictEqual(yield* restarted([1], [2]), 0)
    })
  )
})

describe("a follower", () => {
  it("takes what is sound, and nothing from the first damaged batch on", () => {
    const answer = new Uint8Array(3 * size)
    for (const index of [0, 1, 2]) {
      const each = batch()
      RecordBatch.setBaseOffset(each, 0, index * 3)
      answer.set(each, index * size)
    }
    answer[size + 70]! ^= 1
    const { batches, fault } = takeApart(answer, 0)
    assert.deepStrictEqual([batches.length, fault], [1, "checksum"])
  })
})
