/**
 * What `storage format` leaves for a quorum whose voters are recorded (KIP-853): a snapshot of nothing that names the first voters,
 * `00000000000000000000-0000000000.checkpoint` in the directory of the metadata log. Invariant: every voter is formatted with the same
 * voters; the first leader writes them to the log, so that all who come later learn them there.
 */
import type { Disk, DiskError } from "@klamm/platform"
import type * as Effect from "effect/Effect"
import * as Snapshots from "./Snapshots.ts"
import { maxKraftVersion, type VoterSet } from "./VoterSet.ts"

/** Writes it into `directory`, which exists; `batches` are the metadata records that a cluster begins with. */
export const writeBootstrapSnapshot = (
  disk: Disk["Service"],
  directory: string,
  voters: VoterSet,
  now: number,
  batches: ReadonlyArray<Uint8Array> = []
): Effect.Effect<void, DiskError> => {
  const control = [
    { _tag: "KRaftVersion", kraftVersion: maxKraftVersion },
    { _tag: "Voters", voters }
  ] as const
  return Snapshots.write(disk, directory, { endOffset: 0, epoch: 0, batches, control }, now, now)
}
