/**
 * The leader role of a partition: assigns offsets, keeps producers in sequence, moves the high watermark, and decides when
 * an append may be acknowledged.
 *
 * Invariants: `logEndOffset <= nextOffset` (what is decided is written in order); `highWatermark <= logEndOffset`;
 * `waiting` is ordered by `endOffset`; at most one sync is under way, and it covers only what was written before it began.
 * Rules: Kafka's Partition and UnifiedLog; KIP-966 for the strict minimum of in-sync replicas.
 */
import { none } from "@klamm/actor"
import * as ProducerState from "@klamm/log/ProducerState"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type {
  AppendRequest,
  AppendResult,
  AppendTicket,
  DeleteRecordsRequest,
  LeaderAssignment,
  Message,
  Out,
  PartitionSettings
} from "./Partition.ts"

/** An acks=all append that is in the log and not yet acknowledged. */
export interface Waiting {
  readonly endOffset: number
  readonly deadline: number
  readonly ticket: AppendTicket
  readonly result: AppendResult
}

export interface Leader {
  readonly _tag: "Leader"
  readonly assignment: LeaderAssignment
  readonly leaderEpoch: number
  readonly settings: PartitionSettings
  readonly logStartOffset: number
  /** The offset the next batch gets. */
  readonly nextOffset: number
  /** End of what is written. */
  readonly logEndOffset: number
  readonly highWatermark: number
  /** Everything below is on the disk. */
  readonly syncedOffset: number
  readonly syncing: boolean
  /** When the oldest un-synced record was written; Infinity when all is synced. */
  readonly unsyncedSince: number
  readonly producers: ProducerState.ProducerState
  /** Answers for acks 0 and 1, due when what has been decided is written. */
  readonly unwritten: ReadonlyArray<Waiting>
  readonly waiting: ReadonlyArray<Waiting>
  readonly deletions: ReadonlyArray<DeleteRecordsRequest>
}

export type Step = readonly [Leader, ReadonlyArray<Out>]

/** The leader as it begins on an opened log: everything recovered counts as committed only once the ISR allows it. */
export const start = (options: {
  readonly assignment: LeaderAssignment
  readonly settings: PartitionSettings
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly highWatermark: number
  readonly syncedOffset: number
  readonly producers: ProducerState.ProducerState
}): Leader =>
  advance({
    _tag: "Leader",
    assignment: options.assignment,
    leaderEpoch: options.assignment.leaderEpoch,
    settings: options.settings,
    logStartOffset: options.logStartOffset,
    nextOffset: options.logEndOffset,
    logEndOffset: options.logEndOffset,
    highWatermark: Math.max(options.highWatermark, options.logStartOffset),
    syncedOffset: options.syncedOffset,
    syncing: false,
    unsyncedSince: Number.POSITIVE_INFINITY,
    producers: options.producers,
    unwritten: none,
    waiting: none,
    deletions: none
  })

/** The minimum that acks=all asks for: never more than there are replicas (KIP-966). */
const requiredInsync = (state: Leader): number =>
  Math.min(state.settings.minInsyncReplicas, state.assignment.replicas.length)

/** Moves the high watermark to what every in-sync replica has: with the leader alone in the ISR, its own log end. */
const advance = (state: Leader): Leader => {
  const alone = state.assignment.isr.length <= 1
  if (!alone || state.assignment.isr.length < requiredInsync(state)) return state
  return state.logEndOffset > state.highWatermark ? { ...state, highWatermark: state.logEndOffset } : state
}

/** The earliest offset a read_committed reader may not pass: the first open transaction's start, else the watermark. */
export const lastStableOffset = (state: Leader): number => {
  const unstable = ProducerState.firstUnstableOffset(state.producers)
  return unstable === undefined ? state.highWatermark : Math.min(unstable, state.highWatermark)
}

const needsSync = (state: Leader, now: number): boolean => {
  if (state.syncing || state.syncedOffset >= state.logEndOffset) return false
  const { settings } = state
  if (settings.syncBeforeAck && state.waiting.length > 0) return true
  if (state.logEndOffset - state.syncedOffset >= settings.flushMessages) return true
  return now >= state.unsyncedSince + settings.flushMs
}

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
  if (needsSync(next, now)) {
    out.push({ _tag: "Sync" })
    next = { ...next, syncing: true }
  }
  return [next, out]
}

/** KIP-966: an append that lands while the ISR is short is answered so, although the record stays in the log. */
const acknowledge = (state: Leader, result: AppendResult): AppendResult =>
  state.assignment.isr.length < requiredInsync(state)
    ? { ...result, errorCode: ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND }
    : result

const failed = (request: AppendRequest, errorCode: number, logStartOffset: number): ReadonlyArray<Out> => [
  { _tag: "Release", ticket: request.ticket },
  {
    _tag: "Complete",
    ticket: request.ticket,
    result: { errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset }
  }
]

