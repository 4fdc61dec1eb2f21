/**
 * Reading a range of stored bytes: from the batch that holds the offset asked for, whole segments at most, straight into the
 * caller's memory. Invariants: the first batch begins at byte 0 of the answer and nothing at or above `upToOffset` is in it; the
 * end may cut a batch short, which readers drop (behaviours 074 to 076); every whole batch in it is what was written (`Verify.ts`).
 * Without generators where every fetch passes, for the reason that `@klamm/actor/Actor` gives.
 */
import type { DiskError, DiskFile, ReadHint } from "@klamm/platform"
import * as Effect from "effect/Effect"
import { findBatch, type LocatedBatch, type NotLocated } from "./BatchScan.ts"
import { CorruptLog } from "./LogError.ts"
import { activeSegment, corrupt, floorSegment, type LogState } from "./LogState.ts"
import type { Segment } from "./Segment.ts"
import { loadIndexes, rebuildIndexes } from "./SegmentIndexes.ts"
import { allSound, noteDamage, soundness } from "./Verify.ts"

/** Farther behind the segment's end than this, bytes are taken to be on the device rather than in the page cache. */
export const cachedTailBytes = 64 * 1024 * 1024

export interface LogRead {
  /** The part of the allocated memory that was filled. Whole stored batches; the last may be cut short. */
  readonly bytes: Uint8Array
  /** Base offset of the first batch, at or below the offset asked for. */
  readonly startOffset: number
  readonly segmentBaseOffset: number
  /** The range ends with its segment and a newer one follows, or ahead of damage: a long poll gains nothing by waiting. */
  readonly endsWait: boolean
  /**
   * From where it is worth reading ahead: the base offset of the batch in which the range ended, or of the segment behind it. Undefined when
   * it ended otherwise: with all there is, or ahead of damage.
   */
  readonly aheadFrom: number | undefined
}

export interface ReadRequest {
  readonly offset: number
  readonly maxBytes: number
  /** Exclusive: high watermark, last stable offset or log end. */
  readonly upToOffset: number
  /** Answer one whole batch even if it is larger than `maxBytes` (KIP-74). */
  readonly minOneBatch: boolean
  /** Memory of exactly this size, or undefined when there is none now. */
  readonly allocate: (sizeBytes: number) => Uint8Array | undefined
  readonly hint?: ReadHint | undefined
}

const readHint = (state: LogState, segment: Segment, position: number): ReadHint => {
  if (segment === activeSegment(state)) return segment.sizeBytes - position > cachedTailBytes ? "cold" : "cached"
  return position >= segment.recentlyReadFrom && position < segment.recentlyReadTo ? "cached" : "cold"
}

/** A segment and where the next one begins, as they were when the read began: undefined for the active one. */
interface Place {
  readonly segment: Segment
  readonly nextBaseOffset: number | undefined
}

/** Damage by its own name, also where it came as a disk error. */
const asCorrupt = <A>(effect: Effect.Effect<A, DiskError | CorruptLog>): Effect.Effect<A, DiskError | CorruptLog> =>
  Effect.catch(effect, (error) =>
    Effect.fail(error._tag === "DiskError" && error.cause instanceof CorruptLog ? error.cause : error)
  )

/** An entry of the index says that its batch ends at or below the offset that is looked for: then no batch begins there behind it. */
const isMisled = (found: LocatedBatch | "end", from: number, offset: number): boolean =>
  found !== "end" && from > 0 && found.position === from && found.baseOffset > offset

