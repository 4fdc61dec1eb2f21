/**
 * The disk of one machine, with what goes wrong on disks: latency, errors, a full volume, rotten bits, a power cut in the midst of it.
 *
 * Invariants: what a dead process began has no further effect; a failed sync is final for the open file, and what it was to make
 * durable is lost although it still reads well; a crash keeps all that was written, a power cut what was synced and, by chance,
 * sectors and names that were not. Neighbours: `platform/DiskMemory.ts`, which holds the files, and the world's faults.
 */
import { Disk, DiskError, type DiskFile, type OpenMode } from "@klamm/platform/Disk"
import { type MemoryDisk, makeMemoryDisk } from "@klamm/platform/DiskMemory"
import { FileFault, type MemoryFile, type Survivors } from "@klamm/platform/MemoryFiles"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Chance } from "./Chance.ts"
import { Rot } from "./Rot.ts"

/** What survives a power cut survives in units of this. */
export const sectorBytes = 512

/** From the least to the most, in milliseconds; mostly near the least. */
export type Latency = readonly [least: number, most: number]

/** What the disk is like at the moment; may change at any time. */
export interface DiskCondition {
  syncMs: Latency
  coldReadMs: Latency
  /** How long a write takes that goes to a thread of its own, and how often one does. */
  writeMs: Latency
  pooledWrites: number
  /** How often an operation that needs no device still lets others run first. */
  yields: number
  /** How often each kind of operation fails with an I/O error. */
  readFails: number
  writeFails: number
  syncFails: number
  /** Only operations on paths that begin so fail. */
  failsUnder: string
  /** Where the volume is full; undefined: never. */
  totalBytes: number | undefined
}

export const healthy = (): DiskCondition => ({
  syncMs: [0.1, 5],
  coldReadMs: [0.05, 2],
  writeMs: [0.02, 3],
  pooledWrites: 0.2,
  yields: 0.05,
  readFails: 0,
  writeFails: 0,
  syncFails: 0,
  failsUnder: "",
  totalBytes: undefined
})

/** How much a power cut spares of what was not synced. */
export type Spared = "nothing" | "everything" | "some" | "beginnings"
const allSpared: ReadonlyArray<Spared> = ["nothing", "everything", "some", "beginnings"]

/** Whose operations they are. */
export interface DiskUser {
  readonly isAlive: boolean
}

type Moment = "before" | "during" | "after"
type Kind = "read" | "write" | "sync"

const kindOf: { readonly [operation: string]: Kind } = {
  read: "read",
  size: "read",
  list: "read",
  write: "write",
  truncate: "write",
  sync: "sync"
}

/** Who works with an open file. */
interface Use {
  count: number
  isClosed: boolean
  readonly close: Effect.Effect<void>
}

const sizeOf = (chunks: ReadonlyArray<Uint8Array>): number => chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)

/** The first bytes of the chunks. */
const beginningOf = (chunks: ReadonlyArray<Uint8Array>, bytes: number): ReadonlyArray<Uint8Array> => {
  const beginning: Array<Uint8Array> = []
  let left = bytes
  for (const chunk of chunks) {
    if (left <= 0) break
    beginning.push(chunk.subarray(0, left))
    left -= chunk.byteLength
  }
  return beginning
}

export class SimDisk {
  readonly condition: DiskCondition
  /** Errors that operations were made to fail with so far. */
  failures = 0
  /** What living processes did with files that they had closed. */
  readonly closedUses: Array<string> = []
  private readonly chance: Chance
  private readonly memory: MemoryDisk
  private readonly rotten = new Rot()
  private operationsToLive = Number.POSITIVE_INFINITY
  private onDeath: () => void = () => undefined
  /** The death that has begun and waits for its last operation, which may take long. */
  private dying: (() => void) | undefined

  constructor(chance: Chance, condition: DiskCondition = healthy()) {
    this.chance = chance
    this.condition = condition
    this.memory = makeMemoryDisk({
      pageBytes: sectorBytes,
      get totalBytes() {
        return condition.totalBytes
      },
      before: (operation, path, file) => this.mayFail(operation, path, file)
    })
  }

  get files(): MemoryDisk["files"] {
    return this.memory.files
  }

  /** Calls `die` at the `operations`th operation from now: before it, in the midst of it, or behind it. A death that has begun is ended first. */
  dieAt(operations: number, die: () => void): void {
    this.dying?.()
    this.operationsToLive = operations
    this.onDeath = die
  }

  /** The process dies: all that was written stays. */
  crash(): void {
    this.endDeath()
    this.memory.crash()
  }

