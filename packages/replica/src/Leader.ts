/**
 * The leader role of a partition: assigns offsets, keeps producers in sequence, moves the high watermark as the in-sync replicas follow,
 * and decides when an append may be acknowledged.
 *
 * Invariants: `waiting` is ordered by `endOffset`; the high watermark passes only what every member of the maximal ISR has, and only
 * while the ISR is not below its minimum (KIP-966); nothing of an earlier epoch is told as committed before this one has reached its start.
 * Rules: Kafka's Partition and UnifiedLog. Neighbours: `Isr.ts` knows the followers, `LocalLog.ts` this replica's own log.
 */

import { none } from "@klamm/actor"
import * as ProducerState from "@klamm/log/ProducerState"
import { hasBug } from "@klamm/platform/Bugs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Isr from "./Isr.ts"
import { type LocalLog, logStartAt, needsSync, type OpenedLog, opened, raise, syncAt, synced } from "./LocalLog.ts"
import {
  type AppendRequest,
  type AppendResult,
  type AppendTicket,
  type DeleteRecordsRequest,
  type IsrOutcome,
  type LeaderAssignment,
  type Message,
  type Out,
  refuse,
  refuseFetched
} from "./Partition.ts"

/** An acks=all append that is in the log and not yet acknowledged. */
export interface Waiting {
  readonly endOffset: number
  readonly deadline: number
  readonly ticket: AppendTicket
  readonly result: AppendResult
}

/** A DeleteRecords whose replicas have not all followed yet. */
interface Deletion {
  readonly offset: number
  readonly request: DeleteRecordsRequest
}

export interface Leader extends LocalLog {
  readonly _tag: "Leader"
  readonly assignment: LeaderAssignment
  readonly leaderEpoch: number
  /** Where this leader's epoch began. */
  readonly epochStartOffset: number
  readonly followers: Isr.Followers
  /** Answers for acks 0 and 1, due when what has been decided is written. */
  readonly unwritten: ReadonlyArray<Waiting>
  readonly waiting: ReadonlyArray<Waiting>
  readonly deletions: ReadonlyArray<Deletion>
}

export type Step = readonly [Leader, ReadonlyArray<Out>]

const make = (log: LocalLog, assignment: LeaderAssignment, now: number): Leader => ({
  ...log,
  _tag: "Leader",
  assignment,
  leaderEpoch: assignment.leaderEpoch,
  epochStartOffset: log.nextOffset,
  followers: Isr.begin(assignment, log.nodeId, now),
  unwritten: none,
  waiting: none,
  deletions: none
})

/** The leader as it begins on an opened log: everything recovered counts as committed only once the ISR allows it. */
export const start = (log: OpenedLog, assignment: LeaderAssignment, now: number): Leader =>
  advance(make(opened(log), assignment, now), now)

/** Leads a log that has been followed: producers and watermark go on, the new epoch begins at its end. */
export const begin = (log: LocalLog, assignment: LeaderAssignment, now: number): Step => {
  const { leaderEpoch } = assignment
  const out: Array<Out> = [{ _tag: "StartEpoch", leaderEpoch, startOffset: log.nextOffset }]
  const known = hasBug("producers-not-inherited") ? { ...log, producers: ProducerState.empty } : log
  const [next] = settle(advance(make(known, assignment, now), now), out, now)
  out.push({ _tag: "Advanced" })
  return [next, out]
}

/** The minimum that acks=all asks for: never more than there are replicas (KIP-966). */
const requiredInsync = (state: Leader): number =>
  Math.min(state.settings.minInsyncReplicas, state.assignment.replicas.length)

const viewOf = ({ assignment, followers, eligible, logEndOffset, settings }: Leader): Isr.View => ({
  assignment,
  followers,
  eligible,
  leaderEnd: logEndOffset,
  lagTimeMaxMs: settings.lagTimeMaxMs
})

const isAlone = ({ followers }: Leader): boolean => followers.progress.length === 0

/** In sync means synced (decision 0004), of the leader too: it may follow another tomorrow, and is in sync as it begins to. */
const countsSynced = (state: Leader): boolean => state.settings.syncBeforeAck && !isAlone(state)

/** Moves the high watermark to what every in-sync replica has. */
const advance = (state: Leader, now: number): Leader => {
  if (state.assignment.isr.length < requiredInsync(state) && !hasBug("watermark-below-min-isr")) return state
  if (isAlone(state)) return raise(state, state.logEndOffset)
  const reached = Isr.watermark(viewOf(state), now)
  return raise(state, countsSynced(state) ? Math.min(reached, state.syncedOffset) : reached)
}

const isSyncDue = (state: Leader, now: number): boolean =>
  needsSync(state, state.waiting.length > 0 || countsSynced(state), now)

