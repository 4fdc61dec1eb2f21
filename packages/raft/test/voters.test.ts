/** Voters that are recorded in the log (KIP-853): formatted, added, removed, moved, and lost with their disks. */
import { Disk } from "@klamm/platform"
import { makeMemoryDisk } from "@klamm/platform/DiskMemory"
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import { writeBootstrapSnapshot } from "../src/Bootstrap.ts"
import { defaultSettings } from "../src/Common.ts"
import * as VoterSet from "../src/VoterSet.ts"
import {
  allTold,
  appendAt,
  awaitLeader,
  directory,
  leaderOf,
  makeWorld,
  run,
  startMember,
  stopAll,
  stopMember,
  type World,
  within
} from "./nodes.ts"
import { directoryOf, endpointsOf, recorded } from "./support.ts"

/** As `storage format` leaves it. */
const format = (world: World, id: number, voters: VoterSet.VoterSet) =>
  Effect.gen(function* () {
    const { disk } = world.members.get(id)!.disk
    yield* disk.makeDirectory(directory)
    yield* writeBootstrapSnapshot(disk, directory, voters, 5)
  })

const keyOf = (world: World, id: number) => ({ id, directoryId: world.members.get(id)!.directoryId })

const ids = (world: World): ReadonlyArray<number> => leaderOf(world)?.node?.voters().ids ?? []

const added = { errorCode: 0, message: null }

const add = (world: World, from: number, id: number) =>
  world.members.get(from)!.node!.addVoter(keyOf(world, id), endpointsOf(id), 5_000)

