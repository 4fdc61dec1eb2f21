/** Work on records side by side: order by key, commits, dead letters. */
import * as Admin from "@klamm/client/Admin"
import * as Consumer from "@klamm/client/Consumer"
import * as Topic from "@klamm/client/Topic"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { fill, fresh, freshTopic, type Story, until, untilSo, valuesOf, write } from "./Story.ts"

const earliest = { autoOffsetReset: "earliest" } as const
const text = new TextDecoder()

/** What the group has committed for partition 0. */
const committedOf = (topic: Topic.Named, group: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const consumer = yield* Consumer.assign(topic as Topic.Topic<string | null, string>, [{ partition: 0 }], {
        group,
        enableAutoCommit: false,
        ...earliest
      })
      let position: number | undefined
      yield* until(
        Effect.map(consumer.position({ topic: topic.name, partition: 0 }), (found) => {
          position = found
          return found !== undefined
        })
      )
      return position
    })
  )

export const forEach: ReadonlyArray<Story> = [
  {
    name: "by key: keys side by side, each key in order, every record once",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(2)
        yield* fill(topic.name, 2, 140)
        const seen: Array<string> = []
        const running = new Map<string, number>()
        let most = 0
        yield* Effect.forkScoped(
          Consumer.forEach(
            topic,
            { ...earliest, group: yield* fresh("g"), concurrency: "key" },
            ({ partition, key, value }) =>
              Effect.gen(function* () {
                const lane = `${partition}${key}`
                running.set(lane, (running.get(lane) ?? 0) + 1)
                expect(running.get(lane)).toBe(1)
                most = Math.max(most, [...running.values()].filter((count) => count > 0).length)
                yield* Effect.sleep(value.endsWith("0") ? 5 : 1)
                seen.push(value)
                running.set(lane, 0)
              })
          )
        )
        yield* untilSo(() => seen.length >= 280)
        expect(seen.toSorted()).toEqual(valuesOf(2, 140).toSorted())
        expect(most).toBeGreaterThan(7)
        for (const partition of [0, 1])
          for (let key = 0; key < 7; key++) {
            const mine = seen
              .filter((value) => value.startsWith(`${partition}-`))
              .map((value) => Number(value.slice(2)))
            const ofKey = mine.filter((n) => n % 7 === key)
            expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b))
          }
      })
  },

  {
    name: "a new group works on what was there before it, unless it is told to begin at the end",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        yield* fill(topic.name, 1, 3)
        const [all, late]: [Array<string>, Array<string>] = [[], []]
        const work = (group: string, seen: Array<string>, options: { readonly autoOffsetReset?: "latest" } = {}) =>
          Effect.forkScoped(
            Consumer.forEach(topic, { group, ...options }, ({ value }) => Effect.sync(() => void seen.push(value)))
          )
        yield* work(yield* fresh("g"), all)
        yield* untilSo(() => all.length === 3)
        yield* work(yield* fresh("g"), late, { autoOffsetReset: "latest" })
        // Nobody tells when it has found the end: records come until it sees some.
        const more = Effect.andThen(write(topic.name, 0, [{ value: "later" }]), Effect.sleep(50))
        yield* Effect.repeat(more, { until: () => late.length > 0 })
        expect(new Set(late)).toEqual(new Set(["later"]))
      })
  },

  {
    name: "commits nothing beyond a record that is not done, however much behind it is",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        const group = yield* fresh("g")
        yield* fill(topic.name, 1, 30)
        const done: Array<number> = []
        const working = yield* Effect.forkScoped(
          Consumer.forEach(topic, { ...earliest, group, concurrency: 8 }, ({ offset }) =>
            offset === 5 ? Effect.never : Effect.sync(() => void done.push(offset))
          )
        )
        yield* untilSo(() => done.length === 29)
        yield* Fiber.interrupt(working)
        expect(yield* committedOf(topic, group)).toBe(5)
      })
  },

  {
    name: "sends what can't be decoded, and what keeps failing, to the dead-letter topic as it was, and goes on",
    tell: () =>
      Effect.gen(function* () {
        const { name } = yield* freshTopic(1)
        const topic = Topic.make(name, {
          key: Schema.NullOr(Schema.String),
          value: Schema.Struct({ n: Schema.Finite })
        })
        const deadLetter = `${name}.dlq`
        yield* Admin.createTopics([{ topic: deadLetter, partitions: 1, replicationFactor: 1 }])
        const group = yield* fresh("g")
        yield* write(name, 0, [
          { key: "k", value: '{"n":1}' },
          { value: "no json" },
          { value: '{"n":13}' },
          { value: '{"n":2}' }
        ])
        const got: Array<number> = []
        let attempts = 0
        const working = yield* Effect.forkScoped(
          Consumer.forEach(
            topic,
            { ...earliest, group, concurrency: "partition", retry: Schedule.recurs(2), deadLetter },
            ({ value }) =>
              Effect.suspend(() => {
                if (value.n !== 13) return Effect.sync(() => void got.push(value.n))
                attempts++
                return Effect.fail(new Error("unlucky"))
              })
          )
        )
        yield* untilSo(() => got.length === 2)
        const letters = Topic.make(deadLetter, { key: Schema.NullOr(Schema.String), value: Schema.String })
        const dead = yield* Consumer.stream(letters, earliest).pipe(Stream.take(2), Stream.runCollect)
        const headersOf = (record: (typeof dead)[number]) =>
          Object.fromEntries(record.headers.map(({ key, value }) => [key, text.decode(value ?? undefined)]))
        expect(dead.map(({ value }) => value)).toEqual(["no json", '{"n":13}'])
        expect(headersOf(dead[0]!)).toMatchObject({
          "klamm.dlq.topic": name,
          "klamm.dlq.offset": "1",
          "klamm.dlq.group": group,
          "klamm.dlq.error": "DecodeError"
        })
        expect(headersOf(dead[1]!)).toMatchObject({ "klamm.dlq.offset": "2", "klamm.dlq.message": "unlucky" })
        expect([got, attempts]).toEqual([[1, 2], 3])
        yield* Fiber.interrupt(working)
        expect(yield* committedOf(topic, group)).toBe(4)
      })
  },

  {
    name: "fails with what the work failed with, where there is no dead-letter topic, and commits only what came before",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        const group = yield* fresh("g")
        yield* fill(topic.name, 1, 10)
        const error = yield* Effect.flip(
          Consumer.forEach(topic, { ...earliest, group }, ({ offset }) =>
            offset === 4 ? Effect.fail("four" as const) : Effect.void
          )
        )
        expect(error).toBe("four")
        expect(yield* committedOf(topic, group)).toBe(4)
      })
  },

  {
    name: "over a rebalance: what has begun is finished with all before it, the rest is somebody else's, nothing is done twice",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(4)
        const group = yield* fresh("g")
        yield* fill(topic.name, 4, 150)
        const seen: Array<string> = []
        const member = Consumer.forEach(
          topic,
          { ...earliest, group, concurrency: "key", maxConcurrency: 4, heartbeatIntervalMs: 50 },
          ({ value }) =>
            Effect.andThen(
              Effect.sleep(2),
              Effect.sync(() => void seen.push(value))
            )
        )
        yield* Effect.forkScoped(member)
        yield* untilSo(() => seen.length > 40)
        yield* Effect.forkScoped(member)
        yield* untilSo(() => new Set(seen).size === 600)
        expect(seen.length).toBe(600)
      })
  }
]
