/**
 * Read, transform, write, once: what is made of some records and how far they were read are committed in one transaction (KIP-98,
 * KIP-447), so that a reader of committed records sees neither without the other.
 *
 * Invariants: nothing of a batch is visible before its offsets are committed; after an abort the batch is read again; a member that is
 * no longer one, or whose producer was fenced, commits nothing. Neighbours: `Processing.ts` is the door, `Producer.ts` has the
 * transactions.
 */
import { ErrorCode } from "@klamm/protocol"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { ConsumerError } from "../consumer/ConsumerError.ts"
import { type ConsumerRecord, type DecodeFailure, decode } from "../consumer/ConsumerRecord.ts"
import type { Taken } from "../consumer/Engine.ts"
import type { Feed, Place } from "../consumer/Feed.ts"
import type { RawRecord } from "../consumer/fetch/RecordReader.ts"
import type { Session } from "../consumer/Session.ts"
import type { Klamm } from "../Klamm.ts"
import type { ConfigError, TransactionError } from "../KlammError.ts"
import * as Producer from "../Producer.ts"
import type { Topic } from "../Topic.ts"

/** Transactions in a row that were aborted for no fault of the application's, after which it ends. */
const abortsMax = 20

export type ExactlyOnceError = ConsumerError | ConfigError | Producer.SendError | Producer.TransactionFailure

export interface ExactlyOnceOptions<K, V, H, K2, V2, H2, E, R> {
  readonly session: Session
  readonly input: Topic<K, V, H>
  readonly output: Topic<K2, V2, H2>
  readonly transform: (
    record: ConsumerRecord<K, V, H>,
    item: { readonly feed: Feed; readonly raw: RawRecord }
  ) => Effect.Effect<ReadonlyArray<Producer.ProducerRecord<K2, V2, H2>>, E, R>
  /** Within the transaction: what becomes of a record that can't be decoded. */
  readonly undecodable: (failure: DecodeFailure, taken: Taken) => Effect.Effect<void, Producer.SendError, Klamm>
}

/** Codes that say that the group goes on without this member; the producer is as good as before. */
const aboutMembership = new Set<number>([
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.FENCED_MEMBER_EPOCH,
  ErrorCode.REBALANCE_IN_PROGRESS
])

const isTransactionError = (error: unknown): error is TransactionError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "TransactionError"

const batch = <K, V, H, K2, V2, H2, E, R>(
  options: ExactlyOnceOptions<K, V, H, K2, V2, H2, E, R>,
  taken: Taken,
  end: Place
) =>
  Effect.gen(function* () {
    const { session, input, output, transform, undecodable } = options
    const { feed, records } = taken
    const made: Array<Producer.ProducerRecord<K2, V2, H2>> = []
    for (const raw of records) {
      const record = decode(input, feed, raw)
      if (Result.isFailure(record)) yield* undecodable(record.failure, taken)
      else made.push(...(yield* transform(record.success, { feed, raw })))
    }
    if (made.length > 0) yield* Producer.sendMany(output, made)
    const identity = session.identity()
    if (identity === undefined) return
    const { group, memberId, generation, instanceId } = identity
    yield* Producer.sendOffsets({ group, memberId, generation, groupInstanceId: instanceId }, [
      { topic: feed.topic, partition: feed.partition, offset: end.offset, leaderEpoch: end.epoch }
    ])
  })

/** Takes, transforms and commits, batch after batch, until something fails that a new attempt can't mend. */
export const run = <K, V, H, K2, V2, H2, E, R>(
  options: ExactlyOnceOptions<K, V, H, K2, V2, H2, E, R>
): Effect.Effect<never, E | ExactlyOnceError, R | Klamm> => {
  const { session } = options
  let aborts = 0
  const again = ({ feed, turn }: Taken, first: number, error: TransactionError) => {
    aborts++
    if (aboutMembership.has(error.code)) session.membership?.tell({ _tag: "Refused", code: error.code })
    if (!feed.isClosed && feed.turn === turn) session.engine.tell(feed, { _tag: "Seek", offset: first, epoch: -1 })
    session.finish([])
    return Effect.sleep(session.settings.retryBackoffMs)
  }
  const one = Effect.flatMap(session.poll, (taken) => {
    const { feed, records } = taken
    const end = feed.handed
    const first = records[0]?.offset ?? end.offset
    const done = Effect.sync(() => {
      aborts = 0
      feed.committed = end
      session.finish([feed])
    })
    return Effect.catch(
      Effect.andThen(Producer.transaction(batch(options, taken, end)), done),
      (error): Effect.Effect<void, E | ExactlyOnceError> =>
        isTransactionError(error) && error.abortable && aborts < abortsMax
          ? again(taken, first, error)
          : Effect.fail(error)
    )
  })
  return Effect.forever(one)
}
