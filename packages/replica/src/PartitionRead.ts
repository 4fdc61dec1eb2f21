/**
 * Reading a partition for Fetch: no mailbox hop, only the actor's published state and one positional read.
 *
 * Invariant: a reader never sees beyond its bound: this replica's high watermark, the last stable offset for read_committed, the log end
 * for a follower; what is damaged on the disk is served to nobody. Followers are served by the leader alone; consumers by any replica if they know of that (KIP-392). Rules: Kafka's
 * Partition.fetchRecords and behaviours 074 to 094.
 */

import { EpochCache, type Log } from "@klamm/log"
import type { Arena, Segment } from "@klamm/platform/Arena"
import { hasBug } from "@klamm/platform/Bugs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { Follower } from "./Follower.ts"
import type { Leader } from "./Leader.ts"
import { lastStableOffset } from "./LocalLog.ts"
import type { State } from "./Partition.ts"
import type { PartitionActor } from "./PartitionActor.ts"

/** A consumer that takes any replica, one that only takes the leader, or a follower. */
export type Reader = "Consumer" | "LeaderOnly" | "Follower"

export interface ReadRequest {
  readonly reader: Reader
  /** What a follower knows of the leader's; it is answered at once when they are further (KIP-1166). Infinity: not told. */
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly fetchOffset: number
  /** -1: not checked. */
  readonly currentLeaderEpoch: number
  /** -1: no divergence check (KIP-320, behaviour 091). */
  readonly lastFetchedEpoch: number
  readonly maxBytes: number
  readonly readCommitted: boolean
  /** Answer one whole batch even if it is larger than `maxBytes` (KIP-74). */
  readonly minOneBatch: boolean
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface PartitionRead {
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly leaderEpoch: number
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | undefined
  readonly abortedTransactions: ReadonlyArray<AbortedTransaction> | null
  /** Whole stored batches, the last one perhaps cut short. */
  readonly records: Uint8Array
  /** A long poll gains nothing by waiting: the range ended with an older segment, or a follower's watermark is behind. */
  readonly endsWait: boolean
  /** Where a reader that takes all of it goes on, if it is worth reading ahead; -1: it is not. */
  readonly aheadFrom: number
  /** Where a consumer is better served (KIP-392); -1: here. */
  readonly preferredReadReplica: number
  /** Gives the memory of `records` back, once they have been sent. */
  readonly release: () => void
}

const noBytes = new Uint8Array(0)
const noAborted: ReadonlyArray<AbortedTransaction> = []
const nothing = (): void => undefined

export const failedRead = (errorCode: number): PartitionRead => ({
  errorCode,
  highWatermark: -1,
  lastStableOffset: -1,
  logStartOffset: -1,
  leaderEpoch: -1,
  divergingEpoch: undefined,
  abortedTransactions: null,
  records: noBytes,
  endsWait: false,
  aheadFrom: -1,
  preferredReadReplica: -1,
  release: nothing
})

/** The error for a leader epoch the asker believes in: behaviour 090, KIP-320. */
export const checkLeaderEpoch = (leaderEpoch: number, asked: number): number => {
  if (asked === -1 || asked === leaderEpoch) return ErrorCode.NONE
  return asked < leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
}

export type Online = Leader | Follower

const serving = (
  state: State,
  { reader, currentLeaderEpoch }: ReadRequest
): { readonly replica: Online } | { readonly errorCode: number } => {
  if (state._tag === "Offline") return { errorCode: state.errorCode }
  const errorCode = checkLeaderEpoch(state.leaderEpoch, currentLeaderEpoch)
  if (errorCode !== ErrorCode.NONE) return { errorCode }
  if (state._tag === "Follower" && reader !== "Consumer") return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }
  return { replica: state }
}

/** What the answer says when there are no records in it. */
const empty = (
  replica: Online,
  abortedTransactions: PartitionRead["abortedTransactions"] = null,
  endsWait = false
): PartitionRead => ({
  errorCode: ErrorCode.NONE,
  highWatermark: replica.highWatermark,
  lastStableOffset: lastStableOffset(replica),
  logStartOffset: replica.logStartOffset,
  leaderEpoch: replica.leaderEpoch,
  divergingEpoch: undefined,
  abortedTransactions,
  records: noBytes,
  endsWait,
  aheadFrom: -1,
  preferredReadReplica: -1,
  release: nothing
})

/** An answer that sends a consumer to another replica. */
export const preferring = (replica: Online, preferredReadReplica: number): PartitionRead => ({
  ...empty(replica, noAborted, true),
  preferredReadReplica
})

/** What a log is asked of its leader epochs. */
type History = Pick<Log, "epochs" | "endOffsetForEpoch">

/** Where the reader's log leaves ours; "unknown" when its epoch is one that we have never had (KIP-320). */
const diverging = (log: History, request: ReadRequest) => {
  if (request.lastFetchedEpoch < 0) return undefined
  const { epoch, endOffset } = log.endOffsetForEpoch(request.lastFetchedEpoch)
  if (epoch === -1 || endOffset === -1) return "unknown"
  const isOther = epoch < request.lastFetchedEpoch && !hasBug("diverging-epoch-not-compared")
  return isOther || endOffset < request.fetchOffset ? { epoch, endOffset } : undefined
}

