/**
 * Reading a partition for Fetch: no mailbox hop, only the actor's published state and one positional read.
 *
 * Invariant: a reader never sees beyond its bound (high watermark, or last stable offset for read_committed). Rules: Kafka's
 * Partition.fetchRecords and behaviours 074 to 094.
 */
import type { Arena, Segment } from "@klamm/platform/Arena"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Leader, lastStableOffset } from "./Leader.ts"
import type { State } from "./Partition.ts"
import type { PartitionActor } from "./PartitionActor.ts"

export interface ReadRequest {
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
  /** The range ended with an older segment: a long poll gains nothing by waiting. */
  readonly endsOlderSegment: boolean
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
  endsOlderSegment: false,
  release: nothing
})

/** The error for a leader epoch the asker believes in: behaviour 090, KIP-320. */
export const checkLeaderEpoch = (leaderEpoch: number, asked: number): number => {
  if (asked === -1 || asked === leaderEpoch) return ErrorCode.NONE
  return asked < leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
}

const leading = (state: State, asked: number): { readonly leader: Leader } | { readonly errorCode: number } => {
  if (state._tag === "Offline") return { errorCode: state.errorCode }
  const errorCode = checkLeaderEpoch(state.leaderEpoch, asked)
  return errorCode === ErrorCode.NONE ? { leader: state } : { errorCode }
}

/** What the answer says when there are no records in it. */
const empty = (leader: Leader): PartitionRead => ({
  ...failedRead(ErrorCode.NONE),
  highWatermark: leader.highWatermark,
  lastStableOffset: lastStableOffset(leader),
  logStartOffset: leader.logStartOffset,
  leaderEpoch: leader.leaderEpoch
})

/** Where the reader's log leaves ours; "unknown" when its epoch is one that we have never had (KIP-320). */
const diverging = (partition: PartitionActor, request: ReadRequest) => {
  if (request.lastFetchedEpoch < 0) return undefined
  const { epoch, endOffset } = partition.log.endOffsetForEpoch(request.lastFetchedEpoch)
  if (epoch === -1 || endOffset === -1) return "unknown"
  return epoch < request.lastFetchedEpoch || endOffset < request.fetchOffset ? { epoch, endOffset } : undefined
}

const aborted = (partition: PartitionActor, request: ReadRequest, upTo: number) =>
  request.readCommitted
    ? partition.log.abortedTransactions(request.fetchOffset, upTo)
    : Effect.succeed<ReadonlyArray<AbortedTransaction> | null>(null)

const readRecords = (
  partition: PartitionActor,
  leader: Leader,
  request: ReadRequest,
  arena: Arena
): Effect.Effect<PartitionRead> => {
  let segment: Segment | undefined
  const upToOffset = upToOffsetOf(leader, request)
  const base = empty(leader)
  const read = Effect.gen(function* () {
    const found = yield* partition.log.read({
      offset: request.fetchOffset,
      maxBytes: request.maxBytes,
      upToOffset,
      minOneBatch: request.minOneBatch,
      allocate: (sizeBytes) => {
        segment = arena.allocate(sizeBytes)
        return segment?.bytes
      }
    })
    const abortedTransactions = yield* aborted(partition, request, upToOffset)
    if (found === "none") return { ...base, abortedTransactions }
    const held = segment
    return {
      ...base,
      abortedTransactions,
      records: found.bytes,
      endsOlderSegment: found.hitEndOfOlderSegment,
      release: () => held?.release()
    }
  })
  return Effect.catch(read, (error) => {
    segment?.release()
    return Effect.as(Effect.logError("a read failed", error), failedRead(ErrorCode.KAFKA_STORAGE_ERROR))
  })
}

const upToOffsetOf = (leader: Leader, request: ReadRequest): number =>
  request.readCommitted ? lastStableOffset(leader) : leader.highWatermark

const answerAtOnce = (partition: PartitionActor, leader: Leader, request: ReadRequest): PartitionRead | undefined => {
  const divergingEpoch = diverging(partition, request)
  if (typeof divergingEpoch === "object") return { ...empty(leader), divergingEpoch }
  const inRange = request.fetchOffset >= leader.logStartOffset && request.fetchOffset <= leader.logEndOffset
  if (!inRange || divergingEpoch === "unknown") return failedRead(ErrorCode.OFFSET_OUT_OF_RANGE)
  if (request.fetchOffset < upToOffsetOf(leader, request)) return undefined
  return request.readCommitted ? { ...empty(leader), abortedTransactions: noAborted } : empty(leader)
}

/**
 * The answer when no record has to be read for it: an error, or nothing new. A long poll asks for every partition each time, and of
 * most there is nothing. Undefined when `readPartition` has to look.
 */
export const readAtOnce = (partition: PartitionActor, request: ReadRequest): PartitionRead | undefined => {
  const state = leading(partition.actor.state(), request.currentLeaderEpoch)
  return "errorCode" in state ? failedRead(state.errorCode) : answerAtOnce(partition, state.leader, request)
}

/** Reads for a consumer. The caller releases the answer's memory. */
export const readPartition = (
  partition: PartitionActor,
  request: ReadRequest,
  arena: Arena
): Effect.Effect<PartitionRead> => {
  const state = leading(partition.actor.state(), request.currentLeaderEpoch)
  if ("errorCode" in state) return Effect.succeed(failedRead(state.errorCode))
  const { leader } = state
  const answer = answerAtOnce(partition, leader, request)
  return answer === undefined ? readRecords(partition, leader, request, arena) : Effect.succeed(answer)
}
