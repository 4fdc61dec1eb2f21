/**
 * The actor of one node of the quorum: owns the metadata log, performs what the machine decides, answers the other nodes, and tells a
 * listener what is committed.
 *
 * Invariants: the listener is told a snapshot first, then every committed batch once, in order; `led` comes after all of the
 * epochs before. A disk error is final: a quorum node that can't trust its disk stops (KIP-595), told to `onFatal` once. The machine's
 * time is monotonic: a wall clock that jumps moves no deadline. Neighbour: `Perform.ts`, the hand.
 */
import { type Actor, spawn } from "@klamm/actor"
import { Reply } from "@klamm/actor/Reply"
import type { Log } from "@klamm/log/Log"
import type { CorruptLog } from "@klamm/log/LogError"
import { Disk, type DiskError } from "@klamm/platform"
import { assert } from "@klamm/platform/Invariant"
import { monotonicMsOf } from "@klamm/platform/Moment"
import type { Address } from "@klamm/platform/Network"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { codes, defaultSettings, endpointOfLeader, type QuorumSettings, votersOf } from "./Common.ts"
import { describe, type QuorumDescription } from "./Describe.ts"
import * as LogView from "./LogView.ts"
import type { AppendAnswer, ChangeAnswer, Message, Out } from "./Message.ts"
import * as MetadataLog from "./MetadataLog.ts"
import type { PeerRequest, PeerResponse, ReplicaKey, ResponseOf, UpgradeVersionRequest } from "./Peer.ts"
import * as Perform from "./Perform.ts"
import * as QuorumStateFile from "./QuorumStateFile.ts"
import { machine, type RaftState, start } from "./Raft.ts"
import { refusal } from "./Requests.ts"
import type { RetentionLimits } from "./SnapshotRetention.ts"
import * as SnapshotRetention from "./SnapshotRetention.ts"
import * as Snapshots from "./Snapshots.ts"
import type * as VoterChange from "./VoterChange.ts"
import * as VoterSet from "./VoterSet.ts"

export type { LeaderAndEpoch, PeerUnreachable, QuorumPeers, RaftListener } from "./Perform.ts"

/** Appends and messages that may wait for the node. */
export const raftMailboxCapacity = 16_384

/** The largest batch the log takes (Kafka's MAX_BATCH_SIZE_BYTES). */
export const maxBatchBytes = 8 * 1024 * 1024

export interface RaftNodeOptions {
  readonly nodeId: number
  /** Of the directory that holds the log and the vote. */
  readonly directoryId: string
  readonly clusterId: string
  /** The voters of controller.quorum.voters; empty where the log or a snapshot names them (kraft.version 1). */
  readonly voters: VoterSet.VoterSet
  /** controller.quorum.bootstrap.servers. */
  readonly bootstrap: ReadonlyArray<Address>
  /** Where this node listens for the others, the listener of controllers first; empty for one that only observes. */
  readonly endpoints: ReadonlyArray<VoterSet.VoterEndpoint>
  readonly settings: QuorumSettings
  /** controller.quorum.auto.join.enable: it asks to be a voter where voters are recorded. */
  readonly autoJoin: boolean
  readonly peers: Perform.QuorumPeers
  /** From 0 up to 1; seeded in a simulation. */
  readonly random: () => number
  /** Open, and nobody else's to write. The node syncs it; its opener closes it. */
  readonly log: Log
  readonly listener: Perform.RaftListener
  readonly onFatal: (cause: Cause.Cause<DiskError | CorruptLog>) => Effect.Effect<void>
}

/** The options of a quorum that is one node, which has nobody to talk to. */
export const alone = (nodeId: number): Omit<RaftNodeOptions, "log" | "listener" | "onFatal"> => ({
  nodeId,
  directoryId: VoterSet.noDirectoryId,
  clusterId: "",
  voters: VoterSet.make([nodeId]),
  bootstrap: [],
  endpoints: [],
  settings: defaultSettings,
  autoJoin: false,
  peers: { send: () => Effect.fail({ reason: "Refused" }) },
  random: () => 0
})

