/**
 * Files and directories in memory, with what a power cut would leave of them: pure storage, without faults or effects of its
 * own, so that every simulated disk can stand on it.
 *
 * Invariants: a page that is part of the durable content is never changed in place, only replaced, so that a sync is the
 * sharing of pages and not a copy; names become durable with their directory and bytes with their file, each without the
 * other, as POSIX promises no more. Neighbour: `DiskMemory.ts`, which gives this the shape of `Disk`.
 */
import type { DirectoryEntry, DiskErrorReason } from "./Disk.ts"

/** The unit in which unsynced bytes survive a power cut or do not. */
export const defaultPageBytes = 4_096

/** What can go wrong by itself; `DiskMemory` makes a DiskError of it. */
export class FileFault extends Error {
  override readonly name = "FileFault"
  readonly reason: DiskErrorReason

  constructor(reason: DiskErrorReason) {
    super(reason)
    this.reason = reason
  }
}

interface Content {
  readonly pages: Array<Uint8Array | undefined>
  length: number
}

/** The content of one file. An absent page is a hole: zeros. */
export class MemoryFile {
  readonly kind = "file"
  private readonly pageBytes: number
  private readonly written: Content = { pages: [], length: 0 }
  private readonly synced: Content = { pages: [], length: 0 }
  /** Pages that the next sync has to make durable. */
  private readonly unsynced = new Set<number>()
  /** Pages that a failed sync has given up: they read as they were written, but no sync makes them durable any more. */
  private readonly lost = new Set<number>()

  constructor(pageBytes: number) {
    this.pageBytes = pageBytes
  }

  get size(): number {
    return this.written.length
  }

  read(position: number, target: Uint8Array): number {
    return this.readFrom(this.written, position, target)
  }

  /** What the worst power cut would leave. */
  get durable(): Uint8Array {
    const bytes = new Uint8Array(this.synced.length)
    this.readFrom(this.synced, 0, bytes)
    return bytes
  }

  get durableBytes(): number {
    return this.synced.length
  }

  readDurable(position: number, target: Uint8Array): number {
    return this.readFrom(this.synced, position, target)
  }

  private readFrom({ pages, length: size }: Content, position: number, target: Uint8Array): number {
    const count = Math.max(0, Math.min(target.byteLength, size - position))
    for (let done = 0; done < count; ) {
      const offset = (position + done) % this.pageBytes
      const length = Math.min(this.pageBytes - offset, count - done)
      const page = pages[Math.floor((position + done) / this.pageBytes)]
      if (page === undefined) target.fill(0, done, done + length)
      else target.set(page.subarray(offset, offset + length), done)
      done += length
    }
    return count
  }

  write(position: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.byteLength; ) {
      const offset = (position + done) % this.pageBytes
      const length = Math.min(this.pageBytes - offset, bytes.byteLength - done)
      this.ownPage(Math.floor((position + done) / this.pageBytes)).set(bytes.subarray(done, done + length), offset)
      done += length
    }
    if (bytes.byteLength > 0) this.written.length = Math.max(this.written.length, position + bytes.byteLength)
  }

  truncate(length: number): void {
    const { pages } = this.written
    const rest = length % this.pageBytes
    const last = Math.floor(length / this.pageBytes)
    const kept = Math.min(pages.length, rest === 0 ? last : last + 1)
    for (let page = kept; page < pages.length; page++) this.unsynced.add(page)
    pages.length = kept
    if (length < this.written.length && rest > 0 && pages[last] !== undefined) this.ownPage(last).fill(0, rest)
    this.written.length = length
  }

  sync(): void {
    this.settle(this.written, this.synced, this.unsynced)
    this.unsynced.clear()
  }

  /** A sync fails, as on Linux: the error is told once, and what was to be written then counts as clean. */
  failSync(): void {
    for (const page of this.unsynced) this.lost.add(page)
    this.unsynced.clear()
  }

  /** Forgets what was not synced, except for the pages that `survives` answers true for. */
  losePower(survives: (page: number) => boolean): void {
    const { written, synced } = this
    for (const page of this.unsynced) {
      if (page * this.pageBytes >= written.length || !survives(page)) continue
      synced.pages[page] = written.pages[page]
      synced.length = Math.max(synced.length, Math.min(written.length, (page + 1) * this.pageBytes))
    }
    this.settle(synced, written, this.unsynced)
    this.settle(synced, written, this.lost)
    this.unsynced.clear()
    this.lost.clear()
  }

  /** Makes `to` the same as `from`, which differ in these pages. */
  private settle(from: Content, to: Content, pages: ReadonlySet<number>): void {
    for (const page of pages) to.pages[page] = from.pages[page]
    to.pages.length = from.pages.length
    to.length = from.length
  }

  /** The page, safe to be changed. */
  private ownPage(index: number): Uint8Array {
    const { pages } = this.written
    const page = pages[index]
    this.unsynced.add(index)
    this.lost.delete(index)
    if (page !== undefined && page !== this.synced.pages[index]) return page
    const own = page === undefined ? new Uint8Array(this.pageBytes) : page.slice()
    pages[index] = own
    return own
  }
}

