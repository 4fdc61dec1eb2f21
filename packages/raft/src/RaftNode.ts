/**
 * The actor of one node of the quorum: owns the metadata log, performs what the machine decides, and tells a listener what is
 * committed.
 *
 * Invariants: the listener is told a snapshot first, then every committed batch once, in order; `led` comes after all of the
 * epochs before. A disk error is final: a quorum node that can't trust its disk stops (KIP-595), told to `onFatal` once.
 */
import { type Actor, spawn } from "@klamm/actor"
import { Reply } from "@klamm/actor/Reply"
import type { Log } from "@klamm/log/Log"
import type { CorruptLog } from "@klamm/log/LogError"
import * as ProducerState from "@klamm/log/ProducerState"
import { Disk, type DiskError } from "@klamm/platform"
import { assert } from "@klamm/platform/Invariant"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Control from "./Control.ts"
import type { AppendAnswer, Message, Out } from "./Message.ts"
import { type CommittedBatch, loadSnapshot, readCommitted } from "./MetadataLog.ts"
import * as QuorumStateFile from "./QuorumStateFile.ts"
import { machine, type RaftState, start } from "./Raft.ts"
import * as Snapshots from "./Snapshots.ts"
import type { VoterSet } from "./VoterSet.ts"

/** Appends that may wait for the node. */
export const raftMailboxCapacity = 16_384

/** The largest batch the log takes (Kafka's MAX_BATCH_SIZE_BYTES). */
export const maxBatchBytes = 8 * 1024 * 1024

/** Told in order, by plain calls that must not wait. */
export interface RaftListener {
  readonly snapshot: (snapshot: Snapshots.Snapshot) => void
  readonly committed: (batch: CommittedBatch) => void
  readonly led: (epoch: number) => void
  readonly resigned: () => void
}

export interface RaftNodeOptions {
  readonly nodeId: number
  readonly voters: VoterSet
  /** Open, and nobody else's to write. The node syncs it; its opener closes it. */
  readonly log: Log
  readonly listener: RaftListener
  readonly onFatal: (cause: Cause.Cause<DiskError | CorruptLog>) => Effect.Effect<void>
}

export interface RaftNode {
  readonly state: () => RaftState
  readonly log: Log
  /** Appends one data batch of `count` records. Its offsets and epoch are put in place. */
  readonly append: (batch: Uint8Array, count: number) => Effect.Effect<AppendAnswer>
  /** Stores the snapshot, then forgets the log and the snapshots before it. */
  readonly storeSnapshot: (
    snapshot: Snapshots.Snapshot,
    lastContainedLogTimestamp: number
  ) => Effect.Effect<void, DiskError>
  /** Gives up the leadership for good, before a stop. */
  readonly resign: Effect.Effect<void>
}

/** What the performer knows beside the machine: how far the listener has been told. */
interface Hand {
  readonly options: RaftNodeOptions
  readonly disk: Disk["Service"]
  readonly clock: Clock.Clock
  toldOffset: number
}

const writeBatches = (hand: Hand, batches: ReadonlyArray<Uint8Array>) => {
  const { log } = hand.options
  const entries = batches.map((bytes) => ({ bytes, producersBefore: ProducerState.empty }))
  return Effect.map(
    log.append(entries, hand.clock.currentTimeMillisUnsafe()),
    (): ReadonlyArray<Message> => [{ _tag: "Written", logEndOffset: log.logEndOffset }]
  )
}

const stamped = (batch: Uint8Array, baseOffset: number, epoch: number): Uint8Array => {
  RecordBatch.setBaseOffset(batch, 0, baseOffset)
  RecordBatch.setPartitionLeaderEpoch(batch, 0, epoch)
  return batch
}

const batchOf = (hand: Hand, effect: Out): Uint8Array | undefined => {
  if (effect._tag === "Write") return stamped(effect.batch, effect.baseOffset, effect.epoch)
  if (effect._tag !== "WriteLeaderChange") return undefined
  const { voters, grantingVoters, baseOffset, epoch } = effect
  const now = hand.clock.currentTimeMillisUnsafe()
  return stamped(Control.leaderChange(hand.options.nodeId, voters, grantingVoters, now), baseOffset, epoch)
}

