/**
 * The partition machine: one replica of one partition, as its leader, as a follower, or offline. Pure: it decides what is appended at
 * which offset, when an append is acknowledged and when the disk has to sync; `PartitionActor.ts` performs what it decides.
 *
 * Invariants: offsets are assigned in arrival order and never twice; an acknowledgement is given only once what it promises
 * holds (written for acks 0 and 1; below the high watermark and, where asked for, synced for acks=all); the high watermark
 * never moves back but with a truncation, and never passes the log end. A change of role closes nothing: log, producers and
 * watermark go on in the next role. Roles live in their own files, `Leader.ts` and `Follower.ts`; the offline one is here.
 */
import type { Machine } from "@klamm/actor"
import { none } from "@klamm/actor"
import type { AppendEntry } from "@klamm/log"
import type * as ProducerState from "@klamm/log/ProducerState"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Follower from "./Follower.ts"
import type { EligibleBrokers, FollowerFetch } from "./Isr.ts"
import * as Leader from "./Leader.ts"
import { carriedOver, type LocalLog } from "./LocalLog.ts"
import type { LogMove } from "./LogPlace.ts"

/** The answer to one appended batch. `baseOffset` is -1 on errors; `logAppendTimeMs` is -1 under CreateTime. */
export interface AppendResult {
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
}

/** What the machine owes the one who asked for an append: its bytes back, and one answer. Called at most once each. */
export interface AppendTicket {
  /** The batch's memory is no longer needed. Called before or with `complete`. */
  readonly release: () => void
  readonly complete: (result: AppendResult) => void
}

/** One batch to append, with the header fields the decision needs, read once by the asker. */
export interface AppendRequest {
  readonly batch: Uint8Array
  readonly count: number
  readonly producer: ProducerState.BatchProducer | undefined
  /** The batch's largest timestamp, milliseconds. */
  readonly maxTimestamp: number
  /** The wall's time, which batches get under LogAppendTime. Everything else goes by the monotonic clock. */
  readonly appendTimeMs: number
  /** -1, 0 or 1 as in Produce. */
  readonly acks: number
  /** When an acks=all append that is not yet replicated is answered REQUEST_TIMED_OUT; milliseconds. */
  readonly deadline: number
  readonly ticket: AppendTicket
}

export interface DeleteRecordsRequest {
  /** -1 asks for the high watermark. */
  readonly offset: number
  /** When it is answered REQUEST_TIMED_OUT if replicas that are alive have not followed by then; milliseconds. */
  readonly deadline: number
  readonly complete: (result: { readonly errorCode: number; readonly lowWatermark: number }) => void
}

/** The settings of a partition that its decisions use; replaced as a whole when the topic's configs change. */
export interface PartitionSettings {
  readonly minInsyncReplicas: number
  /** An acks=all answer waits for a sync (klamm.acks.all.sync). */
  readonly syncBeforeAck: boolean
  readonly flushMessages: number
  readonly flushMs: number
  readonly logAppendTime: boolean
  /** replica.lag.time.max.ms. */
  readonly lagTimeMaxMs: number
}

/** What the metadata says of a partition, for those who host it. */
export interface LeaderAssignment {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly replicas: ReadonlyArray<number>
  /** The log directory of each replica, in the same order, as the metadata has it (KIP-858). */
  readonly directories: ReadonlyArray<string>
  readonly isr: ReadonlyArray<number>
}

/** One batch of a write: where it goes and what the log needs beside it. */
export interface WriteEntry {
  readonly request: AppendRequest
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  readonly producersBefore: ProducerState.ProducerState
}

/** What became of what a fetch brought: taken in and as durable as a fetch offset promises, or of no use to this replica now. */
export type FetchOutcome = "Taken" | "Refused"

/** What the machine owes the fetch loop: the memory back, once for every delivery with records, and one outcome. */
export interface FetchTicket {
  readonly release: () => void
  readonly complete: (outcome: FetchOutcome) => void
}

/** One partition's part of an answer to this replica's fetch: whole batches that were checked, perhaps none. */
export interface Delivery {
  readonly leaderEpoch: number
  readonly batches: ReadonlyArray<Uint8Array>
  /** The leader's. */
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly ticket: FetchTicket
}

/** The log is to be cut, because the leader's history leaves ours there. */
export interface Truncation {
  readonly leaderEpoch: number
  readonly offset: number
  /** Nothing is kept: the log begins and ends at `offset`. */
  readonly fully: boolean
  readonly ticket: FetchTicket
}

/** What came of an `AlterIsr`: committed, refused without having been tried, or overtaken by metadata that is on its way. */
export type IsrOutcome =
  | { readonly _tag: "Committed"; readonly isr: ReadonlyArray<number>; readonly partitionEpoch: number }
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Overtaken" }

/** A change of role; `done` is called once it has been performed. */
export interface Lead {
  readonly _tag: "Lead"
  readonly assignment: LeaderAssignment
  readonly done?: () => void
}
export interface Follow {
  readonly _tag: "Follow"
  /** -1 while there is none. */
  readonly leaderId: number
  readonly assignment: LeaderAssignment
  readonly done?: () => void
}