/** What has become true: acknowledge every waiting append it covers, then start the next sync if one is due. */
const settle = (state: Leader, out: Array<Out>, now: number): Step => {
  const reached = state.settings.syncBeforeAck ? Math.min(state.highWatermark, state.syncedOffset) : state.highWatermark
  let acknowledged = 0
  for (const waiting of state.waiting) {
    if (waiting.endOffset > reached) break
    out.push({ _tag: "Complete", ticket: waiting.ticket, result: acknowledge(state, waiting.result) })
    acknowledged += 1
  }
  let next = acknowledged === 0 ? state : { ...state, waiting: state.waiting.slice(acknowledged) }
  if (isSyncDue(next, now)) {
    out.push({ _tag: "Sync", truncations: next.truncations })
    next = { ...next, syncing: true }
  }
  return [next, out]
}

/** KIP-966: an append that lands while the ISR is short is answered so, although the record stays in the log. */
const acknowledge = (state: Leader, result: AppendResult): AppendResult =>
  state.assignment.isr.length < requiredInsync(state)
    ? { ...result, errorCode: ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND }
    : result

const append = (state: Leader, request: AppendRequest, now: number): Step => {
  if (request.acks === -1 && state.assignment.isr.length < requiredInsync(state)) {
    return [state, refuse(request, ErrorCode.NOT_ENOUGH_REPLICAS, state.logStartOffset)]
  }
  const baseOffset = state.nextOffset
  const endOffset = baseOffset + request.count
  let producers = state.producers
  if (request.producer !== undefined) {
    const verdict = ProducerState.check(producers, request.producer)
    if (verdict._tag === "Refused") return [state, refuse(request, verdict.errorCode, state.logStartOffset)]
    if (verdict._tag === "Duplicate") return duplicate(state, request, verdict, now)
    const timestamp = state.settings.logAppendTime ? request.appendTimeMs : request.maxTimestamp
    producers = ProducerState.append(producers, request.producer, baseOffset, endOffset - 1, timestamp)
  }
  const logAppendTimeMs = state.settings.logAppendTime ? request.appendTimeMs : -1
  const waiting: Waiting = {
    endOffset,
    deadline: request.deadline,
    ticket: request.ticket,
    result: { errorCode: ErrorCode.NONE, baseOffset, logAppendTimeMs, logStartOffset: state.logStartOffset }
  }
  const entry = { request, baseOffset, logAppendTimeMs, producersBefore: state.producers }
  const out: ReadonlyArray<Out> = [{ _tag: "Write", entry, leaderEpoch: state.leaderEpoch }]
  const next: Leader =
    request.acks === -1
      ? { ...state, producers, nextOffset: endOffset, waiting: [...state.waiting, waiting] }
      : { ...state, producers, nextOffset: endOffset, unwritten: [...state.unwritten, waiting] }
  return [next, out]
}

/** A batch already in the log (KIP-98): answered with its first offset and time, once those hold what acks promises. */
const duplicate = (
  state: Leader,
  request: AppendRequest,
  verdict: { readonly baseOffset: number; readonly lastOffset: number; readonly timestampMs: number },
  now: number
): Step => {
  const waiting: Waiting = {
    endOffset: verdict.lastOffset + 1,
    deadline: request.deadline,
    ticket: request.ticket,
    result: {
      errorCode: ErrorCode.NONE,
      baseOffset: verdict.baseOffset,
      // Told for CreateTime too: the batch is known by its time alone (Kafka's UnifiedLog.append).
      logAppendTimeMs: verdict.timestampMs,
      logStartOffset: state.logStartOffset
    }
  }
  const release: Out = { _tag: "Release", ticket: request.ticket }
  if (request.acks !== -1) {
    if (waiting.endOffset <= state.logEndOffset) {
      return [state, [release, { _tag: "Complete", ticket: request.ticket, result: waiting.result }]]
    }
    return [{ ...state, unwritten: [...state.unwritten, waiting] }, [release]]
  }
  const at = state.waiting.findIndex((other) => other.endOffset > waiting.endOffset)
  const place = at === -1 ? state.waiting.length : at
  const ordered = [...state.waiting.slice(0, place), waiting, ...state.waiting.slice(place)]
  return settle({ ...state, waiting: ordered }, [release], now)
}

/** The news of a step for those who wait: more to read, or only more to fetch for followers. */
const news = (before: Leader, after: Leader): Out =>
  after.highWatermark > before.highWatermark ? { _tag: "Advanced" } : { _tag: "LogEndMoved" }

