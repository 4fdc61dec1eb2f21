import { expect, layer } from "@effect/vitest"
import { Producer, Topic } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect, Layer, Schema } from "effect"
import { until } from "../support/until.ts"
import { BookingError, Books, booking, DeadLetters, Payments, replay } from "./payments.ts"

const pay = (id: string, cents: number) => Producer.send(Payments, { key: "alice", value: { id, cents } })
const rubbish = Producer.send(Topic.make(Payments.name, { value: Schema.String }), {
  value: "not JSON",
  key: undefined
})

const text = new TextDecoder()
const headerOf = (headers: Topic.Headers, name: string) =>
  text.decode(headers.find(({ key }) => key === `klamm.dlq.${name}`)?.value ?? undefined)

layer(TestCluster.layer({ brokers: 3, seed: 15, topics: [Payments, DeadLetters] }))("dead letters", (it) => {
  it.effect("nothing is held up, nothing is lost, and what was mended is booked by a replay", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const booked: Array<string> = []
      let refunds = false
      const books = Layer.succeed(Books, {
        book: ({ id, cents }) =>
          cents < 0 && !refunds
            ? Effect.fail(new BookingError({ why: "refunds are not implemented" }))
            : Effect.sync(() => void booked.push(id))
      })
      yield* Effect.forkChild(Effect.provide(booking, books))
      yield* pay("p-1", 500)
      yield* pay("p-2", -500)
      yield* rubbish
      yield* pay("p-3", 700)
      yield* until(Effect.sync(() => booked.includes("p-3")))
      expect(booked).toEqual(["p-1", "p-3"])

      const letters = yield* cluster.dump(DeadLetters)
      const reasons = letters.map(({ headers }) => `${headerOf(headers, "offset")} ${headerOf(headers, "error")}`)
      expect(reasons.toSorted()).toEqual(["1 BookingError", "2 DecodeError"])
      expect(letters.map(({ value }) => text.decode(value ?? undefined))).toContain("not JSON")

      refunds = true
      expect(yield* replay).toBe(2)
      yield* until(Effect.map(cluster.dump(DeadLetters), ({ length }) => length === 3))
      expect(booked).toEqual(["p-1", "p-3", "p-2"]) // and what was rubbish is put aside again
    })
  )
})
