/** Work while a partition is called back: what has not begun never begins. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Taken } from "../../src/consumer/Engine.ts"
import { Feed } from "../../src/consumer/Feed.ts"
import * as Position from "../../src/consumer/fetch/Position.ts"
import * as Workers from "../../src/processing/Workers.ts"

const record = (offset: number) => ({
  offset,
  timestamp: 0,
  timestampType: "CreateTime" as const,
  leaderEpoch: 0,
  key: null,
  value: null,
  headers: []
})

/** A session that has some records of one partition and then no more. */
const sourceOf = (feed: Feed, offsets: ReadonlyArray<number>) => {
  let isTaken = false
  return {
    engine: {
      take: (_max: number, begin: (taken: Taken) => void) =>
        Effect.suspend(() => {
          if (isTaken) return Effect.never
          isTaken = true
          const taken = { feed, turn: feed.turn, records: offsets.map(record) }
          begin(taken)
          return Effect.succeed(taken)
        })
    },
    settings: { maxPollRecords: 100 },
    isClosing: false,
    quiesce: (_feeds: ReadonlyArray<Feed>): Effect.Effect<void> => Effect.void,
    isIdle: () => true,
    onClosing: () => undefined,
    begin: () => undefined,
    finish: () => undefined,
    progress: () => undefined,
    rest: () => undefined
  }
}

it.effect("a record whose fiber had not begun when its partition was called back is not worked on", () =>
  Effect.gen(function* () {
    const feed = new Feed({ topic: "t", partition: 0 }, Position.initial({ _tag: "Committed" }, "earliest"))
    const source = sourceOf(feed, [0, 1, 2])
    const worked: Array<number> = []
    const work = ({ raw }: Workers.Item) => Effect.sync(() => void worked.push(raw.offset))
    const running = Workers.run({ session: source, laneOf: () => undefined, concurrency: 8, maxInFlight: 8, work })
    yield* Effect.forkScoped(running, { startImmediately: true })
    feed.isClosing = true
    yield* source.quiesce([feed])
    // Offsets are being committed now; the partition is closed when they are.
    yield* Effect.yieldNow
    yield* Effect.yieldNow
    expect(worked).toEqual([])
  })
)

it.effect("what lies before something that had begun is worked on, so that nothing of it is done twice", () =>
  Effect.gen(function* () {
    const feed = new Feed({ topic: "t", partition: 0 }, Position.initial({ _tag: "Committed" }, "earliest"))
    const source = sourceOf(feed, [0, 1, 2, 3])
    const ended: Array<number> = []
    const work = ({ raw }: Workers.Item) =>
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => void ended.push(raw.offset))
      )
    // The second waits for the first, the fourth for the third.
    const laneOf = (_feed: Feed, { offset }: { readonly offset: number }) => (offset < 2 ? "one" : "other")
    const running = Workers.run({ session: source, laneOf, concurrency: 8, maxInFlight: 8, work })
    yield* Effect.forkScoped(running, { startImmediately: true })
    yield* Effect.yieldNow
    feed.isClosing = true
    yield* source.quiesce([feed])
    expect(ended.toSorted()).toEqual([0, 1, 2])
  })
)

it.effect("what had begun is waited for", () =>
  Effect.gen(function* () {
    const feed = new Feed({ topic: "t", partition: 0 }, Position.initial({ _tag: "Committed" }, "earliest"))
    const source = sourceOf(feed, [0, 1])
    const ended: Array<number> = []
    const work = ({ raw }: Workers.Item) =>
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => void ended.push(raw.offset))
      )
    const running = Workers.run({ session: source, laneOf: () => "one", concurrency: 8, maxInFlight: 8, work })
    yield* Effect.forkScoped(running, { startImmediately: true })
    yield* Effect.yieldNow
    feed.isClosing = true
    yield* source.quiesce([feed])
    expect(ended).toEqual([0])
  })
)
