import { expect, layer } from "@effect/vitest"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber, Layer, Stream } from "effect"
import { until } from "../support/until.ts"
import { Archive, type ArchivedLine, collect, type LogLine, Logs, ship } from "./logs.ts"

const services = ["shop", "search", "mail", "billing"]
const linesEach = 500
const lineOf = (n: number): LogLine => ({ level: n % 50 === 0 ? "error" : "info", text: `line ${n}` })

layer(TestCluster.layer({ brokers: 3, seed: 12, topics: [Logs] }))("log aggregation", (it) => {
  it.effect("a collector that dies between archiving and committing loses no line, and keeps none twice", () =>
    Effect.gen(function* () {
      const archived = new Map<string, ArchivedLine>()
      let appended = 0
      let collector: Fiber.Fiber<void, unknown> | undefined
      const keep = (lines: ReadonlyArray<ArchivedLine>) =>
        Effect.suspend(() => {
          appended += lines.length
          for (const line of lines) archived.set(line.id, line)
          const dies = collector !== undefined && archived.size > 300 && archived.size === appended
          return dies ? Effect.interrupt : Effect.void
        })
      const collecting = collect.pipe(Effect.provide(Layer.succeed(Archive, { append: keep })))

      collector = yield* Effect.forkChild(collecting)
      const lines = Stream.map(Stream.range(0, linesEach - 1), lineOf)
      const shipped = yield* Effect.forEach(services, (service) => ship(service, lines), { concurrency: "unbounded" })
      expect(shipped).toEqual(services.map(() => linesEach))

      yield* Fiber.await(collector)
      collector = undefined
      yield* Effect.forkChild(collecting)
      yield* until(Effect.sync(() => archived.size === services.length * linesEach))

      expect(appended).toBeGreaterThan(archived.size)
      for (const service of services) {
        const mine = [...archived.values()].filter((line) => line.service === service)
        expect(mine.map(({ text }) => text)).toEqual(Array.from({ length: linesEach }, (_, n) => lineOf(n).text))
      }
    })
  )
})
