/** A reader that begins at a time of which there is no record yet. */
import * as Consumer from "@klamm/client/Consumer"
import * as Producer from "@klamm/client/Producer"
import * as Topic from "@klamm/client/Topic"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { expect, it } from "vitest"
import { TestCluster } from "../../src/TestCluster.ts"

const topics = Array.from({ length: 20 }, (_, index) => Topic.make(`t${index}`, { value: Schema.String }))

it("gets what is stored while it asks where the time is", async () => {
  const read = (topic: Topic.Topic<undefined, string>) =>
    Effect.gen(function* () {
      const timestamp = (yield* Clock.currentTimeMillis) - 60_000
      const { stream } = yield* Consumer.assign(topic, [{ partition: 0, from: { timestamp } }])
      return yield* Stream.runHead(stream)
    }).pipe(Effect.scoped, Effect.timeoutOption("10 seconds"))
  const story = Effect.forEach(topics, (topic) =>
    Effect.gen(function* () {
      const reading = yield* Effect.forkChild(read(topic))
      yield* Effect.sleep(yield* Random.nextIntBetween(0, 12))
      yield* Producer.send(topic, { value: "there" })
      return (yield* Fiber.join(reading))._tag
    })
  )
  const got = await Effect.runPromise(Effect.provide(story, TestCluster.layer({ brokers: 1, seed: 3, topics })))
  expect(got).toEqual(topics.map(() => "Some"))
})
