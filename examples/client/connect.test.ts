/** The listings of docs/client/connect.md, as far as brokers without TLS and SASL can be asked; and the first record of README.md. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "@effect/vitest"
import { Klamm } from "@klamm/client"
import { type StartedCluster, startTestCluster } from "@klamm/testing"
import { ConfigProvider, Context, Effect, Layer, Redacted } from "effect"
import { afterAll, beforeAll } from "vitest"
import { check, encrypted, local, told, tuned, withPassword, withToken } from "./connect.ts"

let cluster: StartedCluster
beforeAll(async () => {
  cluster = await startTestCluster({ topics: ["orders"] })
})
afterAll(() => cluster.stop())

const builtOf = <E>(layer: Layer.Layer<Klamm.Klamm, E>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, Klamm.Klamm))
const settingsOf = <E>(layer: Layer.Layer<Klamm.Klamm, E>) => Effect.map(builtOf(layer), ({ settings }) => settings)

it.live("the first record, as a program of its own", () =>
  Effect.gen(function* () {
    const main = fileURLToPath(new URL("main.ts", import.meta.url))
    const env = { ...process.env, KAFKA_BOOTSTRAP_SERVERS: cluster.bootstrap }
    const { stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, [main], { env }))
    expect(stdout).toBe("stored in partition 0 at offset 0\ncust-7 ordered o-1 for 42\n")
  })
)

it.live("asks who is there", () =>
  Effect.gen(function* () {
    const answer = yield* Effect.provide(check, Klamm.layer({ bootstrap: cluster.bootstrap }))
    expect(answer).toMatch(/: 1 nodes$/)
  })
)

it.live("options arrive, from the program and from Config", () =>
  Effect.gen(function* () {
    expect(yield* settingsOf(local)).toMatchObject({
      clientId: "shop",
      bootstrap: [{ host: "localhost", port: 9092 }],
      requestTimeoutMs: 30_000
    })
    expect(yield* settingsOf(told)).toMatchObject({ clientId: "shop", bootstrap: [{ host: "localhost", port: 9092 }] })
    expect((yield* builtOf(told)).consumerDefaults).toEqual({ autoOffsetReset: "earliest" })
    expect(yield* settingsOf(tuned)).toMatchObject({ requestTimeoutMs: 10_000, apiTimeoutMs: 20_000 })
    expect(yield* settingsOf(encrypted("CA", "CERT", Redacted.make("KEY")))).toMatchObject({ tls: { ca: "CA" } })
    expect(yield* settingsOf(withPassword(Redacted.make("secret")))).toMatchObject({
      tls: {},
      sasl: { username: "shop" }
    })
    expect(yield* settingsOf(withToken(Effect.succeed("token")))).toMatchObject({ sasl: { mechanism: "OAUTHBEARER" } })
  }).pipe(Effect.scoped)
)

it.live("options that can't be are a ConfigError before anything is asked", () =>
  Effect.gen(function* () {
    const wrong = yield* Effect.flip(settingsOf(Klamm.layer({ bootstrap: [] })))
    expect(wrong).toMatchObject({ _tag: "ConfigError", message: "bootstrap: at least one host:port is needed" })
    const tight = yield* Effect.flip(
      settingsOf(Klamm.layer({ bootstrap: "a:1", producer: { deliveryTimeoutMs: 1_000 } }))
    )
    expect(tight._tag).toBe("ConfigError")
    const empty = Layer.provide(Klamm.layerConfig(), ConfigProvider.layer(ConfigProvider.fromUnknown({})))
    expect((yield* Effect.flip(settingsOf(empty)))._tag).toBe("ConfigError")
  }).pipe(Effect.scoped)
)
