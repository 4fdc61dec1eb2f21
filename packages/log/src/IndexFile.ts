/**
 * What the three index files share: entries live in memory, and the file follows in groups. Invariant: the file is always
 * the first `written` entries, whole and never preallocated, so a crash leaves a valid shorter index that recovery completes.
 * Neighbours: `OffsetIndex.ts`, `TimeIndex.ts`, `TransactionIndex.ts` hold the entries; `Segment.ts` decides when to write.
 */
import type { Disk, DiskError } from "@klamm/platform"
import * as Effect from "effect/Effect"

/** Unwritten index bytes that are worth a write of their own; less waits for the next roll, flush or close. */
export const indexWriteBytes = 4096

export interface IndexEntries {
  readonly entryBytes: number
  readonly count: number
  /** Entries that the file already has. */
  written: number
  /** Entries `from`…`to - 1` as the file stores them. */
  readonly encode: (from: number, to: number) => Uint8Array
}

type DiskService = Disk["Service"]

export const pendingBytes = (entries: IndexEntries): number => (entries.count - entries.written) * entries.entryBytes

/** Appends the entries that the file lacks; creates the file when there is none. */
export const writePending = (disk: DiskService, path: string, entries: IndexEntries): Effect.Effect<void, DiskError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const from = entries.written
      const to = entries.count
      const file = yield* disk.open(path, "write")
      if (to > from) yield* file.write(from * entries.entryBytes, [entries.encode(from, to)])
      entries.written = to
    })
  )

/** Makes the file exactly what the entries are: after a rebuild or a truncation. */
export const rewrite = (disk: DiskService, path: string, entries: IndexEntries): Effect.Effect<void, DiskError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* disk.open(path, "write")
      yield* file.truncate(0)
      if (entries.count > 0) yield* file.write(0, [entries.encode(0, entries.count)])
      entries.written = entries.count
    })
  )

export const syncFile = (disk: DiskService, path: string): Effect.Effect<void, DiskError> =>
  Effect.scoped(Effect.flatMap(disk.open(path, "write"), (file) => file.sync))
