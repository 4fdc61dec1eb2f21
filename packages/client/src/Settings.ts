/**
 * Options with every default in its place, and checked. Pure. Invariant: what comes out of here holds; nobody below checks again.
 * Neighbours: `Options.ts` says what can be told, `Klamm.ts` builds with it.
 */
import type { Address } from "@klamm/platform/Network"
import * as Effect from "effect/Effect"
import { ConfigError } from "./KlammError.ts"
import type { KlammOptions, Settings } from "./Options.ts"

const MiB = 1024 * 1024

/** Kafka's defaults; memory and frame limits are this client's own. */
const defaults = {
  clientId: "klamm",
  requestTimeoutMs: 30_000,
  apiTimeoutMs: 60_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  reconnectBackoffMs: 50,
  reconnectBackoffMaxMs: 1_000,
  connectionSetupTimeoutMs: 10_000,
  connectionsMaxIdleMs: 540_000,
  metadataMaxAgeMs: 300_000,
  metadataRecoveryStrategy: "rebootstrap",
  allowAutoCreateTopics: true,
  receiveMemoryBytes: 96 * MiB,
  maxFrameBytes: 64 * MiB,
  tracing: true
} as const

const wrong = (why: string) => new ConfigError({ why })

const bootstrapPattern = /^(?:[A-Za-z_]+:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^:/\s[\]]+)):(\d{1,5})$/

/** `host:port`, `[::1]:9092`, also behind `PLAINTEXT://`. */
export const parseAddress = (text: string): Address | undefined => {
  const parts = bootstrapPattern.exec(text.trim())
  const port = Number(parts?.[3])
  const host = parts?.[1] ?? parts?.[2]
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

const addressesOf = (bootstrap: ReadonlyArray<string> | string): Effect.Effect<ReadonlyArray<Address>, ConfigError> => {
  const texts = (typeof bootstrap === "string" ? bootstrap.split(",") : bootstrap).filter((each) => each.trim() !== "")
  if (texts.length === 0) return Effect.fail(wrong("bootstrap: at least one host:port is needed"))
  return Effect.forEach(texts, (text) => {
    const address = parseAddress(text)
    return address === undefined ? Effect.fail(wrong(`bootstrap: ${text} is no host:port`)) : Effect.succeed(address)
  })
}

const durations = [
  "requestTimeoutMs",
  "apiTimeoutMs",
  "retryBackoffMs",
  "retryBackoffMaxMs",
  "reconnectBackoffMs",
  "reconnectBackoffMaxMs",
  "connectionSetupTimeoutMs",
  "connectionsMaxIdleMs",
  "metadataMaxAgeMs"
] as const

export const settingsOf = (options: KlammOptions): Effect.Effect<Settings, ConfigError> =>
  Effect.gen(function* () {
    const { tls, sasl, producer: _producer, consumer: _consumer, ...told } = options
    const bootstrap = yield* addressesOf(options.bootstrap)
    const settings: Settings = {
      ...defaults,
      ...told,
      bootstrap,
      tls: tls === true ? {} : tls === false ? undefined : tls,
      sasl
    }
    for (const name of durations) {
      if (!(settings[name] >= 0)) return yield* wrong(`${name}: ${settings[name]} is no number of milliseconds`)
    }
    if (!(settings.maxFrameBytes <= settings.receiveMemoryBytes)) {
      return yield* wrong("maxFrameBytes: an answer can't be larger than receiveMemoryBytes")
    }
    return settings
  })
