/**
 * The idempotent producer while brokers, as processes of their own, are killed and stopped one after another: every record that was acknowledged is
 * stored once, in the order of sending, and nothing is acknowledged that is not there.
 */
import { expect, it } from "@effect/vitest"
import { Klamm, Producer, Topic } from "@klamm/client"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { ours } from "klamm-test-cluster/Nodes"
import { readAll } from "./src/Reading.ts"

const killed = Topic.make("killed", { value: Schema.String })
const partitions = [0, 1, 2]
const perCall = 20

const brokers = Effect.acquireRelease(
  Effect.promise(async () => {
    const nodes = await ours(3, { "num.partitions": "3", "broker.session.timeout.ms": "3000" })
    await nodes.startAll()
    return nodes
  }),
  (nodes) => Effect.promise(() => nodes.remove())
)

/** Sends numbers to one partition, some calls side by side, until told to stop; answers how many, all of them acknowledged. */
const sendTo = (partition: number, isStopping: () => boolean) =>
  Effect.gen(function* () {
    const underWay: Array<Fiber.Fiber<unknown, unknown>> = []
    let next = 0
    while (!isStopping()) {
      const records = Array.from({ length: perCall }, (_, index) => ({ value: `${next + index}`, partition }))
      next += perCall
      underWay.push(yield* Effect.forkChild(Producer.sendMany(killed, records), { startImmediately: true }))
      yield* Effect.sleep("5 millis")
    }
    for (const fiber of underWay) yield* Fiber.join(fiber)
    return next
  })

it.live(
  "acknowledged once, stored once, in order, though every broker is killed in turn, and then stopped without an error",
  () =>
    Effect.gen(function* () {
      const nodes = yield* brokers
      const bootstrap = [...nodes.addresses.values()]
      const work = Effect.gen(function* () {
        const isOver = { now: false }
        const senders = yield* Effect.forkChild(
          Effect.forEach(partitions, (each) => sendTo(each, () => isOver.now), { concurrency: "unbounded" })
        )
        for (const end of [nodes.kill, nodes.stop]) {
          for (const id of nodes.ids) {
            yield* Effect.sleep("1 second")
            yield* Effect.promise(() => end(id))
            yield* Effect.sleep("1 second")
            yield* Effect.promise(() => nodes.start(id))
          }
        }
        yield* Effect.sleep("1 second")
        isOver.now = true
        const counts = yield* Fiber.join(senders)
        for (const [partition, count] of counts.entries()) {
          const values = (yield* readAll(killed, partition, count)).map(({ value }) => Number(value))
          expect(count).toBeGreaterThan(500)
          expect(values).toEqual(Array.from({ length: count }, (_, index) => index))
        }
      })
      yield* Effect.provide(work, Klamm.layer({ bootstrap }))
      expect(nodes.deaths()).toEqual([])
    }),
  90_000
)