export interface RaftNode {
  readonly state: () => RaftState
  readonly log: Log
  /**
   * Appends one data batch of `count` records, if this node leads in that epoch. Its offsets and epoch are put in place.
   */
  readonly append: (batch: Uint8Array, count: number, epoch: number) => Effect.Effect<AppendAnswer>
  /** Stores a snapshot of what is committed. */
  readonly storeSnapshot: (
    snapshot: Snapshots.Snapshot,
    lastContainedLogTimestamp: number
  ) => Effect.Effect<void, DiskError>
  /** Forgets what is beyond the limits of old snapshots and of the log before the latest. */
  readonly retain: (limits: RetentionLimits) => Effect.Effect<void, DiskError>
  /** Answers another node; may wait as long as the request says. */
  readonly handle: <Request extends PeerRequest>(request: Request) => Effect.Effect<ResponseOf<Request>>
  readonly leader: () => Perform.LeaderAndEpoch
  readonly voters: () => VoterSet.VoterSet
  readonly kraftVersion: () => number
  readonly describe: () => QuorumDescription
  /** The changes of the voters (KIP-853), asked of whoever leads. */
  readonly addVoter: (
    voter: ReplicaKey,
    endpoints: ReadonlyArray<VoterSet.VoterEndpoint>,
    timeoutMs: number,
    ackWhenCommitted?: boolean
  ) => Effect.Effect<ChangeAnswer>
  readonly removeVoter: (voter: ReplicaKey) => Effect.Effect<ChangeAnswer>
  readonly updateVoter: (voter: VoterSet.Voter) => Effect.Effect<ChangeAnswer>
  /** Raises kraft.version. */
  readonly upgradeVersion: (
    update: Pick<UpgradeVersionRequest, "level" | "isUpgrade" | "validateOnly">
  ) => Effect.Effect<ChangeAnswer>
  /** Hands the leadership over for good, before a stop; ends when the others know. */
  readonly resign: Effect.Effect<void>
}

const makeAppend =
  (actor: Actor<RaftState, Message>) =>
  (batch: Uint8Array, count: number, epoch: number): Effect.Effect<AppendAnswer> =>
    Effect.suspend(() => {
      assert(batch.byteLength <= maxBatchBytes, "a decision fits into one batch of the metadata log")
      const reply = new Reply<AppendAnswer>()
      const complete = (answer: AppendAnswer) => reply.complete(answer)
      const told = actor.tell({ _tag: "Append", entry: { batch, count, epoch, complete } })
      return told ? reply.await : Effect.succeed<AppendAnswer>({ _tag: "NotLeader" })
    })

const makeHandle =
  (actor: Actor<RaftState, Message>): RaftNode["handle"] =>
  <Request extends PeerRequest>(request: Request) =>
    Effect.suspend(() => {
      const reply = new Reply<ResponseOf<Request>>()
      const respond = (response: PeerResponse) => {
        assert(response._tag === request._tag, "a request gets its own answer")
        reply.complete(response as ResponseOf<Request>)
      }
      const told = actor.tell({ _tag: "Requested", request, respond })
      if (!told) respond(refusal(actor.state(), request, codes.requestTimedOut))
      return reply.await
    })

const makeStoreSnapshot =
  (hand: Perform.Hand, actor: Actor<RaftState, Message>) =>
  (taken: Snapshots.Snapshot, lastContainedLogTimestamp: number): Effect.Effect<void, DiskError> =>
    Effect.gen(function* () {
      const { disk, log } = hand
      const now = hand.clock.currentTimeMillisUnsafe()
      const { voters, kraftVersion } = LogView.votersAt(actor.state().log, taken.endOffset)
      const control =
        kraftVersion === 0
          ? []
          : ([
              { _tag: "KRaftVersion", kraftVersion },
              { _tag: "Voters", voters }
            ] as const)
      yield* Snapshots.write(disk, log.directory, { ...taken, control }, lastContainedLogTimestamp, now)
      const snapshotId = { endOffset: taken.endOffset, epoch: taken.epoch }
      actor.tell({ _tag: "SnapshotStored", snapshotId, logStartOffset: log.logStartOffset })
    })

const makeRetain =
  (hand: Perform.Hand, actor: Actor<RaftState, Message>) =>
  (limits: RetentionLimits): Effect.Effect<void, DiskError> =>
    Effect.gen(function* () {
      const { disk, log, clock } = hand
      const snapshotId = yield* SnapshotRetention.apply(disk, log, clock.currentTimeMillisUnsafe(), limits)
      if (snapshotId === undefined) return
      actor.tell({ _tag: "SnapshotStored", snapshotId, logStartOffset: log.logStartOffset })
    })

const leaderOf = (state: RaftState): Perform.LeaderAndEpoch => {
  const { leaderId: id, epoch } = state.election
  return { id, epoch, endpoint: id === -1 ? undefined : endpointOfLeader(state) }
}

const answerOf = (response: PeerResponse): ChangeAnswer => ({
  errorCode: response.errorCode,
  message: "message" in response ? response.message : null
})

