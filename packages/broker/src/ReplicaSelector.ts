/**
 * Which replica a consumer should read from (KIP-392): the leader, or under RackAwareReplicaSelector one in the consumer's rack. Invariant:
 * only a replica in sync that has what the consumer asks for, on a broker that is alive; the leader itself if it is in that rack.
 */
import type { Progress } from "@klamm/replica/Isr"
import type { Leader } from "@klamm/replica/Leader"
import type { Cluster } from "./Cluster.ts"

/** The one value of replica.selector.class that has an effect. */
export const rackAwareSelector = "org.apache.kafka.common.replica.RackAwareReplicaSelector"

const hasOffset = ({ logStartOffset, logEndOffset }: Progress, offset: number): boolean =>
  logStartOffset <= offset && offset <= logEndOffset

/** The further one, then the one that was caught up last. */
const isBetter = (one: Progress, other: Progress): boolean =>
  one.logEndOffset === other.logEndOffset
    ? one.lastCaughtUpMs > other.lastCaughtUpMs
    : one.logEndOffset > other.logEndOffset

/** The replica to send the consumer to; -1: the leader serves it. */
export const preferredReplica = (leader: Leader, cluster: Cluster, rackId: string, fetchOffset: number): number => {
  const { assignment, followers, eligible, nodeId } = leader
  if (rackId === "" || cluster.broker(nodeId)?.rack === rackId) return -1
  let best: Progress | undefined
  for (const each of followers.progress) {
    if (!assignment.isr.includes(each.replicaId) || !eligible.has(each.replicaId)) continue
    if (!hasOffset(each, fetchOffset) || cluster.broker(each.replicaId)?.rack !== rackId) continue
    if (best === undefined || isBetter(each, best)) best = each
  }
  return best?.replicaId ?? -1
}
