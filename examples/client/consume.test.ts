/** The listings of docs/client/consume.md, and what the page says of them. */
import { expect, layer } from "@effect/vitest"
import { Admin, Consumer, Producer, Topic } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber, Schema, Stream } from "effect"
import { until } from "../support/until.ts"
import * as Consume from "./consume.ts"

const ids = Array.from({ length: 30 }, (_, n) => `o-${n}`)
const write = Producer.sendMany(
  Consume.Orders,
  ids.map((id, n) => ({ key: `cust-${n % 5}`, value: { id, total: n }, partition: n % 3 }))
)
const collecting = () => {
  const seen: Array<string> = []
  const charge = (order: Consume.OrderRecord) => Effect.sync(() => void seen.push(order.value.id))
  return { seen, charge, all: until(Effect.sync(() => seen.length >= ids.length)) }
}
const committed = (group: string) =>
  Effect.map(Admin.listGroupOffsets(group), (offsets) => offsets.reduce((sum, { offset }) => sum + offset, 0))

layer(TestCluster.layer({ brokers: 1, topics: [Consume.Orders] }))("consuming", (it) => {
  it.effect("everything, without a group", () =>
    Effect.gen(function* () {
      yield* write
      const got = yield* Consume.everything.pipe(Stream.take(30), Stream.runCollect)
      expect(got.map(({ value }) => value.id).toSorted()).toEqual(ids.toSorted())
    })
  )

  it.effect("a group goes on where it was, and takes again only what was not done", () =>
    Effect.gen(function* () {
      const first = collecting()
      const running = yield* Effect.forkChild(Consume.billing(first.charge))
      yield* first.all
      yield* Fiber.interrupt(running)
      expect(yield* committed("billing")).toBe(30)
      const second = collecting()
      const again = yield* Effect.forkChild(Consume.sideBySide(second.charge))
      yield* Producer.send(Consume.Orders, { key: "late", value: { id: "late", total: 1 } })
      yield* until(Effect.sync(() => second.seen.length > 0))
      expect(second.seen).toEqual(["late"])
      yield* Fiber.interrupt(again)
    })
  )

  it.effect("topics by a pattern, also one that is made later, and none besides", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const note = ({ topic, value }: Consume.OrderRecord) => Effect.sync(() => void seen.push(`${topic} ${value.id}`))
      const write = (name: string) => {
        const topic = Topic.named(Consume.Orders, name)
        const sent = Producer.send(topic, { key: "c", value: { id: "o", total: 1 } })
        return Effect.andThen(Admin.createTopics([topic]), sent)
      }
      yield* write("orders.eu")
      yield* write("returns.eu")
      yield* Effect.forkScoped(Stream.runForEach(Consume.everywhere, note))
      yield* until(Effect.sync(() => seen.length >= 1))
      yield* write("orders.us")
      yield* until(Effect.sync(() => seen.length >= 2))
      expect(seen).toEqual(["orders.eu o", "orders.us o"])
    })
  )

  it.effect("by hand: committed is what was stored", () =>
    Effect.gen(function* () {
      const { seen, charge, all } = collecting()
      const running = yield* Effect.forkChild(
        Consume.byHand((orders) => Effect.forEach(orders, charge, { discard: true }))
      )
      yield* all
      yield* until(Effect.map(committed("archive"), (sum) => sum >= 30))
      expect(yield* committed("archive")).toBe(seen.length)
      yield* Fiber.interrupt(running)
    })
  )

  it.effect("assign, seek, pause", () =>
    Effect.gen(function* () {
      const consumer = yield* Consume.chosen
      const seen: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(consumer.stream, (record) =>
          Effect.sync(() => void seen.push(`${record.partition}@${record.offset}`))
        )
      )
      yield* until(Effect.sync(() => seen.length >= 10))
      expect(seen).not.toContain("0@9")
      expect(seen).toContain("2@0")
      yield* Consume.backAndForth(consumer)
      yield* until(Effect.sync(() => seen.includes("0@5")))
      expect(seen).not.toContain("0@4")

      const toBoth = Effect.forEach([0, 1, 2], (partition) =>
        Producer.send(Consume.Orders, { key: "p", value: { id: "paused", total: 1 }, partition })
      )
      const before = seen.filter((place) => place.startsWith("0@")).length
      const during = Effect.andThen(toBoth, Effect.sleep("2 seconds")).pipe(
        Effect.map(() => seen.filter((place) => place.startsWith("0@")).length)
      )
      expect(yield* Consume.rested(consumer, during)).toBe(before)
      yield* until(Effect.sync(() => seen.filter((place) => place.startsWith("0@")).length === before + 1))
      expect(yield* Effect.flip(consumer.seek({ topic: "orders", partition: 1 }, 0))).toMatchObject({
        _tag: "NotAssignedError"
      })
    }).pipe(Effect.scoped)
  )

  it.effect("rebalances are told of, and lag is known", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const first = yield* Effect.forkChild(Stream.runDrain(Consume.watched((line) => told.push(line))))
      yield* until(Effect.sync(() => told.includes("Assigned 3")))
      const second = yield* Effect.forkChild(Stream.runDrain(Consume.watched(() => undefined)))
      yield* until(Effect.sync(() => told.some((line) => line.startsWith("Revoked"))))
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(first)

      const consumer = yield* Consumer.make(Consume.Orders, { autoOffsetReset: "earliest" })
      yield* until(Effect.map(consumer.lag, (lags) => lags.length === 3))
      const lags = yield* consumer.lag
      expect(lags.reduce((sum, { lag }) => sum + lag, 0)).toBeGreaterThanOrEqual(30)
    }).pipe(Effect.scoped)
  )

  it.effect("what can't be decoded is handed to onDecodeError, and the rest goes on", () =>
    Effect.gen(function* () {
      yield* Producer.send(Topic.make("orders", { key: Schema.String, value: Schema.String }), {
        key: "k",
        value: "not JSON",
        partition: 1
      })
      yield* Producer.send(Consume.Orders, { key: "k", value: { id: "after", total: 1 }, partition: 1 })
      const failures: Array<Consumer.DecodeFailure> = []
      yield* Consume.picky(failures).pipe(
        Stream.takeUntil(({ value }) => value.id === "after"),
        Stream.runDrain
      )
      expect(failures.map(({ partition, error }) => [partition, error.part])).toEqual([[1, "value"]])
    })
  )

  it.effect("steady members: an option that Klamm takes", () =>
    Effect.gen(function* () {
      const { seen, charge } = collecting()
      yield* Effect.forkChild(
        Consumer.stream(Consume.Orders, { ...Consume.steady, group: "steady", autoOffsetReset: "earliest" }).pipe(
          Stream.runForEach(charge)
        )
      )
      yield* until(Effect.sync(() => seen.length >= 30))
      const [described] = yield* Admin.describeClassicGroups(["steady"])
      expect(described?.members.map(({ instanceId }) => instanceId)).toEqual(["billing-1"])
    })
  )
})

layer(TestCluster.layer({ brokers: 1, topics: [Consume.Orders] }))("from a time", (it) => {
  it.effect("what was written since a time", () =>
    Effect.gen(function* () {
      yield* write
      const late = { key: "late", value: { id: "late", total: 1 } }
      const { timestamp } = yield* Effect.andThen(Effect.sleep("1 minute"), Producer.send(Consume.Orders, late))
      const [first] = yield* Consume.since(timestamp - 1_000).pipe(Stream.take(1), Stream.runCollect)
      expect(first?.value.id).toBe("late")
    })
  )
})
