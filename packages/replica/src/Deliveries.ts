/**
 * What an answer to a follower's fetch brings: each partition's part goes to that partition's actor, or rests it.
 *
 * Invariants: the answer's memory is given back when the last batch has been written, exactly once; it is over when every actor has
 * answered; one partition's trouble is that partition's. Neighbours: `Fetcher.ts` asks, `Follower.ts` decides what becomes of a delivery.
 */
import { mark } from "@klamm/platform/Invariant"
import * as Moment from "@klamm/platform/Moment"
import type { PartitionData } from "@klamm/protocol/api/01-Fetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { FetchAnswer, FetcherOptions } from "./Fetcher.ts"
import type { Asked, FetcherSession } from "./FetcherSession.ts"
import { type Followed, keyOf, rest } from "./Followed.ts"
import * as Follower from "./Follower.ts"
import type { FetchOutcome, FetchTicket, Message } from "./Partition.ts"
import { takeApart } from "./ReplicaRecords.ts"
import type { ReplicationQuota } from "./ReplicationQuota.ts"

const noRecords: ReadonlyArray<Uint8Array> = []

/** One answer on its way to the actors. */
class Round {
  private readonly answer: FetchAnswer
  private readonly now: number
  private readonly backoffMs: number
  /** Who still uses the memory, this round among them. */
  private holders = 1
  private unanswered = 1
  private resume: (() => void) | undefined
  readonly faults: Array<string> = []

  constructor(answer: FetchAnswer, now: number, backoffMs: number) {
    this.answer = answer
    this.now = now
    this.backoffMs = backoffMs
  }

  private releaseOne(): void {
    this.holders -= 1
    if (this.holders === 0) this.answer.release()
  }

  private answerOne(): void {
    this.unanswered -= 1
    if (this.unanswered === 0) this.resume?.()
  }

  private ticketFor(followed: Followed): FetchTicket {
    return {
      release: () => this.releaseOne(),
      complete: (outcome: FetchOutcome) => {
        if (outcome === "Taken") followed.failures = 0
        else rest(followed, this.now, this.backoffMs)
        this.answerOne()
      }
    }
  }

  /** The message, with a ticket that this round waits for. */
  private tell(followed: Followed, hasRecords: boolean, message: (ticket: FetchTicket) => Message): void {
    this.unanswered += 1
    if (hasRecords) this.holders += 1
    const ticket = this.ticketFor(followed)
    if (followed.partition.actor.tell(message(ticket))) return
    if (hasRecords) ticket.release()
    ticket.complete("Refused")
  }

  /** The leader's history leaves ours, or begins behind our end: the log is cut. */
  private truncate(followed: Followed, leaderEpoch: number, offset: number, fully: boolean): void {
    this.tell(followed, false, (ticket) => ({ _tag: "Truncate", truncation: { leaderEpoch, offset, fully, ticket } }))
  }

  private take(followed: Followed, asked: Asked, data: PartitionData): void {
    const { currentLeaderEpoch: leaderEpoch } = asked
    const { highWatermark, logStartOffset, records } = data
    const { batches, fault } =
      records === null || records.byteLength === 0
        ? { batches: noRecords, fault: undefined }
        : takeApart(records, leaderEpoch)
    if (fault !== undefined && batches.length === 0) {
      mark("replica/a leader's records are damaged")
      const { topic, partition } = followed.partition
      this.faults.push(`${topic}-${partition}, fetched at ${asked.fetchOffset}: ${fault}`)
      rest(followed, this.now, this.backoffMs)
      return
    }
    this.tell(followed, batches.length > 0, (ticket) => ({
      _tag: "Delivered",
      delivery: { leaderEpoch, batches, highWatermark, logStartOffset, ticket }
    }))
  }

  deliver(followed: Followed, asked: Asked, data: PartitionData): void {
    const { log } = followed.partition
    const { divergingEpoch, errorCode, logStartOffset } = data
    const { currentLeaderEpoch, fetchOffset } = asked
    if (errorCode === ErrorCode.NONE && divergingEpoch.endOffset !== -1) {
      const offset = Follower.truncationOffset(log.epochs, log.logEndOffset, divergingEpoch)
      this.truncate(followed, currentLeaderEpoch, offset, false)
    } else if (errorCode === ErrorCode.NONE) {
      this.take(followed, asked, data)
    } else if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE && logStartOffset > fetchOffset) {
      this.truncate(followed, currentLeaderEpoch, logStartOffset, true)
    } else rest(followed, this.now, this.backoffMs)
  }

  /** Until every actor has answered. */
  readonly untilTaken: Effect.Effect<void> = Effect.callback<void>((resume) => {
    this.releaseOne()
    this.resume = () => resume(Effect.void)
    this.answerOne()
  })
}

interface Receiver {
  readonly partitions: Map<string, Followed>
  readonly session: FetcherSession
  /** Whatever the answer speaks of is asked for anew. */
  readonly due: Set<string>
}

/**
 * Counts what came of throttled partitions. Each of them goes behind the others, or those that are asked for first would take all that
 * the quota allows.
 */
const recordFetched = (followed: Map<string, Followed>, { body }: FetchAnswer, quota: ReplicationQuota): void => {
  for (const { topicId, partitions } of body.responses) {
    for (const { partitionIndex, records } of partitions) {
      const key = keyOf(topicId, partitionIndex)
      const member = followed.get(key)
      if (member === undefined || records === null || records.byteLength === 0) continue
      if (!quota.isThrottled(member.partition)) continue
      quota.record(records.byteLength)
      followed.delete(key)
      followed.set(key, member)
    }
  }
}

/** Hands the answer out; over when all of it has been taken or refused. Partitions that are no longer followed are passed over. */
export const deliver = (
  { partitions: followed, session, due }: Receiver,
  answer: FetchAnswer,
  { fetchSettings, quota }: Pick<FetcherOptions, "fetchSettings" | "quota">
): Effect.Effect<void> =>
  Effect.flatMap(Moment.monotonicMs, (now) => {
    const round = new Round(answer, now, fetchSettings().backoffMs)
    if (quota.isActive) recordFetched(followed, answer, quota)
    for (const { topicId, partitions } of answer.body.responses) {
      for (const data of partitions) {
        const key = keyOf(topicId, data.partitionIndex)
        due.add(key)
        const member = followed.get(key)
        const asked = session.asked(key)
        if (member !== undefined && asked !== undefined) round.deliver(member, asked, data)
      }
    }
    const tellFault = (fault: string) => Effect.logError(`records of a leader are damaged: ${fault}`)
    return Effect.flatMap(round.untilTaken, () => Effect.forEach(round.faults, tellFault, { discard: true }))
  })
