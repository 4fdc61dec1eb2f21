/**
 * Moments at which a fault hurts most, found by what brokers believe: leaderships that overlap, a replica that is about to join the ISR, a
 * controller that has nothing committed yet. Invariant: looks and draws nothing; `Director.ts` strikes.
 */
import { Topics } from "@klamm/metadata"
import type { PartitionActor } from "@klamm/replica"
import type { SimCluster, SimNode } from "./SimCluster.ts"

interface Hosted {
  readonly node: SimNode
  readonly actor: PartitionActor
}

const isFit = ({ state }: SimNode): boolean => state === "Up"

/** The replicas of each partition of the topic, on brokers that are up. */
const hosted = (cluster: SimCluster, topicName: string): ReadonlyArray<ReadonlyArray<Hosted>> => {
  const up = cluster.nodes.filter(isFit)
  const topics = up.flatMap(({ control }) => {
    const found = control === undefined ? undefined : Topics.byName(control.controller.image().topics, topicName)
    return found === undefined ? [] : [found]
  })
  const [topic] = topics
  return (topic?.partitions ?? []).map(({ index }) =>
    up.flatMap((node) => {
      const actor = topic === undefined ? undefined : node.broker?.replicas.find(topic.id, index)
      return actor === undefined ? [] : [{ node, actor }]
    })
  )
}

/** Two brokers that lead the same partition, each as it believes. */
export const overlap = (
  cluster: SimCluster,
  topic: string
): { readonly older: SimNode; readonly newer: SimNode } | undefined => {
  for (const replicas of hosted(cluster, topic)) {
    const leaders = replicas
      .flatMap(({ node, actor }) => {
        const state = actor.actor.state()
        return state._tag === "Leader" ? [{ node, epoch: state.leaderEpoch }] : []
      })
      .sort((one, other) => one.epoch - other.epoch)
    const [older] = leaders
    const newer = leaders.at(-1)
    if (older !== undefined && newer !== undefined && older !== newer) return { older: older.node, newer: newer.node }
  }
  return undefined
}

/** Who leads a partition that another one in sync is preferred for, and whoever will say so: the leadership is about to move. */
export const aboutToMove = (
  cluster: SimCluster,
  topicName: string
): { readonly leader: SimNode; readonly controller: SimNode } | undefined => {
  for (const leader of cluster.nodes.filter(isFit)) {
    const image = leader.control?.controller.image()
    const topic = image === undefined ? undefined : Topics.byName(image.topics, topicName)
    const controller = controllerOf(cluster, leader)
    if (controller === undefined || controller === leader) continue
    const moves = topic?.partitions.some(({ leader: leaderId, replicas: [preferred], isr }) => {
      const next = cluster.nodes.find(({ id }) => id === preferred)
      return leaderId === leader.id && next !== undefined && next !== leader && isr.includes(next.id) && isFit(next)
    })
    if (moves === true) return { leader, controller }
  }
  return undefined
}

/** A leader that has just asked for a replica to join the ISR. */
export const joining = (
  cluster: SimCluster,
  topic: string
): { readonly leader: SimNode; readonly joiner: SimNode } | undefined => {
  for (const { node: leader, actor } of hosted(cluster, topic).flat()) {
    const state = actor.actor.state()
    if (state._tag !== "Leader") continue
    const joins = state.followers.pending?.isr.find((id) => !state.assignment.isr.includes(id))
    const joiner = cluster.nodes.find((node) => node.id === joins && isFit(node))
    if (joiner !== undefined) return { leader, joiner }
  }
  return undefined
}

/** Who leads the quorum and has not committed a record of its own. */
export const newController = (cluster: SimCluster): SimNode | undefined =>
  cluster.nodes.find((node) => {
    const state = node.control?.controller.raft.state()
    return state?._tag === "Leader" && node.state !== "Paused" && state.highWatermark <= state.epochStartOffset
  })

/** Who leads the quorum as `node` believes. */
export const controllerOf = (cluster: SimCluster, node: SimNode): SimNode | undefined =>
  cluster.nodes.find(({ id }) => id === node.control?.controller.raft.leader().id)

/** Whether `keeper` alone has all that is committed with the cluster: it may lose any other node's disk. */
export const hasEverything = (cluster: SimCluster, keeper: SimNode): boolean => {
  const states = cluster.nodes.flatMap(({ control }) => (control === undefined ? [] : [control.controller]))
  const own = keeper.control?.controller
  if (own === undefined || states.length === 0) return false
  const committed = Math.max(...states.map(({ raft }) => raft.state().highWatermark))
  if (own.raft.state().log.syncedOffset < committed) return false
  const newest = states.reduce((best, each) => (each.image().offset > best.image().offset ? each : best))
  return Topics.all(newest.image().topics).every(({ partitions }) =>
    partitions.every(({ isr }) => isr.includes(keeper.id))
  )
}

/** Whether the node is out of sync somewhere, as `keeper` knows. */
export const isBehind = (keeper: SimNode, { id }: SimNode, topic: string): boolean => {
  const image = keeper.control?.controller.image()
  const found = image === undefined ? undefined : Topics.byName(image.topics, topic)
  return found?.partitions.some(({ isr }) => !isr.includes(id)) === true
}
