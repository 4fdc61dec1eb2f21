/** When handlers see a new image: after what the node makes of it, unless that takes long. */
import { expect, it } from "@effect/vitest"
import { Image, type MetadataRecordInput, replayAll } from "@klamm/metadata"
import { decodeRecord, encodeRecord } from "@klamm/metadata/Record"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as MetadataFollower from "../src/MetadataFollower.ts"

const topicIds = ["AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAAg"]

const topicRecords = (name: string, topicId: string, partitions: number): ReadonlyArray<MetadataRecordInput> => [
  { _tag: "Topic", name, topicId },
  ...Array.from(
    { length: partitions },
    (_, partitionId): MetadataRecordInput => ({
      _tag: "Partition",
      partitionId,
      topicId,
      replicas: [1],
      isr: [1],
      removingReplicas: [],
      addingReplicas: [],
      directories: [topicIds[0]!],
      leader: 1,
      leaderEpoch: 0,
      partitionEpoch: 0
    })
  )
]

const withTopic = (before: Image.Image, name: string, topicId: string, partitions: number): Image.Image => {
  const records = topicRecords(name, topicId, partitions).map((record) => decodeRecord(encodeRecord(record)))
  return replayAll(before, records, before.offset + records.length, 1)
}

/** A controller whose images are made by hand. */
const controlled = () => {
  const watchers = new Set<(image: Image.Image) => void>()
  let image = Image.empty
  return {
    source: {
      image: () => image,
      watch: (watcher: (image: Image.Image) => void) => {
        watchers.add(watcher)
        return () => void watchers.delete(watcher)
      },
      raft: { kraftVersion: () => 0 }
    },
    commit: (next: Image.Image) => {
      image = next
      for (const watcher of watchers) watcher(next)
    }
  }
}

/** A node that takes until `done` to make something of an image with topics. */
const following = Effect.gen(function* () {
  const { source, commit } = controlled()
  const done = yield* Deferred.make<void>()
  const follower = MetadataFollower.make(source, { update: () => false })
  yield* follower.start((_, after) => (after.offset < 0 ? Effect.void : Deferred.await(done)))
  const names = () => [...follower.cluster().topics()].map(({ name }) => name)
  return { follower, commit, done, names }
})

const settle = Effect.forEach(Array.from({ length: 10 }), () => Effect.yieldNow, { discard: true })

it.effect("a few partitions are seen when their actors have started", () =>
  Effect.gen(function* () {
    const { follower, commit, done, names } = yield* following
    const image = withTopic(Image.empty, "few", topicIds[0]!, MetadataFollower.viewWaitsForPartitions)
    commit(image)
    yield* settle
    expect(names()).toEqual([])
    yield* Deferred.succeed(done, undefined)
    yield* follower.awaitOffset(image.offset)
    expect(names()).toEqual(["few"])
    expect(follower.image()).toBe(image)
  })
)

it.effect("many are seen at once, as is what comes after them, and are followed when all have started", () =>
  Effect.gen(function* () {
    const { follower, commit, done, names } = yield* following
    const many = withTopic(Image.empty, "many", topicIds[0]!, MetadataFollower.viewWaitsForPartitions + 1)
    commit(many)
    yield* follower.awaitOffset(many.offset)
    expect(names()).toEqual(["many"])
    const more = withTopic(many, "more", topicIds[1]!, 1)
    commit(more)
    yield* follower.awaitOffset(more.offset)
    expect(names()).toEqual(["many", "more"])
    expect(follower.image()).toBe(Image.empty)
    yield* Deferred.succeed(done, undefined)
    yield* settle
    expect(follower.image()).toBe(more)
    expect(names()).toEqual(["many", "more"])
  })
)
