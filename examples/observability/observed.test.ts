/** What a collector is told of a service: it listens where the collector would, in this process. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { startTestCluster } from "@klamm/testing"
import { Deferred, Effect, Layer } from "effect"
import { expect, it } from "vitest"
import { billing, meanOf, measured, place, service } from "./observed.ts"

interface Span {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
}

/** Takes what is exported, by path: `/v1/traces`, `/v1/metrics`. */
const collector = async () => {
  const told = new Map<string, Array<string>>()
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const path = request.url ?? ""
      told.set(path, [...(told.get(path) ?? []), Buffer.concat(chunks).toString()])
      response.setHeader("content-type", "application/json").end("{}")
    })
  })
  await new Promise<void>((resume) => server.listen(0, "127.0.0.1", resume))
  const { port } = server.address() as AddressInfo
  const stop = (): Promise<void> => new Promise((resume) => server.close(() => resume()))
  return { url: `http://127.0.0.1:${port}`, told, stop }
}

const spansIn = (bodies: ReadonlyArray<string>): ReadonlyArray<Span> =>
  bodies.flatMap((body) =>
    JSON.parse(body).resourceSpans.flatMap((each: { scopeSpans: ReadonlyArray<{ spans: ReadonlyArray<Span> }> }) =>
      each.scopeSpans.flatMap(({ spans }) => spans)
    )
  )

it("an order's trace goes from where it was placed to its bill, and the collector has the client's metrics", async () => {
  const cluster = await startTestCluster({
    settings: { "group.initial.rebalance.delay.ms": 0 },
    topics: ["orders", "bills"]
  })
  const { url, told, stop } = await collector()
  const story = Effect.gen(function* () {
    yield* Effect.withSpan(place("cust-7", 42), "checkout")
    const billed = yield* Deferred.make<void>()
    const watching = Effect.repeat(Effect.andThen(Effect.sleep("10 millis"), measured), {
      until: (lines) => lines.includes("messaging.client.sent.messages bills 1")
    })
    yield* Effect.raceFirst(billing, Effect.andThen(watching, Deferred.succeed(billed, undefined)))
    expect(yield* measured).toContain("messaging.client.sent.messages orders 1")
    expect(yield* meanOf("kafka.client.request.duration")).toBeGreaterThan(0)
  })
  await Effect.runPromise(Effect.provide(story, Layer.fresh(service(cluster.bootstrap, url))))
  const spans = spansIn(told.get("/v1/traces") ?? [])
  const named = (name: string) => spans.find((span) => span.name === name)
  const checkout = named("checkout")
  expect(named("send orders")?.parentSpanId).toBe(checkout?.spanId)
  expect(named("process orders")?.parentSpanId).toBe(named("send orders")?.spanId)
  expect(named("send bills")?.parentSpanId).toBe(named("process orders")?.spanId)
  expect(named("send bills")?.traceId).toBe(checkout?.traceId)
  const metrics = (told.get("/v1/metrics") ?? []).join()
  for (const name of [
    "messaging.client.sent.messages",
    "messaging.process.duration",
    "kafka.client.request.duration"
  ]) {
    expect(metrics).toContain(`"name":"${name}"`)
  }
  await cluster.stop()
  await stop()
})
