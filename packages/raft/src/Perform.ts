/**
 * What the machine wants done, done: writes to the log first, in order, then answers and news.
 *
 * Invariants: consecutive batches go to the log as one write; a committed batch is told once, in order; a request to another node never
 * holds up the node, its answer comes back as a message.
 */
import type { Log } from "@klamm/log/Log"
import type { CorruptLog } from "@klamm/log/LogError"
import * as ProducerState from "@klamm/log/ProducerState"
import type { Disk, DiskError } from "@klamm/platform"
import { assert } from "@klamm/platform/Invariant"
import type { Address } from "@klamm/platform/Network"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { codes } from "./Common.ts"
import * as Control from "./Control.ts"
import type { FetchedBatch, Message, Out, UnreachableReason } from "./Message.ts"
import { type CommittedBatch, readCommitted, votersOf } from "./MetadataLog.ts"
import type { PeerRequest, PeerResponse } from "./Peer.ts"
import * as QuorumStateFile from "./QuorumStateFile.ts"
import * as Snapshots from "./Snapshots.ts"

/** Why a peer gave no answer. */
export interface PeerUnreachable {
  readonly reason: UnreachableReason
}

/** How a node reaches the others. Requests that are under way at the same time must not wait for one another's answers. */
export interface QuorumPeers {
  readonly send: (to: Address, request: PeerRequest, timeoutMs: number) => Effect.Effect<PeerResponse, PeerUnreachable>
}

export interface LeaderAndEpoch {
  /** -1 while none is known. */
  readonly id: number
  readonly epoch: number
  readonly endpoint: Address | undefined
}

/** Told in order, by plain calls that must not wait. */
export interface RaftListener {
  readonly snapshot: (snapshot: Snapshots.Snapshot) => void
  readonly committed: (batch: CommittedBatch) => void
  readonly led: (epoch: number) => void
  readonly resigned: () => void
  readonly newLeader: (leader: LeaderAndEpoch) => void
}

/** What the performer knows beside the machine: how far the listener has been told. */
export interface Hand {
  readonly log: Log
  readonly listener: RaftListener
  readonly clusterId: string
  readonly peers: QuorumPeers
  readonly disk: Disk["Service"]
  readonly clock: Clock.Clock
  readonly scope: Scope.Scope
  toldOffset: number
}

type Tell = (message: Message) => boolean

const wallMs = ({ clock }: Hand): number => clock.currentTimeMillisUnsafe()

const stamped = (batch: Uint8Array, baseOffset: number, epoch: number): Uint8Array => {
  RecordBatch.setBaseOffset(batch, 0, baseOffset)
  RecordBatch.setPartitionLeaderEpoch(batch, 0, epoch)
  return batch
}

const batchesOf = (hand: Hand, effect: Out): ReadonlyArray<Uint8Array> => {
  if (effect._tag === "Write") return [stamped(effect.batch, effect.baseOffset, effect.epoch)]
  if (effect._tag === "WriteFetched") return effect.batches.map(({ bytes }) => bytes)
  if (effect._tag !== "WriteControl") return []
  return [stamped(Control.batch(effect.records, wallMs(hand)), effect.baseOffset, effect.epoch)]
}

const append = (hand: Hand, batches: Array<Uint8Array>): Effect.Effect<void, DiskError> => {
  const entries = batches.splice(0).map((bytes) => ({ bytes, producersBefore: ProducerState.empty }))
  return entries.length === 0 ? Effect.void : hand.log.append(entries, wallMs(hand))
}

