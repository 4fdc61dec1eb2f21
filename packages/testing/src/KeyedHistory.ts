/**
 * What a compacted topic was given, and what passes over it have found. Invariants: only appended to; a value is a number that no other
 * write to its partition has, and values rise in the order in which they were sent, each batch only once the one before has ended.
 */
import { Numbering } from "./History.ts"

/** The compacted topic of a run, which stays. */
export const keyedTopic = "keyed"

/** A record as it is stored. */
export interface KeyedRecord {
  readonly offset: number
  readonly key: string
  /** Of a tombstone too; NaN where the bytes are none of ours. */
  readonly value: number
  readonly isTombstone: boolean
  readonly timestamp: number
}

export interface Write extends Omit<KeyedRecord, "offset"> {
  readonly partition: number
  readonly invokedMs: number
  /** `unknown`: it may have been stored or not. */
  state: "invoked" | "ok" | "unknown"
  endedMs: number
  /** Where the broker says it is; -1 when it did not say. */
  offset: number
}

/** One reading of a partition from its beginning. */
export interface Pass {
  readonly partition: number
  readonly beganMs: number
  readonly endedMs: number
  /** The partition's start, as it was told. */
  readonly start: number
  /** The partition's end, as it was told once everything below had been read. */
  readonly end: number
  /** It came to an end, and every leader that it asked was as new as the one before. */
  readonly isWhole: boolean
  readonly records: ReadonlyArray<KeyedRecord>
}

export class KeyedHistory {
  /** Known once the topic has been asked for; none in a run without it. */
  partitions = 0
  /** Within a run no tombstone's time comes. */
  keepsTombstones = true
  readonly writes: Array<Write> = []
  readonly passes: Array<Pass> = []
  readonly values = new Numbering()
}
