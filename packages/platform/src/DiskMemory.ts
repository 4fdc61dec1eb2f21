/**
 * The disk in memory: the same promises as a real one, also about what a power cut takes away.
 *
 * Invariants: everything happens at once and in order, without timers or promises; what was neither synced nor named by a
 * synced directory is gone after `losePower`; a file opened before a crash works no more. Neighbour: `MemoryFiles.ts`, which
 * holds the bytes. Fault injection is not its business.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Disk, DiskError, type DiskFile, type OpenMode } from "./Disk.ts"
import {
  defaultPageBytes,
  FileFault,
  type MemoryFile,
  MemoryFiles,
  nothingSurvives,
  type Survivors
} from "./MemoryFiles.ts"

export interface MemoryDiskOptions {
  /** What `volume` answers as the total, and where writes fail with Full. Asked anew each time. */
  readonly totalBytes?: number | undefined
  readonly pageBytes?: number
  /** Called before each operation, with the file if it is one on an open file; a FileFault that it throws is how the operation ends. */
  readonly before?: (operation: string, path: string, file: MemoryFile | undefined) => void
}

/** A disk that tests can look into and crash. */
export interface MemoryDisk {
  readonly disk: Disk["Service"]
  readonly files: MemoryFiles
  /** The process dies: open files and locks are gone, all written bytes stay. */
  readonly crash: () => void
  /** The power goes: as `crash`, and what was not synced is gone, but for what `survivors` spares. */
  readonly losePower: (survivors?: Survivors) => void
}

const defaultTotalBytes = 2 ** 40

const fail = (reason: DiskError["reason"], operation: string, path: string): DiskError =>
  new DiskError({ reason, operation, path })

/** Runs a step on the files; its FileFault becomes the DiskError, anything else is a defect. */
const attempt = <A>(operation: string, path: string, step: () => A): Effect.Effect<A, DiskError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(step())
    } catch (cause) {
      if (cause instanceof FileFault) return Effect.fail(fail(cause.reason, operation, path))
      throw cause
    }
  })

/** What a crash ends. */
interface Life {
  over: boolean
  readonly locks: Set<string>
}

interface OpenFile {
  readonly path: string
  readonly file: MemoryFile
  readonly writable: boolean
  readonly life: Life
  readonly hasRoomFor: (bytes: number) => boolean
  readonly before: NonNullable<MemoryDiskOptions["before"]>
  closed: boolean
}

const fileOf = (open: OpenFile): DiskFile => {
  const { path, file } = open
  const step = <A>(operation: string, run: () => A): Effect.Effect<A, DiskError> =>
    attempt(operation, path, () => {
      if (open.closed || open.life.over) throw new FileFault("Io")
      open.before(operation, path, file)
      return run()
    })
  const change = (operation: string, growth: () => number, run: () => void): Effect.Effect<void, DiskError> =>
    step(operation, () => {
      if (!open.writable) throw new FileFault("Io")
      if (!open.hasRoomFor(growth())) throw new FileFault("Full")
      run()
    })
  return {
    path,
    size: step("size", () => file.size),
    read: (position, target) => step("read", () => file.read(position, target)),
    write: (position, chunks) => {
      const end = () => chunks.reduce((at, chunk) => at + chunk.byteLength, position)
      return change(
        "write",
        () => end() - file.size,
        () => {
          let at = position
          for (const chunk of chunks) {
            file.write(at, chunk)
            at += chunk.byteLength
          }
        }
      )
    },
    sync: step("sync", () => file.sync()),
    truncate: (length) =>
      change(
        "truncate",
        () => 0,
        () => file.truncate(length)
      )
  }
}

const readWhole = (files: MemoryFiles, path: string): Uint8Array => {
  const file = files.file(path)
  const bytes = new Uint8Array(file.size)
  file.read(0, bytes)
  return bytes
}

const isThere = (files: MemoryFiles, path: string): boolean => {
  try {
    return files.find(path) !== undefined
  } catch (cause) {
    if (cause instanceof FileFault) return false
    throw cause
  }
}

const lockIn = (files: MemoryFiles, life: () => Life, path: string): Effect.Effect<void, DiskError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt("lock", path, () => {
      const living = life()
      if (living.locks.has(path)) throw new FileFault("Locked")
      files.create(path, false)
      living.locks.add(path)
      return living
    }),
    (locked) =>
      Effect.sync(() => {
        locked.locks.delete(path)
        if (!locked.over && files.find(path) !== undefined) files.remove(path)
      })
  )

const volumeOf = (totalBytes: number, usedBytes: number) => ({
  totalBytes,
  usableBytes: Math.max(0, totalBytes - usedBytes)
})

/** A disk in memory, and the doors through which a test breaks it. */
export const makeMemoryDisk = (options: MemoryDiskOptions = {}): MemoryDisk => {
  const files = new MemoryFiles(options.pageBytes ?? defaultPageBytes)
  const totalBytes = () => options.totalBytes ?? defaultTotalBytes
  const before = options.before ?? (() => undefined)
  /** Counting all files at each write would be slow, so a disk without a limit of its own is never full. */
  const hasRoomFor = (bytes: number) =>
    options.totalBytes === undefined || bytes <= 0 || files.usedBytes + bytes <= totalBytes()
  let life: Life = { over: false, locks: new Set() }
  const attempted: typeof attempt = (operation, path, step) =>
    attempt(operation, path, () => {
      before(operation, path, undefined)
      return step()
    })

  const open = (path: string, mode: OpenMode): Effect.Effect<DiskFile, DiskError, Scope.Scope> =>
    Effect.acquireRelease(
      attempted("open", path, (): OpenFile => {
        const file = mode === "read" ? files.file(path) : files.create(path, mode === "create")
        return { path, file, writable: mode !== "read", life, hasRoomFor, before, closed: false }
      }),
      (opened) =>
        Effect.sync(() => {
          opened.closed = true
        })
    ).pipe(Effect.map(fileOf))

  const crash = (): void => {
    life.over = true
    life = { over: false, locks: new Set() }
  }

  const disk = Disk.of({
    open,
    readFile: (path) => attempted("read", path, () => readWhole(files, path)),
    rename: (from, to) => attempted("rename", from, () => files.rename(from, to)),
    remove: (path) => attempted("remove", path, () => files.remove(path)),
    list: (directory) => attempted("list", directory, () => files.list(directory)),
    makeDirectory: (path) => attempted("makeDirectory", path, () => files.makeDirectory(path)),
    exists: (path) => Effect.sync(() => isThere(files, path)),
    syncDirectory: (directory) => attempted("sync", directory, () => files.directory(directory).sync()),
    lock: (path) => lockIn(files, () => life, path),
    volume: (path) =>
      attempted("volume", path, () => {
        if (files.find(path) === undefined) throw new FileFault("NotFound")
        return volumeOf(totalBytes(), files.usedBytes)
      })
  })

  return {
    disk,
    files,
    crash,
    losePower: (survivors = nothingSurvives) => {
      crash()
      files.losePower(survivors)
    }
  }
}

/** A disk in memory, empty, for as long as the layer lives. */
export const layerMemory: Layer.Layer<Disk> = Layer.sync(Disk, () => makeMemoryDisk().disk)
