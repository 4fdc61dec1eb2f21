/**
 * Moving replicas between the log directories of this broker (KIP-113): a copy follows the log until it has caught up, and then takes
 * its place, in the partition's turn. The controller is told after that (KIP-858).
 *
 * Invariants: the log stays where it is until its copy is complete and durable. 1. The copy is marked and gets the partition's name.
 * 2. It is the log. 3. The old one is renamed away. 4. The mark goes. A crash between 1 and 3 leaves both, the same, and at the next start
 * the marked one goes on; a crash before leaves an unfinished copy, which starts over. What fails on the way fails its own directory; and
 * what is in a directory that has failed stays there, since the controller was told so or is about to be.
 * A partition has one copy at a time. Neighbours: `LogCopy.ts` copies, `LogPlace.ts` is what is replaced, `Hosting.ts` has the rest.
 */
import { type CorruptLog, type Log, nameOf } from "@klamm/log"
import { isTooLongToMove } from "@klamm/log/LogDirectoryNames"
import type { ProducerState } from "@klamm/log/ProducerState"
import type { Disk, DiskError } from "@klamm/platform"
import { mark } from "@klamm/platform/Invariant"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { type Hosted, keyOf, onDiskError, type Self } from "./Hosting.ts"
import { LogCopy, Uncopyable } from "./LogCopy.ts"
import type { LogMove, LogPlace, MoveOutcome } from "./LogPlace.ts"
import type { PartitionActor } from "./PartitionActor.ts"
import type { ReplicaDirectory } from "./ReplicaDirectory.ts"

export interface Move {
  readonly actor: PartitionActor
  /** Where it goes. */
  readonly directory: ReplicaDirectory
  readonly copy: LogCopy
  /** Files of the copy, for as long as it is none but a copy or the log. */
  readonly scope: Scope.Closeable
  /** It has begun to take its place, and ends that. */
  replacing: Deferred.Deferred<void> | undefined
  cancelled: boolean
  fiber: Fiber.Fiber<void> | undefined
}

/** How soon a copy that is throttled is looked at again; milliseconds. */
const throttledRestMs = 100

/** Replicas that are not here yet of which it is remembered where they shall be. The oldest is forgotten beyond that. */
const maxPreferred = 10_000

const hostedOf = (self: Self, { topicId, partition }: PartitionActor): Hosted | undefined =>
  self.hosted.get(topicId, partition)

/** What an actor needs to know of a log in that directory. */
export const placeOf = (self: Self, directory: ReplicaDirectory, log: Log): LogPlace => ({
  log,
  onTruncated: directory.truncated(log, self.options.otherLogs),
  onDiskError: onDiskError(self, directory)
})

/** False when it failed, which has been told. A source that can't be read is left as it is. */
const attempt = (
  self: Self,
  directory: ReplicaDirectory,
  effect: Effect.Effect<void, Uncopyable | DiskError | CorruptLog>
): Effect.Effect<boolean> =>
  Effect.matchEffect(effect, {
    onSuccess: () => Effect.succeed(true),
    onFailure: (error) =>
      Effect.as(
        error instanceof Uncopyable
          ? Effect.logError(`a replica can't be moved to ${directory.path}: ${error.detail}`)
          : onDiskError(self, directory)(error),
        false
      )
  })

const forget = (self: Self, { actor, directory }: Move): void => {
  directory.futures.delete(nameOf(actor))
  self.moves.delete(keyOf(actor.topicId, actor.partition))
}

/** The copy stays on the disk as it is: the next start takes it up. */
const leave = (self: Self, move: Move): Effect.Effect<void> => {
  forget(self, move)
  return Scope.close(move.scope, Exit.void)
}

/** The copy goes, from a disk that works. */
const discard = (self: Self, move: Move): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { directory, copy } = move
    forget(self, move)
    const now = yield* Clock.currentTimeMillis
    if (!directory.failed) yield* attempt(self, directory, directory.log.delete(copy.log, now))
    yield* leave(self, move)
  }).pipe(Effect.uninterruptible)

/** The old log's files stay open for those who read in them. */
const retire = (self: Self, directory: ReplicaDirectory, log: Log) =>
  Effect.gen(function* () {
    const delayed = Effect.andThen(Effect.sleep(self.options.housekeeping().fileDeleteDelayMs), log.abandon)
    yield* Effect.forkIn(delayed, self.scope)
    return yield* attempt(self, directory, directory.log.delete(log, yield* Clock.currentTimeMillis))
  })

