/** A consumer alone or in a group: where it begins, what it hands out, what it commits. */
import * as Admin from "@klamm/client/Admin"
import * as Consumer from "@klamm/client/Consumer"
import * as Topic from "@klamm/client/Topic"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { fill, fresh, freshTopic, type Story, until, untilSo, valuesOf, write } from "./Story.ts"

const earliest = { autoOffsetReset: "earliest" } as const

export const consumer: ReadonlyArray<Story> = [
  {
    name: "without a group reads every partition from the beginning",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(3)
        yield* fill(topic.name, 3, 50)
        const got = yield* Consumer.stream(topic, earliest).pipe(Stream.take(150), Stream.runCollect)
        expect(got.map(({ value }) => value).toSorted()).toEqual(valuesOf(3, 50).toSorted())
        const first = got.find(({ value }) => value === "1-3")
        expect(first).toMatchObject({
          topic: topic.name,
          partition: 1,
          offset: 3,
          key: "k3",
          timestampType: "CreateTime"
        })
      })
  },

  {
    name: "of a group goes on where the one before it stopped",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        const group = yield* fresh("g")
        yield* fill(topic.name, 1, 10)
        const take = (count: number) =>
          Consumer.stream(topic, { ...earliest, group, maxPollRecords: 1 }).pipe(
            Stream.map(({ value }) => value),
            Stream.take(count),
            Stream.runCollect
          )
        expect(yield* take(5)).toEqual(valuesOf(1, 5))
        // The fifth was never asked past, so nobody knows that it was done.
        expect(yield* take(6)).toEqual(valuesOf(1, 10).slice(4))
      })
  },

  {
    name: "passes over what it can't decode, and tells",
    tell: () =>
      Effect.gen(function* () {
        const { name } = yield* freshTopic(1)
        const topic = Topic.make(name, { value: Schema.Struct({ n: Schema.Finite }) })
        yield* write(name, 0, [
          { value: '{"n":1}' },
          { value: "not json" },
          { value: '{"n":"x"}' },
          { value: '{"n":2}' }
        ])
        const failures: Array<Consumer.DecodeFailure> = []
        const onDecodeError = (failure: Consumer.DecodeFailure) => Effect.sync(() => void failures.push(failure))
        const got = yield* Consumer.stream(topic, { ...earliest, onDecodeError }).pipe(
          Stream.take(2),
          Stream.runCollect
        )
        expect(got.map(({ value }) => value.n)).toEqual([1, 2])
        expect(failures.map(({ offset, error }) => [offset, error._tag, error.part])).toEqual([
          [1, "DecodeError", "value"],
          [2, "DecodeError", "value"]
        ])
        expect(new TextDecoder().decode(failures[0]?.value ?? undefined)).toBe("not json")
      })
  },

  {
    name: "is at the end when it starts there, and waits for what comes",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        yield* fill(topic.name, 1, 3)
        const consumer = yield* Consumer.make(topic)
        const reading = yield* Effect.forkScoped(Stream.runHead(consumer.stream))
        yield* until(Effect.map(consumer.position({ topic: topic.name, partition: 0 }), (position) => position === 3))
        yield* write(topic.name, 0, [{ value: "new" }])
        expect(yield* Fiber.join(reading)).toMatchObject({ value: { value: "new", offset: 3 } })
      })
  },

  {
    name: "goes where it is sent: to an offset, to a time, to the end",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        const place = { topic: topic.name, partition: 0 }
        yield* fill(topic.name, 1, 10)
        const head = (from: Consumer.Start["from"] & {}) =>
          Effect.scoped(
            Effect.flatMap(Consumer.assign(topic, [{ partition: 0, from }]), ({ stream }) =>
              Effect.map(Stream.runHead(stream), (record) => (record._tag === "Some" ? record.value : undefined))
            )
          )
        expect((yield* head(7))?.offset).toBe(7)
        const ninth = yield* head(9)
        yield* Effect.sleep(5)
        yield* write(topic.name, 0, [{ value: "later" }])
        expect((yield* head({ timestamp: (ninth?.timestamp ?? 0) + 1 }))?.value).toBe("later")
        const consumer = yield* Consumer.assign(topic, [{ partition: 0, from: "latest" }])
        yield* until(Effect.map(consumer.position(place), (position) => position === 11))
        yield* consumer.seek(place, 4)
        const got = yield* Stream.runCollect(Stream.take(consumer.stream, 2))
        expect(got.map(({ offset }) => offset)).toEqual([4, 5])
        const elsewhere = yield* Effect.flip(consumer.seek({ ...place, partition: 5 }, 0))
        expect(elsewhere._tag).toBe("NotAssignedError")
      })
  },

  {
    name: "hands out nothing of a partition while it is paused",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(2)
        const consumer = yield* Consumer.make(topic, earliest)
        yield* consumer.pause([{ topic: topic.name, partition: 0 }])
        yield* fill(topic.name, 2, 5)
        const got: Array<string> = []
        yield* Effect.forkScoped(
          Stream.runForEach(consumer.stream, ({ value }) => Effect.sync(() => void got.push(value)))
        )
        yield* untilSo(() => got.length === 5)
        yield* Effect.sleep(200)
        expect(got).toEqual(["1-0", "1-1", "1-2", "1-3", "1-4"])
        yield* consumer.resume([{ topic: topic.name, partition: 0 }])
        yield* untilSo(() => got.length === 10)
      })
  },

  ...(["classic", "consumer"] as const).map(
    (groupProtocol): Story => ({
      name: `reads all topics that match a pattern, also one that is made later (${groupProtocol})`,
      needs: groupProtocol === "consumer" ? ["consumer groups"] : [],
      tell: (unique) =>
        Effect.gen(function* () {
          const text = (name: string) => Topic.make(name, { value: Schema.String })
          const make = (name: string) => Admin.createTopics([{ topic: `${unique}-${name}`, partitions: 1 }])
          for (const name of ["eu", "us", "us-old"]) yield* make(name)
          const options = { ...earliest, groupProtocol, group: unique, topicPattern: `${unique}-[a-z]{2}` } as const
          const seen: Array<string> = []
          yield* Effect.forkScoped(
            Stream.runForEach(Consumer.stream(text("any"), options), ({ topic, value }) =>
              Effect.sync(() => void seen.push(`${topic} ${value}`))
            )
          )
          for (const name of ["eu", "us", "us-old"]) yield* write(`${unique}-${name}`, 0, [{ value: name }])
          yield* untilSo(() => seen.length === 2)
          yield* make("uk")
          yield* write(`${unique}-uk`, 0, [{ value: "uk" }])
          yield* untilSo(
            () => seen.length === 3,
            () => seen.join()
          )
          expect(seen.toSorted()).toEqual(["eu", "uk", "us"].map((name) => `${unique}-${name} ${name}`))
        })
    })
  ),

  {
    name: "is told at once of a pattern that is none",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        const stream = Consumer.stream(topic, { group: yield* fresh("g"), topicPattern: "(" })
        expect(yield* Effect.flip(Stream.runDrain(stream))).toMatchObject({ codeName: "INVALID_REGULAR_EXPRESSION" })
      })
  },

  {
    name: "fails where there is no offset and the policy is none",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        const stream = Consumer.stream(topic, { group: yield* fresh("g"), autoOffsetReset: "none" })
        const error = yield* Effect.flip(Stream.runDrain(stream))
        expect(error).toMatchObject({ _tag: "OffsetError", reason: "NoOffset" })
      })
  },

  {
    name: "commits what it is told, and nothing by itself when that is off",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        const options = { ...earliest, group: yield* fresh("g"), enableAutoCommit: false }
        yield* fill(topic.name, 1, 10)
        const firstOf = (commits: number) =>
          Effect.scoped(
            Effect.gen(function* () {
              const consumer = yield* Consumer.make(topic, options)
              const records = yield* Stream.runCollect(Stream.take(consumer.stream, 6))
              yield* consumer.commit(records.slice(0, commits))
              return records[0]?.offset
            })
          )
        expect(yield* firstOf(0)).toBe(0)
        expect(yield* firstOf(3)).toBe(0)
        expect(yield* firstOf(0)).toBe(3)
      })
  },

  {
    name: "gives each partition a stream of its own",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(3)
        yield* fill(topic.name, 3, 20)
        const got = new Map<number, Array<number>>()
        yield* Consumer.partitionedStream(topic, { ...earliest, group: yield* fresh("g") }).pipe(
          Stream.take(3),
          Stream.mapEffect(
            ([{ partition }, records]) =>
              Stream.runForEach(Stream.take(records, 20), ({ offset }) =>
                Effect.sync(() => got.set(partition, [...(got.get(partition) ?? []), offset]))
              ),
            { concurrency: 3 }
          ),
          Stream.runDrain
        )
        const each = Array.from({ length: 20 }, (_, offset) => offset)
        expect(Object.fromEntries(got)).toEqual({ 0: each, 1: each, 2: each })
      })
  },

  {
    name: "fetches on when what it had fetched ends with what was asked for, however little it may keep",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        for (let batch = 0; batch < 10; batch++) yield* fill(topic.name, 1, 20)
        const options = { ...earliest, maxPollRecords: 10, maxPartitionFetchBytes: 100 }
        const got = yield* Consumer.stream(topic, options).pipe(
          Stream.tap(() => Effect.sleep(1)),
          Stream.take(200),
          Stream.runCollect,
          Effect.timeout("10 seconds")
        )
        expect(got.map(({ offset }) => offset)).toEqual(Array.from({ length: 200 }, (_, offset) => offset))
      })
  },

  {
    name: "knows how far behind it is, also where it has not fetched yet",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(2)
        yield* fill(topic.name, 2, 5)
        const consumer = yield* Consumer.make(topic, earliest)
        const place = { topic: topic.name, partition: 1 }
        yield* consumer.pause([place])
        yield* until(Effect.map(consumer.position(place), (position) => position === 0))
        expect(yield* consumer.lag).toContainEqual({ ...place, lag: 5 })
      })
  },

  {
    name: "knows how far behind it is",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(1)
        yield* fill(topic.name, 1, 10)
        const consumer = yield* Consumer.make(topic, { ...earliest, maxPollRecords: 4 })
        const lags: Array<number> = []
        yield* Stream.runForEach(Stream.take(consumer.stream, 5), () =>
          Effect.map(consumer.lag, ([first]) => void lags.push(first?.lag ?? -1))
        )
        expect(lags).toEqual([10, 10, 10, 10, 6])
      })
  }
]
