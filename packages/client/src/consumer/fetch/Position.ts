/**
 * Where reading a partition stands, as a machine: from the committed offset, or the reset policy, to a position that is known to
 * exist in the leader's log, and back when that is in doubt (KIP-320).
 *
 * Invariants: nothing is fetched in any state but `Ready`. A position moves only by what was consumed, sought, reset, or cut off by
 * truncation; it never moves silently: every jump is an effect. A new leader epoch is validated before the next fetch when the
 * epoch of what was read is known. Neighbours: `Positions.ts` asks the brokers what the machine needs; `Fetching.ts` fetches.
 */
import { ErrorCode, errorByCode } from "@klamm/protocol"

/** Where to begin when there is no position: auto.offset.reset; also so long ago, or at a time (ms since 1970). */
export type OffsetReset =
  | "earliest"
  | "latest"
  | "none"
  | { readonly byDurationMs: number }
  | { readonly timestamp: number }

/** A place in a log asked for by name; `Timestamp` is the first record of that time (ms since 1970) or later. */
export type Target =
  | { readonly _tag: "Earliest" }
  | { readonly _tag: "Latest" }
  | { readonly _tag: "Timestamp"; readonly timestamp: number }
  /** The first record not older than this when the leader is asked. */
  | { readonly _tag: "Ago"; readonly durationMs: number }

export type Need =
  /** The group's committed offset. */
  | { readonly _tag: "Committed" }
  | { readonly _tag: "Offset"; readonly target: Target }
  /** The leader's end offset for the epoch of what was read last. */
  | { readonly _tag: "Validation" }
  | { readonly _tag: "Ready" }
  /** It cannot go on without the application. */
  | { readonly _tag: "Failed" }

export interface PositionState {
  readonly need: Need
  readonly reset: OffsetReset
  readonly offset: number
  /** Of the record before the position; -1 when unknown. */
  readonly offsetEpoch: number
  readonly leaderId: number
  readonly leaderEpoch: number
  /** Where the leader says it is better read from (KIP-392). */
  readonly preferred: { readonly id: number; readonly until: number } | null
  readonly retryAt: number
  readonly failures: number
}

export type News =
  | { readonly _tag: "Leader"; readonly id: number; readonly epoch: number }
  | { readonly _tag: "Committed"; readonly offset: number; readonly epoch: number }
  | { readonly _tag: "NoneCommitted" }
  | { readonly _tag: "Found"; readonly offset: number; readonly epoch: number }
  /** The answer to a validation, or a diverging epoch in a Fetch answer: how far the epoch goes in the leader's log. */
  | { readonly _tag: "EpochEnd"; readonly epoch: number; readonly endOffset: number }
  | { readonly _tag: "Consumed"; readonly offset: number; readonly epoch: number }
  | { readonly _tag: "Preferred"; readonly id: number; readonly until: number }
  | { readonly _tag: "Refused"; readonly code: number; readonly from: number }
  /** No answer came. */
  | { readonly _tag: "Unanswered"; readonly from: number }
  | { readonly _tag: "Seek"; readonly offset: number; readonly epoch: number }
  | { readonly _tag: "SeekTo"; readonly target: Target }

export type PositionFault = "NoOffset" | "OutOfRange" | "Truncated" | "Refused"

export type PositionEffect =
  | { readonly _tag: "RefreshMetadata" }
  /** What was prefetched lies elsewhere than the position now does. */
  | { readonly _tag: "Moved" }
  | { readonly _tag: "Fail"; readonly fault: PositionFault; readonly code: number }

export type PositionStep = readonly [PositionState, ReadonlyArray<PositionEffect>]

export interface Backoff {
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
}

const unknownEpoch = -1
const noLeader = -1

export const initial = (need: Need, reset: OffsetReset): PositionState => ({
  need,
  reset,
  offset: -1,
  offsetEpoch: unknownEpoch,
  leaderId: noLeader,
  leaderEpoch: unknownEpoch,
  preferred: null,
  retryAt: 0,
  failures: 0
})

const moved: PositionEffect = { _tag: "Moved" }
const refresh: PositionEffect = { _tag: "RefreshMetadata" }

/** The place the policy names. */
const policyTarget = (reset: OffsetReset): Target | undefined => {
  if (reset === "earliest") return { _tag: "Earliest" }
  if (reset === "latest") return { _tag: "Latest" }
  if (reset === "none") return undefined
  return "timestamp" in reset
    ? { _tag: "Timestamp", timestamp: reset.timestamp }
    : { _tag: "Ago", durationMs: reset.byDurationMs }
}

const settled = { retryAt: 0, failures: 0 }

const resetOr = (state: PositionState, fault: PositionFault, code: number): PositionStep => {
  const target = policyTarget(state.reset)
  if (target !== undefined) return [{ ...state, ...settled, need: { _tag: "Offset", target } }, [moved]]
  return [{ ...state, need: { _tag: "Failed" } }, [{ _tag: "Fail", fault, code }]]
}