/** Asks this node if it leads, else the leader over the network. */
const makeChange =
  (options: RaftNodeOptions, state: () => RaftState, handle: RaftNode["handle"]) =>
  (request: VoterChange.ChangeRequest, timeoutMs: number): Effect.Effect<ChangeAnswer> =>
    Effect.suspend(() => {
      const { id, endpoint } = leaderOf(state())
      if (id === options.nodeId || endpoint === undefined) return Effect.map(handle(request), answerOf)
      return Effect.match(options.peers.send(endpoint, request, timeoutMs), {
        onSuccess: answerOf,
        onFailure: () => ({ errorCode: codes.requestTimedOut, message: "The leader could not be asked." })
      })
    })

/** How long the answer to a change of the voters may take, in milliseconds. */
const changeTimeoutMs = 30_000

/** What must be said when the voters change. */
const makeChanges = (options: RaftNodeOptions, state: () => RaftState, handle: RaftNode["handle"]) => {
  const { clusterId } = options
  const change = makeChange(options, state, handle)
  const changes: Pick<RaftNode, "addVoter" | "removeVoter" | "updateVoter" | "upgradeVersion"> = {
    addVoter: (key, endpoints, timeoutMs, ackWhenCommitted = true) => {
      const voter = VoterSet.voter(key, endpoints)
      return change({ _tag: "AddVoter", clusterId, voter, timeoutMs, ackWhenCommitted }, timeoutMs)
    },
    removeVoter: (voter) => change({ _tag: "RemoveVoter", clusterId, voter }, changeTimeoutMs),
    updateVoter: (voter) => change({ _tag: "UpdateVoter", clusterId, voter }, changeTimeoutMs),
    upgradeVersion: (update) => change({ _tag: "UpgradeVersion", clusterId, ...update }, changeTimeoutMs)
  }
  return changes
}

const seedRange = 0x7fff_ffff

/** Loads snapshot and vote: the state to begin with, and the hand. */
const prepare = (options: RaftNodeOptions, disk: Disk["Service"], clock: Clock.Clock, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const { log, listener, nodeId, directoryId, clusterId, endpoints, settings, bootstrap, peers, autoJoin } = options
    const stored = yield* QuorumStateFile.read(disk, log.directory)
    const { snapshot, view } = yield* MetadataLog.load(disk, log, options.voters, clock.currentTimeMillisUnsafe())
    if (snapshot !== undefined) listener.snapshot(snapshot)
    const toldOffset = snapshot?.endOffset ?? 0
    const hand: Perform.Hand = { log, listener, clusterId, peers, disk, clock, scope, toldOffset }
    const seed = Math.floor(options.random() * seedRange)
    const self = { id: nodeId, directoryId, clusterId, endpoints, settings, bootstrap, seed, autoJoin }
    const initial = start({ self, log: view, stored, highWatermark: toldOffset }, monotonicMsOf(clock))
    return { hand, initial }
  })

/** Loads snapshot and vote, then takes part in the quorum until the scope ends. */
export const make = (options: RaftNodeOptions): Effect.Effect<RaftNode, DiskError | CorruptLog, Disk | Scope.Scope> =>
  Effect.gen(function* () {
    const disk = yield* Disk
    const clock = yield* Clock.Clock
    const { hand, initial } = yield* prepare(options, disk, clock, yield* Effect.scope)
    const fatal = <A>(effect: Effect.Effect<A, DiskError | CorruptLog>) =>
      Effect.orDie(Effect.tapCause(effect, options.onFatal))
    const actor = yield* spawn<RaftState, Message, Out, never>({
      machine,
      timeOf: monotonicMsOf,
      initial,
      mailboxCapacity: raftMailboxCapacity,
      wake: { _tag: "Wake" },
      isSlow: Perform.isSlow,
      perform: (effects, self) => fatal(Perform.perform(hand, effects, self.tell)),
      performSlow: (effect) => fatal(Perform.performSlow(hand, effect)),
      onDefect: (cause) => Effect.logError("the raft node has stopped", cause)
    })
    const { state } = actor
    const handle = makeHandle(actor)
    return {
      state,
      log: options.log,
      append: makeAppend(actor),
      storeSnapshot: makeStoreSnapshot(hand, actor),
      retain: makeRetain(hand, actor),
      handle,
      leader: () => leaderOf(state()),
      voters: () => votersOf(state()),
      kraftVersion: () => LogView.latestVoters(state().log).kraftVersion,
      describe: () => describe(state(), monotonicMsOf(clock), clock.currentTimeMillisUnsafe()),
      ...makeChanges(options, state, handle),
      resign: Effect.suspend(() => {
        const reply = new Reply<void>()
        const told = actor.tell({ _tag: "Resign", done: () => reply.complete(undefined) })
        return told ? reply.await : Effect.void
      })
    }
  })
