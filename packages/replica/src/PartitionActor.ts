/**
 * The actor of one partition: owns its log and its machine, and performs what the machine decides.
 *
 * Invariants: this actor is the log's only writer; appends decided in one pass go to the disk as one gathered write; a disk
 * error takes the partition offline and is told once (an fsync error is never retried). Readers use `state()` and `log`.
 */
import { type Actor, spawn } from "@klamm/actor"
import type { CorruptLog, Log } from "@klamm/log/Log"
import type * as ProducerState from "@klamm/log/ProducerState"
import type { DiskError } from "@klamm/platform"
import { assert } from "@klamm/platform/Invariant"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Leader from "./Leader.ts"
import {
  type LeaderAssignment,
  type Message,
  machine,
  type Out,
  type PartitionSettings,
  type State
} from "./Partition.ts"
import { type Watcher, Watchers } from "./Watchers.ts"

/** Messages that may wait for one partition; a full mailbox is answered as backpressure, never grown. */
export const partitionMailboxCapacity = 65_536

export interface PartitionActor {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly log: Log
  readonly actor: Actor<State, Message>
  /** Called with the number of bytes appended (0 for other news) whenever readers may see more. */
  readonly watch: (watcher: Watcher) => () => void
}

export interface PartitionActorOptions {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly log: Log
  readonly assignment: LeaderAssignment
  readonly settings: PartitionSettings
  readonly highWatermark: number
  /** As of the log end. */
  readonly producers: ProducerState.ProducerState
  /** A disk error: the directory's owner takes it offline. */
  readonly onDiskError: (error: DiskError | CorruptLog) => Effect.Effect<void>
  readonly onDefect: (cause: Cause.Cause<never>) => Effect.Effect<void>
}

interface Hand {
  readonly options: PartitionActorOptions
  readonly watchers: Watchers
  /** Bytes written since the watchers were last told; they are told once the machine has moved the watermark. */
  appendedBytes: number
}

type Write = Extract<Out, { readonly _tag: "Write" }>

/** Puts offset, epoch and (for LogAppendTime) time into the headers, then appends all batches as one write. */
const write = (hand: Hand, writes: ReadonlyArray<Write>, now: number): Effect.Effect<ReadonlyArray<Message>> => {
  const { log } = hand.options
  const entries = writes.map(({ entry, leaderEpoch }) => {
    const bytes = entry.request.batch
    RecordBatch.setBaseOffset(bytes, 0, entry.baseOffset)
    RecordBatch.setPartitionLeaderEpoch(bytes, 0, leaderEpoch)
    if (entry.logAppendTimeMs !== -1) RecordBatch.setLogAppendTime(bytes, 0, entry.logAppendTimeMs)
    return { bytes, producersBefore: entry.producersBefore }
  })
  const release = () => {
    for (const { entry } of writes) entry.request.ticket.release()
  }
  return log.append(entries, now).pipe(
    Effect.map((): ReadonlyArray<Message> => {
      release()
      const last = writes[writes.length - 1]
      assert(
        last === undefined || log.logEndOffset === last.entry.baseOffset + last.entry.request.count,
        "the log ends where the machine decided"
      )
      return [{ _tag: "Written", logEndOffset: log.logEndOffset }]
    }),
    Effect.catch((error) => {
      release()
      return Effect.as(hand.options.onDiskError(error), [diskFailed])
    })
  )
}

const diskFailed: Message = { _tag: "DiskFailed" }

/** Runs a change of the log that is told as a message; a disk error is told as DiskFailed. */
const told = <A>(
  hand: Hand,
  change: Effect.Effect<A, DiskError | CorruptLog>,
  message: (value: A) => ReadonlyArray<Message>
): Effect.Effect<ReadonlyArray<Message>> =>
  change.pipe(
    Effect.map(message),
    Effect.catch((error) => Effect.as(hand.options.onDiskError(error), [diskFailed]))
  )

const logStartMoved = (log: Log): ReadonlyArray<Message> => [
  { _tag: "LogStartMoved", logStartOffset: log.logStartOffset }
]

