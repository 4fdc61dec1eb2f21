/** The listings of docs/client/admin.md, and what the page says of them. */
import { expect, layer } from "@effect/vitest"
import { Admin, Consumer, Producer } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect, Stream } from "effect"
import { until } from "../support/until.ts"
import * as Page from "./admin.ts"

const retention = Effect.map(
  Admin.describeConfigs([{ type: "topic", name: "orders" }]),
  ([orders]) => orders?.configs.find(({ name }) => name === "retention.ms")?.value
)

layer(TestCluster.layer({ brokers: 3 }))("administration", (it) => {
  it.effect("topics are made as they say themselves, and once", () =>
    Effect.gen(function* () {
      const made = yield* Page.make
      expect(made.map(({ name, partitions }) => [name, partitions])).toEqual([
        ["orders", 6],
        ["payments", 3]
      ])
      yield* Effect.sleep("1 second") // every broker knows of them by then
      expect(yield* retention).toBe("604800000")
      expect(yield* Page.ensure(Page.Orders)).toEqual([])
      expect(yield* Page.look).toHaveLength(6)
    })
  )

  it.effect("a call that is refused names every resource and why", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Admin.createTopics(["orders", "fresh"]))
      expect(error).toMatchObject({ _tag: "AdminError", codeName: "TOPIC_ALREADY_EXISTS", retriable: false })
      expect(error.failures.map(({ resource }) => resource)).toEqual(["orders"])
      yield* until(Effect.map(Admin.listTopics(), (topics) => topics.some(({ name }) => name === "fresh"))) // was done
      expect((yield* Effect.flip(Admin.describeAcls())).codeName).toBe("UNSUPPORTED_VERSION") // of Klamm's brokers
      expect(yield* Effect.flip(Admin.describeTopic("nowhere"))).toMatchObject({
        codeName: "UNKNOWN_TOPIC_OR_PARTITION"
      })
    })
  )

  it.effect("configs, ends, and a group that begins again", () =>
    Effect.gen(function* () {
      yield* Page.shorten
      yield* until(Effect.map(retention, (value) => value === "3600000"))

      const at = (timestamp: number) =>
        Producer.send(Page.Orders, { key: "k", value: "v", partition: 0, timestamp: 1_800_000_000_000 + timestamp })
      yield* Effect.forEach([0, 1_000, 2_000], at)
      expect((yield* Page.ends).reduce((sum, { offset }) => sum + offset, 0)).toBe(3)
      const read = Consumer.stream(Page.Orders, { group: "again", autoOffsetReset: "earliest" }).pipe(
        Stream.timeout("2 seconds"),
        Stream.runCount
      )
      expect(yield* read).toBe(3)
      expect(yield* read).toBe(0)
      yield* Page.rewind("again", 1_800_000_001_000)
      expect(yield* read).toBe(2)
    })
  )
})