export type Message =
  | { readonly _tag: "Append"; readonly request: AppendRequest }
  | { readonly _tag: "Written"; readonly logEndOffset: number }
  | { readonly _tag: "Synced"; readonly offset: number; readonly truncations: number }
  | { readonly _tag: "DiskFailed" }
  | { readonly _tag: "DeleteRecords"; readonly request: DeleteRecordsRequest }
  | { readonly _tag: "LogStartMoved"; readonly logStartOffset: number }
  | Lead
  | Follow
  | { readonly _tag: "FollowerFetched"; readonly leaderEpoch: number; readonly fetch: FollowerFetch }
  | {
      readonly _tag: "IsrAltered"
      readonly leaderEpoch: number
      readonly partitionEpoch: number
      readonly outcome: IsrOutcome
    }
  | { readonly _tag: "Delivered"; readonly delivery: Delivery }
  | { readonly _tag: "Truncate"; readonly truncation: Truncation }
  | {
      readonly _tag: "Truncated"
      readonly logStartOffset: number
      readonly logEndOffset: number
      readonly syncedOffset: number
      readonly producers: ProducerState.ProducerState
    }
  /** Which brokers may be in an ISR, with their epochs. */
  | { readonly _tag: "Brokers"; readonly eligible: EligibleBrokers }
  | { readonly _tag: "Configured"; readonly settings: PartitionSettings }
  /** The log has been copied to another directory, and is to go on there. */
  | { readonly _tag: "MoveLog"; readonly move: LogMove }
  | { readonly _tag: "Retain" }
  | { readonly _tag: "ExpireProducers"; readonly olderThanMs: number }
  | { readonly _tag: "Resign"; readonly errorCode: number }
  | { readonly _tag: "Wake" }

/** A change of the ISR that the controller is asked for. */
export interface AlterIsr {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly isr: ReadonlyArray<{ readonly brokerId: number; readonly brokerEpoch: number }>
}

export type Out =
  | { readonly _tag: "Write"; readonly entry: WriteEntry; readonly leaderEpoch: number }
  /** Batches as the leader has them. */
  | { readonly _tag: "Replicate"; readonly entries: ReadonlyArray<AppendEntry>; readonly ticket: FetchTicket }
  | { readonly _tag: "TruncateTo"; readonly offset: number; readonly highWatermark: number }
  | { readonly _tag: "RestartAt"; readonly offset: number }
  | { readonly _tag: "Sync"; readonly truncations: number }
  | { readonly _tag: "StartEpoch"; readonly leaderEpoch: number; readonly startOffset: number }
  /** Epochs that begin at the log end have no record and never will. */
  | { readonly _tag: "TrimEpochs" }
  | { readonly _tag: "Release"; readonly ticket: { readonly release: () => void } }
  | { readonly _tag: "Complete"; readonly ticket: AppendTicket; readonly result: AppendResult }
  | { readonly _tag: "FetchDone"; readonly ticket: FetchTicket; readonly outcome: FetchOutcome }
  | { readonly _tag: "AlterIsr"; readonly change: AlterIsr }
  | { readonly _tag: "Done"; readonly done: () => void }
  | { readonly _tag: "MoveLogStart"; readonly offset: number }
  | { readonly _tag: "DeleteOldSegments"; readonly highWatermark: number }
  | { readonly _tag: "MoveLog"; readonly move: LogMove; readonly producers: ProducerState.ProducerState }
  | { readonly _tag: "RefuseMove"; readonly move: LogMove }
  | {
      readonly _tag: "RecordsDeleted"
      readonly request: DeleteRecordsRequest
      readonly errorCode: number
      readonly lowWatermark: number
    }
  /** The log is longer, and its followers may fetch: nobody else sees anything new yet. */
  | { readonly _tag: "LogEndMoved" }
  /** Readers may see more (or another leader): wake the long polls. */
  | { readonly _tag: "Advanced" }

export type Step = readonly [State, ReadonlyArray<Out>]

export interface Offline {
  readonly _tag: "Offline"
  readonly errorCode: number
  readonly highWatermark: number
  readonly logEndOffset: number
  readonly logStartOffset: number
  readonly leaderEpoch: number
  /** As of the log end: a snapshot of them goes with the log when it is closed. */
  readonly producers: ProducerState.ProducerState
}

export type State = Leader.Leader | Follower.Follower | Offline

/** The answer to an append that is not done. */
export const refuse = (request: AppendRequest, errorCode: number, logStartOffset = -1): ReadonlyArray<Out> => [
  { _tag: "Release", ticket: request.ticket },
  {
    _tag: "Complete",
    ticket: request.ticket,
    result: { errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset }
  }
]