  /** The power goes. */
  losePower(spared: Spared = this.chance.pick(allSpared)): Spared {
    this.endDeath()
    this.memory.losePower(this.survivors(spared))
    return spared
  }

  /** No death waits for its operation any more. */
  private endDeath(): void {
    this.operationsToLive = Number.POSITIVE_INFINITY
    this.dying = undefined
  }

  /** An empty disk in place of this one. No process may use it. */
  replace(): void {
    this.endDeath()
    this.memory.crash()
    const { files } = this.memory
    const empty = (directory: string): void => {
      for (const { name, kind } of files.list(directory)) {
        const path = `${directory}/${name}`
        if (kind === "directory") empty(path)
        files.remove(path)
      }
    }
    empty("")
    files.directory("").sync()
  }

  /** Flips a bit of a stored byte: from now on processes read another one there than was written. `files` still has what was written. */
  rot(path: string, position: number): void {
    this.rotten.flip(this.memory.files.file(path), position, 1 << this.chance.below(8))
  }

  /** Whether a bit of one of the directory's files is another one. */
  isRotten(directory: string): boolean {
    const { files } = this.memory
    if (files.find(directory) === undefined) return false
    return files
      .list(directory)
      .some(({ name, kind }) => kind === "file" && this.rotten.isIn(files.file(`${directory}/${name}`)))
  }

  /** The disk as a process sees it. */
  mount(user: DiskUser): Disk["Service"] {
    const { disk } = this.memory
    const does = <A>(effect: Effect.Effect<A, DiskError>) => this.perform(user, effect)
    const syncs = (effect: Effect.Effect<void, DiskError>) => this.perform(user, this.slowSync(effect))
    return Disk.of({
      open: (path, mode) => this.open(user, path, mode),
      readFile: (path) => does(disk.readFile(path)),
      rename: (from, to) => does(disk.rename(from, to)),
      remove: (path) => does(disk.remove(path)),
      list: (directory) => does(disk.list(directory)),
      makeDirectory: (path) => does(disk.makeDirectory(path)),
      exists: (path) => does(disk.exists(path)),
      syncDirectory: (directory) => syncs(disk.syncDirectory(directory)),
      lock: (path) => this.perform(user, disk.lock(path)),
      volume: (path) => does(disk.volume(path))
    })
  }

