/** Real nodes on disks in memory, with a network of plain calls. */
import { defaultLogConfig, Log } from "@klamm/log"
import { Disk } from "@klamm/platform"
import { type MemoryDisk, makeMemoryDisk } from "@klamm/platform/DiskMemory"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { defaultSettings } from "../src/Common.ts"
import * as MetadataLog from "../src/MetadataLog.ts"
import type { PeerRequest, PeerResponse } from "../src/Peer.ts"
import * as RaftNode from "../src/RaftNode.ts"
import type * as VoterSet from "../src/VoterSet.ts"
import { clusterId, directoryOf, endpointsOf } from "./support.ts"

export const directory = "/data/__cluster_metadata-0"

export const batch = (value: string): Uint8Array =>
  RecordBatch.buildBatch([{ key: null, value: new TextEncoder().encode(value), headers: [], timestamp: 5 }])

export interface Member {
  readonly id: number
  readonly disk: MemoryDisk
  directoryId: string
  told: Array<string>
  node: RaftNode.RaftNode | undefined
  scope: Scope.Closeable | undefined
}

export interface World {
  readonly members: Map<number, Member>
  readonly voters: VoterSet.VoterSet
  readonly settings: typeof defaultSettings
  readonly autoJoin: boolean
}

export const makeWorld = (
  ids: ReadonlyArray<number>,
  voters: VoterSet.VoterSet,
  settings = defaultSettings,
  autoJoin = false
): World => ({
  members: new Map(
    ids.map((id) => [
      id,
      { id, disk: makeMemoryDisk(), directoryId: directoryOf(id), told: [], node: undefined, scope: undefined }
    ])
  ),
  voters,
  settings,
  autoJoin
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

export const startMember = (world: World, id: number) =>
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
        autoJoin: world.autoJoin,
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

export const stopMember = (world: World, id: number) =>
  Effect.gen(function* () {
    const member = world.members.get(id)!
    const { scope } = member
    member.node = undefined
    member.scope = undefined
    if (scope !== undefined) yield* Scope.close(scope, Exit.void)
    member.disk.crash()
  })

export const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.andThen(Effect.sleep(2), until(condition))))

export const within = (timeoutMs: number, what: string, condition: () => boolean) =>
  until(condition).pipe(Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.die(`not in time: ${what}`) }))

export const leaderOf = (world: World): Member | undefined =>
  [...world.members.values()].find(({ id, node }) => {
    const state = node?.state()
    return state?._tag === "Leader" && state.self.id === id && state.highWatermark > state.epochStartOffset
  })

export const awaitLeader = (world: World) =>
  Effect.map(
    within(5_000, "a leader", () => leaderOf(world) !== undefined),
    () => leaderOf(world)!
  )

export const appendAt = (member: Member, value: string) =>
  member.node!.append(batch(value), 1, member.node!.leader().epoch)

export const allTold = (world: World, value: string, ids: ReadonlyArray<number>) =>
  within(5_000, `${value} told to ${ids}`, () =>
    ids.every((id) => world.members.get(id)!.told.some((one) => one.includes(value)))
  )

export const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(effect)

export const stopAll = (world: World) =>
  Effect.forEach(world.members.keys(), (id) => stopMember(world, id), { discard: true })
