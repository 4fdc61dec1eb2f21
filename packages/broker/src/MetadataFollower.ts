/**
 * Follows the committed metadata: each new image becomes configuration, then what the node makes of it (replicas, group shards), and
 * last the view that handlers read, in that order.
 *
 * Invariants: handlers see a partition only once its actor is started (its first Produce need not be turned away), unless so many change
 * at once that all else would have to wait for them: then the view comes first, as it does with Kafka, also of the images that come
 * meanwhile. Images are followed in order, and those that came while one was being applied are followed as one; neither the view nor
 * the configuration ever falls behind an image that it has shown.
 */
import type { ControllerNode } from "@klamm/controller"
import { Changes, Image } from "@klamm/metadata"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Cluster } from "./Cluster.ts"
import { clusterView } from "./ClusterView.ts"
import type { LiveConfig } from "./LiveConfig.ts"

/** What a node does with a new image. `configured` says that the configuration may have changed. */
export type Apply = (
  before: Image.Image,
  after: Image.Image,
  changes: Changes.Changes,
  configured: boolean
) => Effect.Effect<void>

export interface MetadataFollower {
  readonly cluster: () => Cluster
  /** The one that is followed in every respect. */
  readonly image: () => Image.Image
  /** Waits until the view is of `offset`. */
  readonly awaitOffset: (offset: number) => Effect.Effect<void>
  /** Follows from the image of now on, until the scope ends. Once. */
  readonly start: (apply: Apply) => Effect.Effect<void, never, Scope.Scope>
}

/** With more changed partitions than this the view does not wait for their actors. */
export const viewWaitsForPartitions = 64

interface Waiting {
  readonly offset: number
  readonly resume: () => void
}

/** What of the controller and of the configuration is needed here. */
type Source = Pick<ControllerNode.ControllerNode, "image" | "watch"> & {
  readonly raft: Pick<ControllerNode.ControllerNode["raft"], "kraftVersion">
}
type Config = Pick<LiveConfig, "update">

interface Self {
  readonly controller: Source
  readonly config: Config
  image: Image.Image
  cluster: Cluster
  /** Which images the view and the configuration are of. */
  viewOffset: number
  configuredOffset: number
  /** The configuration may have changed since an image was applied last. */
  configured: boolean
  /** So much is being applied that the view does not wait for it. */
  viewAhead: boolean
  waiting: ReadonlyArray<Waiting>
}

const configure = (self: Self, image: Image.Image): void => {
  if (image.offset <= self.configuredOffset) return
  self.configuredOffset = image.offset
  if (self.config.update(image)) self.configured = true
}

/** Handlers see the image. */
const show = (self: Self, image: Image.Image): void => {
  if (image.offset <= self.viewOffset) return
  configure(self, image)
  self.viewOffset = image.offset
  self.cluster = clusterView(image, self.controller.raft.kraftVersion)
  const due = self.waiting.filter(({ offset }) => offset <= image.offset)
  self.waiting = self.waiting.filter(({ offset }) => offset > image.offset)
  for (const { resume } of due) resume()
}

const follow = (self: Self, apply: Apply, image: Image.Image): Effect.Effect<void> =>
  Effect.gen(function* () {
    configure(self, image)
    const { configured } = self
    self.configured = false
    const changes = Changes.between(self.image, image)
    self.viewAhead = changes.partitions.length > viewWaitsForPartitions
    if (self.viewAhead) show(self, image)
    yield* apply(self.image, image, changes, configured)
    self.image = image
    self.viewAhead = false
    show(self, image)
  })

const awaitOffset = (self: Self, offset: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (self.viewOffset >= offset) return resume(Effect.void)
    const waiting = { offset, resume: () => resume(Effect.void) }
    self.waiting = [...self.waiting, waiting]
    return Effect.sync(() => {
      self.waiting = self.waiting.filter((each) => each !== waiting)
    })
  })

const start = (self: Self, apply: Apply): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const images = yield* Queue.unbounded<Image.Image>()
    const stopWatching = self.controller.watch((image) => {
      Queue.offerUnsafe(images, image)
      if (self.viewAhead) show(self, image)
    })
    yield* Effect.addFinalizer(() => Effect.sync(stopWatching))
    yield* follow(self, apply, self.controller.image())
    const loop = Effect.flatMap(Queue.takeAll(images), (arrived) => follow(self, apply, arrived[arrived.length - 1]!))
    yield* Effect.forkScoped(Effect.forever(loop))
  })

export const make = (controller: Source, config: Config): MetadataFollower => {
  const self: Self = {
    controller,
    config,
    image: Image.empty,
    cluster: clusterView(Image.empty, controller.raft.kraftVersion),
    viewOffset: Image.empty.offset,
    configuredOffset: Number.NEGATIVE_INFINITY,
    configured: false,
    viewAhead: false,
    waiting: []
  }
  return {
    cluster: () => self.cluster,
    image: () => self.image,
    awaitOffset: (offset) => awaitOffset(self, offset),
    start: (apply) => start(self, apply)
  }
}
