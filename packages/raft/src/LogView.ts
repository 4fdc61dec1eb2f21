/**
 * The log as the machine sees it: where it begins and ends, what of it is durable, which epochs it holds, and who the voters are by it.
 *
 * Invariants: `syncedOffset <= writtenOffset <= endOffset`; the generation rises with each truncation, so that a sync asked for before
 * one vouches for nothing after it; the last voter entry counts from its append on, committed or not (KIP-853).
 */
import * as EpochCache from "@klamm/log/EpochCache"
import type { ControlRecord } from "./Control.ts"
import type { VoterEntry } from "./Message.ts"
import type { FetchRequest, SnapshotId } from "./Peer.ts"

export interface LogView {
  readonly startOffset: number
  /** After the last record, written or about to be. */
  readonly endOffset: number
  readonly writtenOffset: number
  readonly syncedOffset: number
  readonly generation: number
  readonly syncing: boolean
  readonly epochs: EpochCache.EpochCache
  readonly snapshot: SnapshotId | undefined
  /** By rising offset; at least one. */
  readonly voters: ReadonlyArray<VoterEntry>
}

/** The epoch of the last record, or of the snapshot that stands for it; 0 for an empty log. */
export const lastEpoch = (log: LogView): number =>
  log.epochs.length > 0 ? EpochCache.latestEpoch(log.epochs) : (log.snapshot?.epoch ?? 0)

export const latestVoters = (log: LogView): VoterEntry => log.voters[log.voters.length - 1]!

/** The voters as of an offset, which is not below what the log still tells of. */
export const votersAt = (log: LogView, endOffset: number): VoterEntry =>
  log.voters.findLast(({ offset }) => offset < endOffset) ?? log.voters[0]!

/** Notes the control records of a batch that begins at `baseOffset`. */
const withControl = (log: LogView, baseOffset: number, records: ReadonlyArray<ControlRecord>): LogView => {
  let entry: VoterEntry | undefined
  for (const record of records) {
    const before: VoterEntry = entry ?? latestVoters(log)
    if (record._tag === "Voters") entry = { ...before, offset: baseOffset, voters: record.voters }
    if (record._tag === "KRaftVersion") entry = { ...before, offset: baseOffset, kraftVersion: record.kraftVersion }
  }
  return entry === undefined ? log : { ...log, voters: [...log.voters, entry] }
}

/** The log with a batch more. */
export const appended = (
  log: LogView,
  baseOffset: number,
  count: number,
  epoch: number,
  control: ReadonlyArray<ControlRecord>
): LogView => {
  const { epochs } = log
  const next: LogView = {
    ...log,
    endOffset: baseOffset + count,
    epochs: epoch === EpochCache.latestEpoch(epochs) ? epochs : EpochCache.assign(epochs, epoch, baseOffset)
  }
  return control.length === 0 ? next : withControl(next, baseOffset, control)
}

/** The log without what is at or behind the offset. */
export const truncated = (log: LogView, offset: number): LogView => ({
  ...log,
  endOffset: offset,
  writtenOffset: Math.min(log.writtenOffset, offset),
  syncedOffset: Math.min(log.syncedOffset, offset),
  generation: log.generation + 1,
  epochs: EpochCache.truncateFromEnd(log.epochs, offset),
  voters: log.voters.filter((entry, index) => index === 0 || entry.offset < offset)
})

/** The log that goes on from a snapshot. */
export const replaced = (log: LogView, snapshot: SnapshotId, voters: VoterEntry | undefined): LogView => ({
  startOffset: snapshot.endOffset,
  endOffset: snapshot.endOffset,
  writtenOffset: snapshot.endOffset,
  syncedOffset: snapshot.endOffset,
  generation: log.generation + 1,
  syncing: log.syncing,
  epochs: EpochCache.empty,
  snapshot,
  voters: [voters ?? log.voters[0]!]
})

/** The log after a snapshot was taken of it. */
export const snapshotted = (log: LogView, snapshot: SnapshotId, startOffset: number): LogView => {
  if (log.snapshot !== undefined && snapshot.endOffset < log.snapshot.endOffset) return log
  const covered = log.voters.findLastIndex(({ offset }) => offset < snapshot.endOffset)
  return {
    ...log,
    startOffset,
    epochs: EpochCache.truncateFromStart(log.epochs, startOffset),
    snapshot,
    voters: covered <= 0 ? log.voters : log.voters.slice(covered)
  }
}

/** Where an epoch ends here; undefined when nothing is known of it or of what follows it. */
const endOf = (log: LogView, epoch: number): EpochCache.EpochEndOffset | undefined => {
  const { epochs, snapshot, endOffset } = log
  const first = epochs[0]
  if (first === undefined || epoch < first.epoch) {
    const isOfSnapshot = snapshot !== undefined && snapshot.endOffset === (first?.startOffset ?? endOffset)
    return isOfSnapshot && snapshot.epoch === epoch ? { epoch, endOffset: snapshot.endOffset } : undefined
  }
  if (epoch > EpochCache.latestEpoch(epochs)) return { epoch: EpochCache.latestEpoch(epochs), endOffset }
  return EpochCache.endOffsetFor(epochs, epoch, endOffset)
}

export type Position =
  | { readonly _tag: "Valid" }
  | { readonly _tag: "Diverging"; readonly epoch: number; readonly endOffset: number }
  | { readonly _tag: "Snapshot"; readonly id: SnapshotId }

/** Whether the log of the one who fetches is a beginning of this one (KIP-595, KIP-630). */
export const positionOf = (
  log: LogView,
  { fetchOffset, lastFetchedEpoch }: Pick<FetchRequest, "fetchOffset" | "lastFetchedEpoch">
): Position => {
  const { startOffset, snapshot } = log
  if (fetchOffset === 0 && startOffset === 0) return { _tag: "Valid" }
  const known = fetchOffset < startOffset ? undefined : endOf(log, lastFetchedEpoch)
  if (known === undefined) {
    if (startOffset > 0 && snapshot !== undefined) return { _tag: "Snapshot", id: snapshot }
    return { _tag: "Diverging", epoch: 0, endOffset: 0 }
  }
  if (known.epoch === lastFetchedEpoch && known.endOffset >= fetchOffset) return { _tag: "Valid" }
  return { _tag: "Diverging", epoch: known.epoch, endOffset: known.endOffset }
}

/** Where to cut this log when the leader's has that end of that epoch: what both surely have stays. */
export const truncationOffset = (log: LogView, diverging: { epoch: number; endOffset: number }): number => {
  const own = endOf(log, diverging.epoch)
  if (own === undefined) return log.startOffset
  return own.epoch === diverging.epoch ? Math.min(own.endOffset, diverging.endOffset) : own.endOffset
}
