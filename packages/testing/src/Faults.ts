/**
 * What goes wrong in a run, drawn from its seed: which kinds, how often, for how long; and what has to be survived.
 *
 * Invariant: `mustHold` is stricter than any single run needs and never stricter than what is promised: a broken check is a bug of
 * ours, always. Neighbour: `Director.ts`, which does it to the cluster.
 */
import type { Chance } from "./Chance.ts"
import { dataDirectories, type Settings } from "./Nodes.ts"

export const faultKinds = [
  "crash",
  "powerLoss",
  "crashInOperation",
  "powerLossInOperation",
  "pause",
  "clockJump",
  "clockDrift",
  "isolate",
  "oneWay",
  "slowLink",
  "reset",
  "slowDisk",
  "syncError",
  "writeError",
  "fullDisk",
  "stop",
  "lostDisk",
  "blackout",
  "twoLeaders",
  "strikeJoiner",
  "strikeController",
  "rot"
] as const
export type FaultKind = (typeof faultKinds)[number]

/**
 * After a failed sync the kernel takes for written what it has dropped; a broker that is started again finds it in the page cache, and a
 * later power cut takes it. One disk alone can't promise more.
 */
const breaksDisk: ReadonlySet<FaultKind> = new Set(["syncError"])
const cutsPower: ReadonlySet<FaultKind> = new Set(["powerLoss", "powerLossInOperation", "blackout"])
/** After these every process goes on with all it knew. */
export const losesNothing: ReadonlySet<FaultKind> = new Set([
  "pause",
  "clockJump",
  "clockDrift",
  "isolate",
  "oneWay",
  "slowLink",
  "reset",
  "slowDisk",
  "strikeController"
])
/** Only where others have everything. */
const needsOthers: ReadonlySet<FaultKind> = new Set(["lostDisk", "rot"])
/** Those that wait for a moment at which brokers disagree. */
export const ambushes = ["twoLeaders", "strikeJoiner", "strikeController"] as const
export type Ambush = (typeof ambushes)[number]
export const isAmbush = (kind: FaultKind): kind is Ambush => ambushes.some((each) => each === kind)
const setsClocks: ReadonlySet<FaultKind> = new Set(["clockJump", "clockDrift"])
/** A broker may have to give up after these, with a word of why. */
export const endsBrokers: ReadonlySet<FaultKind> = new Set(["syncError", "writeError", "fullDisk", "rot"])

/** All that one run is made of. */
export interface Swarm {
  readonly seed: number
  readonly brokers: number
  readonly disorder: number
  readonly opsPerTurn: number
  /** How long faults happen, in milliseconds of the world. */
  readonly stormMs: number
  /** Sends after which producers stop. */
  readonly maxSends: number
  /** The mean time between two faults. */
  readonly faultEveryMs: number
  readonly kinds: ReadonlyArray<FaultKind>
  readonly settings: Settings
  readonly partitions: number
  readonly minInSync: number
  readonly producers: ReadonlyArray<ProducerPlan>
  readonly consumers: number
  /** Who make topics and delete them. */
  readonly churners: number
  /** Brokers have two directories each, and replicas are moved while they are in use. */
  readonly isOperated: boolean
  /** A broker without one of them is left as it is for a while. */
  readonly isPatient: boolean
  readonly smallPieces: number
  readonly maxDelayMs: number
  /** There is a compacted topic that stays, and what is left in it is looked at. */
  readonly isKeyed: boolean
}

export interface ProducerPlan {
  readonly acks: number
  readonly maxInFlight: number
  readonly paceMs: number
  readonly maxRecords: number
  readonly maxValueBytes: number
}

export interface SwarmOverrides {
  readonly brokers?: number
  readonly settings?: Settings
  readonly kinds?: ReadonlyArray<FaultKind>
  readonly stormMs?: number
  readonly maxSends?: number
  /** Of all producers. */
  readonly acks?: number
  readonly isOperated?: boolean
  readonly isPatient?: boolean
  readonly isKeyed?: boolean
}

const drawProducer = (chance: Chance): ProducerPlan => ({
  acks: chance.happens(0.15) ? 1 : -1,
  maxInFlight: chance.pick([1, 2, 5]),
  paceMs: chance.skewed(20, 1_000),
  maxRecords: chance.pick([1, 3, 10]),
  maxValueBytes: chance.pick([10, 200, 4_000])
})

/** Small limits, so that a short run meets all of them. */
const drawSettings = (chance: Chance, minInSync: number): Settings => ({
  "log.segment.bytes": 1_048_576,
  "log.index.interval.bytes": chance.pick([64, 4_096]),
  "log.index.size.max.bytes": chance.pick([48, 1_024, 10_485_760]),
  "metadata.log.segment.bytes": 8_388_608,
  "metadata.log.max.record.bytes.between.snapshots": chance.pick([1_024, 20_971_520]),
  "metadata.max.retention.bytes": 16_384,
  "replica.high.watermark.checkpoint.interval.ms": chance.pick([100, 1_000, 5_000]),
  "offsets.topic.num.partitions": chance.pick([1, 3]),
  "fetch.max.bytes": 4_194_304,
  "log.retention.check.interval.ms": chance.pick([1_000, 300_000]),
  "log.cleaner.backoff.ms": 100,
  // Leaderships move between living brokers, and the quorum's records come one by one.
  ...chance.pick([{}, { "broker.session.timeout.ms": 3_000, "broker.heartbeat.interval.ms": 500 }]),
  "leader.imbalance.check.interval.seconds": chance.pick([1, 300]),
  "controller.quorum.fetch.max.bytes": chance.pick([100, 1_048_576]),
  // What groups commit is on as many disks as what producers send.
  "min.insync.replicas": minInSync
})

