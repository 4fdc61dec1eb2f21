/** Three real nodes on disks in memory, with a network of plain calls. */
import { defaultLogConfig, Log } from "@klamm/log"
import { Disk } from "@klamm/platform"
import { type MemoryDisk, makeMemoryDisk } from "@klamm/platform/DiskMemory"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect, test } from "vitest"
import { defaultSettings } from "../src/Common.ts"
import * as MetadataLog from "../src/MetadataLog.ts"
import type { PeerRequest, PeerResponse } from "../src/Peer.ts"
import * as RaftNode from "../src/RaftNode.ts"
import type * as VoterSet from "../src/VoterSet.ts"
import { clusterId, configured, directoryOf, endpointsOf } from "./support.ts"

const directory = "/data/__cluster_metadata-0"

const batch = (value: string): Uint8Array =>
  RecordBatch.buildBatch([{ key: null, value: new TextEncoder().encode(value), headers: [], timestamp: 5 }])

interface Member {
  readonly id: number
  readonly disk: MemoryDisk
  directoryId: string
  told: Array<string>
  node: RaftNode.RaftNode | undefined
  scope: Scope.Closeable | undefined
}

interface World {
  readonly members: Map<number, Member>
  readonly voters: VoterSet.VoterSet
  readonly settings: typeof defaultSettings
}

const makeWorld = (ids: ReadonlyArray<number>, voters: VoterSet.VoterSet, settings = defaultSettings): World => ({
  members: new Map(
    ids.map((id) => [
      id,
      { id, disk: makeMemoryDisk(), directoryId: directoryOf(id), told: [], node: undefined, scope: undefined }
    ])
  ),
  voters,
  settings
})

const peersOf = (world: World): RaftNode.QuorumPeers => ({
  send: (to, request: PeerRequest, timeoutMs) =>
    Effect.suspend((): Effect.Effect<PeerResponse, RaftNode.PeerUnreachable> => {
      const member = world.members.get(to.port)
      if (member?.node === undefined || member.scope === undefined) return Effect.fail({ reason: "Refused" })
      const { scope } = member
      const ended = Effect.callback<never, RaftNode.PeerUnreachable>((resume) => {
        const finalizer = Effect.sync(() => resume(Effect.fail({ reason: "Disconnected" })))
        Effect.runFork(Scope.addFinalizer(scope, finalizer))
      })
      return Effect.raceFirst(member.node.handle(request), ended).pipe(
        Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.fail({ reason: "TimedOut" } as const) })
      )
    })
})

const openLog = (now: number) =>
  Log.open({
    directory,
    topic: MetadataLog.topicName,
    partition: MetadataLog.partition,
    topicId: MetadataLog.topicId,
    config: () => ({ ...defaultLogConfig, retentionMs: -1, segmentBytes: 2_000 }),
    cleanShutdown: false,
    recoveryPoint: 0,
    logStartOffset: 0,
    now
  })

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replace(/[^a-z0-9 -]/g, "")

const startMember = (world: World, id: number) =>
  Effect.gen(function* () {
    const member = world.members.get(id)!
    const scope = yield* Scope.make()
    const { told } = member
    const made = Effect.gen(function* () {
      yield* member.disk.disk.makeDirectory(directory)
      return yield* RaftNode.make({
        nodeId: id,
        directoryId: member.directoryId,
        clusterId,
        voters: world.voters,
        bootstrap: [...world.members.keys()].map((port) => ({ host: "node", port })),
        endpoints: endpointsOf(id),
        settings: world.settings,
        peers: peersOf(world),
        random: () => id / 10,
        log: yield* openLog(0),
        listener: {
          snapshot: ({ endOffset, batches }) => {
            told.push(`snapshot ${endOffset}`, ...batches.map((bytes) => decode(bytes.subarray(67))))
          },
          committed: ({ bytes, isControl }) => {
            if (!isControl) told.push(decode(bytes.subarray(67)))
          },
          led: () => undefined,
          resigned: () => undefined,
          newLeader: () => undefined
        },
        onFatal: (cause) => Effect.logError("fatal", cause)
      })
    })
    member.node = yield* made.pipe(Scope.provide(scope), Effect.provideService(Disk, member.disk.disk))
    member.scope = scope
    return member.node
  })

const stopMember = (world: World, id: number) =>
  Effect.gen(function* () {
    const member = world.members.get(id)!
    const { scope } = member
    member.node = undefined
    member.scope = undefined
    if (scope !== undefined) yield* Scope.close(scope, Exit.void)
    member.disk.crash()
  })

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.andThen(Effect.sleep(2), until(condition))))

const within = (timeoutMs: number, what: string, condition: () => boolean) =>
  until(condition).pipe(Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.die(`not in time: ${what}`) }))

const leaderOf = (world: World): Member | undefined =>
  [...world.members.values()].find(({ id, node }) => {
    const state = node?.state()
    return state?._tag === "Leader" && state.self.id === id && state.highWatermark > state.epochStartOffset
  })

const awaitLeader = (world: World) =>
  Effect.map(
    within(5_000, "a leader", () => leaderOf(world) !== undefined),
    () => leaderOf(world)!
  )

const appendAt = (member: Member, value: string) => member.node!.append(batch(value), 1, member.node!.leader().epoch)

const allTold = (world: World, value: string, ids: ReadonlyArray<number>) =>
  within(5_000, `${value} told to ${ids}`, () =>
    ids.every((id) => world.members.get(id)!.told.some((one) => one.includes(value)))
  )

const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(effect)

const stopAll = (world: World) => Effect.forEach(world.members.keys(), (id) => stopMember(world, id), { discard: true })

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

  test("one that is far behind gets the snapshot, in parts", () =>
    run(
      Effect.gen(function* () {
        const settings = { ...defaultSettings, fetchSnapshotMaxBytes: 100 }
        const world = makeWorld([1, 2, 3], configured([1, 2, 3]), settings)
        for (const id of [1, 2]) yield* startMember(world, id)
        const leader = yield* awaitLeader(world)
        for (let count = 0; count < 60; count++) yield* appendAt(leader, `record-${count}-${"x".repeat(50)}`)
        yield* allTold(world, "record-59", [1, 2])
        const { highWatermark } = leader.node!.state()
        const { epoch } = leader.node!.leader()
        const batches = [batch("all of it"), batch("x".repeat(500))]
        yield* leader.node!.storeSnapshot({ endOffset: highWatermark, epoch, batches }, 5)
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
