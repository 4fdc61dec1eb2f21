/**
 * What a replica knows of its own log in either role, and the rules both roles share: when to sync, and how the high watermark moves.
 *
 * Invariants: `logEndOffset <= nextOffset` (what is decided is written in order); `highWatermark <= nextOffset`, and it falls only
 * with a truncation; at most one sync is under way, and what it answers counts only while nothing was cut off since it began.
 * Neighbours: `Leader.ts` and `Follower.ts`, whose states extend this one.
 */
import * as ProducerState from "@klamm/log/ProducerState"
import type { EligibleBrokers } from "./Isr.ts"
import type { PartitionSettings } from "./Partition.ts"

export interface LocalLog {
  readonly nodeId: number
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
  /** How often this log was cut: a sync that began before the last cut says nothing of what was written after it. */
  readonly truncations: number
  /** When the oldest un-synced record was written; Infinity when all is synced. */
  readonly unsyncedSince: number
  readonly producers: ProducerState.ProducerState
  readonly eligible: EligibleBrokers
}

/** What is known of a log that has just been opened. */
export interface OpenedLog {
  readonly nodeId: number
  readonly settings: PartitionSettings
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly highWatermark: number
  readonly syncedOffset: number
  readonly producers: ProducerState.ProducerState
  readonly eligible: EligibleBrokers
}

export const opened = (log: OpenedLog): LocalLog => ({
  nodeId: log.nodeId,
  settings: log.settings,
  logStartOffset: log.logStartOffset,
  nextOffset: log.logEndOffset,
  logEndOffset: log.logEndOffset,
  highWatermark: Math.max(Math.min(log.highWatermark, log.logEndOffset), log.logStartOffset),
  syncedOffset: log.syncedOffset,
  syncing: false,
  truncations: 0,
  unsyncedSince: Number.POSITIVE_INFINITY,
  producers: log.producers,
  eligible: log.eligible
})

/** The part of a role's state that the next role goes on with. */
export const carriedOver = (state: LocalLog): LocalLog => ({
  nodeId: state.nodeId,
  settings: state.settings,
  logStartOffset: state.logStartOffset,
  nextOffset: state.nextOffset,
  logEndOffset: state.logEndOffset,
  highWatermark: state.highWatermark,
  syncedOffset: state.syncedOffset,
  syncing: state.syncing,
  truncations: state.truncations,
  unsyncedSince: state.unsyncedSince,
  producers: state.producers,
  eligible: state.eligible
})

/** The earliest offset a read_committed reader may not pass: the first open transaction's start, else the watermark. */
export const lastStableOffset = (state: Pick<LocalLog, "producers" | "highWatermark">): number => {
  const unstable = ProducerState.firstUnstableOffset(state.producers)
  return unstable === undefined ? state.highWatermark : Math.min(unstable, state.highWatermark)
}

/** With the high watermark at `offset`, if that is further than it is. */
export const raise = <State extends LocalLog>(state: State, offset: number): State => {
  if (offset <= state.highWatermark) return state
  const { producers } = state
  if (producers.unreplicated.length === 0) return { ...state, highWatermark: offset }
  return { ...state, highWatermark: offset, producers: ProducerState.highWatermarkMoved(producers, offset) }
}

/** Whether a sync is due: somebody waits for it, or flush.messages or flush.ms asks for it. */
export const needsSync = (state: LocalLog, isAwaited: boolean, now: number): boolean => {
  if (state.syncing || state.syncedOffset >= state.logEndOffset) return false
  const { settings } = state
  if (settings.syncBeforeAck && isAwaited) return true
  if (state.logEndOffset - state.syncedOffset >= settings.flushMessages) return true
  return now >= state.unsyncedSince + settings.flushMs
}

/** A sync is over. */
export const synced = <State extends LocalLog>(
  state: State,
  { offset, truncations }: { readonly offset: number; readonly truncations: number },
  now: number
): State => {
  const syncedOffset = truncations === state.truncations ? Math.max(state.syncedOffset, offset) : state.syncedOffset
  const unsyncedSince = syncedOffset >= state.logEndOffset ? Number.POSITIVE_INFINITY : now
  return { ...state, syncing: false, syncedOffset, unsyncedSince }
}

/** When flush.ms asks for the next sync. */
export const syncAt = (state: LocalLog): number =>
  !state.syncing && state.syncedOffset < state.logEndOffset
    ? state.unsyncedSince + state.settings.flushMs
    : Number.POSITIVE_INFINITY

/** The log start has moved. */
export const logStartAt = <State extends LocalLog>(state: State, logStartOffset: number): State => ({
  ...state,
  logStartOffset,
  highWatermark: Math.max(state.highWatermark, logStartOffset),
  producers: ProducerState.removeBelow(state.producers, logStartOffset)
})
