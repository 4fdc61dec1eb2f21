/**
 * The reads of one Fetch: every partition that is due, and after each wait what has become due, until there is enough or the time is up.
 *
 * Invariants: what has nothing is quiet until there is news of it (`FetchInterest`); what was read in vain is given back before each wait; the first partition with data gives at least one whole batch,
 * whatever the limits (KIP-74); partitions that are not here don't end the wait for the others, or a consumer of both would never
 * wait. Without generators, for the reason that `@klamm/actor/Actor` gives: a waiting fetch is resumed within the append.
 */
import type { Arena } from "@klamm/platform/Arena"
import { monotonicMsOf } from "@klamm/platform/Moment"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type { FetchInterest } from "@klamm/replica/FetchInterest"
import type { PartitionActor } from "@klamm/replica/PartitionActor"
import {
  failedRead,
  type PartitionRead,
  type Reader,
  type ReadRequest,
  readAtOnce,
  readPartition,
  retold,
  withoutRecords
} from "@klamm/replica/PartitionRead"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { CachedPartition, FetchPartition } from "./FetchSessions.ts"
import type { ReadAhead, ReadNext } from "./ReadAhead.ts"
import type { Services } from "./Services.ts"

export interface Target {
  readonly partition: PartitionActor | undefined
  /** Why there is no partition. */
  readonly errorCode: number
  /** An answer that needs no reading: a consumer is better served elsewhere. */
  readonly answer?: PartitionRead
}

export interface Limits {
  readonly findTarget: (asked: FetchPartition) => Target
  /** Told of each partition that is looked at in the first round: a follower's progress. */
  readonly onFirstRead?: (asked: FetchPartition, partition: PartitionActor, read: PartitionRead) => void
  /** There are records, and the follower that asks gets none of them for now (KIP-73). */
  readonly holdsBack?: (partition: PartitionActor) => boolean
  /** It is looked at in the next fetch too, though there is nothing in it: a follower has to be heard. */
  readonly staysDue?: (partition: PartitionActor) => boolean
  /** What was read before it was asked for. */
  readonly ahead: ReadAhead | undefined
  readonly reader: Reader
  readonly maxBytes: number
  readonly minBytes: number
  readonly readCommitted: boolean
  /** Milliseconds of the monotonic clock. */
  readonly deadline: number
}

/** What was found in a partition; there may be no such partition here. */
export interface Found {
  readonly partition: PartitionActor | undefined
  readonly read: PartitionRead
}

/** How a partition is read, beside `bytes` that others gave. */
export const readRequest = (limits: Limits, asked: FetchPartition, bytes: number): ReadRequest => {
  const { reader } = limits
  const isFollower = reader === "Follower"
  return {
    reader,
    highWatermark: isFollower ? asked.highWatermark : Number.POSITIVE_INFINITY,
    logStartOffset: isFollower ? asked.logStartOffset : Number.POSITIVE_INFINITY,
    fetchOffset: asked.fetchOffset,
    // A negative one is as good as none, here alone.
    currentLeaderEpoch: Math.max(-1, asked.currentLeaderEpoch),
    lastFetchedEpoch: asked.lastFetchedEpoch,
    maxBytes: Math.max(0, Math.min(asked.maxBytes, limits.maxBytes - bytes)),
    readCommitted: limits.readCommitted,
    minOneBatch: bytes === 0
  }
}

/** Reads what a fetch within the same limits will ask for, and keeps quiet about whatever needs no reading. */
export const readingAhead =
  (limits: Limits, arena: Arena): ReadNext =>
  (asked, bytes) => {
    const { partition, answer } = limits.findTarget(asked)
    const request = readRequest(limits, asked, bytes)
    if (partition === undefined || answer !== undefined || readAtOnce(partition, request) !== undefined) {
      return Effect.succeed(undefined)
    }
    const { log } = partition
    const { cuts } = log
    return Effect.map(readPartition(partition, request, arena), (read) => {
      if (read.records.byteLength > 0) return { log, cuts, request, read }
      read.release()
      return undefined
    })
  }

export class FetchReads {
  /** What was looked at and has not been given back; complete once `untilEnough` has ended. */
  readonly found = new Map<CachedPartition, Found>()
  private bytes = 0
  private missing = 0
  private final = false
  private isFirst = true
  private readonly services: Services
  private readonly interest: FetchInterest<CachedPartition>
  private readonly limits: Limits