const written = (state: Leader, logEndOffset: number, now: number): Step => {
  const out: Array<Out> = []
  for (const waiting of state.unwritten) {
    out.push({ _tag: "Complete", ticket: waiting.ticket, result: waiting.result })
  }
  const unsyncedSince = state.unsyncedSince === Number.POSITIVE_INFINITY ? now : state.unsyncedSince
  const moved = advance({ ...state, logEndOffset, unsyncedSince, unwritten: none }, now)
  const [next] = settle(moved, out, now)
  out.push(news(state, next))
  return [next, out]
}

/**
 * Waiting appends whose time is up are answered REQUEST_TIMED_OUT; their records stay (behaviour 054). The time is that of
 * replication: what only waits for this broker's sync is answered when that is over, as Kafka does under flush.messages=1.
 */
const expire = (state: Leader, now: number): Step => {
  const out: Array<Out> = []
  const waiting = state.waiting.filter(({ deadline, endOffset, ticket, result }) => {
    if (deadline > now || endOffset <= state.highWatermark) return true
    const timedOut = { ...result, errorCode: ErrorCode.REQUEST_TIMED_OUT, baseOffset: -1 }
    out.push({ _tag: "Complete", ticket, result: timedOut })
    return false
  })
  const deletions = state.deletions.filter(({ request }) => {
    if (request.deadline > now) return true
    out.push({ _tag: "RecordsDeleted", request, errorCode: ErrorCode.REQUEST_TIMED_OUT, lowWatermark: -1 })
    return false
  })
  return settle(out.length === 0 ? state : { ...state, waiting, deletions }, out, now)
}

/** KIP-107: the log start moves up to `offset`, never above the high watermark. */
const deleteRecords = (state: Leader, request: DeleteRecordsRequest): Step => {
  const offset = request.offset === -1 ? state.highWatermark : request.offset
  if (offset < 0 || offset > state.highWatermark) {
    const errorCode = ErrorCode.OFFSET_OUT_OF_RANGE
    return [state, [{ _tag: "RecordsDeleted", request, errorCode, lowWatermark: -1 }]]
  }
  const next = { ...state, deletions: [...state.deletions, { offset, request }] }
  return offset <= state.logStartOffset ? answerDeletions(next, []) : [next, [{ _tag: "MoveLogStart", offset }]]
}

/** Deletions are answered once every replica that is alive has followed (behaviour 105). */
const answerDeletions = (state: Leader, out: Array<Out>): Step => {
  if (state.deletions.length === 0) return [state, out]
  const lowWatermark = Isr.lowWatermark(viewOf(state), state.logStartOffset)
  const deletions = state.deletions.filter(({ offset, request }) => {
    if (offset > lowWatermark) return true
    out.push({ _tag: "RecordsDeleted", request, errorCode: ErrorCode.NONE, lowWatermark })
    return false
  })
  return [{ ...state, deletions }, out]
}

const logStartMoved = (state: Leader, logStartOffset: number): Step => {
  const [next, out] = answerDeletions(logStartAt(state, logStartOffset), [])
  return [next, [...out, { _tag: "Advanced" }]]
}

/** The same leader again, under newer metadata: what the answer to an AlterIsr has told already is older. */
export const lead = (state: Leader, assignment: LeaderAssignment, now: number): Step => {
  const { leaderEpoch } = assignment
  if (leaderEpoch > state.leaderEpoch) {
    const { waiting, unwritten, deletions } = state
    const [next, out] = begin(state, assignment, now)
    return settle({ ...next, waiting, unwritten, deletions }, [...out], now)
  }
  if (assignment.partitionEpoch < state.assignment.partitionEpoch) return [state, none]
  const followers =
    assignment.partitionEpoch === state.assignment.partitionEpoch
      ? state.followers
      : Isr.reassigned(state.followers, assignment, state.nodeId, now)
  const [next, out] = settle(advance({ ...state, assignment, followers }, now), [], now)
  return [next, [...out, { _tag: "Advanced" }]]
}

const askFor = (state: Leader, isr: ReadonlyArray<number>, out: Array<Out>): Leader => {
  const { leaderEpoch, assignment } = state
  const { partitionEpoch } = assignment
  const change = { leaderEpoch, partitionEpoch, isr: Isr.withEpochs(viewOf(state), isr) }
  out.push({ _tag: "AlterIsr", change })
  return { ...state, followers: { ...state.followers, pending: { partitionEpoch, isr } } }
}

const followerFetched = (state: Leader, fetch: Isr.FollowerFetch, now: number): Step => {
  const followers = Isr.fetched(viewOf(state), fetch)
  if (followers === state.followers) return [state, none]
  const out: Array<Out> = []
  const told: Leader = { ...state, followers }
  const grown = Isr.expansion(viewOf(told), fetch.replicaId, told, now)
  const [answered] = answerDeletions(grown === undefined ? told : askFor(told, grown, out), out)
  const [next] = settle(advance(answered, now), out, now)
  if (next.highWatermark > state.highWatermark) out.push({ _tag: "Advanced" })
  return [next, out]
}

