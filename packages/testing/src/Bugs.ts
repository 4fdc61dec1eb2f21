/**
 * Bugs that the swarm must find: each is put back in at the place where it was or would be (`hasBug` in the sources), and some run of
 * worlds has to break a promise. Invariant: a bug that no place asks for can't be found, so the list and the places go together.
 */
import { putBack } from "@klamm/platform/Bugs"
import type { SwarmOverrides } from "./Faults.ts"

export interface Bug {
  readonly name: string
  readonly story: string
  /** What a run needs so that it can show. */
  readonly overrides: SwarmOverrides
}

export const bugs: ReadonlyArray<Bug> = [
  {
    name: "acknowledge-before-sync",
    story: "acks=all is answered when the record is written, not when it is synced",
    overrides: {}
  },
  {
    name: "unclean-stop-taken-for-clean",
    story: "recovery believes the whole log after an unclean stop and scans nothing",
    overrides: { kinds: ["powerLoss", "powerLossInOperation", "slowDisk"] }
  },
  {
    name: "new-directory-not-synced",
    story: "a new data directory is not durable in its parents, and a power cut takes it with all in it",
    overrides: {}
  },
  {
    name: "producers-not-recovered",
    story: "recovery forgets which sequences it has, so that a retry is stored twice",
    overrides: {}
  },
  {
    name: "former-life-followed",
    story:
      "a restarted broker follows metadata from before its registration: leaderships that are long over wipe its logs' history of epochs",
    overrides: {}
  },
  {
    name: "checkpoint-not-synced",
    story:
      "as in KAFKA-16541, a small file is renamed into place before it is synced, so that a power cut leaves it empty",
    overrides: {}
  },
  {
    name: "sessions-by-the-wall-clock",
    story:
      "sessions of brokers go by the wall clock: set back, it keeps a dead broker's place, and its next life is turned away",
    overrides: { brokers: 3, kinds: ["clockJump", "powerLoss", "crash"] }
  }
]

/** Runs with the bug in. */
export const withBug = <A>(name: string, run: () => A): A => {
  const takeOut = putBack(name)
  try {
    return run()
  } finally {
    takeOut()
  }
}
