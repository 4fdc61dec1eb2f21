/**
 * What this node has appended to the metadata log and not seen committed: of those batches it has the records and need not make them of their
 * bytes again. Pure. Invariant: records are given only for the batch of the same epoch and offset, of which the log has one.
 */
import type { MetadataRecord } from "@klamm/metadata"

export interface Batch {
  readonly epoch: number
  readonly lastOffset: number
  readonly records: ReadonlyArray<MetadataRecord>
}

export interface Uncommitted {
  readonly committedOffset: number
  /** In the order of their offsets. */
  readonly batches: ReadonlyArray<Batch>
}

export const none: Uncommitted = { committedOffset: -1, batches: [] }

/** A node that is the quorum may have committed the batch by now. */
export const appended = (before: Uncommitted, batch: Batch): Uncommitted =>
  batch.lastOffset > before.committedOffset ? { ...before, batches: [...before.batches, batch] } : before

/** What the log has up to there is committed: its records if this node has appended them, and what is left. */
export const committed = (
  { batches }: Uncommitted,
  epoch: number,
  lastOffset: number
): readonly [ReadonlyArray<MetadataRecord> | undefined, Uncommitted] => {
  const own = batches.find((batch) => batch.lastOffset === lastOffset && batch.epoch === epoch)
  const left = batches.filter((batch) => batch.lastOffset > lastOffset)
  return [own?.records, { committedOffset: lastOffset, batches: left }]
}

/** What is not committed by now may be cut. */
export const resigned = (before: Uncommitted): Uncommitted => ({ ...before, batches: [] })
