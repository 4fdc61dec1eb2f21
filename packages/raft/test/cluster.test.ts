import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import { defaultSettings } from "../src/Common.ts"
import {
  allTold,
  appendAt,
  awaitLeader,
  batch,
  leaderOf,
  makeWorld,
  run,
  startMember,
  stopAll,
  stopMember,
  within
} from "./nodes.ts"
import { configured } from "./support.ts"

describe("three nodes", () => {
  test("agree, go on without the one that led, and take it back", () =>
    run(
      Effect.gen(function* () {
        const world = makeWorld([1, 2, 3], configured([1, 2, 3]))
        for (const id of [1, 2, 3]) yield* startMember(world, id)
        const first = yield* awaitLeader(world)
        expect(yield* appendAt(first, "one")).toMatchObject({ _tag: "Appended" })
        yield* allTold(world, "one", [1, 2, 3])
        yield* stopMember(world, first.id)
        const second = yield* awaitLeader(world)
        expect(second.id).not.toBe(first.id)
        yield* appendAt(second, "two")
        const others = [1, 2, 3].filter((id) => id !== first.id)
        yield* allTold(world, "two", others)
        first.told = []
        yield* startMember(world, first.id)
        yield* allTold(world, "two", [first.id])
        expect(first.told.map((one) => one.slice(-3))).toEqual(["one", "two"])
        expect(second.node!.describe().voters.map(({ id }) => id)).toEqual([1, 2, 3])
        yield* stopAll(world)
      })
    ))

  test("cut off what nobody else has when a leader comes back with it", () =>
    run(
      Effect.gen(function* () {
        const world = makeWorld([1, 2, 3], configured([1, 2, 3]))
        for (const id of [1, 2, 3]) yield* startMember(world, id)
        const first = yield* awaitLeader(world)
        const others = [1, 2, 3].filter((id) => id !== first.id)
        for (const id of others) yield* stopMember(world, id)
        yield* appendAt(first, "lost")
        yield* Effect.sleep(50)
        yield* stopMember(world, first.id)
        for (const id of others) yield* startMember(world, id)
        const second = yield* awaitLeader(world)
        yield* appendAt(second, "kept")
        yield* allTold(world, "kept", others)
        yield* startMember(world, first.id)
        yield* allTold(world, "kept", [first.id])
        expect(first.told.some((one) => one.includes("lost"))).toBe(false)
        expect(first.node!.log.logEndOffset).toBe(second.node!.log.logEndOffset)
        yield* stopAll(world)
      })
    ))

  test("behaviour 188: one that is far behind gets the snapshot, in parts", () =>
    run(
      Effect.gen(function* () {
        const settings = { ...defaultSettings, fetchSnapshotMaxBytes: 100 }
        const world = makeWorld([1, 2, 3], configured([1, 2, 3]), settings)
        for (const id of [1, 2]) yield* startMember(world, id)
        const leader = yield* awaitLeader(world)
        const { epoch } = leader.node!.leader()
        yield* leader.node!.storeSnapshot({ endOffset: 1, epoch, batches: [batch("what is replaced")] }, 5)
        for (let count = 0; count < 60; count++) yield* appendAt(leader, `record-${count}-${"x".repeat(50)}`)
        yield* allTold(world, "record-59", [1, 2])
        const { highWatermark } = leader.node!.state()
        const batches = [batch("all of it"), batch("x".repeat(500))]
        yield* leader.node!.storeSnapshot({ endOffset: highWatermark, epoch, batches }, 5)
        yield* leader.node!.retain({ maxBytes: 0, maxMs: -1 })
        yield* appendAt(leader, "after")
        yield* startMember(world, 3)
        yield* allTold(world, "after", [3])
        const { told, node } = world.members.get(3)!
        expect(told[0]).toBe(`snapshot ${highWatermark}`)
        expect(told[1]).toContain("all of it")
        expect(node!.log.logStartOffset).toBe(highWatermark)
        yield* stopMember(world, 3)
        world.members.get(3)!.told = []
        yield* startMember(world, 3)
        yield* allTold(world, "after", [3])
        yield* stopAll(world)
      })
    ))

  test("a leader that stops hands over at once", () =>
    run(
      Effect.gen(function* () {
        const world = makeWorld([1, 2, 3], configured([1, 2, 3]))
        for (const id of [1, 2, 3]) yield* startMember(world, id)
        const first = yield* awaitLeader(world)
        yield* appendAt(first, "one")
        yield* allTold(world, "one", [1, 2, 3])
        yield* first.node!.resign
        yield* within(1_000, "a successor", () => {
          const next = leaderOf(world)
          return next !== undefined && next.id !== first.id
        })
        yield* stopAll(world)
      })
    ))
})
