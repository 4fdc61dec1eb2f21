/** What checkers are given after a run. */
import type { Promises, Swarm } from "../Faults.ts"
import type { History } from "../History.ts"
import type { ReadRecord } from "../workload/Payload.ts"
import type { KeyedEvidence } from "./Compaction.ts"
import type { StoredLog } from "./Logs.ts"

/** A partition, read from its beginning to its end when all was quiet. */
export interface Drained {
  readonly partition: number
  readonly end: number
  readonly records: ReadonlyArray<ReadRecord>
}

export interface Evidence {
  readonly swarm: Swarm
  readonly promises: Promises
  readonly history: History
  readonly topic: string
  /** What lies on the disks in the end. */
  readonly logs: ReadonlyArray<StoredLog>
  readonly drained: ReadonlyArray<Drained>
  /** Partitions of the topics there are in the end, by name. */
  readonly topics: ReadonlyMap<string, number>
  /** What each group has committed in the end, by group and partition. */
  readonly committed: ReadonlyMap<string, number>
  /** Undefined in runs without a compacted topic that stays. */
  readonly keyed: KeyedEvidence | undefined
}

/** One broken promise, told in a sentence. */
export interface Violation {
  readonly check: string
  readonly detail: string
}

export type Check = (evidence: Evidence) => ReadonlyArray<Violation>

export const committedKey = (group: string, partition: number): string => `${group}/${partition}`
