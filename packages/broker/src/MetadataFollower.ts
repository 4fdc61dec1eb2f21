/**
 * Follows the committed metadata: each new image becomes configuration, then what the node makes of it (replicas, group shards), and
 * last the view that handlers read, in that order.
 *
 * Invariant: handlers see a partition only once its actor is started (its first Produce need not be turned away); images are
 * followed in order, and those that came while one was being applied are followed as one.
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
  readonly image: () => Image.Image
  /** Waits until the image of `offset` has been followed. */
  readonly awaitOffset: (offset: number) => Effect.Effect<void>
  /** Follows from the image of now on, until the scope ends. Once. */
  readonly start: (apply: Apply) => Effect.Effect<void, never, Scope.Scope>
}

interface Waiting {
  readonly offset: number
  readonly resume: () => void
}

interface Self {
  readonly controller: ControllerNode.ControllerNode
  readonly config: LiveConfig
  image: Image.Image
  cluster: Cluster
  waiting: ReadonlyArray<Waiting>
}

const follow = (self: Self, apply: Apply, image: Image.Image): Effect.Effect<void> =>
  Effect.gen(function* () {
    const configured = self.config.update(image)
    yield* apply(self.image, image, Changes.between(self.image, image), configured)
    self.image = image
    self.cluster = clusterView(image, self.controller.raft.kraftVersion)
    const due = self.waiting.filter(({ offset }) => offset <= image.offset)
    self.waiting = self.waiting.filter(({ offset }) => offset > image.offset)
    for (const { resume } of due) resume()
  })

const awaitOffset = (self: Self, offset: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (self.image.offset >= offset) return resume(Effect.void)
    const waiting = { offset, resume: () => resume(Effect.void) }
    self.waiting = [...self.waiting, waiting]
    return Effect.sync(() => {
      self.waiting = self.waiting.filter((each) => each !== waiting)
    })
  })

const start = (self: Self, apply: Apply): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const images = yield* Queue.unbounded<Image.Image>()
    const stopWatching = self.controller.watch((image) => Queue.offerUnsafe(images, image))
    yield* Effect.addFinalizer(() => Effect.sync(stopWatching))
    yield* follow(self, apply, self.controller.image())
    const loop = Effect.flatMap(Queue.takeAll(images), (arrived) => follow(self, apply, arrived[arrived.length - 1]!))
    yield* Effect.forkScoped(Effect.forever(loop))
  })

export const make = (controller: ControllerNode.ControllerNode, config: LiveConfig): MetadataFollower => {
  const self: Self = {
    controller,
    config,
    image: Image.empty,
    cluster: clusterView(Image.empty, controller.raft.kraftVersion),
    waiting: []
  }
  return {
    cluster: () => self.cluster,
    image: () => self.image,
    awaitOffset: (offset) => awaitOffset(self, offset),
    start: (apply) => start(self, apply)
  }
}