describe("recorded voters", () => {
  test("one grows to three, and shrinks by the one that leads", () =>
    run(
      Effect.gen(function* () {
        const world = makeWorld([1, 2, 3], VoterSet.empty)
        yield* format(world, 1, recorded([1]))
        for (const id of [1, 2, 3]) yield* startMember(world, id)
        const first = yield* awaitLeader(world)
        expect(first.id).toBe(1)
        expect(first.node!.kraftVersion()).toBe(1)
        yield* appendAt(first, "one")
        yield* allTold(world, "one", [1, 2, 3])
        expect(yield* add(world, 1, 2)).toEqual(added)
        expect(yield* add(world, 3, 3)).toEqual(added)
        expect(ids(world)).toEqual([1, 2, 3])
        expect((yield* add(world, 1, 3)).errorCode).toBe(126)
        expect(yield* first.node!.removeVoter(keyOf(world, 1))).toEqual(added)
        yield* within(3_000, "another leader", () => ![undefined, 1].includes(leaderOf(world)?.id))
        const second = leaderOf(world)!
        expect(second.node!.voters().ids).toEqual([2, 3])
        yield* appendAt(second, "two")
        yield* allTold(world, "two", [1, 2, 3])
        expect(yield* add(world, 2, 1)).toEqual(added)
        expect(ids(world)).toEqual([1, 2, 3])
        const described = second.node!.describe()
        expect(described.voters.map(({ directoryId }) => directoryId)).toEqual([1, 2, 3].map(directoryOf))
        expect(described.observers).toEqual([])
        yield* stopAll(world)
      })
    ))

  test("a disk that comes back empty is an observer, until it is taken out and added again", () =>
    run(
      Effect.gen(function* () {
        const world = makeWorld([1, 2, 3], VoterSet.empty)
        for (const id of [1, 2, 3]) yield* format(world, id, recorded([1, 2, 3]))
        for (const id of [1, 2, 3]) yield* startMember(world, id)
        const leader = yield* awaitLeader(world)
        yield* appendAt(leader, "one")
        yield* allTold(world, "one", [1, 2, 3])
        const lost = [1, 2, 3].find((id) => id !== leader.id)!
        const old = keyOf(world, lost)
        yield* stopMember(world, lost)
        const disk = makeMemoryDisk()
        world.members.set(lost, { ...world.members.get(lost)!, disk, directoryId: directoryOf(9), told: [] })
        yield* startMember(world, lost)
        yield* allTold(world, "one", [lost])
        const described = leader.node!.describe()
        expect(described.observers.map(({ id, directoryId }) => [id, directoryId])).toEqual([[lost, directoryOf(9)]])
        expect(described.voters.map(({ id }) => id)).toEqual([1, 2, 3])
        expect((yield* add(world, leader.id, lost)).errorCode).toBe(126)
        expect((yield* leader.node!.removeVoter(keyOf(world, lost))).errorCode).toBe(127)
        expect(yield* leader.node!.removeVoter(old)).toEqual(added)
        expect(yield* add(world, leader.id, lost)).toEqual(added)
        // The old one is remembered for a while, as one that fetches no more.
        expect(leader.node!.describe().observers.map(({ directoryId }) => directoryId)).toEqual([old.directoryId])
        yield* stopAll(world)
      })
    ))

  test("survive in a snapshot and a restart; configured ones can't be changed", () =>
    run(
      Effect.gen(function* () {
        const world = makeWorld([1], VoterSet.empty)
        yield* format(world, 1, recorded([1]))
        yield* startMember(world, 1)
        const leader = yield* awaitLeader(world)
        yield* appendAt(leader, "one")
        yield* allTold(world, "one", [1])
        const { highWatermark: endOffset } = leader.node!.state()
        yield* leader.node!.storeSnapshot({ endOffset, epoch: 1, batches: [] }, 5)
        yield* stopMember(world, 1)
        yield* startMember(world, 1)
        yield* awaitLeader(world)
        expect(leader.node!.kraftVersion()).toBe(1)
        expect(leader.node!.voters().voters[0]?.directoryId).toBe(directoryOf(1))
        yield* stopAll(world)

        const fixed = makeWorld([1], VoterSet.make([1]))
        yield* startMember(fixed, 1)
        yield* awaitLeader(fixed)
        const other = { id: 2, directoryId: directoryOf(2) }
        expect((yield* fixed.members.get(1)!.node!.addVoter(other, [], 100)).errorCode).toBe(35)
        yield* stopAll(fixed)
      })
    ))

  test("one that has moved tells the leader where to", () =>
    run(
      Effect.gen(function* () {
        const world = makeWorld([1, 2], VoterSet.empty)
        const elsewhere = VoterSet.voter({ id: 2, directoryId: directoryOf(2) }, [
          { name: "CONTROLLER", host: "elsewhere", port: 2 }
        ])
        const voters = VoterSet.of([...recorded([1]).voters, elsewhere])
        for (const id of [1, 2]) yield* format(world, id, voters)
        for (const id of [1, 2]) yield* startMember(world, id)
        const leader = yield* awaitLeader(world)
        const recordedHost = () => leaderOf(world)?.node?.voters().voters[1]?.endpoints[0]?.host
        const isRight = () => recordedHost() === "node" || leader.id === 2
        yield* within(5_000, "the new place", isRight)
        yield* stopAll(world)
      })
    ))

  test(
    "controllers join by themselves where they may, and come back on an empty disk",
    () =>
      run(
        Effect.gen(function* () {
          const world = makeWorld([1, 2, 3], VoterSet.empty, defaultSettings, true)
          yield* format(world, 1, recorded([1]))
          for (const id of [1, 2, 3]) yield* startMember(world, id)
          yield* within(15_000, "three voters", () => ids(world).length === 3)
          const leader = leaderOf(world)!
          const lost = [1, 2, 3].find((id) => id !== leader.id)!
          yield* stopMember(world, lost)
          world.members.set(lost, { ...world.members.get(lost)!, disk: makeMemoryDisk(), directoryId: directoryOf(9) })
          yield* startMember(world, lost)
          const directories = () => leader.node!.voters().voters.map(({ directoryId }) => directoryId)
          yield* within(15_000, "the new directory", () => directories().includes(directoryOf(9)))
          expect(directories()).toHaveLength(3)
          yield* stopAll(world)
        })
      ),
    40_000
  )

  test("the bootstrap snapshot has Kafka's name", () =>
    run(
      Effect.gen(function* () {
        const { disk } = makeMemoryDisk()
        yield* disk.makeDirectory(directory)
        yield* writeBootstrapSnapshot(disk, directory, recorded([1]), 5)
        const names = (yield* disk.list(directory)).map(({ name }) => name)
        expect(names).toEqual(["00000000000000000000-0000000000.checkpoint"])
      }).pipe(Effect.provideService(Disk, makeMemoryDisk().disk))
    ))
})
