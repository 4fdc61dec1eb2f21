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
  /** Too slow to be looked for in every test run: `pnpm sim --bug` finds it. */
  readonly isRare?: boolean
}

const replicationBugs: ReadonlyArray<Bug> = [
  {
    name: "truncation-by-watermark",
    story:
      "as before KIP-101, a follower of a new leader cuts its log at its high watermark, which is behind, and may lead next",
    overrides: { brokers: 3 },
    isRare: true
  },
  {
    name: "diverging-epoch-not-compared",
    story:
      "as before KIP-279, a leader judges a follower's log by where it ends, though it ends in an epoch the leader never had",
    overrides: {
      brokers: 3,
      kinds: ["twoLeaders", "crash"],
      stormMs: 60_000,
      maxSends: 20_000,
      settings: {
        "leader.imbalance.check.interval.seconds": 1,
        "broker.session.timeout.ms": 3_000,
        "broker.heartbeat.interval.ms": 500
      }
    },
    isRare: true
  },
  {
    name: "watermark-below-min-isr",
    story: "as before KIP-966, the high watermark moves while fewer than min.insync.replicas are in sync",
    overrides: { brokers: 3, kinds: ["crash", "isolate", "oneWay", "stop"], acks: 1 },
    isRare: true
  },
  {
    name: "lost-replica-stays-in-sync",
    story: "as before KIP-966, a broker that comes back with an empty disk is still in sync, the last replica standing",
    overrides: { brokers: 3, kinds: ["lostDisk"], stormMs: 20_000 },
    isRare: true
  },
  {
    name: "rot-served",
    story: "as in Kafka, what a disk gives back is sent as it is, whether or not it is what was written",
    overrides: {
      brokers: 3,
      kinds: ["rot"],
      settings: { "leader.imbalance.check.interval.seconds": 1 }
    },
    isRare: true
  },
  {
    name: "followers-count-unsynced",
    story: "a follower's fetch counts what it has written and not synced, and acks=all is answered on that",
    overrides: { brokers: 3, kinds: ["powerLoss", "powerLossInOperation", "slowDisk"] }
  },
  {
    name: "former-life-in-sync",
    story: "as before KIP-903, the controller lets a broker's former life join the ISR",
    overrides: { brokers: 3, kinds: ["strikeJoiner"], stormMs: 20_000 }
  },
  {
    name: "producers-not-inherited",
    story: "a new leader does not know what its log has of producers, and stores their retries twice",
    overrides: { brokers: 3 }
  },
  {
    name: "clean-mark-though-failed",
    story:
      "as in KAFKA-13773, a broker whose disk has failed leaves the mark of a clean stop, and its log is not scanned",
    overrides: { kinds: ["writeError", "fullDisk", "syncError", "stop"] }
  },
  {
    name: "shard-not-unloaded",
    story:
      "as in KAFKA-10614, a group shard is not unloaded when its leadership goes, and not loaded when it comes back",
    overrides: { brokers: 3, stormMs: 20_000 }
  }
]

const directoryBugs: ReadonlyArray<Bug> = [
  {
    name: "written-behind-a-move",
    story:
      "what is decided in the same turn as a log's move to another directory is written to the log that was left, acknowledged and lost",
    overrides: { isOperated: true, kinds: ["slowDisk"] }
  },
  {
    name: "strays-in-failed-directory",
    story:
      "a broker that starts with a failed directory sets the logs in it aside as of no topic, and begins them anew at the next start",
    overrides: { brokers: 3, isOperated: true, kinds: ["crash", "writeError", "fullDisk"] },
    isRare: true
  },
  {
    name: "former-log-believed",
    story: "what the checkpoints say of a log that was deleted is taken for what they say of the next one of its name",
    overrides: { isOperated: true, kinds: ["crash", "crashInOperation"], stormMs: 30_000 },
    isRare: true
  },
  {
    name: "watermark-waits-for-failed-directory",
    story:
      "a leader waits for a replica whose directory has failed, though the controller has taken it out of the ISR, for its broker lives",
    overrides: { brokers: 3, isOperated: true, isPatient: true, kinds: ["writeError"], maxSends: 20_000 },
    isRare: true
  }
]

const compactionBugs: ReadonlyArray<Bug> = [
  {
    name: "newest-by-batch",
    story: "the newest record of a key counts as the last one of its batch, and cleaning finds all others in it older",
    overrides: { isKeyed: true }
  },
  {
    name: "tombstones-not-retained",
    story: "cleaning does not wait for delete.retention.ms: the pass behind the one that met a tombstone takes it away",
    overrides: { isKeyed: true }
  },
  {
    name: "cleaned-above-the-watermark",
    story:
      "cleaning removes what is acknowledged for the sake of what is not, which is cut off behind a change of leader",
    overrides: { brokers: 3, kinds: ["twoLeaders", "isolate", "crash"], stormMs: 20_000, isKeyed: true },
    isRare: true
  }
]

const quorumBugs: ReadonlyArray<Bug> = [
  {
    name: "no-pre-vote",
    story:
      "as before KIP-996, a voter that is cut off stands again and again, and comes back with epochs that end a sound leader's",
    overrides: { brokers: 3, kinds: ["isolate"] },
    isRare: true
  },
  {
    name: "no-check-quorum",
    story: "as in KAFKA-15489, a leader that is cut off does not resign",
    overrides: {
      brokers: 3,
      kinds: ["isolate"],
      stormMs: 20_000,
      settings: { "controller.quorum.fetch.timeout.ms": 500 }
    },
    isRare: true
  },
  {
    name: "vote-told-before-durable",
    story: "a vote is told before it is on the disk: after a crash it may be given again",
    overrides: {
      brokers: 3,
      kinds: ["crashInOperation", "powerLossInOperation", "powerLoss", "slowDisk"],
      stormMs: 20_000
    }
  },
  {
    name: "commit-of-earlier-epoch",
    story: "a leader commits what a majority has of an earlier epoch before a record of its own (Raft, figure 8)",
    overrides: { brokers: 3, kinds: ["isolate", "crash", "slowLink"], stormMs: 20_000 },
    isRare: true
  },
  {
    name: "new-directory-votes",
    story: "as in KAFKA-16526, a voter whose disk was lost votes before it has heard from a leader",
    overrides: { brokers: 3, kinds: ["lostDisk"], stormMs: 20_000 }
  }
]

export const bugs: ReadonlyArray<Bug> = [
  {
    name: "acknowledge-before-sync",
    story: "acks=all is answered when the record is written, not when it is synced",
    overrides: {}
  },
  {
    name: "unclean-stop-taken-for-clean",
    story: "recovery believes the whole log after an unclean stop and scans nothing",
    overrides: { kinds: ["powerLoss", "powerLossInOperation", "slowDisk"] },
    isRare: true
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
    name: "closed-under-the-quorum",
    story:
      "a stop closes the metadata log while the quorum still writes it: into whatever file the system has given that number to since",
    overrides: { brokers: 3, kinds: ["stop"] }
  },
  {
    name: "cleaned-after-the-end",
    story:
      "a log that is deleted or closed lets its cleaning go on, on files that are closed: the broker takes the error for a broken disk",
    overrides: { kinds: ["stop", "slowDisk"] }
  },
  {
    name: "sessions-by-the-wall-clock",
    story:
      "sessions of brokers go by the wall clock: set back, it keeps a dead broker's place, and its next life is turned away",
    overrides: { brokers: 3, kinds: ["clockJump", "powerLoss"] },
    isRare: true
  },
  ...directoryBugs,
  ...replicationBugs,
  ...quorumBugs,
  ...compactionBugs
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