/** Puts the fetched snapshot in the place of the log. A damaged one is dropped: it will be fetched again. */
const loadFetched = (hand: Hand, effect: Extract<Out, { _tag: "WriteSnapshot" }>) =>
  Effect.gen(function* () {
    const { log, disk, listener } = hand
    const { endOffset, epoch } = effect.snapshotId
    const snapshot = yield* Snapshots.finishPart(disk, log.directory, effect.snapshotId)
    yield* log.truncateFullyAndStartAt(endOffset, wallMs(hand))
    yield* Snapshots.removeBefore(disk, log.directory, snapshot)
    listener.snapshot(snapshot)
    hand.toldOffset = endOffset
    const snapshotId = { endOffset, epoch }
    const message: Message = { _tag: "SnapshotLoaded", snapshotId, voters: votersOf(snapshot) }
    return [message]
  }).pipe(
    Effect.catchTag("CorruptLog", (error) =>
      Effect.as(Effect.logWarning("a fetched snapshot is damaged", error), [] as ReadonlyArray<Message>)
    )
  )

const writeSnapshot = (hand: Hand, effect: Extract<Out, { _tag: "WriteSnapshot" }>) =>
  Effect.gen(function* () {
    const { snapshotId, position, bytes, isLast } = effect
    yield* Snapshots.writePart(hand.disk, hand.log.directory, snapshotId, position, bytes)
    return isLast ? yield* loadFetched(hand, effect) : []
  })

const truncate = (hand: Hand, offset: number) =>
  Effect.gen(function* () {
    yield* hand.log.truncateTo(offset, wallMs(hand))
    assert(hand.log.logEndOffset === offset, "an epoch ends where a batch ends")
  })

/** Everything that changes the log, in order; answers what it tells the machine. */
const changeLog = (hand: Hand, effects: ReadonlyArray<Out>) =>
  Effect.gen(function* () {
    const messages: Array<Message> = []
    const batches: Array<Uint8Array> = []
    let isWritten = false
    for (const effect of effects) {
      if (effect._tag === "Truncate") {
        yield* append(hand, batches)
        yield* truncate(hand, effect.offset)
      } else if (effect._tag === "WriteSnapshot") {
        yield* append(hand, batches)
        messages.push(...(yield* writeSnapshot(hand, effect)))
      } else {
        batches.push(...batchesOf(hand, effect))
        isWritten ||= batches.length > 0
      }
    }
    yield* append(hand, batches)
    if (isWritten) messages.push({ _tag: "Written", logEndOffset: hand.log.logEndOffset })
    return messages
  })

const tellCommitted = (hand: Hand, highWatermark: number) =>
  Effect.suspend(() => {
    if (highWatermark <= hand.toldOffset) return Effect.void
    return Effect.map(readCommitted(hand.log, hand.toldOffset, highWatermark, hand.listener.committed), () => {
      hand.toldOffset = highWatermark
    })
  })

const respondFetch = (hand: Hand, effect: Extract<Out, { _tag: "RespondFetch" }>) =>
  Effect.map(
    hand.log.read({
      offset: effect.offset,
      maxBytes: effect.maxBytes,
      upToOffset: hand.log.logEndOffset,
      minOneBatch: true,
      allocate: (sizeBytes) => new Uint8Array(sizeBytes)
    }),
    (read) => effect.respond(read === "none" ? effect.response : { ...effect.response, records: read.bytes })
  )

const respondSnapshot = (hand: Hand, effect: Extract<Out, { _tag: "RespondSnapshot" }>) => {
  const { request, response, respond } = effect
  const { snapshotId, position, maxBytes } = request
  return Effect.map(Snapshots.readPart(hand.disk, hand.log.directory, snapshotId, position, maxBytes), (part) => {
    if (part === undefined) respond({ ...response, errorCode: codes.snapshotNotFound })
    else if (position < 0 || position >= part.sizeBytes) respond({ ...response, errorCode: codes.positionOutOfRange })
    else respond({ ...response, ...part })
  })
}

