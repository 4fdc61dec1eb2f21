/** Groups whose members come, go, get stuck and come back. */
import * as Consumer from "@klamm/client/Consumer"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { fill, fresh, freshTopic, type Story, type TextTopic, untilSo, write } from "./Story.ts"

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

/** What is in the partitions and who has seen how much of it: for when something is missing. */
const missing = (written: number, seen: ReadonlyArray<Seen>): string => {
  const counts = times(seen)
  const lines = Array.from({ length: partitions }, (_, partition) => {
    const unseen = Array.from({ length: written }, (_each, offset) => offset).filter(
      (offset) => !counts.has(`${partition}:${offset}`)
    )
    const latest = seen.findLast((each) => each.partition === partition)
    const last = latest === undefined ? "never seen" : `last ${latest.offset} by ${latest.member}`
    return `${partition}: ${last}, not seen ${unseen.length}${unseen.length > 0 ? ` from ${unseen[0]}` : ""}`
  })
  const each = [...readers(seen, 0)].map((name) => `${name} ${seen.filter(({ member }) => member === name).length}`)
  return [`of ${written} records in each partition:`, ...lines, `seen by ${each.join(", ")}`].join("\n")
}

/** Three members come one after another while records flow, one goes: nothing is lost, nothing is read twice without need. */
const comeAndGo = (protocol: Protocol) =>
  Effect.gen(function* () {
    const topic = yield* freshTopic(partitions)
    const group = yield* fresh("g")
    const seen: Array<Seen> = []
    const left = { rounds: Number.POSITIVE_INFINITY }
    let written = 0
    const flow = Effect.gen(function* () {
      for (; left.rounds > 0; left.rounds--) {
        yield* fill(topic.name, partitions, 5)
        written += 5
        yield* Effect.sleep(20)
      }
    })
    const told = () => missing(written, seen)
    const start = (name: string) => Effect.forkScoped(member(topic, group, name, seen, protocol))
    const flowing = yield* Effect.forkScoped(flow)
    yield* start("a")
    yield* untilSo(() => seen.length > 50, told)
    const second = yield* start("b")
    yield* untilSo(() => readers(seen, 0).has("b"), told)
    yield* start("c")
    yield* untilSo(() => readers(seen, 0).has("c"), told)
    // Nobody has gone yet: whoever gave a partition up had finished with what it had of it, and committed that.
    expect([...times(seen).values()].filter((count) => count !== 1)).toEqual([])
    yield* Fiber.interrupt(second)
    left.rounds = 10
    yield* Fiber.join(flowing)
    yield* untilSo(() => times(seen).size === written * partitions, told)
    const again = [...times(seen).values()].filter((count) => count > 1)
    // What came again is what the one that went had pulled last.
    expect(again.length).toBeLessThanOrEqual(20)
  })

const comingAndGoing: ReadonlyArray<Story> = [
  ...(["range", "roundrobin", "sticky", "cooperative-sticky"] as const).map((name) => ({
    name: `${name}: three members come and one goes, nothing is lost or skipped`,
    tell: () => comeAndGo({ partitionAssignmentStrategy: [name] })
  })),
  {
    name: "the new protocol: three members come and one goes, nothing is lost or skipped",
    needs: ["consumer groups"],
    tell: () => comeAndGo({ groupProtocol: "consumer" })
  }
]

const changes: ReadonlyArray<Story> = [
  {
    name: "cooperative-sticky: a partition that stays is read on while the group rebalances",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(2)
        const group = yield* fresh("g")
        const events: Array<Consumer.RebalanceEvent> = []
        const onRebalance = (event: Consumer.RebalanceEvent) => Effect.sync(() => void events.push(event))
        const protocol = { partitionAssignmentStrategy: ["cooperative-sticky"] } as const
        const seen: Array<Seen> = []
        yield* Effect.forkScoped(member(topic, group, "a", seen, { ...protocol, onRebalance }))
        yield* untilSo(() => events.length === 1)
        yield* Effect.forkScoped(member(topic, group, "b", seen, protocol))
        yield* untilSo(() => events.some(({ _tag }) => _tag === "Revoked"))
        expect(events.map(({ _tag, partitions }) => [_tag, partitions.length])).toEqual([
          ["Assigned", 2],
          ["Revoked", 1]
        ])
        yield* fill(topic.name, 2, 5)
        yield* untilSo(() => seen.length === 10)
        expect(readers(seen, 0)).toEqual(new Set(["a", "b"]))
      })
  },

  {
    name: "a member that is stuck loses its partitions to the others, and is back when it asks for more",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(2)
        const group = yield* fresh("g")
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
        yield* untilSo(() => events.includes("Lost"))
        yield* Effect.forkScoped(
          Consumer.stream(topic, options).pipe(
            Stream.runForEach(({ value }) => Effect.sync(() => void values.push(value)))
          )
        )
        yield* untilSo(() => values.length === 6)
        isStuck = false
        yield* untilSo(() => events.filter((event) => event === "Assigned").length === 2)
      })
  },

  {
    name: "a static member that comes back takes up its partitions, and nobody rebalances",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshTopic(2)
        const group = yield* fresh("g")
        const events: Array<Consumer.RebalanceEvent["_tag"]> = []
        const onRebalance = (event: Consumer.RebalanceEvent) => Effect.sync(() => void events.push(event._tag))
        const seen: Array<Seen> = []
        const restless = () => member(topic, group, "a", seen, { groupInstanceId: "one", sessionTimeoutMs: 20_000 })
        const first = yield* Effect.forkScoped(restless())
        yield* Effect.forkScoped(member(topic, group, "b", seen, { groupInstanceId: "two", onRebalance }))
        yield* fill(topic.name, 2, 1)
        yield* untilSo(() => readers(seen, 0).size === 2)
        const before = events.length
        yield* Fiber.interrupt(first)
        yield* Effect.forkScoped(restless())
        const since = seen.length
        yield* write(topic.name, 0, [{ value: "x" }])
        yield* write(topic.name, 1, [{ value: "x" }])
        yield* untilSo(() => readers(seen, since).size === 2)
        expect(events.length).toBe(before)
      })
  }
]

export const rebalances: ReadonlyArray<Story> = [...comingAndGoing, ...changes]
