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
import { hasBug } from "@klamm/platform/Bugs"
import { assert, mark } from "@klamm/platform/Invariant"
import { monotonicMsOf } from "@klamm/platform/Moment"
import { NodeTelemetry } from "@klamm/platform/Telemetry"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Follower from "./Follower.ts"
import type { EligibleBrokers } from "./Isr.ts"
import * as Leader from "./Leader.ts"
import type { OpenedLog } from "./LocalLog.ts"
import type { LogPlace } from "./LogPlace.ts"
import { News } from "./News.ts"
import {
  type AlterIsr,
  type Follow,
  type Lead,
  type Message,
  machine,
  type Out,
  type PartitionSettings,
  type State
} from "./Partition.ts"
import { stageFrom, type Write } from "./Stage.ts"
import type { Watcher } from "./Watchers.ts"
import { WriteMeters } from "./WriteMeters.ts"

/** Messages that may wait for one partition; a full mailbox is answered as backpressure, never grown. */
export const partitionMailboxCapacity = 65_536

export interface PartitionActor {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  /** The one of now: it may move to another directory. */
  readonly log: Log
  readonly actor: Actor<State, Message>
  /** Called with the number of bytes appended (0 for other news) whenever consumers may see more. */
  readonly watch: (watcher: Watcher) => () => void
  /** The same for its followers, who see the log to its end. */
  readonly watchLogEnd: (watcher: Watcher) => () => void
}

export interface PartitionActorOptions {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  /** Where the log is to begin with. */
  readonly place: LogPlace
  readonly nodeId: number
  /** The role it begins in. */
  readonly role: Lead | Follow
  readonly settings: PartitionSettings
  readonly highWatermark: number
  /** As of the log end. */
  readonly producers: ProducerState.ProducerState
  readonly eligible: EligibleBrokers
  /** Asks the controller for another ISR; the outcome comes as a message. */
  readonly alterIsr: (partition: PartitionActor, change: AlterIsr) => void
  readonly onDefect: (cause: Cause.Cause<never>) => Effect.Effect<void>
}

interface Hand {
  readonly options: PartitionActorOptions
  place: LogPlace
  readonly news: News
  readonly meters: WriteMeters
  readonly self: () => PartitionActor
}

/** Puts offset, epoch and (for LogAppendTime) time into the headers, then appends all batches as one write. */
const write = (hand: Hand, writes: ReadonlyArray<Write>, now: number): Effect.Effect<ReadonlyArray<Message>> => {
  const { log } = hand.place
  const entries = writes.map(({ entry, leaderEpoch }) => {
    const bytes = entry.request.batch
    RecordBatch.setBaseOffset(bytes, 0, entry.baseOffset)
    RecordBatch.setPartitionLeaderEpoch(bytes, 0, leaderEpoch)
    if (entry.logAppendTimeMs !== -1) RecordBatch.setLogAppendTime(bytes, 0, entry.logAppendTimeMs)
    return { bytes, producersBefore: entry.producersBefore }
  })
  const measured = hand.meters.writing(entries)
  const over = () => {
    measured()
    for (const { entry } of writes) entry.request.ticket.release()
  }
  return Effect.matchEffect(log.append(entries, now), {
    onSuccess: (): Effect.Effect<ReadonlyArray<Message>> => {
      over()
      const last = writes[writes.length - 1]
      assert(
        last === undefined || log.logEndOffset === last.entry.baseOffset + last.entry.request.count,
        "the log ends where the machine decided"
      )
      return Effect.succeed([{ _tag: "Written", logEndOffset: log.logEndOffset }])
    },
    onFailure: (error) => {
      over()
      return Effect.as(hand.place.onDiskError(error), [diskFailed])
    }
  })
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
    Effect.catch((error) => Effect.as(hand.place.onDiskError(error), [diskFailed]))
  )

const logStartMoved = (log: Log): ReadonlyArray<Message> => [
  { _tag: "LogStartMoved", logStartOffset: log.logStartOffset }
]

