/**
 * A disk on which a bit of a partition flips, and the operator who sees to it: once the broker has told of the damage, and the others are
 * in sync, it is restarted. Invariant: what rots is durable on every replica, so that at any time only a minority is without it; there is
 * one such disk at a time. Neighbours: `Director.ts`, which lets nothing else be lost meanwhile; `Rot.ts` holds the bits.
 */
import { Topics } from "@klamm/metadata"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type { Chance } from "./Chance.ts"
import { dataDirectories, replicaDirectories } from "./Nodes.ts"
import type { SimCluster, SimNode } from "./SimCluster.ts"
import type { World } from "./World.ts"

export interface DecayOptions {
  readonly world: World
  readonly cluster: SimCluster
  readonly chance: Chance
  /** Whose partitions rot. */
  readonly topic: string
}

interface Place {
  readonly path: string
  readonly position: number
  readonly sizeBytes: number
  /** What makes it the same batch on every disk. */
  readonly name: string
}

interface Flip {
  readonly path: string
  readonly position: number
}

/** How long a broker may take to stop in good order; milliseconds. */
const stopMs = 5_000

/** So many of the newest batches are often read. */
const recentBatches = 50

/** A base offset and a leader epoch lie outside the checksum, each at the beginning of some bytes that don't. */
const lengthAt = 8
const lengthBytes = 4
const magicAt = 16

/** The batches of a partition that a power cut would leave on the node's disk. */
const durableBatches = ({ disk: { files } }: SimNode, partition: string): ReadonlyArray<Place> => {
  const found = replicaDirectories(partition).flatMap((directory) => {
    const entry = files.findDurable(directory)
    return entry?.kind === "directory" ? [...entry.durable].map(([name, file]) => ({ directory, name, file })) : []
  })
  return found.flatMap(({ directory, name, file }) => {
    const path = `${directory}/${name}`
    if (!name.endsWith(".log") || file.kind !== "file" || files.find(path) !== file) return []
    const bytes = file.durable
    const places: Array<Place> = []
    RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (position, sizeBytes) => {
      if (RecordBatch.verifyBatch(bytes, position, position + sizeBytes) !== undefined) return
      const identity = [RecordBatch.partitionLeaderEpoch, RecordBatch.baseOffset, RecordBatch.crc]
      places.push({ path, position, sizeBytes, name: identity.map((of) => of(bytes, position)).join(" ") })
    })
    return places
  })
}

export class Decay {
  private readonly options: DecayOptions
  private node: SimNode | undefined
  /** What is to flip when the broker is down: what it has just written it has from its page cache. */
  private pending: Flip | undefined
  private stopsAtMs: number | undefined

  constructor(options: DecayOptions) {
    this.options = options
  }

  /** A bit is another one still. */
  get isThere(): boolean {
    const { node } = this
    if (node === undefined) return false
    if (this.pending !== undefined) return true
    const { files } = node.disk
    const prefix = `${this.options.topic}-`
    return dataDirectories.some(
      (parent) =>
        files.find(parent) !== undefined &&
        files.list(parent).some(({ name }) => isReplica(name, prefix) && node.disk.isRotten(`${parent}/${name}`))
    )
  }

  /** Ends a broker and flips a bit on its disk, if there is one that everybody has for good. */
  strike(): SimNode | undefined {
    const { chance, cluster, world } = this.options
    const partitions = cluster.isUp ? this.partitions(cluster.nodes[0]!) : []
    const partition = partitions.length === 0 ? undefined : chance.pick(partitions)
    if (partition === undefined || partition.isr.length < cluster.nodes.length) return undefined
    const name = `${this.options.topic}-${partition.index}`
    // The preferred leader mostly: it is read again once it is back.
    const preferred = cluster.nodes.find(({ id }) => id === partition.preferred)
    const node = preferred !== undefined && chance.happens(0.8) ? preferred : chance.pick(cluster.nodes)
    const others = cluster.nodes
      .filter((other) => other !== node)
      .map((other) => new Set(durableBatches(other, name).map((batch) => batch.name)))
    const everywhere = durableBatches(node, name).filter((batch) => others.every((names) => names.has(batch.name)))
    if (everywhere.length === 0) return undefined
    const place = chance.pick(everywhere.slice(-recentBatches))
    const at = chance.below(place.sizeBytes - magicAt + lengthBytes)
    const inBatch = at < lengthBytes ? lengthAt + at : magicAt + at - lengthBytes
    for (const { disk } of cluster.nodes) disk.dieAt(Number.POSITIVE_INFINITY, () => undefined)
    this.node = node
    this.pending = { path: place.path, position: place.position + inBatch }
    // After a crash the newest part of the log is scanned, after a stop in good order nothing is.
    if (chance.happens(0.3)) node.crash()
    else this.stop(node)
    world.tell(node.host, `a bit is about to flip in ${place.path} at ${place.position} + ${inBatch}`)
    return node
  }

  /** What becomes of it now, and what the operator does about it. To be called before what is dead is started again. */
  tend(): void {
    const { node, options } = this
    if (node === undefined || !this.isThere) return
    if (node.isStopping && options.world.nowMs >= (this.stopsAtMs ?? 0)) node.crash()
    if (node.state === "Dead") this.flip(node)
    else if (node.state === "Up" && !node.isStopping && this.isTold(node)) this.stop(node)
  }

  private stop(node: SimNode): void {
    this.stopsAtMs = this.options.world.nowMs + stopMs
    node.stop()
  }

  private flip({ disk }: SimNode): void {
    const { pending } = this
    this.pending = undefined
    if (pending !== undefined && disk.files.find(pending.path) !== undefined) disk.rot(pending.path, pending.position)
  }

  /** The broker has met the damage, and all others are in sync. */
  private isTold(node: SimNode): boolean {
    const partitions = this.partitions(node)
    const replicas = node.broker?.replicas
    const isKnown = ({ index, topicId }: Known) => replicas?.find(topicId, index)?.log.isDamaged === true
    return partitions.some(isKnown) && partitions.every(({ isr }) => isr.length === this.options.cluster.nodes.length)
  }

  private partitions(node: SimNode): ReadonlyArray<Known> {
    const image = node.control?.controller.image()
    const topic = image === undefined ? undefined : Topics.byName(image.topics, this.options.topic)
    return (
      topic?.partitions.map(({ index, isr, replicas }) => ({
        topicId: topic.id,
        index,
        isr,
        preferred: replicas[0]
      })) ?? []
    )
  }
}

interface Known {
  readonly topicId: string
  readonly index: number
  readonly isr: ReadonlyArray<number>
  readonly preferred: number | undefined
}

const isReplica = (name: string, prefix: string): boolean =>
  name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))
