import { expect, layer } from "@effect/vitest"
import { Consumer, Producer, Topic } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber, Schema, Stream } from "effect"
import { until } from "../support/until.ts"
import { lagOf, watchLag } from "./lag.ts"

const Mail = Topic.make("mail", { value: Schema.String, partitions: 2 })
const write = (count: number) =>
  Producer.sendMany(
    Mail,
    Array.from({ length: count }, (_, n) => ({ key: undefined, value: `mail ${n}`, partition: n % 2 }))
  )

layer(TestCluster.layer({ brokers: 1, seed: 21, topics: [Mail] }))("a lag watch", (it) => {
  it.effect("tells of a group that stays behind, once, and when it has caught up", () =>
    Effect.gen(function* () {
      const sending = Consumer.forEach(Mail, { group: "mailer", autoOffsetReset: "earliest" }, () => Effect.void)
      const total = Effect.map(lagOf("mailer"), (lags) => lags.reduce((sum, { lag }) => sum + lag, 0))
      const hasDone = (count: number) => Effect.map(total, (lag) => lag === count)

      const first = yield* Effect.forkChild(sending)
      yield* write(10)
      yield* until(Effect.map(lagOf("mailer"), (lags) => lags.length === 2))
      yield* until(hasDone(0))
      const news = yield* Effect.forkChild(
        watchLag("mailer", { threshold: 50, looks: 3 }).pipe(Stream.take(2), Stream.runCollect)
      )
      yield* Fiber.interrupt(first)
      yield* write(60)
      yield* Effect.sleep("15 seconds") // not long enough to be told of
      const second = yield* Effect.forkChild(sending)
      yield* until(hasDone(0))
      yield* Fiber.interrupt(second)

      yield* write(100)
      expect(yield* lagOf("mailer")).toEqual([
        { topic: "mail", partition: 0, lag: 50 },
        { topic: "mail", partition: 1, lag: 50 }
      ])
      yield* Effect.sleep("45 seconds")
      yield* Effect.forkChild(sending)
      expect(yield* Fiber.join(news)).toEqual([
        { group: "mailer", total: 100, state: "behind" },
        { group: "mailer", total: 0, state: "caught up" }
      ])
    })
  )
})