/** The log after a cut, told once nothing on disk claims more than is there. */
const cut = (hand: Hand, truncation: Effect.Effect<void, DiskError>): Effect.Effect<ReadonlyArray<Message>> => {
  const { log, onTruncated } = hand.place
  return told(hand, Effect.andThen(truncation, onTruncated), () => [
    {
      _tag: "Truncated",
      logStartOffset: log.logStartOffset,
      logEndOffset: log.logEndOffset,
      syncedOffset: log.recoveryPoint,
      producers: log.recoveredProducers
    }
  ])
}

/** What was committed goes only by an unclean election, or because a replica has lost what it had acknowledged: never in silence. */
const truncateTo = (hand: Hand, offset: number, highWatermark: number, now: number) => {
  const { topic, partition } = hand.options
  const { log } = hand.place
  const truncation = cut(hand, log.truncateTo(offset, now))
  if (offset >= highWatermark || offset >= log.logEndOffset) return truncation
  mark("replica/truncates below its high watermark")
  const told = `${topic}-${partition} is cut at ${offset}, below its high watermark ${highWatermark}`
  return Effect.andThen(Effect.logError(told), truncation)
}

const replicate = (hand: Hand, { entries, ticket }: Extract<Out, { readonly _tag: "Replicate" }>, now: number) => {
  const { log } = hand.place
  const measured = hand.meters.writing(entries)
  const over = Effect.sync(() => {
    measured()
    ticket.release()
  })
  return told(hand, Effect.ensuring(log.append(entries, now), over), () => [
    { _tag: "Written", logEndOffset: log.logEndOffset }
  ])
}

const moveLog = (hand: Hand, { move, producers }: Extract<Out, { readonly _tag: "MoveLog" }>) => {
  const replace = (place: LogPlace) => {
    hand.place = place
  }
  return Effect.map(
    move.perform(producers, replace),
    (outcome): ReadonlyArray<Message> => (outcome === "Failed" ? [diskFailed] : [])
  )
}

/** Answers and other plain calls; false for what needs the disk. */
const performPlain = (hand: Hand, effect: Out): boolean => {
  switch (effect._tag) {
    case "Release":
      effect.ticket.release()
      return true
    case "Complete":
      effect.ticket.complete(effect.result)
      return true
    case "FetchDone":
      effect.ticket.complete(effect.outcome)
      return true
    case "RecordsDeleted":
      effect.request.complete({ errorCode: effect.errorCode, lowWatermark: effect.lowWatermark })
      return true
    case "StartEpoch":
      hand.place.log.startEpoch(effect.leaderEpoch, effect.startOffset)
      return true
    case "TrimEpochs":
      hand.place.log.trimEpochs()
      return true
    case "AlterIsr":
      hand.options.alterIsr(hand.self(), effect.change)
      return true
    case "Done":
      effect.done()
      return true
    case "RefuseMove":
      effect.move.refuse()
      return true
    default:
      return false
  }
}

const performOne = (hand: Hand, effect: Out, now: number): Effect.Effect<ReadonlyArray<Message>> | undefined => {
  if (performPlain(hand, effect)) return undefined
  const { log } = hand.place
  switch (effect._tag) {
    case "Replicate":
      return replicate(hand, effect, now)
    case "TruncateTo":
      return truncateTo(hand, effect.offset, effect.highWatermark, now)
    case "RestartAt":
      return cut(hand, log.truncateFullyAndStartAt(effect.offset, now))
    case "MoveLogStart":
      return told(hand, log.deleteRecordsBefore(effect.offset), () => logStartMoved(log))
    case "DeleteOldSegments":
      return told(hand, log.deleteOldSegments(now, effect.highWatermark), (count) =>
        count === 0 ? [] : logStartMoved(log)
      )
    case "MoveLog":
      return moveLog(hand, effect)
    default:
      return undefined
  }
}

/** Effects in order: answers at once, within the call, changes of the log one after another. */
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

