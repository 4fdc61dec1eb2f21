import * as Consumer from "@klamm/client/Consumer"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import {
  clusters,
  fill,
  freshTopic,
  kafka,
  onKafka,
  type Run,
  type TextTopic,
  unique,
  until,
  write
} from "./support.ts"

type Protocol = Pick<Consumer.ConsumerOptions, "groupProtocol" | "partitionAssignmentStrategy">

interface Seen {
  readonly member: string
  readonly partition: number
  readonly offset: number
}

const partitions = 6

/** A member that notes what it sees, a little slowly. */
const member = (topic: TextTopic, group: string, name: string, seen: Array<Seen>, options: Consumer.Options) =>
  Consumer.stream(topic, {
    autoOffsetReset: "earliest",
    group,
    maxPollRecords: 20,
    heartbeatIntervalMs: 100,
    ...options
  }).pipe(
    Stream.mapEffect(({ partition, offset }) =>
      Effect.andThen(
        Effect.sync(() => void seen.push({ member: name, partition, offset })),
        Effect.sleep(1)
      )
    ),
    Stream.runDrain
  )

const readers = (seen: ReadonlyArray<Seen>, since: number): ReadonlySet<string> =>
  new Set(seen.slice(since).map((each) => each.member))

const times = (seen: ReadonlyArray<Seen>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { partition, offset } of seen) {
    const key = `${partition}:${offset}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** Three members come one after another while records flow, one goes: nothing is lost, nothing is read twice without need. */
const comeAndGo = (run: Run, protocol: Protocol) =>
  run(
    Effect.gen(function* () {
      const topic = yield* freshTopic(partitions)
      const group = unique("g")
      const seen: Array<Seen> = []
      let written = 0
      const flow = Effect.gen(function* () {
        for (let round = 0; round < 60; round++) {
          yield* fill(topic.name, partitions, 5)
          written += 5 * partitions
          yield* Effect.sleep(20)
        }
      })
      const start = (name: string) => Effect.forkScoped(member(topic, group, name, seen, protocol))
      const flowing = yield* Effect.forkScoped(flow)
      yield* start("a")
      yield* until(Effect.sync(() => seen.length > 50))
      const second = yield* start("b")
      yield* until(Effect.sync(() => readers(seen, 0).has("b")))
      yield* start("c")
      yield* until(Effect.sync(() => readers(seen, 0).has("c")))
      // Nobody has gone yet: whoever gave a partition up had finished with what it had of it, and committed that.
      expect([...times(seen).values()].filter((count) => count !== 1)).toEqual([])
      yield* Fiber.interrupt(second)
      yield* Fiber.join(flowing)
      yield* until(Effect.sync(() => times(seen).size === written))
      const again = [...times(seen).values()].filter((count) => count > 1)
      // What came again is what the one that went had pulled last.
      expect(again.length).toBeLessThanOrEqual(20)
    })
  )

describe.each(clusters)("rebalances, $name", ({ run }) => {
  it("range: three members come and one goes, nothing is lost or skipped", () =>
    comeAndGo(run, { partitionAssignmentStrategy: ["range"] }))
  it("sticky: the same", () => comeAndGo(run, { partitionAssignmentStrategy: ["sticky"] }))
  it("cooperative-sticky: the same", () => comeAndGo(run, { partitionAssignmentStrategy: ["cooperative-sticky"] }))

  it("cooperative-sticky: a partition that stays is read on while the group rebalances", () =>
    run(
      Effect.gen(function* () {
        const topic = yield* freshTopic(2)
        const group = unique("g")
        const events: Array<Consumer.RebalanceEvent> = []
        const onRebalance = (event: Consumer.RebalanceEvent) => Effect.sync(() => void events.push(event))
        const protocol = { partitionAssignmentStrategy: ["cooperative-sticky"] } as const
        const seen: Array<Seen> = []
        yield* Effect.forkScoped(member(topic, group, "a", seen, { ...protocol, onRebalance }))
        yield* until(Effect.sync(() => events.length === 1))
        yield* Effect.forkScoped(member(topic, group, "b", seen, protocol))
        yield* until(Effect.sync(() => events.some(({ _tag }) => _tag === "Revoked")))
        expect(events.map(({ _tag, partitions }) => [_tag, partitions.length])).toEqual([
          ["Assigned", 2],
          ["Revoked", 1]
        ])
        yield* fill(topic.name, 2, 5)
        yield* until(Effect.sync(() => seen.length === 10))
        expect(readers(seen, 0)).toEqual(new Set(["a", "b"]))
      })
    ))

  it("a member that is stuck loses its partitions to the others, and is back when it asks for more", () =>
    run(
      Effect.gen(function* () {
        const topic = yield* freshTopic(2)
        const group = unique("g")
        const events: Array<Consumer.RebalanceEvent["_tag"]> = []
        const options = {
          autoOffsetReset: "earliest",
          group,
          heartbeatIntervalMs: 100,
          maxPollIntervalMs: 1_000
        } as const
        let isStuck = true
        const values: Array<string> = []
        const onRebalance = (event: Consumer.RebalanceEvent) => Effect.sync(() => void events.push(event._tag))
        yield* Effect.forkScoped(
          Consumer.stream(topic, { ...options, onRebalance }).pipe(
            Stream.runForEach(() => Effect.repeat(Effect.sleep(20), { until: () => !isStuck }))
          )
        )
        yield* fill(topic.name, 2, 3)
        yield* until(Effect.sync(() => events.includes("Lost")))
        yield* Effect.forkScoped(
          Consumer.stream(topic, options).pipe(
            Stream.runForEach(({ value }) => Effect.sync(() => void values.push(value)))
          )
        )
        yield* until(Effect.sync(() => values.length === 6))
        isStuck = false
        yield* until(Effect.sync(() => events.filter((event) => event === "Assigned").length === 2))
      })
    ))

  it("a static member that comes back takes up its partitions, and nobody rebalances", () =>
    run(
      Effect.gen(function* () {
        const topic = yield* freshTopic(2)
        const group = unique("g")
        const events: Array<Consumer.RebalanceEvent["_tag"]> = []
        const onRebalance = (event: Consumer.RebalanceEvent) => Effect.sync(() => void events.push(event._tag))
        const seen: Array<Seen> = []
        const restless = () => member(topic, group, "a", seen, { groupInstanceId: "one", sessionTimeoutMs: 20_000 })
        const first = yield* Effect.forkScoped(restless())
        yield* Effect.forkScoped(member(topic, group, "b", seen, { groupInstanceId: "two", onRebalance }))
        yield* fill(topic.name, 2, 1)
        yield* until(Effect.sync(() => readers(seen, 0).size === 2))
        const before = events.length
        yield* Fiber.interrupt(first)
        yield* Effect.forkScoped(restless())
        const since = seen.length
        yield* write(topic.name, 0, [{ value: "x" }])
        yield* write(topic.name, 1, [{ value: "x" }])
        yield* until(Effect.sync(() => readers(seen, since).size === 2))
        expect(events.length).toBe(before)
      })
    ))
})

describe.runIf(kafka !== undefined)("rebalances of the new protocol, Kafka", () => {
  const run = onKafka

  it("three members come and one goes, nothing is lost or skipped", () => comeAndGo(run, { groupProtocol: "consumer" }))
})
