/**
 * The live disk over node:fs. Quick page-cache writes, and reads, run at once on the event loop, because a hop to the thread pool costs
 * more than they do; slow writes, syncs, and reads that may have to wait for the device go to the thread pool.
 *
 * Invariants: the memory of a write is the caller's again only when the kernel has it all, also where the caller is interrupted; a file that
 * is closed does nothing more, and what it had begun is done first (`Descriptor.ts`); an error of a sync is final, also where nobody waits for that any more. The file remembers it and every later write and sync fails with it: after a failed
 * fsync the kernel may have dropped the dirty pages, so a later success would prove nothing.
 */
import * as fs from "node:fs"
import { dirname } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type DirectoryEntry, Disk, DiskError, type DiskErrorReason, type DiskFile, type OpenMode } from "../Disk.ts"
import { Descriptor } from "./Descriptor.ts"
import { lockFile } from "./LockFile.ts"
import { makeWritePace, type WritePace } from "./WritePace.ts"

/**
 * The most that one write hands to the kernel. Linux looks for memory in pieces as large as the write, and what is larger than 128 KiB it
 * takes from blocks that lay free for long: where a host had taken those back, a write of 1 MiB needs eight times the processor time
 * of as much in writes of up to this size (decision 0008).
 */
const writePieceBytes = 192 * 1024

/** Chunks that one gathered write may carry (IOV_MAX on Linux). */
export const maxChunksPerWrite = 1_024

const reasons: { readonly [code: string]: DiskErrorReason } = {
  ENOENT: "NotFound",
  EEXIST: "AlreadyExists",
  ENOTEMPTY: "AlreadyExists",
  ENOTDIR: "NotADirectory",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EROFS: "ReadOnly",
  ENOSPC: "Full",
  EDQUOT: "Full",
  EMFILE: "TooManyOpenFiles",
  ENFILE: "TooManyOpenFiles"
}

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" ? cause.code : ""

const diskError = (operation: string, path: string, cause: unknown): DiskError =>
  new DiskError({ reason: reasons[codeOf(cause)] ?? "Io", operation, path, cause })

/** Runs a synchronous call of node:fs. */
const attempt = <A>(operation: string, path: string, call: () => A): Effect.Effect<A, DiskError> =>
  Effect.try({ try: call, catch: (cause) => diskError(operation, path, cause) })

/**
 * Parents first where they are missing, one call where they are not. Not by mkdir's own `recursive`, which never returns where a parent
 * is there and yet refuses with ENOENT, as /proc does.
 */
const makeDirectory = (path: string): void => {
  try {
    fs.mkdirSync(path)
  } catch (cause) {
    if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
    const parent = dirname(path)
    if (codeOf(cause) !== "ENOENT" || fs.statSync(parent, { throwIfNoEntry: false }) !== undefined) throw cause
    makeDirectory(parent)
    fs.mkdirSync(path)
  }
}

/** Runs a call of node:fs on the thread pool. */
const onThreadPool = <A>(
  operation: string,
  path: string,
  call: (done: (error: Error | null, value: A) => void) => void
): Effect.Effect<A, DiskError> =>
  Effect.callback<A, DiskError>((resume) => {
    call((error, value) => {
      resume(error === null ? Effect.succeed(value) : Effect.fail(diskError(operation, path, error)))
    })
  })

/** The same on an open file, which stays open until the pool is done with it, also where nobody waits for that any more. */
const onOpenFile = <A>(
  operation: string,
  path: string,
  descriptor: Descriptor,
  call: (fd: number, done: (error: Error | null, value: A) => void) => void
): Effect.Effect<A, DiskError> =>
  Effect.flatMap(
    attempt(operation, path, () => descriptor.number),
    (fd) =>
      onThreadPool(operation, path, (done) => {
        descriptor.hold()
        call(fd, (error, value) => {
          descriptor.release()
          done(error, value)
        })
      })
  )

const readCached = (fd: number, position: number, target: Uint8Array): number => {
  let done = 0
  while (done < target.byteLength) {
    const count = fs.readSync(fd, target, done, target.byteLength - done, position + done)
    if (count === 0) break
    done += count
  }
  return done
}

