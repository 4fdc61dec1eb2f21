/**
 * A log that nothing was ever written to is a directory and no more, and that not yet durably: a broker may come to have thousands of them
 * at once. Its files are made when something is to be written.
 *
 * Invariant: before the first batch the directory is durable, and `partition.metadata` is there, durable with whatever of the log is: what
 * a directory without it has belongs to whatever topic asks for it. Neighbours: `Append.ts` and `Delete.ts` ask for the files, `Recovery.ts` begins logs.
 */
import type { DiskError } from "@klamm/platform"
import * as Effect from "effect/Effect"
import * as Checkpoint from "./Checkpoint.ts"
import { partitionMetadata } from "./Files.ts"
import * as Names from "./LogDirectoryNames.ts"
import { activeSegment, createSegment, type LogState } from "./LogState.ts"

const make = (state: LogState, now: number): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const { disk, directory } = state.home
    yield* state.syncName
    yield* Checkpoint.putFile(disk, directory, partitionMetadata, Names.encodePartitionMetadata(state.topicId))
    const { baseOffset } = activeSegment(state)
    state.segments = [yield* createSegment(state.home, baseOffset, state.config(), now)]
    /** The names are durable with the first flush, before which nothing in the log counts as durable either. */
    state.directoryChanged = true
    state.hasFiles = true
  })

/** The log has its files when this is over. For its one writer. */
export const ensureFiles = (state: LogState, now: number): Effect.Effect<void, DiskError> =>
  Effect.suspend(() => (state.hasFiles ? Effect.void : make(state, now)))
