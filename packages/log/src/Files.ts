/**
 * How Kafka names the files of a log: the base offset in twenty digits, then what it holds, then at times a suffix that says
 * what is being done with it. Invariant: only files whose names parse here are ever touched by the log.
 */
export type FileKind = ".log" | ".index" | ".timeindex" | ".txnindex" | ".snapshot"

/** `.deleted`: waits for its delay. `.cleaned`: a compaction under way. `.swap`: a finished one taking its place. */
export type FileSuffix = "" | ".deleted" | ".cleaned" | ".swap"

/** The kinds that belong to one segment, the log itself first. */
export const segmentKinds = [".log", ".index", ".timeindex", ".txnindex"] as const

export const leaderEpochCheckpoint = "leader-epoch-checkpoint"
export const partitionMetadata = "partition.metadata"

/** Ours alone: below the offset in it the log was durable when a compaction began, and may have gaps between segments. */
export const compactionCheckpoint = "compaction-offset-checkpoint"

/**
 * Ours alone: this log was copied here from another directory of the broker and has taken the place of the log there, which may not have
 * been removed yet. Where a partition is found twice, the log with this file is the one that went on.
 */
export const replacementMark = "replaces-other-directory"

/** Ours alone: something in this log no longer reads as it was written. */
export const damageMark = "damaged"

const offsetDigits = 20

export const fileName = (baseOffset: number, kind: FileKind, suffix: FileSuffix = ""): string =>
  `${String(baseOffset).padStart(offsetDigits, "0")}${kind}${suffix}`

export interface ParsedFile {
  readonly baseOffset: number
  readonly kind: FileKind
  readonly suffix: FileSuffix
}

const pattern = /^(\d{20})(\.log|\.index|\.timeindex|\.txnindex|\.snapshot)(|\.deleted|\.cleaned|\.swap)$/

/** Undefined for a name that is no log file, or whose offset is beyond what a number holds exactly. */
export const parseFileName = (name: string): ParsedFile | undefined => {
  const match = pattern.exec(name)
  if (match === null) return undefined
  const baseOffset = Number(match[1])
  if (!Number.isSafeInteger(baseOffset)) return undefined
  return { baseOffset, kind: match[2] as FileKind, suffix: match[3] as FileSuffix }
}
