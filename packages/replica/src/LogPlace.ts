/**
 * Where a partition has its log: the log, and what goes with the directory that it is in. A move to another directory (KIP-113) replaces
 * it as a whole.
 *
 * Invariant: it is replaced in the partition's own turn, when all that was decided is written and nothing else is under way, by a log
 * with the same batches, as durable as the one before. Neighbours: `PartitionActor.ts` has the turn, `Moves.ts` the move.
 */
import type { CorruptLog, Log } from "@klamm/log"
import type * as ProducerState from "@klamm/log/ProducerState"
import type { DiskError } from "@klamm/platform"
import type * as Effect from "effect/Effect"

export interface LogPlace {
  readonly log: Log
  /** The log was cut: what is checkpointed of it may have to fall before it grows again. */
  readonly onTruncated: Effect.Effect<void, DiskError>
  /** A disk error: the directory's owner takes it offline. */
  readonly onDiskError: (error: DiskError | CorruptLog) => Effect.Effect<void>
}

/** Moved; kept where it is; or failed when it may be in both places, and neither may go on. */
export type MoveOutcome = "Moved" | "Kept" | "Failed"

export interface LogMove {
  /** How often the log had been cut when it began to be copied: a copy of what was cut off since is of no use. */
  readonly truncations: number
  /** Completes the copy and calls `replace` once it is the log. `producers` are as of the log end. */
  readonly perform: (
    producers: ProducerState.ProducerState,
    replace: (place: LogPlace) => void
  ) => Effect.Effect<MoveOutcome>
  /** The log was cut, or is offline. */
  readonly refuse: () => void
}