/**
 * Each kind is in half of the runs, so that some bugs are not hidden behind others. A disk either fails to sync or loses its power:
 * after both it owes nobody anything, and a broker whose own log is damaged rightly refuses to start.
 */
const drawKinds = (chance: Chance, brokers: number): ReadonlyArray<FaultKind> => {
  const drawn = faultKinds.filter(() => chance.happens(0.5))
  const excluded = chance.happens(0.7) ? breaksDisk : cutsPower
  const kinds = drawn.filter(
    (kind) => !excluded.has(kind) && (brokers >= 3 || !(needsOthers.has(kind) || isAmbush(kind)))
  )
  return kinds.length > 0 ? kinds : ["powerLoss"]
}

export const drawSwarm = (seed: number, chance: Chance, overrides: SwarmOverrides = {}): Swarm => {
  const brokers = overrides.brokers ?? 1
  const kinds = drawKinds(chance, brokers)
  const minInSync = brokers >= 3 ? 2 : 1
  const drawn = {
    seed,
    brokers,
    disorder: chance.pick([0, 0.1, 1]),
    opsPerTurn: chance.pick([16, 256, 2_048]),
    stormMs: overrides.stormMs ?? chance.skewed(3_000, 30_000),
    maxSends: overrides.maxSends ?? chance.pick([300, 1_000, 3_000]),
    faultEveryMs: chance.skewed(150, 4_000),
    kinds: overrides.kinds ?? kinds,
    settings: drawSettings(chance, minInSync),
    partitions: chance.pick([1, 2, 5]),
    minInSync,
    producers: Array.from({ length: chance.pick([1, 2, 3]) }, () => {
      const drawn = drawProducer(chance)
      return { ...drawn, acks: overrides.acks ?? drawn.acks }
    }),
    consumers: chance.pick([1, 2]),
    smallPieces: chance.pick([0, 0.02, 0.3]),
    maxDelayMs: chance.pick([0.5, 3, 50]),
    churners: chance.pick([0, 0, 1, 2]),
    isOperated: overrides.isOperated ?? chance.happens(0.4),
    isKeyed: overrides.isKeyed ?? chance.happens(0.4),
    isPatient: overrides.isPatient ?? chance.happens(0.5)
  }
  const directories: Settings = drawn.isOperated ? { "log.dirs": dataDirectories.join() } : {}
  return { ...drawn, settings: { ...drawn.settings, ...directories, ...overrides.settings } }
}

/** What has happened in a run, by kind. */
export type Counts = ReadonlyMap<FaultKind, number>

export interface Promises {
  /** Everything acknowledged with acks=all is there for ever, where it was said to be. */
  readonly keepsAcksAll: boolean
  /** The same for acks=1. */
  readonly keepsAcksOne: boolean
  /** Everything that was ever read is there for ever, acknowledged or not. */
  readonly keepsReads: boolean
  /** What is acknowledged with acks=all is durable on as many disks as have to be in sync, at any time. */
  readonly spreadsAcks: boolean
  /** Who is in sync, or eligible to lead, has durably what is acknowledged with acks=all, unless its disk was lost just now. */
  readonly keepsInSync: boolean
  /** What consumers may read is on as many disks as have to be in sync, durable or not, at any time. */
  readonly spreadsReads: boolean
  /** Brokers run until they are killed. */
  readonly brokersLast: boolean
  /** Clocks are near each other. */
  readonly clocksAgree: boolean
}

const syncsAcksAll = ({ settings }: Swarm): boolean => String(settings["klamm.acks.all.sync"] ?? true) === "true"

/** What the cluster owes its clients after these faults. */
export const mustHold = (swarm: Swarm, counts: Counts): Promises => {
  const happened = (kinds: ReadonlySet<FaultKind>) => [...counts.keys()].some((kind) => kinds.has(kind))
  const lostUnsynced = happened(cutsPower) || happened(breaksDisk)
  const forgotten = happened(cutsPower) && happened(breaksDisk)
  return {
    keepsAcksAll: (syncsAcksAll(swarm) || !lostUnsynced) && !forgotten,
    keepsAcksOne: swarm.brokers === 1 && !lostUnsynced,
    keepsReads: !lostUnsynced,
    spreadsAcks: syncsAcksAll(swarm) && !happened(breaksDisk) && !happened(needsOthers),
    keepsInSync: syncsAcksAll(swarm) && !happened(breaksDisk),
    spreadsReads: !lostUnsynced && !happened(needsOthers),
    brokersLast: !happened(endsBrokers),
    clocksAgree: !happened(setsClocks)
  }
}
