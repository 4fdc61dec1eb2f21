/**
 * The follower role of a partition: takes in what its fetch loop brings from the leader, and cuts its log where the leader's history
 * leaves it.
 *
 * Invariants: batches are appended as the leader has them, from the log end on, each once; the log is cut only by leader epoch (KIP-101,
 * KIP-279), while which nothing else happens; only the present leader's epoch is listened to; a delivery counts as taken once it is as
 * durable as a fetch offset promises (synced, under klamm.acks.all.sync). Producers follow the log, so that this replica can lead.
 * Neighbours: `Fetcher.ts` brings deliveries, `Partition.ts` changes roles.
 */

import { none } from "@klamm/actor"
import * as EpochCache from "@klamm/log/EpochCache"
import * as ProducerState from "@klamm/log/ProducerState"
import { hasBug } from "@klamm/platform/Bugs"
import { mark } from "@klamm/platform/Invariant"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { type LocalLog, logStartAt, needsSync, type OpenedLog, opened, raise, syncAt, synced } from "./LocalLog.ts"
import {
  type Delivery,
  type FetchTicket,
  type Follow,
  type LeaderAssignment,
  type Message,
  type Out,
  refuse,
  refuseFetched,
  type Truncation
} from "./Partition.ts"
import { entriesOf } from "./ReplicaRecords.ts"

/** A delivery that is decided and not yet as durable as it has to be. */
interface Untaken {
  readonly endOffset: number
  readonly ticket: FetchTicket
}

export interface Follower extends LocalLog {
  readonly _tag: "Follower"
  /** -1 while there is none. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly assignment: LeaderAssignment
  /** What the leader was last heard to have, as far as it concerns this log: it bounds the high watermark here. */
  readonly leaderHighWatermark: number
  readonly leaderLogStart: number
  readonly untaken: ReadonlyArray<Untaken>
  /** The truncation under way, and who waits for it. */
  readonly truncating: { readonly ticket: FetchTicket | undefined } | undefined
  /** What came during it. */
  readonly deferred: ReadonlyArray<Message>
}

type Step = readonly [Follower, ReadonlyArray<Out>]

const make = (log: LocalLog, { leaderId, assignment }: Omit<Follow, "_tag">): Follower => ({
  ...log,
  _tag: "Follower",
  leaderId,
  leaderEpoch: assignment.leaderEpoch,
  assignment,
  leaderHighWatermark: -1,
  leaderLogStart: -1,
  untaken: none,
  truncating: undefined,
  deferred: none
})

/** The follower as it begins on an opened log. */
export const start = (log: OpenedLog, follow: Omit<Follow, "_tag">): Follower => make(opened(log), follow)

/** Becomes a follower on a log that has been led. An epoch in which nothing was written must not look like history. */
export const begin = (log: LocalLog, follow: Follow): readonly [Follower, ReadonlyArray<Out>] =>
  entered(make(log, follow), [{ _tag: "TrimEpochs" }, { _tag: "Advanced" }])

/** Another leader, or news of the same one. What the old leader's deliveries wait for is nobody's business any more. */
export const follow = (state: Follower, message: Follow): Step => {
  const { leaderId, assignment } = message
  if (assignment.leaderEpoch === state.leaderEpoch) {
    const isOlder = assignment.partitionEpoch < state.assignment.partitionEpoch
    return [isOlder ? state : { ...state, leaderId, assignment }, none]
  }
  return entered(make(state, message), [...abandon(state), { _tag: "Advanced" }])
}

/** As a follower of a new leader begins. It cuts nothing before that leader's history says where (KIP-101). */
const entered = (state: Follower, out: ReadonlyArray<Out>): Step => {
  if (!hasBug("truncation-by-watermark")) return [state, out]
  const [next, more] = cut(state, state.highWatermark, false, undefined)
  return [next, [...out, ...more]]
}