/** The answer to a delivery or a truncation that comes to nothing. */
export const refuseFetched = (ticket: FetchTicket, hasRecords: boolean): ReadonlyArray<Out> => {
  const refused: Out = { _tag: "FetchDone", ticket, outcome: "Refused" }
  return hasRecords ? [{ _tag: "Release", ticket }, refused] : [refused]
}

const done = (message: Message): ReadonlyArray<Out> =>
  "done" in message && message.done !== undefined ? [{ _tag: "Done", done: message.done }] : none

const stepOffline = (state: Offline, message: Message): Step => {
  const { errorCode } = state
  switch (message._tag) {
    case "Append":
      return [state, refuse(message.request, errorCode)]
    case "DeleteRecords":
      return [state, [{ _tag: "RecordsDeleted", request: message.request, errorCode, lowWatermark: -1 }]]
    case "Delivered":
      return [state, refuseFetched(message.delivery.ticket, message.delivery.batches.length > 0)]
    case "Truncate":
      return [state, refuseFetched(message.truncation.ticket, false)]
    case "MoveLog":
      return [state, [{ _tag: "RefuseMove", move: message.move }]]
    default:
      return [state, done(message)]
  }
}

/** Answers everything that waits with `errorCode` and takes no more: after a disk error, a deletion or at the end. */
const goOffline = (state: Leader.Leader | Follower.Follower, errorCode: number): Step => {
  const { highWatermark, logEndOffset, logStartOffset, leaderEpoch, producers } = state
  const offline: Offline = {
    _tag: "Offline",
    errorCode,
    highWatermark,
    logEndOffset,
    logStartOffset,
    leaderEpoch,
    producers
  }
  const answers = state._tag === "Leader" ? Leader.abandon(state, errorCode) : Follower.abandon(state)
  const deferred = state._tag === "Leader" ? none : state.deferred.flatMap((each) => stepOffline(offline, each)[1])
  return [offline, [...answers, ...deferred, { _tag: "Advanced" }]]
}

/** Nothing that the machine knows of its log changes with the place of it. */
const moveLog = (state: Leader.Leader | Follower.Follower, move: LogMove): Step =>
  state.truncations === move.truncations
    ? [state, [{ _tag: "MoveLog", move, producers: state.producers }]]
    : [state, [{ _tag: "RefuseMove", move }]]

/** The leader's producers, log and watermark stay; whoever waited for a commitment asks the next leader. */
const resignTo = (state: Leader.Leader, message: Follow): Step => {
  const answers = Leader.abandon(state, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  const [next, out] = Follower.begin(carriedOver(state), message)
  return [next, [...answers, ...out]]
}

const changeRole = (state: Leader.Leader | Follower.Follower, message: Lead | Follow, now: number): Step => {
  if (message.assignment.leaderEpoch < state.leaderEpoch) return [state, none]
  if (message._tag === "Lead") {
    if (state._tag === "Leader") return Leader.lead(state, message.assignment, now)
    const [next, out] = Leader.begin(carriedOver(state), message.assignment, now)
    return [next, [...Follower.abandon(state), ...out]]
  }
  return state._tag === "Leader" ? resignTo(state, message) : Follower.follow(state, message)
}

const stepOnline = (state: Leader.Leader | Follower.Follower, message: Message, now: number): Step => {
  switch (message._tag) {
    case "DiskFailed":
      return goOffline(state, ErrorCode.KAFKA_STORAGE_ERROR)
    case "Resign":
      return goOffline(state, message.errorCode)
    case "Lead":
    case "Follow": {
      const [next, out] = changeRole(state, message, now)
      return [next, [...out, ...done(message)]]
    }
    case "MoveLog":
      return moveLog(state, message.move)
    default:
      return state._tag === "Leader" ? Leader.step(state, message, now) : Follower.step(state, message, now)
  }
}

/** While the log is being cut its end is not known: everything but the news of that waits, and is then taken in order. */
const stepTruncating = (state: Follower.Follower, message: Message, now: number): Step => {
  switch (message._tag) {
    case "Truncated": {
      const [cut, out] = Follower.truncated({ ...state, deferred: none }, message, now)
      let current: State = cut
      const all = [...out]
      for (const each of state.deferred) {
        const [next, effects] = step(current, each, now)
        current = next
        all.push(...effects)
      }
      return [current, all]
    }
    case "DiskFailed":
    case "Synced":
    case "Written":
      return stepOnline(state, message, now)
    default:
      return [{ ...state, deferred: [...state.deferred, message] }, none]
  }
}

const step = (state: State, message: Message, now: number): Step => {
  if (state._tag === "Offline") return stepOffline(state, message)
  if (state._tag === "Follower" && state.truncating !== undefined) return stepTruncating(state, message, now)
  return stepOnline(state, message, now)
}

export const machine: Machine<State, Message, Out> = {
  step,
  wakeAt: (state) => {
    if (state._tag === "Offline") return Number.POSITIVE_INFINITY
    return state._tag === "Leader" ? Leader.wakeAt(state) : Follower.wakeAt(state)
  }
}

export type { FollowerFetch, LocalLog }
