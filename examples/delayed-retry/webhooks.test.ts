import { expect, layer } from "@effect/vitest"
import { Producer } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Clock, Effect, Layer } from "effect"
import { until } from "../support/until.ts"
import { delivering, Endpoints, GivenUp, maxAttempts, Retries, Webhooks } from "./webhooks.ts"

const notify = (customer: string, body: string) =>
  Producer.send(Webhooks, { key: customer, value: { url: `https://${customer}.example/hook`, body } })

layer(TestCluster.layer({ brokers: 1, seed: 17, topics: [Webhooks, Retries, GivenUp] }))("delayed retry", (it) => {
  it.effect(
    "who is away for fifteen seconds gets it all, who is away for ever is given up, and nobody else waits",
    () =>
      Effect.gen(function* () {
        const cluster = yield* TestCluster
        const beganMs = yield* Clock.currentTimeMillis
        const delivered = new Map<string, number>()
        let calls = 0
        const endpoints = Layer.succeed(Endpoints, {
          post: ({ url, body }) =>
            Effect.gen(function* () {
              const second = Math.round(((yield* Clock.currentTimeMillis) - beganMs) / 1_000)
              if (url.includes("gone")) calls++
              if (url.includes("gone") || (url.includes("away") && second < 15))
                return yield* Effect.fail("Unreachable" as const)
              delivered.set(body, second)
            })
        })
        yield* Effect.forkChild(Effect.provide(delivering, endpoints))
        yield* notify("away", "away 1")
        yield* notify("gone", "gone 1")
        yield* notify("away", "away 2")
        yield* notify("here", "here 1")
        yield* until(Effect.map(cluster.records(GivenUp), ({ length }) => length === 1))

        expect([...delivered.keys()].toSorted()).toEqual(["away 1", "away 2", "here 1"])
        expect(delivered.get("here 1")).toBeLessThan(5)
        expect(delivered.get("away 1")).toBeGreaterThanOrEqual(15)
        expect(calls).toBe(maxAttempts)
      })
  )
})