const append = (state: Leader, request: AppendRequest, now: number): Step => {
  if (request.acks === -1 && state.assignment.isr.length < requiredInsync(state)) {
    return [state, failed(request, ErrorCode.NOT_ENOUGH_REPLICAS, -1)]
  }
  const baseOffset = state.nextOffset
  const endOffset = baseOffset + request.count
  let producers = state.producers
  if (request.producer !== undefined) {
    const verdict = ProducerState.check(producers, request.producer)
    if (verdict._tag === "Refused") return [state, failed(request, verdict.errorCode, state.logStartOffset)]
    if (verdict._tag === "Duplicate") return duplicate(state, request, verdict, now)
    const timestamp = state.settings.logAppendTime ? now : request.maxTimestamp
    producers = ProducerState.append(producers, request.producer, baseOffset, endOffset - 1, timestamp)
  }
  const logAppendTimeMs = state.settings.logAppendTime ? now : -1
  const waiting: Waiting = {
    endOffset,
    deadline: request.deadline,
    ticket: request.ticket,
    result: { errorCode: ErrorCode.NONE, baseOffset, logAppendTimeMs, logStartOffset: state.logStartOffset }
  }
  const entry = { request, baseOffset, logAppendTimeMs, producersBefore: state.producers }
  const next: Leader = { ...state, producers, nextOffset: endOffset }
  const out: ReadonlyArray<Out> = [{ _tag: "Write", entry, leaderEpoch: state.leaderEpoch }]
  return request.acks === -1
    ? [{ ...next, waiting: [...state.waiting, waiting] }, out]
    : [{ ...next, unwritten: [...state.unwritten, waiting] }, out]
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

const written = (state: Leader, logEndOffset: number, now: number): Step => {
  const out: Array<Out> = []
  for (const waiting of state.unwritten) {
    out.push({ _tag: "Complete", ticket: waiting.ticket, result: waiting.result })
  }
  const unsyncedSince = state.unsyncedSince === Number.POSITIVE_INFINITY ? now : state.unsyncedSince
  const moved = advance({ ...state, logEndOffset, unsyncedSince, unwritten: none })
  const [next] = settle(moved, out, now)
  out.push({ _tag: "Advanced" })
  return [next, out]
}

const synced = (state: Leader, offset: number, now: number): Step => {
  const syncedOffset = Math.max(state.syncedOffset, offset)
  const unsyncedSince = syncedOffset >= state.logEndOffset ? Number.POSITIVE_INFINITY : now
  return settle({ ...state, syncing: false, syncedOffset, unsyncedSince }, [], now)
}

/**
 * Waiting appends whose time is up are answered REQUEST_TIMED_OUT; their records stay (behaviour 054). The time is that of
 * replication: what only waits for this broker's sync is answered when that is over, as Kafka does under flush.messages=1.
 */
const expire = (state: Leader, now: number): Step => {
  const out: Array<Out> = []
  const kept: Array<Waiting> = []
  for (const waiting of state.waiting) {
    if (waiting.deadline > now || waiting.endOffset <= state.highWatermark) kept.push(waiting)
    else {
      const result = { ...waiting.result, errorCode: ErrorCode.REQUEST_TIMED_OUT, baseOffset: -1 }
      out.push({ _tag: "Complete", ticket: waiting.ticket, result })
    }
  }
  return settle(out.length === 0 ? state : { ...state, waiting: kept }, out, now)
}

/** KIP-107: the log start moves up to `offset`, never above the high watermark. */
const deleteRecords = (state: Leader, request: DeleteRecordsRequest): Step => {
  const offset = request.offset === -1 ? state.highWatermark : request.offset
  if (offset < 0 || offset > state.highWatermark) {
    const errorCode = ErrorCode.OFFSET_OUT_OF_RANGE
    return [state, [{ _tag: "RecordsDeleted", request, errorCode, lowWatermark: -1 }]]
  }
  if (offset <= state.logStartOffset) {
    const lowWatermark = state.logStartOffset
    return [state, [{ _tag: "RecordsDeleted", request, errorCode: ErrorCode.NONE, lowWatermark }]]
  }
  return [{ ...state, deletions: [...state.deletions, request] }, [{ _tag: "MoveLogStart", offset }]]
}

const logStartMoved = (state: Leader, logStartOffset: number): Step => {
  const out: Array<Out> = state.deletions.map((request) => ({
    _tag: "RecordsDeleted",
    request,
    errorCode: ErrorCode.NONE,
    lowWatermark: logStartOffset
  }))
  out.push({ _tag: "Advanced" })
  const producers = ProducerState.removeBelow(state.producers, logStartOffset)
  return [{ ...state, logStartOffset, producers, deletions: none }, out]
}

const lead = (state: Leader, assignment: LeaderAssignment, now: number): Step => {
  const { leaderEpoch } = assignment
  const out: Array<Out> = []
  if (leaderEpoch > state.leaderEpoch) out.push({ _tag: "StartEpoch", leaderEpoch, startOffset: state.nextOffset })
  const [next] = settle(advance({ ...state, assignment, leaderEpoch }), out, now)
  out.push({ _tag: "Advanced" })
  return [next, out]
}

export const wakeAt = (state: Leader): number => {
  let at = Number.POSITIVE_INFINITY
  if (!state.syncing && state.syncedOffset < state.logEndOffset) at = state.unsyncedSince + state.settings.flushMs
  for (const waiting of state.waiting) {
    if (waiting.endOffset > state.highWatermark) at = Math.min(at, waiting.deadline)
  }
  return at
}

/** The messages a leader takes; a disk error and a resignation change the role and are `Partition.ts`'s. */
export const step = (state: Leader, message: Message, now: number): Step => {
  switch (message._tag) {
    case "Append":
      return append(state, message.request, now)
    case "Written":
      return written(state, message.logEndOffset, now)
    case "Synced":
      return synced(state, message.offset, now)
    case "DeleteRecords":
      return deleteRecords(state, message.request)
    case "LogStartMoved":
      return logStartMoved(state, message.logStartOffset)
    case "Lead":
      return lead(state, message.assignment, now)
    case "Configured":
      return settle(advance({ ...state, settings: message.settings }), [], now)
    case "Retain":
      return [state, [{ _tag: "DeleteOldSegments", highWatermark: state.highWatermark }]]
    case "ExpireProducers":
      return [{ ...state, producers: ProducerState.expire(state.producers, message.olderThanMs) }, none]
    case "Wake":
      return expire(state, now)
    default:
      return [state, none]
  }
}
