/**
 * The disk as the house sees it: positional reads and writes on open files, an explicit sync, and atomic renames.
 *
 * Invariants every layer keeps: `write` returns once all bytes are in the page cache (they survive the process, not a
 * power cut); only `sync` and `syncDirectory` make them durable; an error of either is final for that file (fsync errors
 * are never retried). Neighbours: `node/NodeDisk.ts` is the live layer, `DiskMemory.ts` the in-memory one.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Why a disk operation failed, in the few kinds that callers tell apart. */
export type DiskErrorReason =
  | "NotFound"
  | "AlreadyExists"
  | "NotADirectory"
  | "PermissionDenied"
  | "ReadOnly"
  | "Full"
  | "TooManyOpenFiles"
  | "Locked"
  | "Io"

/** An operation of the disk failed, and why. */
export class DiskError extends Data.TaggedError("DiskError")<{
  readonly reason: DiskErrorReason
  readonly operation: string
  readonly path: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.operation} ${this.path}: ${this.reason}`
  }
}

/**
 * Where the reader expects the bytes to be. `cached` reads run at once on the calling thread (a page-cache read is
 * quicker than a hop to the thread pool); `cold` reads may wait for the device and must not stall the event loop.
 */
export type ReadHint = "cached" | "cold"

/** An open file; it is closed with the scope that opened it. */
export interface DiskFile {
  readonly path: string
  /** Current length in bytes. */
  readonly size: Effect.Effect<number, DiskError>
  /** Fills `target` from `position`; answers the bytes read, fewer than asked only at the end of the file. */
  readonly read: (position: number, target: Uint8Array, hint?: ReadHint) => Effect.Effect<number, DiskError>
  /** Writes all chunks, in order, from `position`; one gathered write where the platform has it. */
  readonly write: (position: number, chunks: ReadonlyArray<Uint8Array>) => Effect.Effect<void, DiskError>
  /** Makes what was written durable (fdatasync). */
  readonly sync: Effect.Effect<void, DiskError>
  readonly truncate: (length: number) => Effect.Effect<void, DiskError>
}

/** `read`: must exist. `write`: read and write, created when absent. `create`: read and write, must not exist. */
export type OpenMode = "read" | "write" | "create"

export interface DirectoryEntry {
  readonly name: string
  readonly kind: "file" | "directory" | "other"
}

/** The files of a machine: the service that everything which stores stands on. */
export class Disk extends Context.Service<
  Disk,
  {
    readonly open: (path: string, mode: OpenMode) => Effect.Effect<DiskFile, DiskError, Scope.Scope>
    /** Whole small files: checkpoints, properties. Fails with NotFound when absent. */
    readonly readFile: (path: string) => Effect.Effect<Uint8Array, DiskError>
    /** Atomic within one file system; durable only after `syncDirectory` of the parent. Replaces an existing target. */
    readonly rename: (from: string, to: string) => Effect.Effect<void, DiskError>
    /** Removes one file, or a directory with all in it. NotFound is an error. */
    readonly remove: (path: string) => Effect.Effect<void, DiskError>
    /** Sorted by name. */
    readonly list: (directory: string) => Effect.Effect<ReadonlyArray<DirectoryEntry>, DiskError>
    /** Creates the directory and its parents; an existing directory is no error. */
    readonly makeDirectory: (path: string) => Effect.Effect<void, DiskError>
    readonly exists: (path: string) => Effect.Effect<boolean, DiskError>
    /** Makes renames, creations and removals inside `directory` durable. */
    readonly syncDirectory: (directory: string) => Effect.Effect<void, DiskError>
    /** Holds `path` as this process's own until the scope ends; fails with `Locked` while a living process holds it. */
    readonly lock: (path: string) => Effect.Effect<void, DiskError, Scope.Scope>
    /** Total and usable bytes of the volume that holds `path` (KIP-827). */
    readonly volume: (
      path: string
    ) => Effect.Effect<{ readonly totalBytes: number; readonly usableBytes: number }, DiskError>
  }
>()("platform/Disk") {}