/** Finds a batch by the offset index and a walk from there. A walk that meets no batch rebuilds the index, once. */
const locate = (state: LogState, segment: Segment, file: DiskFile, offset: number, hint: ReadHint | undefined) =>
  Effect.gen(function* () {
    const end = segment.sizeBytes
    const indexes = yield* loadIndexes(state, segment)
    const from = indexes.offset.lookup(offset - segment.baseOffset)
    const found: LocatedBatch | NotLocated = yield* findBatch(
      file,
      from,
      end,
      offset,
      hint ?? readHint(state, segment, from)
    )
    if (found !== "damaged" && !isMisled(found, from, offset)) return found
    if (segment.damage !== undefined) return yield* Effect.fail(segment.damage)
    const { indexes: rebuilt } = yield* Effect.tapError(asCorrupt(rebuildIndexes(state, segment)), (error) =>
      Effect.sync(() => {
        if (error._tag === "CorruptLog") segment.damage = error
      })
    )
    const again = yield* findBatch(file, rebuilt.offset.lookup(offset - segment.baseOffset), end, offset, "cold")
    return again === "damaged" ? yield* Effect.fail(corrupt(segment, from, "no batch here")) : again
  })

/** Whether a truncation came between, or is under way. */
const isCut = (state: LogState, cutsBefore: number): boolean => state.cuts !== cutsBefore || cutsBefore % 2 === 1

/** At the tail, or where a reader goes on, it is known where the batch lies. */
const locateFirst = (state: LogState, segment: Segment, file: DiskFile, request: ReadRequest) => {
  const { offset, hint } = request
  const inTail = segment === activeSegment(state) ? state.tail.find(offset) : undefined
  const known = inTail ?? segment.readEnds.find(offset, state.cuts)
  return known === undefined ? locate(state, segment, file, offset, hint) : Effect.succeed<LocatedBatch | "end">(known)
}

/** Remembers where the reader will go on, unless what was read may have been cut off meanwhile; answers the offset, if it is known. */
const noteEnd = (state: LogState, place: Place, position: number, bytes: Uint8Array, cutsBefore: number) => {
  const { segment, nextBaseOffset } = place
  const end = position + bytes.byteLength
  if (end >= segment.sizeBytes) return nextBaseOffset
  if (segment.indexes === undefined || isCut(state, cutsBefore)) return undefined
  const from = Math.max(position, segment.indexes.offset.batchAtOrBelow(end))
  return segment.readEnds.add({ bytes, position, from }, cutsBefore)?.baseOffset
}

/**
 * Whether this process has written these bytes not long ago: they went verified into the page cache, from which they come as a rule. Most
 * reads are of this kind, and to verify them would be a good part of what they cost.
 */
const isFresh = (state: LogState, { baseOffset }: LocatedBatch): boolean => baseOffset >= state.freshFrom

/** The position up to which the segment holds only offsets below `upTo`; `wanted` when that is farther on. */
const boundPosition = (state: LogState, place: Place, file: DiskFile, upTo: number, wanted: number) => {
  const { segment } = place
  const end = Math.min(wanted, segment.sizeBytes)
  if (upTo >= (place.nextBaseOffset ?? state.logEndOffset)) return Effect.succeed(end)
  const inTail = segment === activeSegment(state) ? state.tail.find(upTo) : undefined
  if (inTail !== undefined) return Effect.succeed(Math.min(end, inTail.position))
  return Effect.flatMap(loadIndexes(state, segment), (indexes) =>
    indexes.offset.lookup(upTo - segment.baseOffset) >= end
      ? Effect.succeed(end)
      : Effect.map(locate(state, segment, file, upTo, undefined), (found) =>
          found === "end" ? end : Math.min(end, found.position)
        )
  )
}

type Found<Else = never> = Effect.Effect<LogRead | "none" | Else, DiskError | CorruptLog>

/** What of a segment is read: from a batch on, up to `end`, a position. */
interface Range {
  readonly first: LocatedBatch
  readonly end: number
}

/** What came of a range. */
interface RangeRead extends Range {
  readonly bytes: Uint8Array
  readonly nextOffset: number | undefined
}

