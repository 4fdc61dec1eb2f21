import { it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { expect } from "vitest"
import { options } from "../src/LayerConfig.ts"

const read = (env: Record<string, string>, prefix?: string) =>
  Effect.provide(
    Effect.gen(function* () {
      return yield* options(prefix)
    }),
    ConfigProvider.layer(ConfigProvider.fromEnv({ env }))
  )

it.effect("what is not told is left out", () =>
  Effect.gen(function* () {
    expect(yield* read({ KAFKA_BOOTSTRAP_SERVERS: "a:1,b:2" })).toEqual({
      bootstrap: "a:1,b:2",
      producer: {},
      consumer: {}
    })
  })
)

it.effect("names are Kafka's, under the prefix that is wanted; a secret stays one", () =>
  Effect.gen(function* () {
    const told = yield* read(
      {
        ORDERS_BOOTSTRAP_SERVERS: "a:1",
        ORDERS_SECURITY_PROTOCOL: "SASL_SSL",
        ORDERS_SASL_MECHANISM: "SCRAM-SHA-512",
        ORDERS_SASL_USERNAME: "ann",
        ORDERS_SASL_PASSWORD: "secret",
        ORDERS_REQUEST_TIMEOUT_MS: "1500",
        ORDERS_ACKS: "1",
        ORDERS_COMPRESSION_TYPE: "zstd"
      },
      "ORDERS"
    )
    expect(told).toMatchObject({
      requestTimeoutMs: 1_500,
      tls: {},
      sasl: { mechanism: "SCRAM-SHA-512", username: "ann" },
      producer: { acks: 1, compressionType: "zstd" }
    })
    const { sasl } = told
    const password = sasl !== undefined && sasl.mechanism !== "OAUTHBEARER" ? sasl.password : ""
    expect([String(password).includes("secret"), typeof password === "string" || Redacted.value(password)]).toEqual([
      false,
      "secret"
    ])
  })
)

it.effect("without servers, or with a value that can't be, there is an error", () =>
  Effect.gen(function* () {
    expect((yield* Effect.flip(read({})))._tag).toBe("ConfigError")
    const wrong = { KAFKA_BOOTSTRAP_SERVERS: "a:1", KAFKA_LINGER_MS: "soon" }
    expect((yield* Effect.flip(read(wrong)))._tag).toBe("ConfigError")
  })
)
