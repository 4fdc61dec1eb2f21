import { expect, layer } from "@effect/vitest"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber } from "effect"
import { Answers, answering, makeAsker, Questions } from "./quotes.ts"

const symbols = Array.from({ length: 20 }, (_, n) => `S${n}`)
const priceOf = (symbol: string) => Number(symbol.slice(1)) * 100

layer(TestCluster.layer({ brokers: 1, seed: 19, topics: [Questions, Answers] }))("request and reply", (it) => {
  it.effect("everybody gets his own answers, and an error when there is nobody to answer", () =>
    Effect.gen(function* () {
      // The later the question, the sooner the answer.
      const quote = (symbol: string) => Effect.as(Effect.sleep(500 - priceOf(symbol) / 10), priceOf(symbol))
      const servers = yield* Effect.forkChild(answering(quote))
      yield* Effect.sleep("1 second")

      const alice = yield* makeAsker("alice", "3 seconds")
      const bob = yield* makeAsker("bob", "3 seconds")
      const all = (ask: typeof alice, about: ReadonlyArray<string>) =>
        Effect.forEach(about, (symbol) => ask(symbol), { concurrency: "unbounded" })
      const backwards = symbols.toReversed()
      const answers = yield* Effect.all([all(alice, symbols), all(bob, backwards)], { concurrency: "unbounded" })
      expect(answers).toEqual([symbols.map(priceOf), backwards.map(priceOf)])

      yield* Fiber.interrupt(servers)
      expect(yield* Effect.flip(alice("S1"))).toMatchObject({ _tag: "NoAnswer", symbol: "S1" })
    })
  )
})