const readCold = (
  path: string,
  descriptor: Descriptor,
  position: number,
  target: Uint8Array
): Effect.Effect<number, DiskError> =>
  Effect.gen(function* () {
    let filled = 0
    while (filled < target.byteLength) {
      const from = filled
      const count = yield* onOpenFile<number>("read", path, descriptor, (fd, done) =>
        fs.read(fd, target, from, target.byteLength - from, position + from, done)
      )
      if (count === 0) break
      filled += count
    }
    return filled
  })

/** What is left of `chunks` once `written` bytes are gone. */
const after = (chunks: ReadonlyArray<Uint8Array>, written: number): ReadonlyArray<Uint8Array> => {
  let skip = written
  let index = 0
  while (index < chunks.length && skip >= chunks[index]!.byteLength) {
    skip -= chunks[index]!.byteLength
    index += 1
  }
  const rest = chunks.slice(index)
  if (skip > 0) rest[0] = rest[0]!.subarray(skip)
  return rest
}

/** As many of `chunks` as one write takes. */
const pieceOf = (chunks: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> => {
  let room = writePieceBytes
  let count = 0
  while (count < chunks.length && count < maxChunksPerWrite && chunks[count]!.byteLength <= room) {
    room -= chunks[count]!.byteLength
    count += 1
  }
  if (count === chunks.length) return chunks
  const piece = chunks.slice(0, count)
  if (room > 0 && count < maxChunksPerWrite) piece.push(chunks[count]!.subarray(0, room))
  return piece
}

const writeAll = (fd: number, position: number, chunks: ReadonlyArray<Uint8Array>): void => {
  let at = position
  let rest = chunks
  while (rest.length > 0) {
    const group = pieceOf(rest)
    const first = group[0]!
    const written =
      group.length === 1 ? fs.writeSync(fd, first, 0, first.byteLength, at) : fs.writevSync(fd, [...group], at)
    at += written
    rest = after(rest, written)
  }
}

const writeOnThreadPool = (
  path: string,
  fd: number,
  position: number,
  chunks: ReadonlyArray<Uint8Array>
): Effect.Effect<void, DiskError> => {
  const writing = onThreadPool<number>("write", path, (done) => fs.writev(fd, pieceOf(chunks), position, done))
  return Effect.flatMap(writing, (written) => {
    const rest = after(chunks, written)
    return rest.length === 0 ? Effect.void : writeOnThreadPool(path, fd, position + written, rest)
  })
}

/** Whole, whatever becomes of the caller or the file meanwhile. */
const writePooled = (
  path: string,
  descriptor: Descriptor,
  position: number,
  chunks: ReadonlyArray<Uint8Array>
): Effect.Effect<void, DiskError> =>
  Effect.uninterruptible(
    Effect.flatMap(
      attempt("write", path, () => {
        const fd = descriptor.number
        descriptor.hold()
        return fd
      }),
      (fd) =>
        Effect.ensuring(
          writeOnThreadPool(path, fd, position, chunks),
          Effect.sync(() => descriptor.release())
        )
    )
  )

const byteLengthOf = (chunks: ReadonlyArray<Uint8Array>): number => {
  let bytes = 0
  for (const { byteLength } of chunks) bytes += byteLength
  return bytes
}

/** Within the call. */
const writeAtOnce = (
  path: string,
  descriptor: Descriptor,
  position: number,
  chunks: ReadonlyArray<Uint8Array>,
  bytes: number,
  pace: WritePace
): Effect.Effect<void, DiskError> => {
  const from = performance.now()
  try {
    writeAll(descriptor.number, position, chunks)
  } catch (cause) {
    return Effect.fail(diskError("write", path, cause))
  }
  pace.took(bytes, performance.now() - from)
  return Effect.void
}

const makeFile = (path: string, descriptor: Descriptor, pace: WritePace): DiskFile => {
  let failure: DiskError | undefined
  const unlessFailed = <A>(act: () => Effect.Effect<A, DiskError>): Effect.Effect<A, DiskError> =>
    Effect.suspend(() => (failure === undefined ? act() : Effect.fail(failure)))
  const fdatasync = Effect.tapError(
    onOpenFile<void>("sync", path, descriptor, (fd, done) => fs.fdatasync(fd, (error) => done(error, undefined))),
    (error) =>
      Effect.sync(() => {
        failure = error
      })
  )
  return {
    path,
    size: attempt("size", path, () => fs.fstatSync(descriptor.number).size),
    read: (position, target, hint) =>
      hint === "cold"
        ? readCold(path, descriptor, position, target)
        : attempt("read", path, () => readCached(descriptor.number, position, target)),
    write: (position, chunks) =>
      unlessFailed(() => {
        const bytes = byteLengthOf(chunks)
        return pace.isAtOnce(bytes)
          ? writeAtOnce(path, descriptor, position, chunks, bytes, pace)
          : writePooled(path, descriptor, position, chunks)
      }),
    sync: Effect.uninterruptible(unlessFailed(() => fdatasync)),
    truncate: (length) =>
      unlessFailed(() => attempt("truncate", path, () => fs.ftruncateSync(descriptor.number, length)))
  }
}

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants
const openFlags: { readonly [Mode in OpenMode]: number } = {
  read: O_RDONLY,
  write: O_RDWR | O_CREAT,
  create: O_RDWR | O_CREAT | O_EXCL
}

const open = (path: string, mode: OpenMode, pace: WritePace): Effect.Effect<DiskFile, DiskError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      attempt("open", path, () => new Descriptor(fs.openSync(path, openFlags[mode]))),
      (descriptor) => Effect.sync(() => descriptor.close())
    ),
    (descriptor) => makeFile(path, descriptor, pace)
  )

