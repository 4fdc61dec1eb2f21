/** Consumers and transactions: what was committed is seen, what is processed has its effect once. */
import * as Admin from "@klamm/client/Admin"
import * as Consumer from "@klamm/client/Consumer"
import * as Producer from "@klamm/client/Producer"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { fill, fresh, freshTopic, needing, type Story, type TextTopic, untilSo, valuesOf } from "./Story.ts"

const earliest = { autoOffsetReset: "earliest" } as const

/** What a reader of committed records sees, as it comes. */
const watching = (topic: TextTopic, seen: Array<string>) =>
  Effect.forkScoped(
    Consumer.stream(topic, { ...earliest, isolationLevel: "read_committed" }).pipe(
      Stream.runForEach(({ value }) => Effect.sync(() => void seen.push(value)))
    )
  )

export const exactlyOnce: ReadonlyArray<Story> = needing(
  ["transactions"],
  [
    {
      name: "read_committed sees what was committed, and none of what was aborted",
      tell: () =>
        Effect.gen(function* () {
          const topic = yield* freshTopic(1)
          const producer = yield* Producer.make({ transactionalId: yield* fresh("tx") })
          const send = (value: string) => Producer.send(topic, { key: null, value })
          for (const round of ["a", "b", "c", "d"]) {
            const sent = Effect.all([send(`${round}1`), send(`${round}2`)])
            const ended = round === "b" || round === "c" ? Effect.andThen(sent, Effect.fail("no")) : sent
            yield* Effect.ignore(Producer.transaction(ended).pipe(Producer.provide(producer)))
          }
          const read = (isolationLevel: "read_committed" | "read_uncommitted", count: number) =>
            Consumer.stream(topic, { ...earliest, isolationLevel }).pipe(
              Stream.map(({ value }) => value),
              Stream.take(count),
              Stream.runCollect
            )
          expect(yield* read("read_committed", 4)).toEqual(["a1", "a2", "d1", "d2"])
          expect(yield* read("read_uncommitted", 8)).toEqual(["a1", "a2", "b1", "b2", "c1", "c2", "d1", "d2"])
        })
    },

    {
      name: "exactly once: each record has its effect once, though members come, go and fail in the middle",
      tell: () =>
        Effect.gen(function* () {
          const input = yield* freshTopic(4)
          const output = yield* freshTopic(2)
          const group = yield* fresh("g")
          yield* fill(input.name, 4, 100)
          const seen: Array<string> = []
          yield* watching(output, seen)
          let failures = 0
          const member = (isFaulty: boolean) =>
            Consumer.exactlyOnce(
              input,
              output,
              { ...earliest, group, maxPollRecords: 15, heartbeatIntervalMs: 50 },
              ({ key, value }) =>
                Effect.suspend(() => {
                  if (isFaulty && value.endsWith("7")) {
                    failures++
                    return Effect.fail("faulty" as const)
                  }
                  return Effect.as(Effect.sleep(1), [{ key, value: value }])
                })
            )
          const first = yield* Effect.forkScoped(member(false))
          yield* untilSo(() => seen.length > 30)
          const faulty = yield* Effect.forkScoped(Effect.exit(member(true)))
          yield* untilSo(() => failures > 0)
          yield* Effect.forkScoped(member(false))
          yield* Effect.sleep(100)
          yield* Fiber.interrupt(first)
          yield* Fiber.join(faulty)
          yield* untilSo(() => seen.length >= 400)
          yield* Effect.sleep(500)
          expect(seen.toSorted()).toEqual(valuesOf(4, 100).toSorted())
          for (const partition of [0, 1, 2, 3]) {
            for (let key = 0; key < 7; key++) {
              const mine = seen
                .filter((value) => value.startsWith(`${partition}-`))
                .map((value) => Number(value.slice(2)))
              const ofKey = mine.filter((n) => n % 7 === key)
              expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b))
            }
          }
        })
    },

    {
      name: "exactly once: what can't be decoded goes to the dead-letter topic in the same transaction",
      tell: () =>
        Effect.gen(function* () {
          const input = yield* freshTopic(1)
          const output = yield* freshTopic(1)
          const broken = {
            ...input,
            value: {
              ...input.value,
              decode: (bytes: Uint8Array | null) => input.value.decode(bytes?.[2] === 0x31 ? null : bytes)
            }
          }
          const deadLetter = `${input.name}.dlq`
          yield* Admin.createTopics([{ topic: deadLetter, partitions: 1, replicationFactor: 1 }])
          yield* fill(input.name, 1, 3)
          const seen: Array<string> = []
          yield* watching(output, seen)
          yield* Effect.forkScoped(
            Consumer.exactlyOnce(broken, output, { ...earliest, group: yield* fresh("g"), deadLetter }, ({ value }) =>
              Effect.succeed([{ key: null, value }])
            )
          )
          const dead: Array<string> = []
          yield* watching({ ...input, name: deadLetter }, dead)
          yield* untilSo(() => seen.length === 2 && dead.length === 1)
          expect([seen, dead]).toEqual([["0-0", "0-2"], ["0-1"]])
        })
    }
  ]
)
