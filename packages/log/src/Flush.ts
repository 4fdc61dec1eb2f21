/**
 * Making the log durable. Invariants: `recoveryPoint` moves only after every byte below it, the indexes and snapshots that
 * recovery will trust, and the names of the files are on the device; an error is final and is answered again by every later
 * flush (the page cache can't be trusted after a failed fsync). Appends may go on while a flush is under way.
 */
import type { DiskError } from "@klamm/platform"
import * as Effect from "effect/Effect"
import { fileName } from "./Files.ts"
import * as IndexFile from "./IndexFile.ts"
import { activeSegment, type LogState, syncNames } from "./LogState.ts"
import * as ProducerSnapshot from "./ProducerSnapshot.ts"
import type { ProducerState } from "./ProducerState.ts"

const syncSnapshots = (state: LogState): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const { disk, directory } = state.home
    for (const offset of state.unsyncedSnapshots) {
      yield* IndexFile.syncFile(disk, `${directory}/${fileName(offset, ".snapshot")}`)
      state.unsyncedSnapshots = state.unsyncedSnapshots.filter((other) => other !== offset)
    }
  })

const syncAll = (state: LogState): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const target = state.logEndOffset
    const active = activeSegment(state)
    const sealed = state.segments.filter((segment) => segment !== active && !segment.synced)
    state.flushCeiling = Number.POSITIVE_INFINITY
    for (const segment of sealed) yield* segment.sync
    yield* syncSnapshots(state)
    yield* active.withFile((file) => file.sync)
    if (state.directoryChanged) yield* syncNames(state)
    state.recoveryPoint = Math.max(state.recoveryPoint, Math.min(target, state.flushCeiling))
  })

/** Syncs all that was appended before the call; answers the offset up to which the log is durable. */
export const flush = (state: LogState): Effect.Effect<number, DiskError> =>
  Effect.suspend(() => {
    if (state.failure !== undefined) return Effect.fail(state.failure)
    if (state.recoveryPoint === state.logEndOffset && !state.directoryChanged)
      return Effect.succeed(state.recoveryPoint)
    return syncAll(state).pipe(
      Effect.map(() => state.recoveryPoint),
      Effect.tapError((error) =>
        Effect.sync(() => {
          state.failure = error
        })
      )
    )
  })

/** A clean end: everything durable, the indexes complete, a snapshot at the log end so that opening replays nothing. */
export const finish = (state: LogState, producers: ProducerState): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    if (!state.hasFiles) return
    const active = activeSegment(state)
    active.finishTimeIndex()
    yield* active.writeIndexes
    if (!state.snapshots.includes(state.logEndOffset)) {
      yield* ProducerSnapshot.write(state.home.disk, state.home.directory, state.logEndOffset, producers)
      state.snapshots = [...state.snapshots, state.logEndOffset]
      state.unsyncedSnapshots = [...state.unsyncedSnapshots, state.logEndOffset]
      state.directoryChanged = true
    }
    yield* flush(state)
    yield* active.sync
  })