/** At this offset, whose epoch, when known, the leader is asked about before anything is fetched. */
const at = (state: PositionState, offset: number, epoch: number): PositionState => ({
  ...state,
  ...settled,
  need: epoch >= 0 ? { _tag: "Validation" } : { _tag: "Ready" },
  offset,
  offsetEpoch: epoch
})

const led = (state: PositionState, id: number, epoch: number): PositionStep => {
  if (epoch < state.leaderEpoch || (id === state.leaderId && epoch === state.leaderEpoch)) return [state, []]
  const isDoubtful = state.need._tag === "Ready" && state.offsetEpoch >= 0 && epoch > state.leaderEpoch
  const next = { ...state, leaderId: id, leaderEpoch: epoch, preferred: null, retryAt: 0 }
  return [isDoubtful ? { ...next, need: { _tag: "Validation" } } : next, []]
}

const epochEnd = (state: PositionState, epoch: number, endOffset: number): PositionStep => {
  const isReading = state.need._tag === "Validation" || state.need._tag === "Ready"
  if (!isReading) return [state, []]
  if (epoch < 0 || endOffset < 0) return resetOr(state, "Truncated", ErrorCode.OFFSET_OUT_OF_RANGE)
  if (endOffset >= state.offset) return [{ ...state, ...settled, need: { _tag: "Ready" } }, []]
  // The log was cut below the position: what was read from there on is gone, reading goes on where the logs agree.
  if (state.reset === "none") {
    const fault = { _tag: "Fail", fault: "Truncated", code: ErrorCode.OFFSET_OUT_OF_RANGE } as const
    return [{ ...state, need: { _tag: "Failed" } }, [fault]]
  }
  return [{ ...state, ...settled, need: { _tag: "Ready" }, offset: endOffset, offsetEpoch: epoch }, [moved]]
}

const fatal = new Set<number>([
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.INVALID_TOPIC_EXCEPTION,
  ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
])

const later = (state: PositionState, backoff: Backoff, now: number): PositionState => ({
  ...state,
  preferred: null,
  retryAt: now + Math.min(backoff.retryBackoffMs * 2 ** Math.min(state.failures, 20), backoff.retryBackoffMaxMs),
  failures: state.failures + 1
})

const refused = (state: PositionState, code: number, from: number, backoff: Backoff, now: number): PositionStep => {
  const isFollower = from !== state.leaderId && state.preferred?.id === from
  if (code === ErrorCode.OFFSET_OUT_OF_RANGE) {
    // A follower may lag: only the leader's word counts (KIP-392).
    if (isFollower) return [{ ...state, preferred: null }, []]
    return state.need._tag === "Ready" ? resetOr(state, "OutOfRange", code) : [state, []]
  }
  if (fatal.has(code)) return [{ ...state, need: { _tag: "Failed" } }, [{ _tag: "Fail", fault: "Refused", code }]]
  const isStale = errorByCode(code)?.retriable !== false || code === ErrorCode.UNKNOWN_SERVER_ERROR
  return [later(state, backoff, now), isStale ? [refresh] : []]
}

export const step = (state: PositionState, news: News, backoff: Backoff, now: number): PositionStep => {
  switch (news._tag) {
    case "Leader":
      return led(state, news.id, news.epoch)
    case "Committed":
      return state.need._tag === "Committed" ? [at(state, news.offset, news.epoch), []] : [state, []]
    case "NoneCommitted":
      return state.need._tag === "Committed" ? resetOr(state, "NoOffset", ErrorCode.NONE) : [state, []]
    case "Found":
      // The leader itself named the offset: there is nothing to validate.
      return state.need._tag === "Offset"
        ? [{ ...at(state, news.offset, unknownEpoch), offsetEpoch: news.epoch }, [moved]]
        : [state, []]
    case "EpochEnd":
      return epochEnd(state, news.epoch, news.endOffset)
    case "Consumed":
      return [{ ...state, ...settled, offset: news.offset, offsetEpoch: news.epoch }, []]
    case "Preferred":
      return [{ ...state, preferred: { id: news.id, until: news.until } }, []]
    case "Refused":
      return refused(state, news.code, news.from, backoff, now)
    case "Unanswered":
      return [later(state, backoff, now), [refresh]]
    case "Seek":
      return [at(state, news.offset, news.epoch), [moved]]
    case "SeekTo":
      return [{ ...state, ...settled, need: { _tag: "Offset", target: news.target } }, [moved]]
  }
}

/** Whom to fetch from, or undefined while nothing may be fetched. */
export const sourceOf = (state: PositionState, now: number): number | undefined => {
  if (state.need._tag !== "Ready" || state.retryAt > now || state.leaderId === noLeader) return undefined
  const { preferred } = state
  return preferred !== null && preferred.until > now ? preferred.id : state.leaderId
}
