/**
 * A copy of a log on its way to another directory: it follows its source piece by piece, as a follower does its leader.
 *
 * Invariants: the copy is a piece of its source, from its beginning on, unless the source has been cut since the copy began: then it
 * starts over; every batch is checked before it is copied, so that damage stays where it is. Neighbours: `Moves.ts` puts it in place.
 */
import { type CorruptLog, type Log, ProducerState } from "@klamm/log"
import type { DiskError } from "@klamm/platform"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { entriesOf, takeApart } from "./ReplicaRecords.ts"

/** Bytes read and written at a time; a larger batch is copied whole. */
const pieceBytes = 1024 * 1024

/** The source can't be read as far as its end. It is left as it is. */
export class Uncopyable extends Data.TaggedError("Uncopyable")<{ readonly detail: string; readonly cause?: unknown }> {}

export class LogCopy {
  readonly log: Log
  /** How often the source had been cut when the copy began. */
  truncations: number
  private producers = ProducerState.empty
  private readonly piece = new Uint8Array(pieceBytes)

  constructor(log: Log, truncations: number) {
    this.log = log
    this.truncations = truncations
  }

  private startAt(offset: number, now: number): Effect.Effect<void, DiskError> {
    this.producers = ProducerState.empty
    return this.log.truncateFullyAndStartAt(offset, now)
  }

  /** Begins anew, because the source has been cut. */
  startOver(source: Log, truncations: number, now: number): Effect.Effect<void, DiskError> {
    this.truncations = truncations
    return this.startAt(source.logStartOffset, now)
  }

  private read(source: Log): Effect.Effect<Uint8Array, Uncopyable> {
    const offset = this.log.logEndOffset
    const request = {
      offset,
      maxBytes: pieceBytes,
      upToOffset: source.logEndOffset,
      minOneBatch: true,
      allocate: (sizeBytes: number) =>
        sizeBytes <= pieceBytes ? this.piece.subarray(0, sizeBytes) : new Uint8Array(sizeBytes)
    }
    const at = `${source.directory} at ${offset}`
    return source.read(request).pipe(
      Effect.mapError((cause) => new Uncopyable({ detail: `${at}: ${cause.message}`, cause })),
      Effect.flatMap((read) =>
        read === "none" ? Effect.fail(new Uncopyable({ detail: `${at}: nothing there` })) : Effect.succeed(read.bytes)
      )
    )
  }

  /** Copies the next piece; answers how many bytes, 0 when there is no more. */
  copyPiece(source: Log, now: number): Effect.Effect<number, Uncopyable | DiskError | CorruptLog> {
    return Effect.gen({ self: this }, function* () {
      const { log } = this
      if (log.logEndOffset < source.logStartOffset) yield* this.startAt(source.logStartOffset, now)
      if (log.logEndOffset >= source.logEndOffset) return 0
      const bytes = yield* this.read(source)
      const { batches, fault } = takeApart(bytes, Number.POSITIVE_INFINITY)
      const first = batches[0]
      if (first === undefined) {
        const detail = `${source.directory} at ${log.logEndOffset}: ${fault ?? "no whole batch"}`
        return yield* Effect.fail(new Uncopyable({ detail }))
      }
      // The source's log start may lie inside its first batch (KIP-107).
      const baseOffset = RecordBatch.baseOffset(first, 0)
      if (baseOffset < log.logEndOffset) yield* this.startAt(baseOffset, now)
      const { entries, producers } = entriesOf(this.producers, batches)
      yield* log.append(entries, now)
      this.producers = producers
      return bytes.byteLength
    })
  }

  /** Copies to the end, in the source's own turn, and makes it the same in all that the batches don't say. */
  complete(source: Log, producers: ProducerState.ProducerState, now: number) {
    return Effect.gen({ self: this }, function* () {
      while ((yield* this.copyPiece(source, now)) > 0);
      yield* this.log.completeCopy(source, producers, now)
    })
  }
}
