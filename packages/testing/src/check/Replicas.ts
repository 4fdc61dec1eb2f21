/**
 * What brokers believe of the workload's partitions, judged at one moment against the disks: who is in sync, or eligible to lead (KIP-966),
 * has durably all that was acknowledged; the history of epochs below the high watermark is the leader's (KIP-279); nobody is in sync on
 * behalf of a former life (KIP-903).
 *
 * Invariant: only a leader that agrees with the newest metadata of all is judged, since what an older one believes is rightly out of date.
 */
import * as EpochCache from "@klamm/log/EpochCache"
import { Brokers, type Image, Topics } from "@klamm/metadata"
import type { PartitionActor } from "@klamm/replica"
import type { Promises } from "../Faults.ts"
import type { History } from "../History.ts"
import type { SimCluster, SimNode } from "../SimCluster.ts"
import { DurableEnds } from "./DurableEnd.ts"
import type { Violation } from "./Evidence.ts"

export interface ReplicaWatchOptions {
  readonly cluster: SimCluster
  readonly history: History
  readonly topic: string
  readonly partitions: number
  readonly promises: () => Promises
}

type State = ReturnType<PartitionActor["actor"]["state"]>
type LeaderState = Extract<State, { readonly _tag: "Leader" }>

/** A partition whose leader agrees with the metadata. */
interface Led {
  readonly name: string
  readonly image: Image.Image
  readonly partition: Topics.Partition
  readonly leader: SimNode
  readonly actor: PartitionActor
  readonly state: LeaderState
}

const noEpoch = -1

/** The first offset of the range at which the two histories differ. */
export const differsAt = (
  one: EpochCache.EpochCache,
  other: EpochCache.EpochCache,
  from: number,
  to: number
): number | undefined =>
  [from, ...[...one, ...other].map(({ startOffset }) => startOffset)]
    .filter((offset) => offset >= from && offset < to)
    .sort((first, second) => first - second)
    .find((offset) => {
      const epochs = [EpochCache.epochForOffset(one, offset), EpochCache.epochForOffset(other, offset)]
      return !epochs.includes(noEpoch) && epochs[0] !== epochs[1]
    })

export class ReplicaWatch {
  private readonly options: ReplicaWatchOptions
  private readonly ends = new DurableEnds()
  /** By partition: the end of what clients know to be acknowledged by all. */
  private readonly acknowledged: Array<number>
  private sendsSeen = 0
  private newestOffset = -1

  constructor(options: ReplicaWatchOptions) {
    this.options = options
    this.acknowledged = Array.from({ length: options.partitions }, () => 0)
  }

  /** What is wrong now. */
  look(): ReadonlyArray<Violation> {
    this.learn()
    const image = this.newestImage()
    if (image === undefined) return []
    const syncs = this.options.promises().keepsInSync
    return this.acknowledged.flatMap((acknowledged, index) => {
      const led = this.led(image, index)
      if (led === undefined) return []
      const { isr, eligibleLeaderReplicas } = led.partition
      return [
        ...(syncs ? [...isr, ...eligibleLeaderReplicas].flatMap((id) => this.missing(led, id, acknowledged)) : []),
        ...isr.flatMap((id) => [...this.diverged(led, id), ...this.fromFormerLife(led, id)])
      ]
    })
  }

  private learn(): void {
    const { sends } = this.options.history
    for (const { state, acks, offset, partition } of sends.slice(this.sendsSeen)) {
      if (state !== "ok" || acks !== -1) continue
      this.acknowledged[partition] = Math.max(this.acknowledged[partition]!, offset + 1)
    }
    // Those under way are looked at again.
    while (sends[this.sendsSeen] !== undefined && sends[this.sendsSeen]?.state !== "invoked") this.sendsSeen += 1
  }