/** Whoever waits for a delivery or a truncation is told that it comes to nothing. What has been decided is written all the same. */
export const abandon = (state: Follower): ReadonlyArray<Out> => {
  const waiting = state.untaken.map(({ ticket }) => ticket)
  if (state.truncating?.ticket !== undefined) waiting.push(state.truncating.ticket)
  return waiting.map((ticket): Out => ({ _tag: "FetchDone", ticket, outcome: "Refused" }))
}

/** Whether a fetch offset promises that what is below it is synced. */
const promisesSynced = ({ settings }: Follower): boolean =>
  settings.syncBeforeAck && !hasBug("followers-count-unsynced")

/** The offset this replica fetches from: it has everything below, as durable as an acknowledgement needs. Undefined: not now. */
export const fetchOffset = (state: Follower): number | undefined => {
  if (state.truncating !== undefined || state.logEndOffset !== state.nextOffset) return undefined
  if (promisesSynced(state) && state.syncedOffset < state.logEndOffset) return undefined
  return state.logEndOffset
}

/**
 * Where to cut a log with this history, given where the leader's leaves it (KIP-279): an epoch that is not ours is answered with the end
 * of the one below it, and the next fetch narrows it down further.
 */
export const truncationOffset = (
  epochs: EpochCache.EpochCache,
  logEndOffset: number,
  diverging: { readonly epoch: number; readonly endOffset: number }
): number => {
  const own = EpochCache.endOffsetFor(epochs, diverging.epoch, logEndOffset)
  if (own.epoch === -1) return Math.min(diverging.endOffset, logEndOffset)
  if (own.epoch !== diverging.epoch) return Math.min(own.endOffset, logEndOffset)
  return Math.min(own.endOffset, diverging.endOffset, logEndOffset)
}

/** Moves the high watermark and the log start as the leader's allow, answers what is taken, and syncs what is not. */
const settle = (state: Follower, out: Array<Out>, now: number): Step => {
  const known = raise(state, Math.min(state.leaderHighWatermark, state.logEndOffset))
  const logStart = Math.min(known.leaderLogStart, known.highWatermark)
  if (logStart > known.logStartOffset) out.push({ _tag: "MoveLogStart", offset: logStart })
  const reached = promisesSynced(known) ? Math.min(known.logEndOffset, known.syncedOffset) : known.logEndOffset
  const untaken = known.untaken.filter(({ endOffset, ticket }) => {
    if (endOffset > reached) return true
    out.push({ _tag: "FetchDone", ticket, outcome: "Taken" })
    return false
  })
  const next = untaken.length === known.untaken.length ? known : { ...known, untaken }
  if (next.highWatermark > state.highWatermark) out.push({ _tag: "Advanced" })
  if (!needsSync(next, true, now)) return [next, out]
  out.push({ _tag: "Sync", truncations: next.truncations })
  return [{ ...next, syncing: true }, out]
}

/** A first batch that began before the log does: the leader's log start lies inside it (KIP-107). */
const beginsBefore = (state: Follower, first: Uint8Array): boolean =>
  state.logStartOffset === state.nextOffset &&
  RecordBatch.baseOffset(first, 0) < state.nextOffset &&
  RecordBatch.lastOffset(first, 0) >= state.nextOffset

const deliver = (state: Follower, delivery: Delivery, now: number): Step => {
  const { batches, ticket, leaderEpoch } = delivery
  const first = batches[0]
  if (leaderEpoch !== state.leaderEpoch) return [state, refuseFetched(ticket, first !== undefined)]
  const heard: Follower = {
    ...state,
    leaderHighWatermark: delivery.highWatermark,
    leaderLogStart: delivery.logStartOffset
  }
  if (first === undefined) {
    const [next, out] = settle(heard, [], now)
    return [next, [...out, { _tag: "FetchDone", ticket, outcome: "Taken" }]]
  }
  if (beginsBefore(state, first)) {
    // The leader gives nothing from before its log start, so what it gave now is taken in once the log begins with it.
    const [next, out] = cut(heard, RecordBatch.baseOffset(first, 0), true, undefined)
    return [{ ...next, deferred: [{ _tag: "Delivered", delivery }] }, out]
  }
  if (RecordBatch.baseOffset(first, 0) < state.nextOffset) {
    mark("replica/a delivery lies below the log end")
    return [state, refuseFetched(ticket, true)]
  }
  const { entries, producers } = entriesOf(state.producers, batches)
  const nextOffset = RecordBatch.lastOffset(batches[batches.length - 1]!, 0) + 1
  const untaken = [...state.untaken, { endOffset: nextOffset, ticket }]
  return [{ ...heard, nextOffset, producers, untaken }, [{ _tag: "Replicate", entries, ticket }]]
}