  private open(user: DiskUser, path: string, mode: OpenMode) {
    return Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.make()
      const file = yield* Scope.provide(this.perform(user, this.memory.disk.open(path, mode)), scope)
      const use: Use = { count: 0, isClosed: false, close: Scope.close(scope, Exit.void) }
      yield* Effect.addFinalizer(() => {
        use.isClosed = true
        return use.count === 0 ? use.close : Effect.void
      })
      return this.wrap(user, file, this.memory.files.file(path), use)
    })
  }

  /** An operation on an open file, which is closed when all that began before are over. */
  private during<A>(use: Use, operation: string, path: string, effect: Effect.Effect<A, DiskError>) {
    const begin = Effect.suspend((): Effect.Effect<void, DiskError> => {
      if (use.isClosed) {
        this.closedUses.push(`${operation} ${path}`)
        return Effect.fail(new DiskError({ reason: "Io", operation, path }))
      }
      use.count += 1
      return Effect.void
    })
    const over = Effect.suspend(() => {
      use.count -= 1
      return use.isClosed && use.count === 0 ? use.close : Effect.void
    })
    return Effect.acquireUseRelease(
      begin,
      () => effect,
      () => over
    )
  }

  private wrap(user: DiskUser, file: DiskFile, stored: MemoryFile, use: Use): DiskFile {
    let failure: DiskError | undefined
    const perform = <A>(
      operation: string,
      effect: Effect.Effect<A, DiskError>,
      half?: () => Effect.Effect<unknown, DiskError>
    ) => this.during(use, operation, file.path, this.perform(user, effect, half))
    const unlessFailed = <A>(effect: Effect.Effect<A, DiskError>): Effect.Effect<A, DiskError> =>
      Effect.suspend(() => (failure === undefined ? effect : Effect.fail(failure)))
    const sync = Effect.tapError(this.slowSync(file.sync), (error) =>
      Effect.sync(() => {
        failure = error
      })
    )
    return {
      path: file.path,
      size: perform("size", file.size),
      read: (position, target, hint) => {
        const read = Effect.map(file.read(position, target, hint), (count) => {
          this.rotten.spoil(stored, position, target.subarray(0, count))
          return count
        })
        return perform("read", hint === "cold" ? Effect.andThen(this.wait("coldReadMs"), read) : read)
      },
      write: (position, chunks) => {
        const write = (written: ReadonlyArray<Uint8Array>) =>
          Effect.map(file.write(position, written), () =>
            this.rotten.clear(stored, position, position + sizeOf(written))
          )
        return unlessFailed(perform("write", this.maySlowWrite(write(chunks)), () => write(this.someOf(chunks))))
      },
      sync: unlessFailed(perform("sync", sync)),
      truncate: (length) => {
        const truncate = Effect.map(file.truncate(length), () =>
          this.rotten.clear(stored, length, Number.POSITIVE_INFINITY)
        )
        return unlessFailed(perform("truncate", truncate))
      }
    }
  }

  /** What was written before the sync began is durable when it ends; what is written meanwhile may be. */
  private slowSync(sync: Effect.Effect<void, DiskError>): Effect.Effect<void, DiskError> {
    return Effect.suspend(() => {
      const early = this.chance.happens(0.5)
      return early ? Effect.andThen(sync, this.wait("syncMs")) : Effect.andThen(this.wait("syncMs"), sync)
    })
  }

  /** A write on a thread of its own goes on though whoever asked for it is interrupted. */
  private maySlowWrite(write: Effect.Effect<void, DiskError>): Effect.Effect<void, DiskError> {
    return Effect.suspend(() => {
      if (!this.chance.happens(this.condition.pooledWrites)) return write
      const early = this.chance.happens(0.5)
      const wait = this.wait("writeMs")
      return Effect.uninterruptible(early ? Effect.andThen(write, wait) : Effect.andThen(wait, write))
    })
  }

  private wait(latency: "syncMs" | "coldReadMs" | "writeMs"): Effect.Effect<void> {
    return Effect.suspend(() => Effect.sleep(this.chance.skewed(...this.condition[latency])))
  }

  /** Runs an operation of a living process, unless its hour has come. `half` is what is done if it dies in the midst of it. */
  private perform<A, R>(
    user: DiskUser,
    operation: Effect.Effect<A, DiskError, R>,
    half?: () => Effect.Effect<unknown, DiskError>
  ): Effect.Effect<A, DiskError, R> {
    return Effect.suspend(() => {
      if (!user.isAlive) return Effect.never
      this.operationsToLive -= 1
      if (this.operationsToLive <= 0) return this.die(operation, half)
      if (!this.chance.happens(this.condition.yields)) return operation
      return Effect.andThen(Effect.yieldNow, operation)
    })
  }

  private die<A, R>(
    operation: Effect.Effect<A, DiskError, R>,
    half: (() => Effect.Effect<unknown, DiskError>) | undefined
  ): Effect.Effect<never, never, R> {
    const moment = this.chance.pick<Moment>(half === undefined ? ["before", "after"] : ["before", "during", "after"])
    this.operationsToLive = Number.POSITIVE_INFINITY
    const { onDeath } = this
    const dying = (): void => {
      this.dying = undefined
      onDeath()
    }
    this.dying = dying
    const end = Effect.suspend(() => {
      if (this.dying === dying) dying()
      return Effect.never
    })
    if (moment === "before") return end
    const done: Effect.Effect<unknown, DiskError, R> = moment === "during" && half !== undefined ? half() : operation
    return Effect.andThen(Effect.exit(done), end)
  }

  private someOf(chunks: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> {
    return beginningOf(chunks, this.chance.below(sizeOf(chunks) + 1))
  }

  private mayFail(operation: string, path: string, file: MemoryFile | undefined): void {
    const kind = kindOf[operation]
    if (kind === undefined) return
    const { condition } = this
    if (!path.startsWith(condition.failsUnder)) return
    const probability = { read: condition.readFails, write: condition.writeFails, sync: condition.syncFails }[kind]
    if (!this.chance.happens(probability)) return
    this.failures += 1
    if (kind === "sync") file?.failSync()
    throw new FileFault("Io")
  }

  private survivors(spared: Spared): Survivors {
    const { chance } = this
    const share = chance.double()
    /** Files whose first lost sector has been met. */
    const cut = new Set<string>()
    const page = (path: string): boolean => {
      if (spared === "nothing" || cut.has(path)) return false
      if (spared === "everything" || chance.happens(share)) return true
      if (spared === "beginnings") cut.add(path)
      return false
    }
    const names = () => spared === "everything" || (spared !== "nothing" && chance.happens(0.5))
    return { names, page }
  }
}