/**
 * A follower that is beyond the log end, or in an epoch never heard of here, has to leave what it has and not only its place: it is told
 * the last epoch and where that ends, and cuts its log there.
 */
const divergingFollower = (leader: Online, log: History, request: ReadRequest) => {
  const found = diverging(log, request)
  if (typeof found === "object") return found
  if (found === undefined && request.fetchOffset <= leader.logEndOffset) return undefined
  return { epoch: EpochCache.latestEpoch(log.epochs), endOffset: leader.logEndOffset }
}

const aborted = (partition: PartitionActor, request: ReadRequest, upTo: number) =>
  request.readCommitted
    ? partition.log.abortedTransactions(request.fetchOffset, upTo)
    : Effect.succeed<ReadonlyArray<AbortedTransaction> | null>(null)

const readRecords = (
  partition: PartitionActor,
  replica: Online,
  request: ReadRequest,
  arena: Arena
): Effect.Effect<PartitionRead> => {
  let segment: Segment | undefined
  const upToOffset = upToOffsetOf(replica, request)
  const base = empty(replica)
  const found = partition.log.read({
    offset: request.fetchOffset,
    maxBytes: request.maxBytes,
    upToOffset,
    minOneBatch: request.minOneBatch,
    allocate: (sizeBytes) => {
      segment = arena.allocate(sizeBytes)
      return segment?.bytes
    }
  })
  const read = Effect.flatMap(found, (records) =>
    Effect.map(aborted(partition, request, upToOffset), (abortedTransactions): PartitionRead => {
      if (records === "none") return { ...base, abortedTransactions }
      const held = segment
      const { bytes, endsWait, aheadFrom = -1 } = records
      return { ...base, abortedTransactions, records: bytes, endsWait, aheadFrom, release: () => held?.release() }
    })
  )
  return Effect.catch(read, (error) => {
    segment?.release()
    // The log has told of the damage.
    if (error._tag === "CorruptLog") return Effect.succeed(failedRead(ErrorCode.CORRUPT_MESSAGE))
    return Effect.as(Effect.logError("a read failed", error), failedRead(ErrorCode.KAFKA_STORAGE_ERROR))
  })
}

const upToOffsetOf = (replica: Online, { reader, readCommitted }: ReadRequest): number => {
  if (reader === "Follower") return replica.logEndOffset
  return readCommitted ? lastStableOffset(replica) : replica.highWatermark
}

const isInRange = (replica: Online, { fetchOffset }: ReadRequest): boolean =>
  fetchOffset >= replica.logStartOffset && fetchOffset <= replica.logEndOffset

/** To a follower it is told where the log now starts, so that it can begin again there. */
const outOfRange = ({ logStartOffset }: Online, { reader }: ReadRequest): PartitionRead => {
  const failed = failedRead(ErrorCode.OFFSET_OUT_OF_RANGE)
  return reader === "Follower" ? { ...failed, logStartOffset } : failed
}

const answerAtOnce = (log: History, replica: Online, request: ReadRequest): PartitionRead | undefined => {
  const divergingEpoch =
    request.reader === "Follower" && request.fetchOffset >= replica.logStartOffset
      ? divergingFollower(replica, log, request)
      : diverging(log, request)
  if (typeof divergingEpoch === "object") return { ...empty(replica), divergingEpoch }
  if (!isInRange(replica, request) || divergingEpoch === "unknown") return outOfRange(replica, request)
  if (request.fetchOffset < upToOffsetOf(replica, request)) return undefined
  const endsWait = request.highWatermark < replica.highWatermark || request.logStartOffset < replica.logStartOffset
  return empty(replica, request.readCommitted ? noAborted : null, endsWait)
}

/** The answer that keeps the records there are. */
export const withoutRecords = ({ actor }: PartitionActor): PartitionRead => {
  const state = actor.state()
  return state._tag === "Offline" ? failedRead(state.errorCode) : empty(state)
}

/** What was read a moment ago, with what the replica says of itself now. */
export const retold = (partition: PartitionActor, read: PartitionRead): PartitionRead => {
  const { abortedTransactions, records, endsWait, aheadFrom, release } = read
  return { ...withoutRecords(partition), abortedTransactions, records, endsWait, aheadFrom, release }
}

/** The answer of a replica in this state when no record has to be read for it; undefined when one has to. */
export const judge = (state: State, log: History, request: ReadRequest): PartitionRead | undefined => {
  const found = serving(state, request)
  return "errorCode" in found ? failedRead(found.errorCode) : answerAtOnce(log, found.replica, request)
}

/**
 * The answer when no record has to be read for it: an error, or nothing new. A long poll asks for every partition each time, and of
 * most there is nothing. Undefined when `readPartition` has to look.
 */
export const readAtOnce = ({ actor, log }: PartitionActor, request: ReadRequest): PartitionRead | undefined =>
  judge(actor.state(), log, request)

/** Reads for a consumer or a follower. The caller releases the answer's memory. */
export const readPartition = (
  partition: PartitionActor,
  request: ReadRequest,
  arena: Arena
): Effect.Effect<PartitionRead> => {
  const found = serving(partition.actor.state(), request)
  if ("errorCode" in found) return Effect.succeed(failedRead(found.errorCode))
  const { replica } = found
  const answer = answerAtOnce(partition.log, replica, request)
  return answer === undefined ? readRecords(partition, replica, request, arena) : Effect.succeed(answer)
}
