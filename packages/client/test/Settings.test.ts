import { it } from "@effect/vitest"
import { MetadataRequest } from "@klamm/protocol/api/03-Metadata"
import { InitProducerIdRequest } from "@klamm/protocol/api/22-InitProducerId"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { backoff } from "../src/connection/Backoff.ts"
import { choose } from "../src/connection/Versions.ts"
import { producerSettings } from "../src/producer/ProducerSettings.ts"
import { parseAddress, settingsOf } from "../src/Settings.ts"

it("addresses: names, IPv4, IPv6, with or without a listener's name", () => {
  expect(parseAddress("localhost:9092")).toEqual({ host: "localhost", port: 9092 })
  expect(parseAddress("[::1]:9092")).toEqual({ host: "::1", port: 9092 })
  expect(parseAddress("SASL_SSL://b-1.example.com:9094")).toEqual({ host: "b-1.example.com", port: 9094 })
  for (const wrong of ["localhost", "localhost:0", "localhost:70000", ":9092", "::1:9092"]) {
    expect(parseAddress(wrong)).toBeUndefined()
  }
})

it.effect("options that can't be are refused before anything is built", () =>
  Effect.gen(function* () {
    expect((yield* settingsOf({ bootstrap: "a:1, b:2" })).bootstrap).toHaveLength(2)
    for (const wrong of [{ bootstrap: [] }, { bootstrap: "a:1", requestTimeoutMs: -1 }]) {
      expect((yield* Effect.flip(settingsOf(wrong)))._tag).toBe("ConfigError")
    }
  })
)

it.effect("idempotence is on where it can be, as with Kafka's producer, and a contradiction is an error", () =>
  Effect.gen(function* () {
    expect((yield* producerSettings({})).isIdempotent).toBe(true)
    expect((yield* producerSettings({ acks: 1 })).isIdempotent).toBe(false)
    expect((yield* producerSettings({ maxInFlightRequestsPerConnection: 6 })).isIdempotent).toBe(false)
    const wrong = [
      { acks: 1, enableIdempotence: true },
      { transactionalId: "x", acks: 0 },
      { deliveryTimeoutMs: 10 }
    ] as const
    for (const options of wrong) expect((yield* Effect.flip(producerSettings(options)))._tag).toBe("ConfigError")
  })
)

it("the version is the highest that all know, never one that is not stable", () => {
  expect(choose(MetadataRequest, { min: 0, max: 9 })).toBe(9)
  expect(choose(MetadataRequest, { min: 0, max: 99 })).toBe(13)
  expect(choose(MetadataRequest, { min: 0, max: 9 }, { minVersion: 10 })).toBeUndefined()
  expect(choose(MetadataRequest, undefined)).toBeUndefined()
  expect(choose(InitProducerIdRequest, { min: 0, max: 6 })).toBe(5)
})

it("pauses double up to their limit, a fifth more or less", () => {
  const range = { initialMs: 100, maxMs: 1_000 }
  expect([1, 2, 3, 4, 5, 60].map((attempt) => backoff(range, attempt, 0.5))).toEqual([100, 200, 400, 800, 1_000, 1_000])
  expect([0, 1].map((draw) => backoff(range, 5, draw))).toEqual([800, 1_200])
})
