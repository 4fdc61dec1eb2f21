/** What a producer and a consumer measure of themselves while they work, by OpenTelemetry's names. */
import { Consumer, Producer, Topic } from "@klamm/client"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type StartedCluster, startTestCluster } from "../../src/startTestCluster.ts"
import { run, series } from "./support.ts"

let cluster: StartedCluster
beforeAll(async () => {
  cluster = await startTestCluster({ topics: ["sent", "refused", "read", "behind", "worked"] })
})
afterAll(() => cluster.stop())

const topicOf = (name: string) => Topic.make(name, { value: Schema.String })
const records = (count: number) => Array.from({ length: count }, (_, index) => ({ value: `${index}` }))
const fromStart = { autoOffsetReset: "earliest" } as const

/** Of the broker of the cluster. */
const server = () => {
  const [{ host, port }] = cluster.brokers as [StartedCluster["brokers"][number]]
  return { "server.address": host, "server.port": String(port) }
}

const sending = { "messaging.system": "kafka", "messaging.operation.name": "send", "messaging.operation.type": "send" }

it("a producer says what it sent, how long that took and of what size it was", () =>
  run(
    cluster.bootstrap,
    Effect.gen(function* () {
      yield* Producer.sendMany(topicOf("sent"), records(10))
      const place = { "messaging.destination.name": "sent", "messaging.destination.partition.id": "0", ...server() }
      expect(yield* series("messaging.client.sent.messages")).toEqual([
        { ...sending, ...place, unit: "{message}", count: 10, incremental: true }
      ])
      const [duration] = yield* series("messaging.client.operation.duration")
      expect(duration).toMatchObject({ ...sending, ...place, unit: "s", count: 1 })
      const [queued] = yield* series("kafka.producer.queue.duration")
      expect(queued).toMatchObject({ "messaging.destination.name": "sent", unit: "s", count: 1 })
      const [size, count] = [yield* series("kafka.producer.batch.size"), yield* series("kafka.producer.batch.records")]
      expect(size).toMatchObject([{ unit: "By", count: 1, sum: expect.closeTo(150, -2) }])
      expect(count).toMatchObject([{ unit: "{message}", count: 1, sum: 10 }])
      const requests = (yield* series("kafka.client.request.duration")).filter(
        (each) => "kafka.request.name" in each && each["kafka.request.name"] === "Produce"
      )
      expect(requests).toMatchObject([{ ...server(), unit: "s", count: 1 }])
    })
  ))

it("what is refused is counted with its error", () =>
  run(
    cluster.bootstrap,
    Effect.gen(function* () {
      const refused = topicOf("refused")
      const big = yield* Producer.make({ maxRequestSize: 4_000_000 })
      yield* Effect.flip(Producer.provide(big)(Producer.send(refused, { value: "x".repeat(1_500_000) })))
      const sent = yield* series("messaging.client.sent.messages")
      expect(sent).toMatchObject([{ "error.type": "MESSAGE_TOO_LARGE", count: 1 }])
    }).pipe(Effect.scoped)
  ))

it("a producer's memory can be looked up while it is there, and all producers of a client count together", () =>
  run(
    cluster.bootstrap,
    Effect.gen(function* () {
      const held = { linger: { lingerMs: 60_000, bufferMemory: 1_000_000, deliveryTimeoutMs: 120_000 } }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const slow = yield* Producer.make(held.linger)
          const sent = yield* Effect.forkChild(Producer.provide(slow)(Producer.send(topicOf("sent"), { value: "1" })))
          const usage = series("kafka.producer.buffer.usage")
          yield* Effect.repeat(Effect.andThen(Effect.sleep("5 millis"), usage), {
            until: ([first]) => first !== undefined && "value" in first && first.value !== 0
          })
          expect(yield* usage).toMatchObject([
            { "messaging.client.id": "klamm", unit: "By", value: expect.closeTo(40, -1) }
          ])
          expect(yield* series("kafka.producer.buffer.limit")).toMatchObject([{ value: 33_554_432 + 1_000_000 }])
          yield* Producer.provide(slow)(Producer.flush)
          yield* Fiber.join(sent)
          expect(yield* series("kafka.producer.buffer.usage")).toMatchObject([{ value: 0 }])
        })
      )
      expect(yield* series("kafka.producer.buffer.limit")).toMatchObject([{ value: 33_554_432 }])
    })
  ))

