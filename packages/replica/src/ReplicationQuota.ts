/**
 * One of a broker's quotas for replication (KIP-73): which replicas it slows, how fast they may be moved together, how fast they are.
 *
 * Invariants: only what is named as throttled is slowed, though all of that counts; a limit is looked at before bytes are moved and
 * never splits them, so it may be overshot by one answer and is kept over the window; the rate falls while nothing moves, so even a limit
 * of nothing lets an answer through now and then. Kafka: ReplicationQuotaManager. Neighbours: `Throttle.ts` has the arithmetic, `Fetcher.ts`
 * asks as follower, `FetchReads.ts` of the broker as leader.
 */
import type { PartitionActor } from "./PartitionActor.ts"
import * as Throttle from "./Throttle.ts"

/** Of a topic: all of its replicas here, or those of these partitions. */
export type ThrottledPartitions = "All" | ReadonlySet<number>

/** By topic name; topics of which nothing is throttled here are not in it. */
export type ThrottledReplicas = ReadonlyMap<string, ThrottledPartitions>

export interface ReplicationQuotaSettings {
  readonly bytesPerSecond: number
  readonly window: Throttle.Window
  readonly replicas: ThrottledReplicas
}

type Named = Pick<PartitionActor, "topic" | "partition">

/** The partitions of a topic whose replica on this broker is named: `partition:broker,...`, `*` for all, or nothing. */
export const throttledPartitions = (text: string, nodeId: number): ThrottledPartitions | undefined => {
  const list = text.trim()
  if (list === "*") return "All"
  const pairs = list.split(",").map((pair) => pair.trim().split(":"))
  const partitions = new Set(pairs.filter(([, broker]) => broker === String(nodeId)).map(([index]) => Number(index)))
  return partitions.size === 0 ? undefined : partitions
}

export class ReplicationQuota {
  private readonly settings: () => ReplicationQuotaSettings
  private readonly monotonicMs: () => number
  private throttle = Throttle.empty

  constructor(settings: () => ReplicationQuotaSettings, monotonicMs: () => number) {
    this.settings = settings
    this.monotonicMs = monotonicMs
  }

  /** False: nothing is throttled, and nobody needs to ask further. */
  get isActive(): boolean {
    return this.settings().replicas.size > 0
  }

  isThrottled({ topic, partition }: Named): boolean {
    const partitions = this.settings().replicas.get(topic)
    return partitions !== undefined && (partitions === "All" || partitions.has(partition))
  }

  get isExceeded(): boolean {
    const { bytesPerSecond, window } = this.settings()
    return Throttle.rate(this.throttle, this.monotonicMs(), window) > bytesPerSecond
  }

  /** Bytes of throttled replicas that were moved. */
  record(bytes: number): void {
    this.throttle = Throttle.record(this.throttle, bytes, this.monotonicMs(), this.settings().window)
  }

  /** As leader: that follower gets none of the partition's records for now. Whoever is in sync gets them always. */
  holdsBack(partition: PartitionActor, replicaId: number): boolean {
    const state = partition.actor.state()
    if (state._tag !== "Leader" || state.assignment.isr.includes(replicaId)) return false
    return this.isThrottled(partition) && this.isExceeded
  }
}
