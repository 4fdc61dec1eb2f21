/**
 * A disk for tests that look at the bytes: every file is an array in a map, with beside it what a power cut would leave. It
 * counts writes and syncs, and can be told to fail. Invariant: what was neither synced nor named by a synced directory is
 * lost by `powerLoss`; everything else survives exactly.
 */
import { type DirectoryEntry, type Disk, DiskError, type DiskFile, type OpenMode } from "@klamm/platform"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

interface Node {
  bytes: Uint8Array
  /** The content as of the last sync. */
  durable: Uint8Array
}

const parent = (path: string): string => path.slice(0, path.lastIndexOf("/"))

const pageBytes = 64

/** A mixture, page by page, of the content that was synced and the one that was not. */
const torn = (node: Node, random: () => number): Uint8Array => {
  const choice = random()
  if (choice < 0.3) return node.durable.slice()
  if (choice < 0.6) return node.bytes.slice()
  const shorter = Math.min(node.bytes.byteLength, node.durable.byteLength)
  const longer = Math.max(node.bytes.byteLength, node.durable.byteLength)
  const bytes = new Uint8Array(shorter + Math.floor(random() * (longer - shorter + 1)))
  for (let at = 0; at < bytes.byteLength; at += pageBytes) {
    const source = random() < 0.5 ? node.bytes : node.durable
    bytes.set(source.subarray(at, Math.min(at + pageBytes, bytes.byteLength)), at)
  }
  return bytes
}

export class FakeDisk {
  files = new Map<string, Node>()
  /** The names that a power cut leaves. */
  private durableNames = new Map<string, Node>()
  directories = new Set<string>()
  writes = 0
  syncs = 0
  openFiles = 0
  /** What was done with files that were closed. */
  readonly closedUses: Array<string> = []
  /** Answers why an operation on a path fails; undefined lets it pass. */
  fault: (operation: string, path: string) => "Io" | "Full" | undefined = () => undefined
  private readonly locked = new Set<string>()

  private perform<A>(operation: string, path: string, action: () => A): Effect.Effect<A, DiskError> {
    return Effect.suspend(() => {
      const reason = this.fault(operation, path)
      return reason === undefined ? Effect.sync(action) : Effect.fail(new DiskError({ reason, operation, path }))
    })
  }

  private find(operation: string, path: string): Effect.Effect<Node, DiskError> {
    const node = this.files.get(path)
    return node === undefined
      ? Effect.fail(new DiskError({ reason: "NotFound", operation, path }))
      : Effect.succeed(node)
  }

  private open(path: string, mode: OpenMode) {
    return Effect.acquireRelease(
      Effect.suspend(() => {
        const reason = this.fault("open", path)
        if (reason !== undefined) return Effect.fail(new DiskError({ reason, operation: "open", path }))
        if (mode !== "read" && !this.files.has(path)) {
          this.files.set(path, { bytes: new Uint8Array(0), durable: new Uint8Array(0) })
        }
        return Effect.map(this.find("open", path), (node) => {
          this.openFiles += 1
          return { node, isClosed: false }
        })
      }),
      (opened) =>
        Effect.sync(() => {
          opened.isClosed = true
          this.openFiles -= 1
        })
    ).pipe(Effect.map((opened) => this.file(path, opened)))
  }

  private file(path: string, opened: { readonly node: Node; readonly isClosed: boolean }): DiskFile {
    const { node } = opened
    const perform: FakeDisk["perform"] = (operation, at, action) =>
      Effect.suspend(() => {
        if (!opened.isClosed) return this.perform(operation, at, action)
        this.closedUses.push(`${operation} ${at}`)
        return Effect.fail(new DiskError({ reason: "Io", operation, path: at }))
      })
    return {
      path,
      size: perform("size", path, () => node.bytes.byteLength),
      read: (position, target) =>
        perform("read", path, () => {
          const part = node.bytes.subarray(position, position + target.byteLength)
          target.set(part)
          return part.byteLength
        }),
      write: (position, chunks) =>
        perform("write", path, () => {
          this.writes += 1
          const length = chunks.reduce((total, chunk) => total + chunk.byteLength, 0)
          const bytes = new Uint8Array(Math.max(node.bytes.byteLength, position + length))
          bytes.set(node.bytes)
          let at = position
          for (const chunk of chunks) {
            bytes.set(chunk, at)
            at += chunk.byteLength
          }
          node.bytes = bytes
        }),
      sync: perform("sync", path, () => {
        this.syncs += 1
        node.durable = node.bytes.slice()
      }),
      truncate: (length) =>
        perform("truncate", path, () => {
          node.bytes = node.bytes.slice(0, length)
        })
    }
  }

  private rename(from: string, to: string): void {
    for (const [path, node] of [...this.files]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      this.files.delete(path)
      this.files.set(to + path.slice(from.length), node)
    }
    for (const directory of [...this.directories]) {
      if (directory !== from && !directory.startsWith(`${from}/`)) continue
      this.directories.delete(directory)
      this.directories.add(to + directory.slice(from.length))
    }
  }