/** Completes the copy and puts it in the log's place, in the order that the head of this file gives. */
const replaceLog = (self: Self, move: Move, producers: ProducerState, replace: (place: LogPlace) => void) =>
  Effect.gen(function* (): Effect.fn.Return<MoveOutcome> {
    const { actor, directory, copy } = move
    const { log: source } = actor
    const hosted = hostedOf(self, actor)
    if (hosted === undefined || hosted.directory.failed) return "Kept"
    const { highWatermark } = actor.actor.state()
    const completed = Effect.andThen(
      copy.complete(source, producers, yield* Clock.currentTimeMillis),
      directory.checkpoint(self.options.otherLogs, [{ log: copy.log, highWatermark }])
    )
    if (!(yield* attempt(self, directory, completed)) || hosted.directory.failed) return "Kept"
    const promoted = yield* attempt(self, directory, directory.log.promote(copy.log))
    if (!promoted || hosted.directory.failed) return "Failed"
    forget(self, move)
    replace(placeOf(self, directory, copy.log))
    hosted.directory.remove(actor)
    directory.add(actor)
    self.hosted.set(actor.topicId, actor.partition, { ...hosted, directory })
    const { directoryId: left } = hosted.directory.log
    self.options.assignDirectory(actor.topicId, actor.partition, directory.log.directoryId, left)
    yield* Effect.logInfo(`${nameOf(actor)} has moved from ${hosted.directory.path} to ${directory.path}`)
    if (yield* retire(self, hosted.directory, source)) yield* attempt(self, directory, directory.log.settle(copy.log))
    return "Moved"
  })

/** The partition takes the copy in its turn; or it does not, because it was cut meanwhile. */
const askToReplace = (self: Self, move: Move): Effect.Effect<MoveOutcome | "Refused"> =>
  Effect.callback((resume) => {
    const request: LogMove = {
      truncations: move.copy.truncations,
      refuse: () => resume(Effect.succeed("Refused")),
      perform: (producers, replace) =>
        Effect.suspend(() => {
          if (move.cancelled) return Effect.succeed<MoveOutcome>("Kept")
          const replacing = Deferred.makeUnsafe<void>()
          move.replacing = replacing
          return Effect.tap(replaceLog(self, move, producers, replace), (outcome) =>
            Effect.sync(() => {
              Deferred.doneUnsafe(replacing, Exit.void)
              resume(Effect.succeed(outcome))
            })
          )
        })
    }
    if (!move.actor.actor.tell({ _tag: "MoveLog", move: request })) resume(Effect.succeed("Refused"))
  })

/** Copies until there is no more to copy for now; false when the partition is offline. */
const catchUp = (self: Self, { actor, copy }: Move) =>
  Effect.gen(function* () {
    const { quota } = self.options.moves
    while (true) {
      const state = actor.actor.state()
      if (state._tag === "Offline") return false
      const now = yield* Clock.currentTimeMillis
      if (state.truncations !== copy.truncations) yield* copy.startOver(actor.log, state.truncations, now)
      const copiedBytes = quota.isExceeded
        ? yield* Effect.as(Effect.sleep(throttledRestMs), 1)
        : yield* Effect.tap(copy.copyPiece(actor.log, now), (bytes) => Effect.sync(() => quota.record(bytes)))
      if (copiedBytes === 0) return true
      yield* Effect.yieldNow
    }
  })

/** What came of it once: "Refused" is tried again, after what the partition is at. */
const runOnce = (self: Self, move: Move): Effect.Effect<MoveOutcome | "Refused", DiskError | CorruptLog | Uncopyable> =>
  Effect.gen(function* () {
    if (!(yield* catchUp(self, move))) return "Kept"
    // Most of what is to be synced is synced here, so that the partition's turn is short.
    yield* move.copy.log.flush
    return yield* move.actor.log.uncleaned(askToReplace(self, move))
  })

const run = (self: Self, move: Move): Effect.Effect<void> =>
  Effect.gen(function* () {
    const trying = Effect.gen(function* () {
      while ((yield* runOnce(self, move)) === "Refused") mark("replica/a log was cut while it was copied")
    })
    yield* attempt(self, move.directory, Semaphore.withPermits(self.copying, 1, trying))
    if (self.moves.get(keyOf(move.actor.topicId, move.actor.partition)) !== move) return
    // With the partition offline this may be the best that is left of it: it stays until the next start.
    yield* move.actor.actor.state()._tag === "Offline" ? leave(self, move) : discard(self, move)
  })

/** Begins the copy, durably: after a restart it starts over. */
const begin = (self: Self, hosted: Hosted, directory: ReplicaDirectory): Effect.Effect<number, never, Disk> =>
  Effect.gen(function* () {
    const { actor } = hosted
    const { topic, topicId, partition } = actor
    const state = actor.actor.state()
    if (state._tag === "Offline") return ErrorCode.KAFKA_STORAGE_ERROR
    const scope = yield* Scope.fork(self.scope)
    const config = () => self.options.rules(topic).log
    const creating = directory.log.createFuture(topic, partition, topicId, config, yield* Clock.currentTimeMillis)
    const created = yield* Effect.result(Scope.provide(creating, scope))
    if (created._tag === "Failure") {
      yield* onDiskError(self, directory)(created.failure)
      return ErrorCode.KAFKA_STORAGE_ERROR
    }
    const copy = new LogCopy(created.success, state.truncations)
    const move: Move = {
      actor,
      directory,
      copy,
      scope,
      replacing: undefined,
      cancelled: false,
      fiber: undefined
    }
    if (hostedOf(self, actor) !== hosted) {
      yield* discard(self, move)
      return ErrorCode.REPLICA_NOT_AVAILABLE
    }
    self.moves.set(keyOf(topicId, partition), move)
    directory.futures.set(nameOf(actor), { partition: actor, log: copy.log })
    move.fiber = yield* Effect.forkIn(run(self, move), self.scope)
    return ErrorCode.NONE
  })