const cut = (state: Follower, offset: number, fully: boolean, ticket: FetchTicket | undefined): Step => [
  { ...state, truncating: { ticket } },
  [fully ? { _tag: "RestartAt", offset } : { _tag: "TruncateTo", offset, highWatermark: state.highWatermark }]
]

const truncate = (state: Follower, { leaderEpoch, offset, fully, ticket }: Truncation): Step =>
  leaderEpoch === state.leaderEpoch ? cut(state, offset, fully, ticket) : [state, refuseFetched(ticket, false)]

/** The log has been cut: everything here follows its end. */
export const truncated = (
  state: Follower,
  log: {
    readonly logStartOffset: number
    readonly logEndOffset: number
    readonly syncedOffset: number
    readonly producers: ProducerState.ProducerState
  },
  now: number
): Step => {
  const { truncating } = state
  const next: Follower = {
    ...state,
    logStartOffset: log.logStartOffset,
    nextOffset: log.logEndOffset,
    logEndOffset: log.logEndOffset,
    highWatermark: Math.max(Math.min(state.highWatermark, log.logEndOffset), log.logStartOffset),
    syncedOffset: log.syncedOffset,
    truncations: state.truncations + 1,
    producers: log.producers,
    truncating: undefined
  }
  const out: Array<Out> = []
  if (truncating?.ticket !== undefined) out.push({ _tag: "FetchDone", ticket: truncating.ticket, outcome: "Taken" })
  const [settled] = settle(next, out, now)
  out.push({ _tag: "Advanced" })
  return [settled, out]
}

const written = (state: Follower, logEndOffset: number, now: number): Step => {
  const unsyncedSince = state.unsyncedSince === Number.POSITIVE_INFINITY ? now : state.unsyncedSince
  return settle({ ...state, logEndOffset, unsyncedSince }, [], now)
}

/** What is un-synced is synced at once under klamm.acks.all.sync: the next fetch waits for it. */
export const wakeAt = (state: Follower): number =>
  needsSync(state, true, Number.NEGATIVE_INFINITY) ? Number.NEGATIVE_INFINITY : syncAt(state)

/** The messages a follower takes; changes of role are `Partition.ts`'s. */
export const step = (state: Follower, message: Message, now: number): Step => {
  switch (message._tag) {
    case "Append":
      return [state, refuse(message.request, ErrorCode.NOT_LEADER_OR_FOLLOWER)]
    case "DeleteRecords": {
      const errorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER
      return [state, [{ _tag: "RecordsDeleted", request: message.request, errorCode, lowWatermark: -1 }]]
    }
    case "Delivered":
      return deliver(state, message.delivery, now)
    case "Truncate":
      return truncate(state, message.truncation)
    case "Written":
      return written(state, message.logEndOffset, now)
    case "Synced":
      return settle(synced(state, message, now), [], now)
    case "LogStartMoved":
      return [logStartAt(state, message.logStartOffset), [{ _tag: "Advanced" }]]
    case "ExpireProducers":
      return [{ ...state, producers: ProducerState.expire(state.producers, message.olderThanMs) }, none]
    case "Brokers":
      return [{ ...state, eligible: message.eligible }, none]
    case "Configured":
      return settle({ ...state, settings: message.settings }, [], now)
    case "Retain":
      return [state, [{ _tag: "DeleteOldSegments", highWatermark: state.highWatermark }]]
    case "Wake":
      return settle(state, [], now)
    default:
      return [state, none]
  }
}
