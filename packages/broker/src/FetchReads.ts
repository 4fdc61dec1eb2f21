/**
 * The reads of one Fetch: every partition asked for, again after each wait, until there is enough or the time is up.
 *
 * Invariants: what was read in vain is given back before each wait; the first partition with data gives at least one whole batch,
 * whatever the limits (KIP-74); partitions that are not here don't end the wait for the others, or a consumer of both would never
 * wait. Without generators, for the reason that `@klamm/actor/Actor` gives: a waiting fetch is resumed within the append.
 */
import { monotonicMsOf } from "@klamm/platform/Moment"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type { PartitionActor } from "@klamm/replica/PartitionActor"
import {
  failedRead,
  type PartitionRead,
  type Reader,
  readAtOnce,
  readPartition,
  withoutRecords
} from "@klamm/replica/PartitionRead"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { FetchPartition } from "./FetchSessions.ts"
import type { Services } from "./Services.ts"

export interface Target {
  readonly asked: FetchPartition
  readonly partition: PartitionActor | undefined
  /** Why there is no partition. */
  readonly errorCode: number
  /** An answer that needs no reading: a consumer is better served elsewhere. */
  readonly answer?: PartitionRead
}

export interface Limits {
  /** Told of each partition once, after it was first read: a follower's progress. */
  readonly onFirstRead?: (target: Target, read: PartitionRead) => void
  /** There are records, and the follower that asks gets none of them for now (KIP-73). */
  readonly holdsBack?: (partition: PartitionActor) => boolean
  readonly reader: Reader
  readonly maxBytes: number
  readonly minBytes: number
  readonly readCommitted: boolean
  /** Milliseconds of the monotonic clock. */
  readonly deadline: number
}

export class FetchReads {
  /** In the order of the targets; complete once `untilEnough` has ended. */
  readonly reads: Array<PartitionRead> = []
  private bytes = 0
  private found = 0
  private final = false
  private isFirst = true
  private readonly services: Services
  private readonly targets: ReadonlyArray<Target>
  private readonly limits: Limits

  constructor(services: Services, targets: ReadonlyArray<Target>, limits: Limits) {
    this.services = services
    this.targets = targets
    this.limits = limits
  }

  /** Gives back the memory of what was read. */
  release(): void {
    for (const read of this.reads.splice(0)) read.release()
  }

  readonly untilEnough: Effect.Effect<void> = Effect.flatMap(Clock.Clock, (clock) => this.round(clock))

  private round(clock: Clock.Clock): Effect.Effect<void> {
    this.release()
    this.bytes = 0
    this.found = 0
    this.final = false
    return Effect.flatMap(this.readFrom(0), () => {
      this.isFirst = false
      const enough = this.final || this.found === 0 || this.bytes >= this.limits.minBytes
      return enough || monotonicMsOf(clock) >= this.limits.deadline ? Effect.void : this.wait(clock)
    })
  }

  private wait(clock: Clock.Clock): Effect.Effect<void> {
    const { reader, minBytes, deadline } = this.limits
    const missingBytes = minBytes - this.bytes
    const partitions = this.targets.flatMap(({ partition }) => (partition === undefined ? [] : [partition]))
    this.release()
    const waiting = this.services.fetchWaiters.awaitBytes(
      partitions,
      reader === "Follower" ? "Follower" : "Consumer",
      missingBytes,
      deadline
    )
    return Effect.flatMap(waiting, () => this.round(clock))
  }

  /** Reads the targets from `index` on; only those that have something new cost an effect. */
  private readFrom(index: number): Effect.Effect<void> {
    for (let at = index; at < this.targets.length; at++) {
      const target = this.targets[at]!
      const { asked, partition, errorCode, answer: given } = target
      if (given !== undefined) {
        this.note(target, given)
        continue
      }
      if (partition === undefined) {
        this.reads.push({ ...failedRead(errorCode), abortedTransactions: [] })
        continue
      }
      const request = this.requestFor(asked)
      const answer = readAtOnce(partition, request) ?? this.heldBack(partition)
      if (answer === undefined) {
        return Effect.flatMap(readPartition(partition, request, this.services.arena), (read) => {
          this.note(target, read)
          return this.readFrom(at + 1)
        })
      }
      this.note(target, answer)
    }
    return Effect.void
  }

  private heldBack(partition: PartitionActor): PartitionRead | undefined {
    return this.limits.holdsBack?.(partition) === true ? withoutRecords(partition) : undefined
  }

  private requestFor(asked: FetchPartition) {
    const { reader } = this.limits
    const isFollower = reader === "Follower"
    return {
      reader,
      highWatermark: isFollower ? asked.highWatermark : Number.POSITIVE_INFINITY,
      logStartOffset: isFollower ? asked.logStartOffset : Number.POSITIVE_INFINITY,
      fetchOffset: asked.fetchOffset,
      // A negative one is as good as none, here alone.
      currentLeaderEpoch: Math.max(-1, asked.currentLeaderEpoch),
      lastFetchedEpoch: asked.lastFetchedEpoch,
      maxBytes: Math.max(0, Math.min(asked.maxBytes, this.limits.maxBytes - this.bytes)),
      readCommitted: this.limits.readCommitted,
      minOneBatch: this.bytes === 0
    }
  }

  /** An error, a divergence or news that does not grow is told at once: waiting would not make a better answer. */
  private note(target: Target, read: PartitionRead): void {
    if (this.isFirst) this.limits.onFirstRead?.(target, read)
    this.bytes += read.records.byteLength
    this.found += 1
    if (read.errorCode !== ErrorCode.NONE || read.divergingEpoch !== undefined || read.endsWait) this.final = true
    this.reads.push(read)
  }
}
