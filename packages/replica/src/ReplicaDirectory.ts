/**
 * One log directory as the replicas use it: the partitions in it, its health, and its checkpoints. Invariant: once failed it stays
 * failed, and nothing more is written to it.
 */
import { type CheckpointedLog, type FoundLog, type LogDirectory, type LogName, nameOf } from "@klamm/log"
import type { Log } from "@klamm/log/Log"
import type { CorruptLog } from "@klamm/log/LogError"
import type { Disk, DiskError } from "@klamm/platform"
import { hasBug } from "@klamm/platform/Bugs"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { PartitionActor } from "./PartitionActor.ts"

export interface FutureReplica {
  readonly partition: PartitionActor
  /** The copy. */
  readonly log: Log
}

export class ReplicaDirectory {
  readonly log: LogDirectory
  /** Logs that were there when the directory was opened and are not in use yet. */
  readonly found: Map<string, FoundLog>
  /** The same of copies that were not complete (KIP-113). */
  readonly foundFutures: Map<string, FoundLog>
  /** Copies of partitions elsewhere that are on their way here. */
  readonly futures = new Map<string, FutureReplica>()
  private readonly members = new Map<string, PartitionActor>()
  /** The files are replaced by one at a time. */
  private readonly checkpointing = Semaphore.makeUnsafe(1)
  private failure: DiskError | CorruptLog | undefined

  private readonly disk: Disk["Service"]

  constructor(disk: Disk["Service"], log: LogDirectory, found: ReadonlyArray<FoundLog>) {
    this.disk = disk
    this.log = log
    const byName = (logs: ReadonlyArray<FoundLog>) => new Map(logs.map((each) => [nameOf(each), each]))
    this.found = byName(found.filter(({ isFuture }) => !isFuture))
    this.foundFutures = byName(found.filter(({ isFuture }) => isFuture))
  }

  get path(): string {
    return this.log.path
  }
  get failed(): boolean {
    return this.failure !== undefined
  }
  get partitions(): ReadonlyArray<PartitionActor> {
    return [...this.members.values()]
  }
  /** Total and usable bytes of its volume. */
  get volume(): Effect.Effect<{ readonly totalBytes: number; readonly usableBytes: number }, DiskError> {
    return this.disk.volume(this.path)
  }

  add(partition: PartitionActor): void {
    const name = nameOf(partition)
    this.found.delete(name)
    this.members.set(name, partition)
  }

  remove(partition: PartitionActor): void {
    this.members.delete(nameOf(partition))
  }

  /** True the first time. Every partition in it goes offline. */
  fail(error: DiskError | CorruptLog): boolean {
    if (this.failure !== undefined) return false
    this.failure = error
    for (const partition of this.members.values()) partition.actor.tell({ _tag: "DiskFailed" })
    return true
  }

  /**
   * Stores the offsets of its logs; `others` are logs in it that are no replicas (the metadata log), `coming` are copies that are about to
   * be.
   */
  checkpoint(others: ReadonlyArray<Log>, coming: ReadonlyArray<CheckpointedLog> = []): Effect.Effect<void, DiskError> {
    return Semaphore.withPermits(this.checkpointing, 1, this.store(others, coming))
  }

  /**
   * A log was cut. If the checkpoint claims that more of it is durable, it is written anew before the log may grow again: after a crash,
   * what is missing below a recovery point is taken for damage.
   */
  truncated(log: Log, others: ReadonlyArray<Log>): Effect.Effect<void, DiskError> {
    const store = Effect.suspend(() => {
      const claimed = this.log.checkpoints.recoveryPoint(log)
      return claimed > log.recoveryPoint ? this.store(others) : Effect.void
    })
    return Semaphore.withPermits(this.checkpointing, 1, store)
  }

  /**
   * A log is to begin here. If the checkpoints speak of a former one of that name, they are written anew before there is anything in it:
   * after a crash it would be cut to where the former one began, or taken for damaged (Kafka: LogManager.asyncDelete).
   */
  beginning(name: LogName, others: ReadonlyArray<Log>): Effect.Effect<void, DiskError> {
    const store = Effect.suspend(() =>
      this.log.checkpoints.claims(name) && !hasBug("former-log-believed") ? this.store(others) : Effect.void
    )
    return Semaphore.withPermits(this.checkpointing, 1, store)
  }

  private store(
    others: ReadonlyArray<Log>,
    coming: ReadonlyArray<CheckpointedLog> = []
  ): Effect.Effect<void, DiskError> {
    return Effect.suspend(() => {
      const replicas = this.partitions.map(({ log, actor }) => ({ log, highWatermark: actor.state().highWatermark }))
      const rest = others.filter((log) => log.directory.startsWith(`${this.path}/`))
      const all = [...replicas, ...coming, ...rest.map((log) => ({ log, highWatermark: 0 }))]
      return this.log.checkpoints.write(all, [...this.found.values()])
    })
  }
}