const performOne = (hand: Hand, effect: Out, now: number): Effect.Effect<ReadonlyArray<Message>> | undefined => {
  const { log } = hand.options
  switch (effect._tag) {
    case "Release":
      effect.ticket.release()
      return undefined
    case "Complete":
      effect.ticket.complete(effect.result)
      return undefined
    case "RecordsDeleted":
      effect.request.complete({ errorCode: effect.errorCode, lowWatermark: effect.lowWatermark })
      return undefined
    case "StartEpoch":
      return told(hand, log.startEpoch(effect.leaderEpoch, effect.startOffset), () => [])
    case "MoveLogStart":
      return told(hand, log.deleteRecordsBefore(effect.offset), () => logStartMoved(log))
    case "DeleteOldSegments":
      return told(hand, log.deleteOldSegments(now, effect.highWatermark), (count) =>
        count === 0 ? [] : logStartMoved(log)
      )
    default:
      return undefined
  }
}

/** Effects in order: answers at once, changes of the log one after another. */
const performInOrder = (
  hand: Hand,
  effects: ReadonlyArray<Out>,
  from: number,
  told: Array<Message>,
  now: number
): Effect.Effect<void> => {
  for (let index = from; index < effects.length; index++) {
    const change = performOne(hand, effects[index]!, now)
    if (change === undefined) continue
    return Effect.flatMap(change, (messages) => {
      told.push(...messages)
      return performInOrder(hand, effects, index + 1, told, now)
    })
  }
  return Effect.void
}

/** Readers are told once the machine has moved the watermark: of the bytes of all writes since they were told last. */
const tellReaders = (hand: Hand, advanced: boolean, writes: ReadonlyArray<Write>): void => {
  for (const { entry } of writes) hand.appendedBytes += entry.request.batch.byteLength
  if (!advanced) return
  const { appendedBytes } = hand
  hand.appendedBytes = 0
  hand.watchers.tell(appendedBytes)
}

/** Writes first, as one; then the rest. Without a generator, for the reason that `Actor.ts` gives. */
const perform = (
  hand: Hand,
  clock: Clock.Clock,
  effects: ReadonlyArray<Out>
): Effect.Effect<ReadonlyArray<Message>> => {
  const now = clock.currentTimeMillisUnsafe()
  const writes: Array<Write> = []
  const others: Array<Out> = []
  let advanced = false
  for (const effect of effects) {
    if (effect._tag === "Write") writes.push(effect)
    else if (effect._tag === "Advanced") advanced = true
    else others.push(effect)
  }
  const told: Array<Message> = []
  const rest = Effect.suspend(() => performInOrder(hand, others, 0, told, now))
  const all =
    writes.length === 0
      ? rest
      : Effect.flatMap(write(hand, writes, now), (messages) => {
          told.push(...messages)
          return rest
        })
  return Effect.map(all, () => {
    tellReaders(hand, advanced, writes)
    return told
  })
}

/** Starts the actor on an opened log, as leader of `assignment`. It ends with the scope; the log's owner closes the log. */
export const make = (options: PartitionActorOptions): Effect.Effect<PartitionActor, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const { log, assignment } = options
    const hand: Hand = { options, watchers: new Watchers(), appendedBytes: 0 }
    const initial = Leader.start({
      assignment,
      settings: options.settings,
      logStartOffset: log.logStartOffset,
      logEndOffset: log.logEndOffset,
      highWatermark: options.highWatermark,
      syncedOffset: log.recoveryPoint,
      producers: options.producers
    })
    const actor = yield* spawn<State, Message, Out, never>({
      machine,
      initial,
      mailboxCapacity: partitionMailboxCapacity,
      wake: { _tag: "Wake" },
      isSlow: (effect) => effect._tag === "Sync",
      perform: (effects) => perform(hand, clock, effects),
      performSlow: () =>
        log.flush.pipe(
          Effect.map((offset): Message => ({ _tag: "Synced", offset })),
          Effect.catch((error) => Effect.as(options.onDiskError(error), diskFailed))
        ),
      onDefect: options.onDefect
    })
    const { topic, topicId, partition } = options
    const watch = (watcher: Watcher) => hand.watchers.add(watcher)
    return { topic, topicId, partition, log, actor, watch }
  })
