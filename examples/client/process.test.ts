/** The listings of docs/client/process.md, and what the page says of them. */
import { expect, layer } from "@effect/vitest"
import { Admin, Consumer, Producer, Topic } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Cause, Data, Effect, Exit, Fiber, Schema } from "effect"
import { until } from "../support/until.ts"
import * as Process from "./process.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly retriable: boolean }> {}

const order = (id: string, total = 1) => Producer.send(Process.Orders, { key: "cust-7", value: { id, total } })
const Letters = Topic.make("orders.billing.dlq", { key: Schema.String, value: Schema.String })
/** Over all partitions. */
const committed = (group: string) =>
  Effect.map(Admin.listGroupOffsets(group), (offsets) => offsets.reduce((sum, { offset }) => sum + offset, 0))
const text = new TextDecoder()

layer(TestCluster.layer({ brokers: 1, topics: [Process.Orders, Letters, Process.Charges] }))("processing", (it) => {
  it.effect("tries again, then puts aside, with cause and origin; the next of the key is after it", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const calls: Array<string> = []
      const charge = ({ id }: { readonly id: string }) =>
        Effect.suspend(() => {
          calls.push(id)
          return id === "o-2" ? Effect.fail(new Declined({ retriable: true })) : Effect.void
        })
      const running = yield* Effect.forkChild(Process.billing(charge))
      for (const id of ["o-1", "o-2", "o-3"]) yield* order(id)
      yield* until(Effect.sync(() => calls.includes("o-3")))
      expect(calls).toEqual(["o-1", ...Array.from({ length: 6 }, () => "o-2"), "o-3"])

      const [letter] = yield* cluster.dump(Letters)
      expect(letter).toMatchObject({ key: "cust-7", value: '{"id":"o-2","total":1}' })
      const headers = Object.fromEntries(
        (letter?.headers ?? []).map(({ key, value }) => [key, text.decode(value ?? undefined)])
      )
      expect(headers).toMatchObject({
        "klamm.dlq.topic": "orders",
        "klamm.dlq.offset": "1",
        "klamm.dlq.group": "billing",
        "klamm.dlq.error": "Declined"
      })
      expect(Object.keys(headers).map((name) => name.replace("klamm.dlq.", ""))).toEqual([
        "topic",
        "partition",
        "offset",
        "timestamp",
        "group",
        "error",
        "message",
        "stack"
      ])
      yield* Fiber.interrupt(running)
      expect(yield* committed("billing")).toBe(3)
    })
  )

  it.effect("without a dead-letter topic a failure ends it, and nothing of the record is committed", () =>
    Effect.gen(function* () {
      const options = { ...Process.bounds, group: "strict", autoOffsetReset: "earliest" } as const
      const exit = yield* Effect.exit(
        Consumer.forEach(Process.Orders, options, ({ value }) =>
          value.id === "o-3" ? Effect.fail(new Declined({ retriable: false })) : Effect.void
        )
      )
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toBeInstanceOf(Declined)
      expect(yield* committed("strict")).toBe(2)
    })
  )

  it.effect("a schedule that looks at the error", () =>
    Effect.gen(function* () {
      let calls = 0
      const failing = (retriable: boolean) =>
        Effect.suspend(() => {
          calls++
          return Effect.fail(new Declined({ retriable }))
        })
      yield* Effect.ignore(Effect.retry(failing(false), Process.patient))
      expect(calls).toBe(1)
      yield* Effect.ignore(Effect.retry(failing(true), Process.patient))
      expect(calls).toBe(7)
    })
  )

  it.effect("a service ends when the other side of the race does; copying writes what it reads", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const copying = yield* Effect.forkChild(Process.copying)
      yield* until(Effect.map(cluster.records(Process.Charges), ({ length }) => length === 3))
      yield* Fiber.interrupt(copying)
    })
  )
})
