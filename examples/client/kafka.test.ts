/**
 * The listings of docs/client/transactions.md and share-groups.md, and exactlyOnce of process.md: against the cluster that
 * KAFKA_BOOTSTRAP names, since Klamm's brokers have neither transactions nor share groups yet.
 */
import { expect, it } from "@effect/vitest"
import { Admin, Consumer, Klamm, Producer, type Topic } from "@klamm/client"
import { Effect, Stream } from "effect"
import { describe } from "vitest"
import { until } from "../support/until.ts"
import { Charges, charging, Orders } from "./process.ts"
import { Busy, Jobs, Unfit, working } from "./share.ts"
import { Accounts, bank, careful, committed, transfer } from "./transactions.ts"

const bootstrap = process.env.KAFKA_BOOTSTRAP
const fresh = (...topics: ReadonlyArray<Topic.Named & { readonly creation?: Topic.Creation }>) =>
  Effect.gen(function* () {
    yield* Effect.ignore(Admin.deleteTopics(topics))
    yield* Effect.sleep("1 second")
    yield* Admin.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1 })))
  })
const connected = Effect.provide(Klamm.layer({ bootstrap: bootstrap ?? "localhost:9092" }))

describe.runIf(bootstrap !== undefined)("on Apache Kafka", () => {
  it.live("a transaction: both records or none", () =>
    Effect.gen(function* () {
      yield* fresh(Accounts)
      yield* bank
      const producer = yield* Producer.make({ transactionalId: "bank-1" })
      const aborted = yield* Effect.exit(Producer.provide(producer)(transfer("alice", "alice", 1)))
      expect(aborted._tag).toBe("Failure")
      yield* Producer.provide(producer)(transfer("bob", "carol", 1))
      const seen = yield* committed.pipe(Stream.take(4), Stream.runCollect)
      expect(seen.map(({ key, value }) => [key, value.cents])).toEqual([
        ["alice", -5_000],
        ["bob", 5_000],
        ["bob", -1],
        ["carol", 1]
      ])
      const successor = yield* Producer.make({ transactionalId: "bank-1" })
      yield* Producer.provide(successor)(transfer("carol", "bob", 1))
      expect(yield* Effect.exit(Producer.provide(producer)(careful))).toMatchObject({
        value: "bank-1 has a successor: stop"
      })
    }).pipe(Effect.scoped, connected)
  )

  it.live("exactly once", () =>
    Effect.gen(function* () {
      yield* fresh(Orders, Charges)
      yield* Producer.sendMany(
        Orders,
        [1, 2, 3].map((n) => ({ key: `k${n}`, value: { id: `o-${n}`, total: n } }))
      )
      yield* Effect.forkScoped(charging)
      const made = yield* Consumer.stream(Charges, {
        autoOffsetReset: "earliest",
        isolationLevel: "read_committed"
      }).pipe(Stream.take(3), Stream.runCollect)
      expect(made.map(({ value }) => value.cents)).toEqual([100, 200, 300])
    }).pipe(Effect.scoped, connected)
  )

  it.live("a share group: accepted once, released and delivered again, rejected for good", () =>
    Effect.gen(function* () {
      yield* fresh(Jobs)
      yield* Admin.alterConfigs([
        { type: "group", name: "workers", changes: [{ name: "share.auto.offset.reset", set: "earliest" }] }
      ])
      yield* Producer.sendMany(
        Jobs,
        ["good", "busy", "unfit"].map((id) => ({ value: { id } }))
      )
      const runs: Array<string> = []
      const run = (id: string) =>
        Effect.suspend((): Effect.Effect<void, Unfit | Busy> => {
          runs.push(id)
          if (id === "unfit") return Effect.fail(new Unfit())
          return id === "busy" && runs.filter((each) => each === id).length === 1
            ? Effect.fail(new Busy())
            : Effect.void
        })
      yield* Effect.forkScoped(working(run))
      yield* until(Effect.sync(() => runs.length >= 4))
      yield* Effect.sleep("1 second")
      expect(runs.toSorted()).toEqual(["busy", "busy", "good", "unfit"])
    }).pipe(Effect.scoped, connected)
  )
})