const answerOf = (state: LogState, place: Place, { first, end, bytes, nextOffset }: RangeRead, offset: number) => {
  const { segment, nextBaseOffset } = place
  const sound = isFresh(state, first) ? allSound(bytes) : soundness(state, bytes, first.baseOffset, offset)
  const answer: LogRead = {
    bytes: bytes.subarray(0, sound.bytes),
    startOffset: first.baseOffset,
    segmentBaseOffset: segment.baseOffset,
    endsWait: sound.fault !== undefined || (nextBaseOffset !== undefined && end === segment.sizeBytes),
    aheadFrom: sound.fault === undefined ? nextOffset : undefined
  }
  if (sound.fault === undefined) return Effect.succeed(answer)
  const error = corrupt(segment, first.position + sound.bytes, sound.fault)
  return sound.bytes === 0 ? Effect.fail(error) : Effect.as(noteDamage(state, error), answer)
}

const readRange = (state: LogState, place: Place, file: DiskFile, request: ReadRequest, range: Range): Found => {
  const { segment } = place
  const { position } = range.first
  const sizeBytes = range.end - position
  const target = request.allocate(sizeBytes)
  if (target === undefined) return Effect.succeed("none")
  const hint = request.hint ?? readHint(state, segment, position)
  const { cuts } = state
  return Effect.flatMap(file.read(position, target.subarray(0, sizeBytes), hint), (read) => {
    segment.recentlyReadFrom = position
    segment.recentlyReadTo = position + read
    const bytes = target.subarray(0, read)
    const nextOffset = noteEnd(state, place, position, bytes, cuts)
    return answerOf(state, place, { ...range, bytes, nextOffset }, request.offset)
  })
}

const readSegment = (state: LogState, place: Place, file: DiskFile, request: ReadRequest) =>
  Effect.flatMap(locateFirst(state, place.segment, file, request), (first): Found<"beyond"> => {
    if (first === "end") return Effect.succeed("beyond")
    if (first.lastOffset >= (place.nextBaseOffset ?? state.logEndOffset)) {
      return Effect.fail(corrupt(place.segment, first.position, "a batch beyond the end"))
    }
    if (first.lastOffset >= request.upToOffset) return Effect.succeed("none")
    if (first.sizeBytes > request.maxBytes && !request.minOneBatch) return Effect.succeed("none")
    const wanted = first.position + Math.max(request.maxBytes, first.sizeBytes)
    return Effect.flatMap(boundPosition(state, place, file, request.upToOffset, wanted), (end) =>
      readRange(state, place, file, request, { first, end })
    )
  })

const readFrom = (state: LogState, segments: ReadonlyArray<Segment>, index: number, request: ReadRequest): Found => {
  const segment = segments[index]
  if (segment === undefined || segment.removed) return Effect.succeed("none")
  const place = { segment, nextBaseOffset: segments[index + 1]?.baseOffset }
  return Effect.flatMap(
    segment.withFile((file) => readSegment(state, place, file, request)),
    (found) => (found === "beyond" ? readFrom(state, segments, index + 1, request) : Effect.succeed(found))
  )
}

const readFound = (state: LogState, request: ReadRequest): Found => {
  if (state.home.users.isEnded) return Effect.succeed("none")
  if (request.offset >= Math.min(request.upToOffset, state.logEndOffset)) return Effect.succeed("none")
  const { segments } = state
  return readFrom(state, segments, Math.max(0, floorSegment(segments, request.offset)), request)
}

/**
 * "none" when there is nothing to give: the offset is at or beyond `upToOffset`, the first batch is larger than `maxBytes` and
 * may not exceed it, `allocate` refused, or the log has ended meanwhile. An offset below the log start reads from the first batch there is. `CorruptLog` when
 * the batch that was asked for is not what was written; what lies ahead of such a batch is given.
 */
export const read = (state: LogState, request: ReadRequest): Found =>
  Effect.suspend(() => {
    const { cuts } = state
    return Effect.catch(asCorrupt(readFound(state, request)), (error): Found => {
      if (state.home.users.isEnded) return Effect.succeed("none")
      if (error._tag !== "CorruptLog") return Effect.fail(error)
      return isCut(state, cuts) ? Effect.succeed("none") : Effect.andThen(noteDamage(state, error), Effect.fail(error))
    })
  })
