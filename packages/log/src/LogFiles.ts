/**
 * The files of a log directory as found at opening, put in order before anything is read: what a crash left half-done is
 * finished or undone. Invariant: after `tidy` there are only finished files; a compaction either took its place wholly (its
 * `.log.swap` had been named) or left no trace. Neighbours: `Cleaner.ts` says in which order a compaction renames.
 */
import type { DiskError } from "@klamm/platform"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { scan } from "./BatchScan.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { type FileKind, type FileSuffix, fileName, type ParsedFile, parseFileName, segmentKinds } from "./Files.ts"
import type { LogHome } from "./Segment.ts"

const path = (home: LogHome, baseOffset: number, kind: FileKind, suffix: FileSuffix = ""): string =>
  `${home.directory}/${fileName(baseOffset, kind, suffix)}`

const listFiles = (home: LogHome) =>
  Effect.map(home.disk.list(home.directory), (entries) => entries.filter((entry) => entry.kind === "file"))

const parsedFiles = (home: LogHome): Effect.Effect<ReadonlyArray<ParsedFile>, DiskError> =>
  Effect.map(listFiles(home), (entries) =>
    entries.map((entry) => parseFileName(entry.name)).filter((parsed) => parsed !== undefined)
  )

/** Removes what was being written or was waiting to be removed. */
const removeLeftovers = (home: LogHome): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    for (const { name } of yield* listFiles(home)) {
      const suffix = parseFileName(name)?.suffix
      if (suffix === ".deleted" || suffix === ".cleaned" || Checkpoint.isTemporary(name)) {
        yield* home.disk.remove(`${home.directory}/${name}`)
      }
    }
  })

/** End of a finished compaction's offsets: one past the last batch in its file. */
const endOffset = (home: LogHome, baseOffset: number): Effect.Effect<number, DiskError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* home.disk.open(path(home, baseOffset, ".log", ".swap"), "read")
      let end = baseOffset
      yield* scan(file, 0, yield* file.size, (bytes, at) => {
        end = RecordBatch.lastOffset(bytes, at) + 1
        return undefined
      })
      return end
    })
  )

const removeIfPresent = (home: LogHome, file: string): Effect.Effect<void, DiskError> =>
  Effect.flatMap(home.disk.exists(file), (exists) => (exists ? home.disk.remove(file) : Effect.void))

/**
 * Puts each finished compaction in the place of the segments it covers. Its indexes are dropped and built again when needed:
 * that is simpler than telling which of them had been renamed.
 */
const finishSwaps = (home: LogHome, files: ReadonlyArray<ParsedFile>): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const swaps = files.filter((file) => file.suffix === ".swap" && file.kind === ".log")
    for (const { baseOffset } of swaps) {
      const end = yield* endOffset(home, baseOffset)
      const replaced = files.filter(
        (file) => file.kind === ".log" && file.suffix === "" && file.baseOffset >= baseOffset && file.baseOffset < end
      )
      for (const old of new Set([baseOffset, ...replaced.map((file) => file.baseOffset)])) {
        for (const kind of segmentKinds) yield* removeIfPresent(home, path(home, old, kind))
      }
      yield* home.disk.rename(path(home, baseOffset, ".log", ".swap"), path(home, baseOffset, ".log"))
    }
    for (const file of files.filter((other) => other.suffix === ".swap" && other.kind !== ".log")) {
      yield* home.disk.remove(path(home, file.baseOffset, file.kind, ".swap"))
    }
  })

export interface FoundFiles {
  /** Base offsets of the segments, rising. */
  readonly segments: ReadonlyArray<number>
  readonly transactionIndexes: ReadonlySet<number>
  /** Offsets of the producer snapshots, rising. */
  readonly snapshots: ReadonlyArray<number>
}

/** Puts the directory in order and says what it holds. Index files without their log are removed. */
export const tidy = (home: LogHome): Effect.Effect<FoundFiles, DiskError> =>
  Effect.gen(function* () {
    yield* removeLeftovers(home)
    yield* finishSwaps(home, yield* parsedFiles(home))
    const files = (yield* parsedFiles(home)).toSorted((one, other) => one.baseOffset - other.baseOffset)
    const offsets = (kind: FileKind) => files.filter((file) => file.kind === kind).map((file) => file.baseOffset)
    const segments = offsets(".log")
    for (const file of files) {
      const isOrphan = file.kind !== ".snapshot" && !segments.includes(file.baseOffset)
      if (isOrphan) yield* home.disk.remove(path(home, file.baseOffset, file.kind))
    }
    const transactionIndexes = new Set(offsets(".txnindex").filter((offset) => segments.includes(offset)))
    return { segments, transactionIndexes, snapshots: offsets(".snapshot") }
  })
