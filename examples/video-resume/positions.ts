/**
 * The resume position of a video: a compacted topic is the table, and every server keeps it in memory.
 *
 * A key is what a viewer watches; only its last value counts, and null takes it away. The broker throws away what was overtaken; a
 * server that starts reads what is left from the beginning, and then follows.
 */
import { Admin, Consumer, Producer, Topic } from "@klamm/client"
import { Effect, Schema, Stream } from "effect"

export const Positions = Topic.make("positions", {
  key: Schema.Struct({ viewer: Schema.String, video: Schema.String }),
  value: Schema.NullOr(Schema.Struct({ second: Schema.Int })),
  partitions: 2,
  configs: { "cleanup.policy": "compact" }
})

export const watched = (viewer: string, video: string, second: number) =>
  Producer.send(Positions, { key: { viewer, video }, value: { second } })

/** Seen to its end: it begins at the beginning again. */
export const finished = (viewer: string, video: string) =>
  Producer.send(Positions, { key: { viewer, video }, value: null })

/** Where the partitions end now; those that are empty are left out. */
const ends = Effect.gen(function* () {
  const { partitions } = yield* Admin.describeTopic(Positions)
  const at = (spec: "earliest" | "latest") =>
    Admin.listOffsets(partitions.map(({ partition }) => ({ topic: Positions, partition, at: spec })))
  const begins = new Map((yield* at("earliest")).map(({ partition, offset }) => [partition, offset]))
  return (yield* at("latest")).filter(({ partition, offset }) => offset > (begins.get(partition) ?? 0))
})

/** The table of a server: it answers when it knows all that was stored when it began, and is kept up to date as long as its scope is. */
export const open = Effect.gen(function* () {
  const table = new Map<string, number>()
  const keyOf = (viewer: string, video: string) => JSON.stringify([viewer, video])
  const wanted = yield* ends
  const consumer = yield* Consumer.make(Positions, { autoOffsetReset: "earliest" })
  const follow = Stream.runForEach(consumer.stream, ({ key: { viewer, video }, value }) =>
    Effect.sync(() => {
      if (value === null) table.delete(keyOf(viewer, video))
      else table.set(keyOf(viewer, video), value.second)
    })
  )
  yield* Effect.forkScoped(follow)
  const isThere = Effect.map(
    Effect.forEach(wanted, (end) => consumer.position(end)),
    (positions) => positions.every((position, index) => position !== undefined && position >= wanted[index]!.offset)
  )
  yield* Effect.repeat(Effect.andThen(Effect.sleep("10 millis"), isThere), { until: (there) => there })
  return {
    size: () => table.size,
    resumeAt: (viewer: string, video: string) => table.get(keyOf(viewer, video)) ?? 0
  }
})
