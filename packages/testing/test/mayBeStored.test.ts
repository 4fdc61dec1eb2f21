/** What a producer says of a record that was not acknowledged: whether it may be in the log all the same. */
import { expect, layer } from "@effect/vitest"
import { Producer, Topic } from "@klamm/client"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TestCluster } from "../src/TestCluster.ts"

const orders = Topic.make("orders", {
  value: Schema.String,
  replicationFactor: 1,
  configs: { "max.message.bytes": "1000" }
})
const client = { producer: { deliveryTimeoutMs: 20_000, requestTimeoutMs: 10_000, lingerMs: 0 } }

const failureOf = (value: string) =>
  Effect.flatMap(Effect.flip(Producer.send(orders, { value })), (error) =>
    error._tag === "ProduceError" ? Effect.succeed(error) : Effect.die(error)
  )

layer(TestCluster.layer({ brokers: 3, topics: [orders], client }))("an unacknowledged record", (it) => {
  it.effect("that was refused is not stored", () =>
    Effect.gen(function* () {
      expect(yield* failureOf("x".repeat(2_000))).toMatchObject({ codeName: "MESSAGE_TOO_LARGE", mayBeStored: false })
    })
  )

  it.effect("whose answer never came may be stored; one that nobody could be sent is not", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* Producer.send(orders, { value: "first" })
      const leader = yield* cluster.leaderOf(orders, 0)
      yield* cluster.network.isolate(leader)
      expect(yield* failureOf("lost")).toMatchObject({ codeName: "REQUEST_TIMED_OUT", mayBeStored: true })
      yield* cluster.network.heal
      yield* cluster.settle
      yield* cluster.crash(leader)
      yield* Effect.sleep("30 seconds")
      expect(yield* failureOf("never sent")).toMatchObject({ codeName: "REQUEST_TIMED_OUT", mayBeStored: false })
    })
  )
})