/** The whole batches of a fetch's answer; undefined when one of them is damaged. */
export const parse = (records: Uint8Array): ReadonlyArray<FetchedBatch> | undefined => {
  const batches: Array<FetchedBatch> = []
  let isSound = true
  RecordBatch.forEachBatch(records, 0, records.length, (at, sizeBytes) => {
    if (RecordBatch.verifyBatch(records, at, at + sizeBytes) !== undefined) isSound = false
    if (!isSound) return
    batches.push({
      bytes: records.subarray(at, at + sizeBytes),
      baseOffset: RecordBatch.baseOffset(records, at),
      lastOffset: RecordBatch.lastOffset(records, at),
      epoch: RecordBatch.partitionLeaderEpoch(records, at),
      control: Control.decode(records, at)
    })
  })
  return isSound ? batches : undefined
}

const answered = (effect: Extract<Out, { _tag: "Send" }>, response: PeerResponse): Message => {
  const { id, to, request } = effect
  const batches = response._tag === "Fetch" ? parse(response.records) : []
  if (batches === undefined || response._tag !== request._tag) {
    return { _tag: "Unreachable", id, from: to.id, request, reason: "Malformed" }
  }
  return { _tag: "Answered", id, from: to.id, request, response, batches }
}

/** Between two tries to hand the node an answer while its mailbox is full. */
const mailboxRetryMs = 5

const deliver = (tell: Tell, message: Message): Effect.Effect<void> =>
  Effect.suspend(() =>
    tell(message) ? Effect.void : Effect.andThen(Effect.sleep(mailboxRetryMs), deliver(tell, message))
  )

const send = (hand: Hand, effect: Extract<Out, { _tag: "Send" }>, tell: Tell): Effect.Effect<void> => {
  const { id, to, request, timeoutMs } = effect
  const sent = Effect.matchEffect(hand.peers.send(to.address, request, timeoutMs), {
    onSuccess: (response) => deliver(tell, answered(effect, response)),
    onFailure: ({ reason }) => deliver(tell, { _tag: "Unreachable", id, from: to.id, request, reason })
  })
  return Effect.asVoid(Effect.forkIn(sent, hand.scope))
}

const performOne = (hand: Hand, effect: Out, tell: Tell): Effect.Effect<void, DiskError | CorruptLog> => {
  const { listener } = hand
  switch (effect._tag) {
    case "Committed":
      return tellCommitted(hand, effect.highWatermark)
    case "RespondFetch":
      return respondFetch(hand, effect)
    case "RespondSnapshot":
      return respondSnapshot(hand, effect)
    case "Send":
      return send(hand, effect, tell)
    default:
      return Effect.sync(() => {
        if (effect._tag === "Answer") effect.entry.complete(effect.answer)
        else if (effect._tag === "Respond") effect.respond(effect.response)
        else if (effect._tag === "Led") listener.led(effect.epoch)
        else if (effect._tag === "Resigned") listener.resigned()
        else if (effect._tag === "NewLeader") {
          const { id, epoch, endpoint } = effect
          listener.newLeader({ id, epoch, endpoint })
        } else if (effect._tag === "Done") effect.done()
      })
  }
}

/** The effects of one pass. */
export const perform = (hand: Hand, effects: ReadonlyArray<Out>, tell: Tell) =>
  Effect.gen(function* () {
    const messages = yield* changeLog(hand, effects)
    for (const effect of effects) yield* performOne(hand, effect, tell)
    return messages
  })

export const isSlow = (effect: Out): boolean => effect._tag === "Sync" || effect._tag === "PersistElection"

export const performSlow = (hand: Hand, effect: Out): Effect.Effect<Message, DiskError> => {
  const { log, disk, clusterId } = hand
  if (effect._tag === "PersistElection") {
    const { election, voters } = effect
    const written = QuorumStateFile.write(disk, log.directory, effect, voters, clusterId)
    return Effect.as(written, { _tag: "ElectionPersisted", election })
  }
  assert(effect._tag === "Sync", "only the disk is slow")
  const { generation } = effect
  return Effect.map(log.flush, (offset): Message => ({ _tag: "Synced", generation, offset }))
}