const kindOf = (entry: fs.Dirent): DirectoryEntry["kind"] =>
  entry.isFile() ? "file" : entry.isDirectory() ? "directory" : "other"

const list = (directory: string): ReadonlyArray<DirectoryEntry> =>
  fs
    .readdirSync(directory, { withFileTypes: true })
    .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))

const syncDirectory = (directory: string): Effect.Effect<void, DiskError> =>
  Effect.uninterruptible(
    Effect.scoped(
      Effect.flatMap(
        Effect.acquireRelease(
          attempt("open", directory, () => fs.openSync(directory, O_RDONLY)),
          (fd) => Effect.sync(() => fs.closeSync(fd))
        ),
        (fd) => onThreadPool<void>("sync", directory, (done) => fs.fsync(fd, (error) => done(error, undefined)))
      )
    )
  )

/** Of a large file the kernel has to give back every page: 75 ms for a GiB that lies in the page cache, 250 once it is on the disk. */
const remove = (path: string): Effect.Effect<void, DiskError> =>
  Effect.uninterruptible(
    onThreadPool<void>("remove", path, (done) => fs.rm(path, { recursive: true }, (error) => done(error, undefined)))
  )

const volume = (path: string) =>
  attempt("volume", path, () => {
    const { bsize, blocks, bavail } = fs.statfsSync(path)
    return { totalBytes: bsize * blocks, usableBytes: bsize * bavail }
  })

const makeDisk = (pace: WritePace) =>
  Disk.of({
    open: (path, mode) => open(path, mode, pace),
    readFile: (path) => attempt("read", path, () => new Uint8Array(fs.readFileSync(path))),
    rename: (from, to) => attempt("rename", from, () => fs.renameSync(from, to)),
    remove,
    list: (directory) => attempt("list", directory, () => list(directory)),
    makeDirectory: (path) => attempt("makeDirectory", path, () => makeDirectory(path)),
    exists: (path) => attempt("exists", path, () => fs.statSync(path, { throwIfNoEntry: false }) !== undefined),
    syncDirectory,
    lock: (path) => lockFile(path, (cause) => diskError("lock", path, cause)),
    volume
  })

export const layer: Layer.Layer<Disk> = Layer.sync(Disk, () => makeDisk(makeWritePace()))