/** The names in one directory. */
export class MemoryDirectory {
  readonly kind = "directory"
  readonly entries = new Map<string, MemoryNode>()
  private synced = new Map<string, MemoryNode>()

  sync(): void {
    this.synced = new Map(this.entries)
  }

  /** The names that the worst power cut would leave. */
  get durable(): ReadonlyMap<string, MemoryNode> {
    return this.synced
  }

  /** Goes back to the names of the last sync, unless the latest ones survive; then the same below. */
  losePower(path: string, survivors: Survivors): void {
    if (!survivors.names(path)) {
      this.entries.clear()
      for (const [name, node] of this.synced) this.entries.set(name, node)
    }
    this.sync()
    for (const [name, node] of this.entries) {
      const below = `${path}/${name}`
      if (node.kind === "directory") node.losePower(below, survivors)
      else node.losePower((page) => survivors.page(below, page))
    }
  }
}

export type MemoryNode = MemoryFile | MemoryDirectory

/** What of the unsynced a power cut happens to spare. */
export interface Survivors {
  /** Whether the latest names in the directory are there after the cut. */
  readonly names: (directory: string) => boolean
  /** Whether an unsynced page of the file is there after the cut. */
  readonly page: (path: string, page: number) => boolean
}

/** The worst that a disk may do: nothing is left that was not synced. */
export const nothingSurvives: Survivors = { names: () => false, page: () => false }

const namesOf = (path: string): ReadonlyArray<string> => path.split("/").filter((name) => name !== "" && name !== ".")

/** A tree of files. Every method fails with a FileFault where a real file system would refuse. */
export class MemoryFiles {
  private readonly root = new MemoryDirectory()
  private readonly pageBytes: number

  constructor(pageBytes: number = defaultPageBytes) {
    this.pageBytes = pageBytes
  }

  find(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.root
    for (const name of namesOf(path)) {
      if (node === undefined) return undefined
      if (node.kind === "file") throw new FileFault("NotADirectory")
      node = node.entries.get(name)
    }
    return node
  }

  /** What the path would name after the worst power cut. */
  findDurable(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.root
    for (const name of namesOf(path)) node = node?.kind === "directory" ? node.durable.get(name) : undefined
    return node
  }

  file(path: string): MemoryFile {
    const node = this.find(path)
    if (node === undefined) throw new FileFault("NotFound")
    if (node.kind === "directory") throw new FileFault("Io")
    return node
  }

  directory(path: string): MemoryDirectory {
    const node = this.find(path)
    if (node === undefined) throw new FileFault("NotFound")
    if (node.kind === "file") throw new FileFault("NotADirectory")
    return node
  }

  /** The file, made when it is absent; with `exclusive` it has to be. */
  create(path: string, exclusive: boolean): MemoryFile {
    const { directory, name } = this.place(path)
    if (directory.entries.has(name)) {
      if (exclusive) throw new FileFault("AlreadyExists")
      return this.file(path)
    }
    const file = new MemoryFile(this.pageBytes)
    directory.entries.set(name, file)
    return file
  }

  makeDirectory(path: string): void {
    let directory = this.root
    const names = namesOf(path)
    for (const [index, name] of names.entries()) {
      const existing = directory.entries.get(name)
      if (existing?.kind === "file") throw new FileFault(index === names.length - 1 ? "AlreadyExists" : "NotADirectory")
      const next = existing ?? new MemoryDirectory()
      directory.entries.set(name, next)
      directory = next
    }
  }

  rename(from: string, to: string): void {
    const source = this.place(from)
    const moved = source.directory.entries.get(source.name)
    if (moved === undefined) throw new FileFault("NotFound")
    const target = this.place(to)
    const replaced = target.directory.entries.get(target.name)
    if (replaced === moved) return
    if (replaced?.kind === "directory") {
      if (moved.kind === "file") throw new FileFault("Io")
      if (replaced.entries.size > 0) throw new FileFault("AlreadyExists")
    }
    if (replaced?.kind === "file" && moved.kind === "directory") throw new FileFault("NotADirectory")
    source.directory.entries.delete(source.name)
    target.directory.entries.set(target.name, moved)
  }

  remove(path: string): void {
    const { directory, name } = this.place(path)
    if (!directory.entries.delete(name)) throw new FileFault("NotFound")
  }

  list(path: string): ReadonlyArray<DirectoryEntry> {
    return [...this.directory(path).entries]
      .map(([name, node]): DirectoryEntry => ({ name, kind: node.kind }))
      .sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  losePower(survivors: Survivors = nothingSurvives): void {
    this.root.losePower("", survivors)
  }

  /** Bytes of all files, as they are now. */
  get usedBytes(): number {
    const bytesBelow = (node: MemoryNode): number =>
      node.kind === "file" ? node.size : node.entries.values().reduce((total, below) => total + bytesBelow(below), 0)
    return bytesBelow(this.root)
  }

  private place(path: string): { readonly directory: MemoryDirectory; readonly name: string } {
    const names = namesOf(path)
    const name = names.at(-1)
    if (name === undefined) throw new FileFault("Io")
    return { directory: this.directory(names.slice(0, -1).join("/")), name }
  }
}
