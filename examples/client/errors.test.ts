/** The listings of docs/client/errors.md, and what the page says of them. */
import { expect, it, layer } from "@effect/vitest"
import { Klamm, KlammError, Producer } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect } from "effect"
import { again, byCode, byTag, Orders } from "./errors.ts"

layer(TestCluster.layer({ brokers: 1, topics: [Orders] }))("errors", (it) => {
  it.effect("listings run", () =>
    Effect.gen(function* () {
      expect(yield* byTag).toBe("at 0")
      yield* byCode
      yield* again
    })
  )
})

layer(TestCluster.layer({ brokers: 1, client: { allowAutoCreateTopics: false, producer: { maxBlockMs: 3_000 } } }))(
  "errors without a topic",
  (it) => {
    it.effect("every error has Kafka's code, its name, and whether it may pass", () =>
      Effect.gen(function* () {
        expect(yield* byTag).toBe("UNKNOWN_TOPIC_OR_PARTITION") // after maxBlockMs, as nobody makes the topic
        const refused = yield* Effect.flip(Producer.send(Orders, { value: { total: 1 } }))
        expect(refused).toMatchObject({ _tag: "ProduceError", mayBeStored: false, retriable: true })
        expect(refused.message).toMatch(/^orders: UNKNOWN_TOPIC_OR_PARTITION: .*not there within/)
        const { cluster } = yield* Klamm.Klamm
        const absent = yield* Effect.flip(cluster.topic("orders", 2_000))
        expect(absent).toMatchObject({ _tag: "BrokerError", codeName: "UNKNOWN_TOPIC_OR_PARTITION" })
        expect(absent.message).toContain("orders: UNKNOWN_TOPIC_OR_PARTITION: not there within 2000 ms")
        expect(KlammError.nameOf(3)).toBe("UNKNOWN_TOPIC_OR_PARTITION")
        const error = new KlammError.BrokerError({ code: 6, api: "Produce", resource: "orders-0" })
        expect(error).toMatchObject({ codeName: "NOT_LEADER_OR_FOLLOWER", retriable: true })
        expect(error.message).toContain("Produce orders-0: NOT_LEADER_OR_FOLLOWER")
      })
    )
  }
)

it.live("building the layer asks nobody; the first call does", () =>
  Effect.gen(function* () {
    const { cluster } = yield* Klamm.Klamm
    const error = yield* Effect.flip(cluster.topic("orders", 50))
    expect(error).toMatchObject({ _tag: "TimeoutError", retriable: true })
  }).pipe(Effect.provide(Klamm.layer({ bootstrap: ["127.0.0.1:1"] })))
)