it("a consumer says what it read, how it waited and committed, and what it holds, while it is there", () =>
  run(
    cluster.bootstrap,
    Effect.gen(function* () {
      const read = topicOf("read")
      yield* Producer.sendMany(read, records(7))
      const group = { "messaging.consumer.group.name": "readers" }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const consumer = yield* Consumer.make(read, { group: "readers", ...fromStart })
          yield* Stream.runDrain(Stream.take(consumer.stream, 7))
          expect(yield* series("kafka.consumer.partitions")).toMatchObject([{ ...group, value: 1 }])
          expect(yield* series("kafka.consumer.buffer.limit")).toMatchObject([
            { ...group, unit: "By", value: 67_108_864 }
          ])
          expect(yield* series("kafka.consumer.lag")).toMatchObject([
            { ...group, "messaging.destination.name": "read", "messaging.destination.partition.id": "0" }
          ])
        })
      )
      const consumed = yield* series("messaging.client.consumed.messages")
      expect(consumed).toMatchObject([{ ...group, "messaging.operation.name": "poll", count: 7 }])
      const operations = yield* series("messaging.client.operation.duration")
      const named = operations.map((each) =>
        "messaging.operation.name" in each ? each["messaging.operation.name"] : ""
      )
      expect(named).toEqual(expect.arrayContaining(["send", "poll", "commit"]))
      const events = (yield* series("kafka.consumer.rebalances")).map((each) =>
        "kafka.rebalance.event" in each ? each["kafka.rebalance.event"] : ""
      )
      expect(events).toContain("assigned")
      for (const gone of ["kafka.consumer.partitions", "kafka.consumer.buffer.limit", "kafka.consumer.lag"]) {
        expect(yield* series(gone), gone).toEqual([])
      }
    })
  ))

it("a consumer's lag is what is not done yet", () =>
  run(
    cluster.bootstrap,
    Effect.gen(function* () {
      const behind = topicOf("behind")
      yield* Producer.sendMany(behind, records(9))
      const isTaken = yield* Deferred.make<void>()
      const options = { group: "slow", maxPollRecords: 3, ...fromStart }
      const working = yield* Effect.forkChild(
        Consumer.forEach(behind, { ...options, concurrency: 1 }, ({ value }) =>
          value === "4" ? Effect.andThen(Deferred.succeed(isTaken, undefined), Effect.never) : Effect.void
        )
      )
      yield* Deferred.await(isTaken)
      expect(yield* series("kafka.consumer.lag")).toMatchObject([{ unit: "{message}", value: 5 }])
      yield* Fiber.interrupt(working)
    })
  ))

it("work on records is timed, with the kind of error of what failed", () =>
  run(
    cluster.bootstrap,
    Effect.gen(function* () {
      const worked = topicOf("worked")
      yield* Producer.sendMany(worked, records(3))
      const last = yield* Deferred.make<void>()
      const working = Consumer.forEach(
        worked,
        { group: "workers", deadLetter: "worked.dlq", ...fromStart },
        ({ value }) => {
          if (value === "1") return Effect.fail({ _tag: "CardRefused" })
          return value === "2" ? Deferred.succeed(last, undefined) : Effect.void
        }
      )
      yield* Effect.raceFirst(working, Effect.andThen(Deferred.await(last), Effect.sleep("50 millis")))
      const group = { "messaging.consumer.group.name": "workers", "messaging.operation.name": "process", unit: "s" }
      expect(yield* series("messaging.process.duration")).toMatchObject([
        { ...group, count: 2 },
        { ...group, count: 1, "error.type": "CardRefused" }
      ])
    })
  ))

it("two clients with registries of their own know nothing of each other", async () => {
  const counted = Effect.andThen(
    Producer.sendMany(topicOf("sent"), records(2)),
    series("messaging.client.sent.messages")
  )
  const [one, other] = await Promise.all([run(cluster.bootstrap, counted), run(cluster.bootstrap, counted)])
  expect([one, other]).toMatchObject([[{ count: 2 }], [{ count: 2 }]])
})