const tellCommitted = (hand: Hand, highWatermark: number) =>
  Effect.map(readCommitted(hand.options.log, hand.toldOffset, highWatermark, hand.options.listener.committed), () => {
    hand.toldOffset = highWatermark
  })

/** All writes of one pass go to the log as one; answers and news follow, in order. */
const perform = (hand: Hand, effects: ReadonlyArray<Out>) =>
  Effect.gen(function* () {
    const batches = effects.flatMap((effect) => batchOf(hand, effect) ?? [])
    const messages = batches.length === 0 ? [] : yield* writeBatches(hand, batches)
    for (const effect of effects) {
      if (effect._tag === "Answer") effect.entry.complete(effect.answer)
      else if (effect._tag === "Committed") yield* tellCommitted(hand, effect.highWatermark)
      else if (effect._tag === "Led") hand.options.listener.led(effect.epoch)
      else if (effect._tag === "Resigned") hand.options.listener.resigned()
    }
    return messages
  })

const performSlow = (hand: Hand, effect: Out): Effect.Effect<Message, DiskError> => {
  const { log, voters } = hand.options
  if (effect._tag !== "PersistElection") {
    return Effect.map(log.flush, (offset): Message => ({ _tag: "Synced", offset }))
  }
  const { election } = effect
  return Effect.as(QuorumStateFile.write(hand.disk, log.directory, election, voters), {
    _tag: "ElectionPersisted",
    election
  })
}

const makeAppend =
  (actor: Actor<RaftState, Message>) =>
  (batch: Uint8Array, count: number): Effect.Effect<AppendAnswer> =>
    Effect.suspend(() => {
      assert(batch.byteLength <= maxBatchBytes, "a decision fits into one batch of the metadata log")
      const reply = new Reply<AppendAnswer>()
      const complete = (answer: AppendAnswer) => reply.complete(answer)
      const told = actor.tell({ _tag: "Append", entry: { batch, count, complete } })
      return told ? reply.await : Effect.succeed<AppendAnswer>({ _tag: "NotLeader" })
    })

/** Loads snapshot and vote, then takes part in the quorum until the scope ends. */
export const make = (options: RaftNodeOptions): Effect.Effect<RaftNode, DiskError | CorruptLog, Disk | Scope.Scope> =>
  Effect.gen(function* () {
    const { log, listener, nodeId, voters } = options
    const disk = yield* Disk
    const clock = yield* Clock.Clock
    const election = yield* QuorumStateFile.read(disk, log.directory)
    const snapshot = yield* loadSnapshot(disk, log, clock.currentTimeMillisUnsafe())
    if (snapshot !== undefined) listener.snapshot(snapshot)
    const toldOffset = snapshot?.endOffset ?? 0
    const hand: Hand = { options, disk, clock, toldOffset }
    const fatal = <A>(effect: Effect.Effect<A, DiskError | CorruptLog>) =>
      Effect.orDie(Effect.tapCause(effect, options.onFatal))
    const actor = yield* spawn<RaftState, Message, Out, never>({
      machine,
      initial: start({ nodeId, voters, election, logEndOffset: log.logEndOffset, highWatermark: toldOffset }),
      mailboxCapacity: raftMailboxCapacity,
      wake: { _tag: "Wake" },
      isSlow: (effect) => effect._tag === "Sync" || effect._tag === "PersistElection",
      perform: (effects) => fatal(perform(hand, effects)),
      performSlow: (effect) => fatal(performSlow(hand, effect)),
      onDefect: (cause) => Effect.logError("the raft node has stopped", cause)
    })
    return {
      state: actor.state,
      log,
      append: makeAppend(actor),
      storeSnapshot: (taken, lastContainedLogTimestamp) =>
        Effect.gen(function* () {
          const now = clock.currentTimeMillisUnsafe()
          yield* Snapshots.write(disk, log.directory, taken, lastContainedLogTimestamp, now)
          yield* Snapshots.removeBefore(disk, log.directory, taken)
          yield* log.deleteRecordsBefore(taken.endOffset)
          yield* log.deleteOldSegments(now, taken.endOffset)
        }),
      resign: Effect.sync(() => {
        assert(actor.tell({ _tag: "Resign" }), "the raft node takes messages")
      })
    }
  })