  /** Undefined where nobody alive knows as much as was known before. */
  private newestImage(): Image.Image | undefined {
    const images = this.options.cluster.nodes.flatMap(({ control }) =>
      control === undefined ? [] : [control.controller.image()]
    )
    const newest = images.reduce<Image.Image | undefined>(
      (best, each) => (best === undefined || each.offset > best.offset ? each : best),
      undefined
    )
    if (newest === undefined || newest.offset < this.newestOffset) return undefined
    this.newestOffset = newest.offset
    return newest
  }

  private led(image: Image.Image, index: number): Led | undefined {
    const { cluster, topic: name } = this.options
    const topic = Topics.byName(image.topics, name)
    const partition = topic?.partitions[index]
    if (topic === undefined || partition === undefined) return undefined
    const leader = cluster.nodes.find(({ id }) => id === partition.leader)
    const actor = leader?.broker?.replicas.find(topic.id, index)
    const state = actor?.actor.state()
    if (leader === undefined || actor === undefined || state?._tag !== "Leader") return undefined
    const agrees =
      state.leaderEpoch === partition.leaderEpoch && state.assignment.partitionEpoch === partition.partitionEpoch
    return agrees ? { name: `${name}-${index}`, image, partition, leader, actor, state } : undefined
  }

  private node(id: number): SimNode | undefined {
    return this.options.cluster.nodes.find((node) => node.id === id)
  }

  /** Whether the metadata speaks of the node's present life. */
  private isPresent({ image }: Led, node: SimNode): boolean {
    return Brokers.get(image.brokers, node.id)?.epoch === node.broker?.brokerEpoch()
  }

  /**
   * Nothing is asked of a disk that was lost, until its broker is registered again. What the leader has seen followers fetch in its epoch
   * they have made durable, acknowledged or not.
   */
  private missing(led: Led, id: number, acknowledged: number): ReadonlyArray<Violation> {
    const node = this.node(id)
    const { state, partition, leader } = led
    if (node === undefined || (node.disksLost > 0 && !this.isPresent(led, node))) return []
    const isFollowed = state.highWatermark > state.epochStartOffset && partition.isr.includes(id) && node !== leader
    const owed = isFollowed ? Math.max(acknowledged, state.highWatermark) : acknowledged
    const end = this.ends.of(node, led.name)
    if (end >= owed) return []
    const place = partition.isr.includes(id) ? "in sync" : "eligible"
    const detail = `b${id} is ${place} in ${led.name}, led by b${leader.id} in epoch ${state.leaderEpoch}, and durable to ${end} of ${owed}`
    return [{ check: "inSync", detail }]
  }

  private diverged(led: Led, id: number): ReadonlyArray<Violation> {
    const other = this.node(id)?.broker?.replicas.find(led.actor.topicId, led.actor.partition)
    const state = other?.actor.state()
    if (other === undefined || state?._tag !== "Follower") return []
    const from = Math.max(led.state.logStartOffset, state.logStartOffset)
    const to = Math.min(led.state.highWatermark, state.logEndOffset)
    const at = differsAt(led.actor.log.epochs, other.log.epochs, from, to)
    if (at === undefined) return []
    const epochs = [led.actor.log.epochs, other.log.epochs].map((each) => EpochCache.epochForOffset(each, at))
    const detail = `${led.name} has epoch ${epochs[0]} at ${at} on its leader b${led.leader.id}, and ${epochs[1]} on b${id}, below the high watermark ${to}`
    return [{ check: "history", detail }]
  }

  private fromFormerLife({ image, name, state }: Led, id: number): ReadonlyArray<Violation> {
    const registered = Brokers.get(image.brokers, id)?.epoch ?? noEpoch
    const fetched = state.followers.progress.find(({ replicaId }) => replicaId === id)?.brokerEpoch ?? noEpoch
    if (fetched === noEpoch || fetched >= registered) return []
    const detail = `b${id} is in sync in ${name} for what its life of epoch ${fetched} fetched; it is in that of ${registered}`
    return [{ check: "formerLife", detail }]
  }
}