  private list(directory: string): ReadonlyArray<DirectoryEntry> {
    const entries = new Map<string, DirectoryEntry>()
    const add = (path: string, kind: "file" | "directory") => {
      if (parent(path) === directory) {
        const name = path.slice(directory.length + 1)
        entries.set(name, { name, kind })
      }
    }
    for (const path of this.directories) add(path, "directory")
    for (const path of this.files.keys()) add(path, "file")
    return [...entries.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  private remove(path: string): void {
    for (const file of [...this.files.keys()]) {
      if (file === path || file.startsWith(`${path}/`)) this.files.delete(file)
    }
    for (const directory of [...this.directories]) {
      if (directory === path || directory.startsWith(`${path}/`)) this.directories.delete(directory)
    }
  }

  /** Keeps the names a directory has now; the bytes are as durable as they were. */
  private syncDirectory(directory: string): void {
    for (const path of [...this.durableNames.keys()]) if (parent(path) === directory) this.durableNames.delete(path)
    for (const [path, node] of this.files) if (parent(path) === directory) this.durableNames.set(path, node)
  }

  /** What is left after a power cut: only what was made durable. */
  powerLoss(): void {
    this.files = new Map(
      [...this.durableNames].map(([path, node]) => [path, { bytes: node.durable.slice(), durable: node.durable }])
    )
    this.durableNames = new Map(this.files)
  }

  /**
   * A power cut that the device met half-way: of what was not synced, any pages may have been written and others not, and
   * each directory may or may not have its latest names.
   */
  tornPowerLoss(random: () => number): void {
    const latest = new Map<string, boolean>()
    const hasLatest = (path: string): boolean => {
      const directory = parent(path)
      if (!latest.has(directory)) latest.set(directory, random() < 0.5)
      return latest.get(directory) === true
    }
    const names = new Map<string, Node>()
    for (const [path, node] of this.files) if (hasLatest(path)) names.set(path, node)
    for (const [path, node] of this.durableNames) if (!hasLatest(path)) names.set(path, node)
    this.files = new Map(
      [...names].map(([path, node]) => {
        const bytes = torn(node, random)
        return [path, { bytes, durable: bytes }]
      })
    )
    this.durableNames = new Map(this.files)
  }

  /** A disk with the same files, all durable: what another process would find after this one was killed. */
  clone(): FakeDisk {
    const copy = new FakeDisk()
    for (const [path, node] of this.files) {
      const bytes = node.bytes.slice()
      copy.files.set(path, { bytes, durable: bytes })
    }
    copy.durableNames = new Map(copy.files)
    copy.directories = new Set(this.directories)
    return copy
  }

  put(path: string, bytes: Uint8Array): void {
    this.directories.add(parent(path))
    this.files.set(path, { bytes, durable: bytes })
    this.durableNames.set(path, this.files.get(path)!)
  }

  bytes(path: string): Uint8Array {
    const node = this.files.get(path)
    if (node === undefined) throw new Error(`no file ${path}`)
    return node.bytes
  }

  names(directory: string): ReadonlyArray<string> {
    return this.list(directory).map((entry) => entry.name)
  }

  get service(): Disk["Service"] {
    return {
      open: (path, mode) => this.open(path, mode),
      readFile: (path) =>
        Effect.flatMap(
          this.perform("readFile", path, () => undefined),
          () => Effect.map(this.find("readFile", path), (node) => node.bytes.slice())
        ),
      rename: (from, to) => this.perform("rename", from, () => this.rename(from, to)),
      remove: (path) => this.perform("remove", path, () => this.remove(path)),
      list: (directory) => this.perform("list", directory, () => this.list(directory)),
      makeDirectory: (path) => this.perform("makeDirectory", path, () => void this.directories.add(path)),
      exists: (path) => this.perform("exists", path, () => this.files.has(path) || this.directories.has(path)),
      syncDirectory: (directory) => this.perform("syncDirectory", directory, () => this.syncDirectory(directory)),
      lock: (path) =>
        Effect.acquireRelease(
          Effect.suspend(() => {
            if (this.locked.has(path)) {
              return Effect.fail(new DiskError({ reason: "Locked", operation: "lock", path }))
            }
            this.locked.add(path)
            return Effect.void
          }),
          () => Effect.sync(() => void this.locked.delete(path))
        ),
      volume: () => Effect.succeed({ totalBytes: 1, usableBytes: 1 })
    }
  }
}

/** The same disk, but reads of files wait while `isClosed` until the gate is opened. */
export class Gate {
  isClosed = false
  private readonly opened = Deferred.makeUnsafe<void>()
  readonly service: Disk["Service"]

  constructor(disk: FakeDisk) {
    const { service } = disk
    this.service = {
      ...service,
      open: (path, mode) =>
        Effect.map(service.open(path, mode), (file) => ({
          ...file,
          read: (position, target, hint) =>
            Effect.andThen(
              Effect.suspend(() => (this.isClosed ? Deferred.await(this.opened) : Effect.void)),
              file.read(position, target, hint)
            )
        }))
    }
  }

  get open(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isClosed = false
      return Effect.asVoid(Deferred.succeed(this.opened, undefined))
    })
  }
}
