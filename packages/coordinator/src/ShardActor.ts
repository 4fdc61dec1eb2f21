/**
 * The actor of one shard: performs what the machine decides on the partition's log. Invariants: the log is read once, before the
 * first command is served; one append is under way at a time; answers are given after the state they speak of is published.
 */
import { type Actor, spawn } from "@klamm/actor/Actor"
import { monotonicMsOf } from "@klamm/platform/Moment"
import type { Decompression } from "@klamm/protocol/Compression"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { GroupSettings, PartitionLog } from "./Contract.ts"
import { Loading } from "./Replay.ts"
import { loadingShard, type ShardMessage, type ShardOut, type ShardState, shardMachine } from "./Shard.ts"

/** Requests that may wait for one shard; beyond that they are turned away. */
export const shardMailboxCapacity = 65_536

export type ShardActor = Actor<ShardState, ShardMessage>

export interface ShardActorOptions {
  readonly partition: number
  readonly log: PartitionLog
  readonly settings: () => GroupSettings
  readonly decompression: () => Decompression
  readonly onDefect: (cause: Cause.Cause<never>) => Effect.Effect<void>
}

const startAppend: ShardMessage = { _tag: "StartAppend" }

const perform = (effects: ReadonlyArray<ShardOut>): Effect.Effect<ReadonlyArray<ShardMessage>> =>
  Effect.sync(() => {
    let gathers = false
    for (const effect of effects) {
      if (effect._tag === "Answer") effect.give()
      else if (effect._tag === "Gather") gathers = true
    }
    return gathers ? [startAppend] : []
  })

/** A log that can't be read makes no coordinator: its clients are sent away rather than given half of what they stored. */
const load = (options: ShardActorOptions): Effect.Effect<ShardMessage> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const loading = new Loading(monotonicMsOf(clock), clock.currentTimeMillisUnsafe(), options.decompression())
    let failure: unknown
    yield* options.log.load((batch) => {
      if (failure !== undefined) return
      try {
        loading.replay(batch)
      } catch (error) {
        failure = error
      }
    })
    if (failure === undefined) return { _tag: "Loaded", groups: loading.groups() }
    yield* Effect.logError(`the groups of partition ${options.partition} can't be read`, failure)
    return { _tag: "Resign", done: null }
  })

const performSlow = (options: ShardActorOptions, effect: ShardOut): Effect.Effect<ShardMessage> => {
  if (effect._tag !== "Append") return load(options)
  return Effect.map(options.log.append(effect.batch), ({ errorCode }) => ({ _tag: "Appended", errorCode }))
}

/** Starts loading at once; ends with the scope, before which it should be told Resign. */
export const make = (options: ShardActorOptions): Effect.Effect<ShardActor, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const actor = yield* spawn<ShardState, ShardMessage, ShardOut, never>({
      machine: shardMachine(options.settings, () => clock.currentTimeMillisUnsafe()),
      timeOf: monotonicMsOf,
      initial: loadingShard,
      mailboxCapacity: shardMailboxCapacity,
      wake: { _tag: "Wake" },
      isSlow: ({ _tag }) => _tag === "Append" || _tag === "Load",
      perform,
      performSlow: (effect) => performSlow(options, effect),
      onDefect: options.onDefect
    })
    actor.tell({ _tag: "Load" })
    return actor
  })