/** The outcome of the change under way; of one that was overtaken it is of no interest. */
const isrAltered = (state: Leader, partitionEpoch: number, outcome: IsrOutcome, now: number): Step => {
  const { followers, assignment } = state
  if (followers.pending?.partitionEpoch !== partitionEpoch || outcome._tag === "Overtaken") return [state, none]
  const over: Isr.Followers = { ...followers, pending: undefined }
  const next: Leader =
    outcome._tag === "Committed"
      ? {
          ...state,
          followers: over,
          assignment: { ...assignment, isr: outcome.isr, partitionEpoch: outcome.partitionEpoch }
        }
      : { ...state, followers: { ...over, quietUntilMs: now + Isr.refusalBackoffMs } }
  const [settled, out] = settle(advance(next, now), [], now)
  return [settled, settled.highWatermark > state.highWatermark ? [...out, { _tag: "Advanced" }] : out]
}

/** The watermark may have waited for this replica alone. */
const ownSynced = (state: Leader, sync: Parameters<typeof synced>[1], now: number): Step => {
  const moved = advance(synced(state, sync, now), now)
  const [settled, out] = settle(moved, [], now)
  return [settled, moved.highWatermark > state.highWatermark ? [...out, { _tag: "Advanced" }] : out]
}

/** Whoever lags for too long leaves the ISR; what may then be committed is, when the controller has agreed. */
const reduce = (state: Leader, now: number): Step => {
  const isr = Isr.reduction(viewOf(state), now)
  if (isr === undefined) return [state, none]
  const out: Array<Out> = []
  return [askFor(state, isr, out), out]
}

const wake = (state: Leader, now: number): Step => {
  const [expired, answers] = expire(state, now)
  const [next, changes] = reduce(expired, now)
  const moved = advance(next, now)
  const [settled, out] = settle(moved, [...answers, ...changes], now)
  return [settled, moved.highWatermark > state.highWatermark ? [...out, { _tag: "Advanced" }] : out]
}

/** Everything that waits is answered with the error code. */
export const abandon = (state: Leader, errorCode: number): ReadonlyArray<Out> => {
  const result: AppendResult = { errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }
  const appends = [...state.unwritten, ...state.waiting]
  return [
    ...appends.map(({ ticket }): Out => ({ _tag: "Complete", ticket, result })),
    ...state.deletions.map(({ request }): Out => ({ _tag: "RecordsDeleted", request, errorCode, lowWatermark: -1 }))
  ]
}

export const wakeAt = (state: Leader): number => {
  let at = isSyncDue(state, Number.NEGATIVE_INFINITY) ? Number.NEGATIVE_INFINITY : syncAt(state)
  for (const waiting of state.waiting) {
    if (waiting.endOffset > state.highWatermark) at = Math.min(at, waiting.deadline)
  }
  for (const { request } of state.deletions) at = Math.min(at, request.deadline)
  return isAlone(state) ? at : Math.min(at, Isr.reduceAt(viewOf(state)))
}

/** The messages a leader takes; a disk error and changes of role are `Partition.ts`'s. */
export const step = (state: Leader, message: Message, now: number): Step => {
  switch (message._tag) {
    case "Append":
      return append(state, message.request, now)
    case "Written":
      return written(state, message.logEndOffset, now)
    case "Synced":
      return ownSynced(state, message, now)
    case "FollowerFetched":
      return message.leaderEpoch === state.leaderEpoch ? followerFetched(state, message.fetch, now) : [state, none]
    case "IsrAltered":
      if (message.leaderEpoch !== state.leaderEpoch) return [state, none]
      return isrAltered(state, message.partitionEpoch, message.outcome, now)
    case "DeleteRecords":
      return deleteRecords(state, message.request)
    case "LogStartMoved":
      return logStartMoved(state, message.logStartOffset)
    case "Delivered":
      return [state, refuseFetched(message.delivery.ticket, message.delivery.batches.length > 0)]
    case "Truncate":
      return [state, refuseFetched(message.truncation.ticket, false)]
    case "Brokers":
      return wake({ ...state, eligible: message.eligible }, now)
    case "Configured":
      return settle(advance({ ...state, settings: message.settings }, now), [], now)
    case "Retain":
      return [state, [{ _tag: "DeleteOldSegments", highWatermark: state.highWatermark }]]
    case "ExpireProducers":
      return [{ ...state, producers: ProducerState.expire(state.producers, message.olderThanMs) }, none]
    case "Wake":
      return wake(state, now)
    default:
      return [state, none]
  }
}
