/** How fast connections are taken (KIP-612): the arithmetic, whose limit counts where, and that who comes too soon waits. */
import { expect, it } from "@effect/vitest"
import { Operation, ResourceType } from "@klamm/config/Alter"
import { effective, noOverrides, resolve } from "@klamm/config/BrokerConfig"
import { developmentPreset, presetLayer, setLayer } from "@klamm/config/Layers"
import * as Moment from "@klamm/platform/Moment"
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol/api/18-ApiVersions"
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse
} from "@klamm/protocol/api/44-IncrementalAlterConfigs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Throttle from "@klamm/replica/Throttle"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { describe } from "vitest"
import { ConnectionRate, takeOne } from "../src/ConnectionRate.ts"
import { connect, withBroker } from "./support.ts"

const window = { sampleMs: 1_000, samples: 11 }

const snapshotOf = (...given: ReadonlyArray<string>) => {
  const resolved = resolve([presetLayer(developmentPreset()), setLayer(given)])
  if (Result.isFailure(resolved)) throw new Error("the test's configuration is right")
  return effective(resolved.success, noOverrides, noOverrides)
}

/** What the connections wait that come at once. */
const burst = (rate: ConnectionRate, listener: string, count: number) =>
  Array.from({ length: count }, () => rate.take(listener))

describe("a rate of connections", () => {
  it("lets a window's worth but one sample through at once, then makes wait, at most for a sample", () => {
    let taken = Throttle.empty
    const delays: Array<number> = []
    for (let count = 0; count < 60; count++) {
      const [next, delayMs] = takeOne(taken, 5_000, 5, window)
      taken = next
      delays.push(delayMs)
    }
    expect(delays.slice(0, 50).every((delayMs) => delayMs === 0)).toBe(true)
    expect(delays.slice(50)).toEqual([200, 400, 600, 800, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000])
  })

  it("comes to the limit when those that come wait for one another", () => {
    let taken = Throttle.empty
    let nowMs = 0
    let count = 0
    for (; nowMs < 600_000; count++) {
      const [next, delayMs] = takeOne(taken, nowMs, 5, window)
      taken = next
      nowMs += delayMs
    }
    expect(count / 600).toBeGreaterThan(4.5)
    expect(count / 600).toBeLessThan(5.6)
  })

  it("of nothing is a sample's wait", () => {
    expect(takeOne(Throttle.empty, 0, 0, window)[1]).toBe(1_000)
  })

  it("is unlimited unless a key says so, and then nothing is counted", () => {
    const rate = new ConnectionRate({ snapshot: () => snapshotOf(), monotonicMs: () => 0, ownCountOnly: undefined })
    expect(rate.isLimited("PLAINTEXT")).toBe(false)
  })

  it("of the broker holds all listeners together, but not what other brokers connect to", () => {
    const snapshot = snapshotOf("max.connection.creation.rate=1", "quota.window.num=2")
    const rate = new ConnectionRate({ snapshot: () => snapshot, monotonicMs: () => 0, ownCountOnly: "REPLICATION" })
    expect([rate.isLimited("A"), rate.isLimited("REPLICATION")]).toEqual([true, false])
    expect(burst(rate, "A", 1)).toEqual([0])
    expect(burst(rate, "REPLICATION", 5)).toEqual([0, 0, 0, 0, 0])
    expect(burst(rate, "B", 2)).toEqual([1_000, 1_000])
  })

  it("of a listener is its own, beside that of the broker", () => {
    const snapshot = snapshotOf("listener.name.b.max.connection.creation.rate=1", "quota.window.num=2")
    const rate = new ConnectionRate({ snapshot: () => snapshot, monotonicMs: () => 0, ownCountOnly: undefined })
    expect([rate.isLimited("A"), rate.isLimited("B")]).toEqual([false, true])
    expect(burst(rate, "B", 2)).toEqual([0, 1_000])
  })
})

it("a connection that comes too soon is served later, and is not refused", () =>
  withBroker(
    ["max.connection.creation.rate=2", "quota.window.num=2"],
    Effect.gen(function* () {
      const began = yield* Moment.monotonicMs
      const waits: Array<number> = []
      for (let count = 0; count < 4; count++) {
        const client = yield* connect()
        yield* client.ask(ApiVersionsRequest, ApiVersionsResponse, 2, {})
        waits.push((yield* Moment.monotonicMs) - began)
      }
      expect(waits[1]).toBeLessThan(400)
      expect(waits[2]).toBeGreaterThanOrEqual(490)
      expect(waits[3]).toBeGreaterThan(waits[2]!)
    })
  ))

it("an address has its own limit of connections where max.connections.per.ip.overrides names it", () =>
  withBroker(
    ["max.connections.per.ip=100", "max.connections.per.ip.overrides=localhost:1"],
    Effect.gen(function* () {
      const ask = Effect.flatMap(connect(), (client) => client.ask(ApiVersionsRequest, ApiVersionsResponse, 2, {}))
      yield* ask
      expect((yield* Effect.flip(ask)).reason).toBe("Closed")
    })
  ))

it("a limit that is altered holds for the next connection", () =>
  withBroker(
    [],
    Effect.gen(function* () {
      const client = yield* connect()
      yield* client.ask(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, 1, {
        resources: [
          {
            resourceType: ResourceType.broker,
            resourceName: "",
            configs: [{ name: "max.connections.per.ip", configOperation: Operation.set, value: "1" }]
          }
        ],
        validateOnly: false
      })
      const ask = Effect.flatMap(connect(), (other) => other.ask(ApiVersionsRequest, ApiVersionsResponse, 2, {}))
      expect((yield* Effect.flip(ask)).reason).toBe("Closed")
      expect((yield* client.ask(ApiVersionsRequest, ApiVersionsResponse, 2, {})).errorCode).toBe(ErrorCode.NONE)
    })
  ))