const performFrom = (
  hand: Hand,
  effects: ReadonlyArray<Out>,
  from: number,
  told: Array<Message>,
  now: number
): Effect.Effect<void> => {
  const { writes, others, end } = stageFrom(effects, from)
  const rest = () => performInOrder(hand, others, 0, told, now)
  const all =
    writes.length === 0
      ? rest()
      : Effect.flatMap(write(hand, writes, now), (messages) => {
          told.push(...messages)
          return rest()
        })
  if (end === effects.length) return all
  if (hasBug("written-behind-a-move")) return Effect.andThen(all, performFrom(hand, effects, end, told, now))
  // Looked at only then: the log may be another one behind a move.
  return Effect.flatMap(all, () => performFrom(hand, effects, end, told, now))
}

/** Over within the call, where nothing has to wait. Without a generator, for the reason that `Actor.ts` gives. */
const perform = (
  hand: Hand,
  clock: Clock.Clock,
  effects: ReadonlyArray<Out>
): Effect.Effect<ReadonlyArray<Message>> => {
  const told: Array<Message> = []
  return Effect.mapEager(performFrom(hand, effects, 0, told, clock.currentTimeMillisUnsafe()), () => {
    hand.news.tell(effects)
    return told
  })
}

const initialState = ({ role, ...options }: PartitionActorOptions, now: number): State => {
  const { place, nodeId, settings, highWatermark, producers, eligible } = options
  const { log } = place
  const { logStartOffset, logEndOffset, recoveryPoint: syncedOffset } = log
  const opened: OpenedLog = {
    nodeId,
    settings,
    logStartOffset,
    logEndOffset,
    highWatermark,
    syncedOffset,
    producers,
    eligible
  }
  return role._tag === "Lead" ? Leader.start(opened, role.assignment, now) : Follower.start(opened, role)
}

const flush = ({ place: { log, onDiskError }, meters }: Hand, truncations: number): Effect.Effect<Message> =>
  Effect.suspend(() =>
    Effect.ensuring(log.flush, Effect.sync(meters.syncing())).pipe(
      Effect.map((offset): Message => ({ _tag: "Synced", offset, truncations })),
      Effect.catch((error) => Effect.as(onDiskError(error), diskFailed))
    )
  )

/** A class, for each literal with a getter has a shape of its own, and V8 gives up on what has more than four. */
class PartitionHandle implements PartitionActor {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly actor: Actor<State, Message>
  private readonly hand: Hand

  constructor(hand: Hand, actor: Actor<State, Message>) {
    const { topic, topicId, partition } = hand.options
    this.topic = topic
    this.topicId = topicId
    this.partition = partition
    this.actor = actor
    this.hand = hand
  }

  get log(): Log {
    return this.hand.place.log
  }

  watch(watcher: Watcher): () => void {
    return this.hand.news.readers.add(watcher)
  }

  watchLogEnd(watcher: Watcher): () => void {
    return this.hand.news.followers.add(watcher)
  }
}

/** Starts the actor on an opened log, in the role given. It ends with the scope; the log's owner closes the log. */
export const make = (options: PartitionActorOptions): Effect.Effect<PartitionActor, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const { place } = options
    const hand: Hand = {
      options,
      place,
      news: new News(),
      meters: new WriteMeters(yield* NodeTelemetry, clock),
      self: () => self
    }
    const actor = yield* spawn<State, Message, Out, never>({
      machine,
      initial: initialState(options, monotonicMsOf(clock)),
      // A clock that is set must neither end a wait nor take a replica for lagging.
      timeOf: monotonicMsOf,
      mailboxCapacity: partitionMailboxCapacity,
      wake: { _tag: "Wake" },
      isSlow: (effect) => effect._tag === "Sync",
      perform: (effects) => perform(hand, clock, effects),
      performSlow: (effect) => flush(hand, effect._tag === "Sync" ? effect.truncations : -1),
      onDefect: options.onDefect
    })
    const self = new PartitionHandle(hand, actor)
    return self
  })
