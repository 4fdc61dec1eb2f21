/**
 * A group of three while its coordinator, a process of its own, is killed again and again: no record is lost or skipped, each key stays
 * in order.
 */
import { expect, it } from "@effect/vitest"
import { Consumer, Klamm, Producer, Topic } from "@klamm/client"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { ours } from "klamm-test-cluster/Nodes"

const worked = Topic.make("worked", { key: Schema.String, value: Schema.Finite })
const group = "workers"
const keys = 20
const kills = 3

const brokers = Effect.acquireRelease(
  Effect.promise(async () => {
    const nodes = await ours(3, {
      "num.partitions": "6",
      "broker.session.timeout.ms": "3000",
      "offsets.topic.num.partitions": "5",
      "group.initial.rebalance.delay.ms": "100"
    })
    await nodes.startAll()
    return nodes
  }),
  (nodes) => Effect.promise(() => nodes.remove())
)

/** Sends numbers until told to stop; answers how many, all of them acknowledged. */
const sending = (isStopping: () => boolean) =>
  Effect.gen(function* () {
    let next = 0
    while (!isStopping()) {
      const records = Array.from({ length: keys }, (_, index) => ({ key: `k${index}`, value: next + index }))
      next += keys
      yield* Producer.sendMany(worked, records)
      yield* Effect.sleep("20 millis")
    }
    return next
  })

it.live(
  "three members lose nothing and keep each key in order, though their coordinator is killed again and again",
  () =>
    Effect.gen(function* () {
      const nodes = yield* brokers
      const seen = new Map<string, Array<number>>()
      const count = () => new Set([...seen.values()].flat()).size
      const member = Consumer.forEach(
        worked,
        { group, concurrency: "key", autoOffsetReset: "earliest", sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 },
        ({ key, value }) => Effect.sync(() => seen.set(key, [...(seen.get(key) ?? []), value]))
      )
      const work = Effect.gen(function* () {
        const { cluster } = yield* Klamm.Klamm
        const isOver = { now: false }
        const sender = yield* Effect.forkScoped(sending(() => isOver.now))
        const members = yield* Effect.forEach([1, 2, 3], () => Effect.forkScoped(member))
        yield* Effect.sleep("2 seconds")
        for (let round = 0; round < kills; round++) {
          const coordinator = yield* cluster.retrying(cluster.coordinatorOf("group", group), { about: "coordinator" })
          yield* Effect.promise(() => nodes.kill(coordinator))
          yield* Effect.sleep("3 seconds")
          yield* Effect.promise(() => nodes.start(coordinator))
          yield* Effect.sleep("1 second")
        }
        isOver.now = true
        const total = yield* Fiber.join(sender)
        yield* Effect.sleep("100 millis").pipe(
          Effect.repeat({ until: () => count() === total }),
          Effect.timeout("30 seconds")
        )
        for (const values of seen.values()) {
          const first = [...new Set(values)]
          expect(first).toEqual(first.toSorted((left, right) => left - right))
        }
        for (const each of members) expect(each.pollUnsafe()).toBeUndefined()
      })
      yield* Effect.scoped(work).pipe(Effect.provide(Klamm.layer({ bootstrap: [...nodes.addresses.values()] })))
      expect(nodes.deaths()).toEqual([])
    }),
  120_000
)
