/** Share groups: members work on one partition together, and every record is acknowledged by itself. */
import * as Admin from "@klamm/client/Admin"
import * as ShareConsumer from "@klamm/client/ShareConsumer"
import * as Topic from "@klamm/client/Topic"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { fill, fresh, freshTopic, needing, type Story, untilSo, write } from "./Story.ts"

/** A share group that begins at the beginning. */
const shareGroup = Effect.gen(function* () {
  const group = yield* fresh("s")
  const changes = [{ name: "share.auto.offset.reset", set: "earliest" }]
  yield* Admin.alterConfigs([{ type: "group", name: group, changes }])
  return group
})

export const shareGroups: ReadonlyArray<Story> = needing(
  ["share groups"],
  [
    {
      name: "members work on one partition together; what is accepted comes once",
      tell: () =>
        Effect.gen(function* () {
          const topic = yield* freshTopic(1)
          const group = yield* shareGroup
          const seen: Array<[member: string, value: string]> = []
          const member = (name: string) =>
            ShareConsumer.stream(topic, { group, maxPollRecords: 10 }).pipe(
              Stream.runForEach((record) =>
                Effect.andThen(
                  Effect.sync(() => void seen.push([name, record.value])),
                  Effect.andThen(Effect.sleep(2), record.accept)
                )
              )
            )
          yield* Effect.forkScoped(member("a"))
          yield* Effect.forkScoped(member("b"))
          for (let round = 0; round < 10; round++) {
            yield* write(
              topic.name,
              0,
              Array.from({ length: 20 }, (_, n) => ({ value: `0-${round * 20 + n}` }))
            )
            yield* Effect.sleep(50)
          }
          yield* untilSo(() => new Set(seen.map(([, value]) => value)).size === 200)
          expect(seen.length).toBe(200)
          expect(new Set(seen.map(([name]) => name))).toEqual(new Set(["a", "b"]))
        })
    },

    {
      name: "what is released comes again, counted; what is rejected does not",
      tell: () =>
        Effect.gen(function* () {
          const topic = yield* freshTopic(1)
          const group = yield* shareGroup
          yield* fill(topic.name, 1, 3)
          const seen: Array<[value: string, deliveries: number]> = []
          yield* Effect.forkScoped(
            ShareConsumer.stream(topic, { group }).pipe(
              Stream.runForEach((record) => {
                seen.push([record.value, record.deliveryCount])
                if (record.value === "0-1") return record.reject
                return record.value === "0-2" && record.deliveryCount < 3 ? record.release : record.accept
              })
            )
          )
          yield* untilSo(() => seen.length === 5)
          yield* Effect.sleep(300)
          expect(seen).toEqual([
            ["0-0", 1],
            ["0-1", 1],
            ["0-2", 1],
            ["0-2", 2],
            ["0-2", 3]
          ])
        })
    },

    {
      name: "what a member had and never acknowledged is another's when it goes; what can't be decoded is rejected",
      tell: () =>
        Effect.gen(function* () {
          const { name } = yield* freshTopic(1)
          const topic = Topic.make(name, { value: Schema.Struct({ n: Schema.Finite }) })
          const group = yield* shareGroup
          yield* write(name, 0, [{ value: '{"n":1}' }, { value: "no" }, { value: '{"n":2}' }])
          const failures: Array<number> = []
          const options = {
            group,
            onDecodeError: ({ offset }: { readonly offset: number }) => Effect.sync(() => void failures.push(offset))
          }
          yield* ShareConsumer.stream(topic, options).pipe(Stream.take(2), Stream.runDrain)
          const again = yield* ShareConsumer.stream(topic, options).pipe(
            Stream.tap(({ accept }) => accept),
            Stream.take(2),
            Stream.runCollect
          )
          expect(again.map(({ value, deliveryCount }) => [value.n, deliveryCount])).toEqual([
            [1, 2],
            [2, 2]
          ])
          expect(failures).toEqual([1])
        })
    }
  ]
)
