/** Transactions against a cluster that has them: what is committed is seen all at once, what is not never. */
import { Cluster, Klamm, KlammError, Producer, Topic } from "@klamm/client"
import { OffsetFetchRequest, OffsetFetchResponse } from "@klamm/protocol/api/09-OffsetFetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { expect } from "vitest"
import { readAll } from "../src/Reading.ts"
import { fresh, freshOf, needing, type Story } from "./Story.ts"

const texts = (name: string) => Topic.make(name, { value: Schema.String })

/** The committed records of a partition are these; a commit that is answered may be seen a moment later. */
const expectIn = (topic: Topic.Topic<undefined, string>, values: ReadonlyArray<string>, partition = 0) =>
  Effect.map(readAll(topic, partition, values.length), (records) =>
    expect(records.map(({ value }) => value)).toEqual(values)
  )

const transactional = (transactionalId: string) => Producer.make({ transactionalId })

const committedOffset = (group: string, topic: string) =>
  Effect.gen(function* () {
    const { cluster } = yield* Klamm.Klamm
    const api = { request: OffsetFetchRequest, response: OffsetFetchResponse }
    const body = {
      groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }],
      requireStable: true
    }
    const asked = cluster.ask(
      Cluster.coordinator("group", group),
      api,
      body,
      (answer) => answer.groups[0]?.topics[0]?.partitions[0],
      { minVersion: 8, maxVersion: 9 }
    )
    // While a transaction with the offset is ending, the answer is UNSTABLE_OFFSET_COMMIT.
    const stable = Effect.flatMap(asked, (found) => {
      const code = found?.errorCode ?? ErrorCode.NONE
      return code === ErrorCode.NONE
        ? Effect.succeed(Number(found?.committedOffset ?? -1))
        : Effect.fail(new KlammError.BrokerError({ code, api: "OffsetFetch", resource: group }))
    })
    return yield* cluster.retrying(stable, { about: "offsets", coordinator: { kind: "group", key: group } })
  })

export const transactions: ReadonlyArray<Story> = needing(
  ["transactions"],
  [
    {
      name: "several partitions and topics are committed together, one transaction after another",
      tell: () =>
        Effect.gen(function* () {
          const [one, other] = [yield* freshOf(texts, "one"), yield* freshOf(texts, "other")]
          const producer = yield* transactional(yield* fresh("tx"))
          for (const round of ["1", "2", "3"]) {
            const sends = Effect.all(
              [
                Producer.send(one, { value: round, partition: 0 }),
                Producer.send(one, { value: round, partition: 1 }),
                Producer.send(other, { value: round, partition: 2 })
              ],
              { concurrency: "unbounded" }
            )
            yield* Producer.transaction(sends).pipe(Producer.provide(producer))
          }
          yield* expectIn(one, ["1", "2", "3"])
          yield* expectIn(one, ["1", "2", "3"], 1)
          yield* expectIn(other, ["1", "2", "3"], 2)
        })
    },

    {
      name: "a failure aborts: nobody sees the records, and the next transaction goes on",
      tell: () =>
        Effect.gen(function* () {
          const topic = yield* freshOf(texts, "abort")
          const producer = yield* transactional(yield* fresh("tx"))
          const failing = Effect.andThen(
            Producer.send(topic, { value: "never", partition: 0 }),
            Effect.fail("no" as const)
          )
          expect(yield* Effect.flip(Producer.transaction(failing).pipe(Producer.provide(producer)))).toBe("no")
          yield* Producer.transaction(Producer.send(topic, { value: "seen", partition: 0 })).pipe(
            Producer.provide(producer)
          )
          yield* expectIn(topic, ["seen"])
        })
    },

    {
      name: "an interruption aborts",
      tell: () =>
        Effect.gen(function* () {
          const topic = yield* freshOf(texts, "interrupted")
          const producer = yield* transactional(yield* fresh("tx"))
          const endless = Effect.andThen(Producer.send(topic, { value: "never", partition: 0 }), Effect.never)
          const fiber = yield* Effect.forkChild(Producer.transaction(endless).pipe(Producer.provide(producer)))
          yield* Effect.sleep("1 second")
          yield* Fiber.interrupt(fiber)
          yield* Producer.transaction(Producer.send(topic, { value: "seen", partition: 0 })).pipe(
            Producer.provide(producer)
          )
          yield* expectIn(topic, ["seen"])
        })
    },

    {
      name: "a newer producer of the same id fences the older one",
      tell: () =>
        Effect.gen(function* () {
          const topic = yield* freshOf(texts, "fence")
          const id = yield* fresh("tx")
          const send = (value: string) => Producer.transaction(Producer.send(topic, { value, partition: 0 }))
          const older = yield* transactional(id)
          yield* send("older").pipe(Producer.provide(older))
          const newer = yield* transactional(id)
          yield* send("newer").pipe(Producer.provide(newer))
          const error = yield* Effect.flip(send("fenced").pipe(Producer.provide(older)))
          expect(error._tag === "FencedError" || error._tag === "ProduceError").toBe(true)
          const again = yield* Effect.flip(send("fenced").pipe(Producer.provide(older)))
          expect(again._tag).toBe("FencedError")
          yield* send("newer").pipe(Producer.provide(newer))
          yield* expectIn(topic, ["older", "newer", "newer"])
        })
    },

    {
      name: "outside of a transaction a transactional producer sends nothing",
      tell: () =>
        Effect.gen(function* () {
          const topic = yield* freshOf(texts, "outside")
          const producer = yield* transactional(yield* fresh("tx"))
          const error = yield* Effect.flip(Producer.send(topic, { value: "no" }).pipe(Producer.provide(producer)))
          expect(error).toMatchObject({ _tag: "ProduceError", codeName: "INVALID_TXN_STATE" })
        })
    },

    {
      name: "consumed offsets are committed with the transaction, and with an abort not",
      tell: () =>
        Effect.gen(function* () {
          const topic = yield* freshOf(texts, "offsets")
          const group = yield* fresh("group")
          const producer = yield* transactional(yield* fresh("tx"))
          const commit = (offset: number) =>
            Effect.andThen(
              Producer.send(topic, { value: `${offset}`, partition: 0 }),
              Producer.sendOffsets({ group }, [{ topic: topic.name, partition: 0, offset }])
            )
          yield* Producer.transaction(commit(5)).pipe(Producer.provide(producer))
          yield* Effect.exit(
            Producer.transaction(Effect.andThen(commit(9), Effect.fail("no"))).pipe(Producer.provide(producer))
          )
          expect(yield* committedOffset(group, topic.name)).toBe(5)
          yield* expectIn(topic, ["5"])
        })
    }
  ]
)