  constructor(services: Services, interest: FetchInterest<CachedPartition>, limits: Limits) {
    this.services = services
    this.interest = interest
    this.limits = limits
  }

  /** Gives back the memory of what was read. */
  release(): void {
    for (const { read } of this.found.values()) read.release()
    this.found.clear()
  }

  readonly untilEnough: Effect.Effect<void> = Effect.flatMap(Clock.Clock, (clock) => this.round(clock))

  private round(clock: Clock.Clock): Effect.Effect<void> {
    this.bytes = 0
    this.missing = 0
    this.final = false
    const turns = this.interest.turns()
    return Effect.flatMap(this.readFrom(turns, 0), () => {
      if (this.isFirst) this.limits.ahead?.settle()
      this.isFirst = false
      const noneIsHere = this.missing === this.interest.size
      const enough = this.final || noneIsHere || this.bytes >= this.limits.minBytes
      return enough || monotonicMsOf(clock) >= this.limits.deadline ? Effect.void : this.wait(clock, turns)
    })
  }

  /** What is due is watched too: more may come to what there is. */
  private wait(clock: Clock.Clock, turns: ReadonlyArray<CachedPartition>): Effect.Effect<void> {
    const missingBytes = this.limits.minBytes - this.bytes
    const watch = () => {
      for (const member of turns) this.putBack(member)
    }
    const waiting = this.services.fetchWaiters.awaitBytes(this.interest, missingBytes, this.limits.deadline, watch)
    return Effect.flatMap(waiting, () => this.round(clock))
  }

  private putBack(member: CachedPartition): void {
    const found = this.found.get(member)
    if (!member.isDue || found === undefined) return
    if (found.partition !== undefined) this.interest.watch(member, found.partition)
    found.read.release()
    this.found.delete(member)
  }

  /** Reads from `index` on; only those that have something new cost an effect. */
  private readFrom(turns: ReadonlyArray<CachedPartition>, index: number): Effect.Effect<void> {
    for (let at = index; at < turns.length; at++) {
      const member = turns[at]!
      const { partition, errorCode, answer: given } = this.limits.findTarget(member.request)
      if (partition === undefined) {
        this.noteMissing(member, errorCode)
        continue
      }
      const request = readRequest(this.limits, member.request, this.bytes)
      const atOnce = given === undefined ? readAtOnce(partition, request) : undefined
      if (atOnce !== undefined) this.noteNothing(member, partition, atOnce)
      else if (given !== undefined) this.note(member, partition, given)
      else if (this.limits.holdsBack?.(partition) === true) this.note(member, partition, withoutRecords(partition))
      else {
        const ahead = this.limits.ahead?.take(member, partition, request)
        if (ahead !== undefined) {
          this.note(member, partition, retold(partition, ahead))
          continue
        }
        return Effect.flatMap(readPartition(partition, request, this.services.arena), (read) => {
          this.note(member, partition, read)
          return this.readFrom(turns, at + 1)
        })
      }
    }
    return Effect.void
  }

  private noteMissing(member: CachedPartition, errorCode: number): void {
    this.interest.unwatch(member)
    this.missing += 1
    this.put(member, { partition: undefined, read: { ...failedRead(errorCode), abortedTransactions: [] } })
  }

  /** What is neither an error nor news is looked at again only when there is any. */
  private noteNothing(member: CachedPartition, partition: PartitionActor, read: PartitionRead): void {
    this.note(member, partition, read)
    if (isFinal(read) || this.limits.staysDue?.(partition) === true) return
    this.interest.quieten(member, partition)
  }

  private note(member: CachedPartition, partition: PartitionActor, read: PartitionRead): void {
    if (this.isFirst) this.limits.onFirstRead?.(member.request, partition, read)
    this.bytes += read.records.byteLength
    this.final ||= isFinal(read)
    this.put(member, { partition, read })
  }

  private put(member: CachedPartition, found: Found): void {
    this.found.get(member)?.read.release()
    this.found.set(member, found)
  }
}

/** An error, a divergence or news that does not grow is told at once: waiting would not make a better answer. */
const isFinal = (read: PartitionRead): boolean =>
  read.errorCode !== ErrorCode.NONE || read.divergingEpoch !== undefined || read.endsWait