/** Ends the move of a partition, and does that with its copy; over when nothing of it goes on. What has begun to take its place does. */
const end = (self: Self, key: string, become: (self: Self, move: Move) => Effect.Effect<void>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const move = self.moves.get(key)
    if (move === undefined) return
    move.cancelled = true
    if (move.replacing !== undefined) yield* Deferred.await(move.replacing)
    if (move.fiber !== undefined) yield* Fiber.interrupt(move.fiber)
    if (self.moves.get(key) === move) yield* become(self, move)
  })

export const cancel = (self: Self, key: string): Effect.Effect<void> => end(self, key, discard)

/** Ends all copying. */
export const stop = (self: Self): Effect.Effect<void> =>
  Effect.forEach([...self.moves.keys()], (key) => end(self, key, leave), { discard: true })

/** An unfinished copy of the partition from before this start: it starts over. */
export const takeUp = (self: Self, actor: PartitionActor): Effect.Effect<void, never, Disk> =>
  Effect.gen(function* () {
    const name = nameOf(actor)
    for (const directory of self.options.directories) {
      const found = directory.foundFutures.get(name)
      if (found === undefined || directory.failed) continue
      directory.foundFutures.delete(name)
      yield* attempt(self, directory, directory.log.discard(found, yield* Clock.currentTimeMillis))
      const hosted = hostedOf(self, actor)
      const isOfThis = found.topicId === undefined || found.topicId === actor.topicId
      const isWanted = isOfThis && hosted !== undefined && hosted.directory !== directory
      if (isWanted && !self.moves.has(keyOf(actor.topicId, actor.partition))) yield* begin(self, hosted, directory)
    }
  })

/** Unfinished copies of partitions that are not here any more. */
export const discardFound = (self: Self): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const directory of self.options.directories) {
      for (const [name, found] of [...directory.foundFutures]) {
        directory.foundFutures.delete(name)
        if (directory.failed) continue
        yield* attempt(self, directory, directory.log.discard(found, yield* Clock.currentTimeMillis))
      }
    }
  })

/** A replica that somebody wants in a directory. */
export interface Asked {
  readonly topic: string
  /** Undefined: there is no such partition. */
  readonly topicId: string | undefined
  readonly partition: number
  /** The metadata has a replica of it on this broker. */
  readonly isReplica: boolean
}

/** It shall be created there, should it come to this broker. */
const prefer = (self: Self, asked: Asked, directory: ReplicaDirectory): void => {
  const name = nameOf(asked)
  self.preferred.delete(name)
  self.preferred.set(name, directory)
  const [oldest] = self.preferred.keys()
  if (self.preferred.size > maxPreferred && oldest !== undefined) self.preferred.delete(oldest)
}

/** The error of a request before anything is done for it. */
const refusal = ({ topic, partition }: Asked, directory: ReplicaDirectory | undefined): number => {
  if (isTooLongToMove(topic, partition)) return ErrorCode.INVALID_TOPIC_EXCEPTION
  if (directory === undefined) return ErrorCode.LOG_DIR_NOT_FOUND
  return directory.failed ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE
}

const moveTo = (self: Self, asked: Asked, path: string): Effect.Effect<number, never, Disk> =>
  Effect.gen(function* () {
    const directory = self.options.directories.find((each) => each.path === path)
    const errorCode = refusal(asked, directory)
    if (directory === undefined || errorCode !== ErrorCode.NONE) return errorCode
    const { topicId = "", partition } = asked
    const key = keyOf(topicId, partition)
    const known = self.hosted.get(topicId, partition)
    if (known === undefined ? asked.isReplica : known.actor.actor.state()._tag === "Offline") {
      return ErrorCode.KAFKA_STORAGE_ERROR
    }
    const underWay = self.moves.get(key)
    if (underWay !== undefined && underWay.directory !== directory) yield* cancel(self, key)
    const hosted = self.hosted.get(topicId, partition)
    if (hosted === undefined) {
      prefer(self, asked, directory)
      return asked.topicId === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.REPLICA_NOT_AVAILABLE
    }
    if (hosted.directory === directory || self.moves.has(key)) return ErrorCode.NONE
    // What a failed directory holds is not known: there might be a copy of this in it.
    if (self.options.directories.some((each) => each.failed)) return ErrorCode.KAFKA_STORAGE_ERROR
    return yield* begin(self, hosted, directory)
  })

/** AlterReplicaLogDirs for one replica; answers its error code. One at a time. */
export const request = (self: Self, asked: Asked, path: string): Effect.Effect<number, never, Disk> =>
  Semaphore.withPermits(self.moving, 1, moveTo(self, asked, path))
