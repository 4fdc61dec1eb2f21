/**
 * Follows the committed metadata: each new image becomes configuration, replicas, group shards and last the view that handlers
 * read, in that order.
 *
 * Invariant: handlers see a partition only once its actor is started (its first Produce need not be turned away); images are
 * followed in order, and those that came while one was being applied are followed as one.
 */
import type { ControllerNode } from "@klamm/controller"
import type { GroupCoordinator } from "@klamm/coordinator"
import { Changes, Image, Topics } from "@klamm/metadata"
import type { Replicas } from "@klamm/replica/Replicas"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Cluster } from "./Cluster.ts"
import { offsetsTopic } from "./Cluster.ts"
import { clusterView } from "./ClusterView.ts"
import { partitionLog } from "./GroupPartitionLog.ts"
import type { LiveConfig } from "./LiveConfig.ts"

export interface MetadataFollowerOptions {
  readonly nodeId: number
  readonly controller: ControllerNode.ControllerNode
  readonly config: LiveConfig
  readonly replicas: Replicas
  readonly coordinator: GroupCoordinator
}

export interface MetadataFollower {
  readonly cluster: () => Cluster
  readonly image: () => Image.Image
  /** Waits until the image of `offset` has been followed. */
  readonly awaitOffset: (offset: number) => Effect.Effect<void>
}

interface Self {
  readonly options: MetadataFollowerOptions
  image: Image.Image
  cluster: Cluster
  waiting: ReadonlyArray<{ readonly offset: number; readonly resume: () => void }>
}

/** Groups live where the partitions of the offsets topic are led. */
const followGroups = (self: Self, changes: Changes.Changes): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { coordinator, nodeId, replicas } = self.options
    for (const { topic, partition } of changes.partitions) {
      if (topic.name !== offsetsTopic) continue
      const before = Topics.byId(self.image.topics, topic.id)?.partitions[partition.index]
      if (partition.leader === nodeId) {
        if (before?.leader === nodeId && before.leaderEpoch === partition.leaderEpoch) continue
        const actor = replicas.find(topic.id, partition.index)
        if (actor !== undefined) {
          yield* coordinator.onLeader(partition.index, partition.leaderEpoch, partitionLog(actor))
        }
      } else if (before?.leader === nodeId) yield* coordinator.onResigned(partition.index)
    }
    const removed = changes.removedTopics.map((topic) => topic.name)
    if (removed.length > 0) yield* coordinator.onTopicsDeleted(removed)
  })

const follow = (self: Self, image: Image.Image): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { config, replicas } = self.options
    const changes = Changes.between(self.image, image)
    if (config.update(image)) yield* replicas.reconfigure
    yield* replicas.apply(changes, image)
    yield* followGroups(self, changes)
    self.image = image
    self.cluster = clusterView(image)
    const due = self.waiting.filter(({ offset }) => offset <= image.offset)
    self.waiting = self.waiting.filter(({ offset }) => offset > image.offset)
    for (const { resume } of due) resume()
  })

const awaitOffset = (self: Self, offset: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (self.image.offset >= offset) return resume(Effect.void)
    self.waiting = [...self.waiting, { offset, resume: () => resume(Effect.void) }]
  })

/** Starts with the controller's image of now; follows until the scope ends. */
export const make = (options: MetadataFollowerOptions): Effect.Effect<MetadataFollower, never, Scope.Scope> =>
  Effect.gen(function* () {
    const self: Self = { options, image: Image.empty, cluster: clusterView(Image.empty), waiting: [] }
    const images = yield* Queue.unbounded<Image.Image>()
    const stopWatching = options.controller.watch((image) => Queue.offerUnsafe(images, image))
    yield* Effect.addFinalizer(() => Effect.sync(stopWatching))
    yield* follow(self, options.controller.image())
    const loop = Effect.flatMap(Queue.takeAll(images), (arrived) => follow(self, arrived[arrived.length - 1]!))
    yield* Effect.forkScoped(Effect.forever(loop))
    return {
      cluster: () => self.cluster,
      image: () => self.image,
      awaitOffset: (offset) => awaitOffset(self, offset)
    }
  })
