/**
 * The connection to a cluster, as a service: everything of this package needs it and nothing else. Invariant: building the layer makes
 * no connection; the first who needs one does, and all end with the layer's scope. Neighbours: `Cluster.ts` is what it holds,
 * `Options.ts` what it can be told.
 */

import { connectionOptions } from "@klamm/channel/Channels"
import type { Arena } from "@klamm/platform/Arena"
import { makeArena } from "@klamm/platform/ArenaAllocator"
import type { ClientTls, Network } from "@klamm/platform/Network"
import { gzip, zstd } from "@klamm/platform/node/Codecs"
import { secret } from "@klamm/platform/node/Digest"
import * as NodeNetwork from "@klamm/platform/node/NodeNetwork"
import { type Codecs, makeCodecs } from "@klamm/protocol/Compression"
import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Cluster } from "./Cluster.ts"
import * as ClusterLive from "./cluster/ClusterLive.ts"
import { authenticate } from "./connection/Authenticate.ts"
import type { ConnectionSetup } from "./connection/BrokerConnection.ts"
import { reveal } from "./connection/Sasl.ts"
import type { ConfigError } from "./KlammError.ts"
import * as LayerConfig from "./LayerConfig.ts"
import type { ConsumerOptions, KlammOptions, ProducerOptions, Settings, TlsOptions } from "./Options.ts"
import { RequestMeasures } from "./observe/RequestMeasures.ts"
import { makeProducer } from "./producer/Make.ts"
import type { ProducerLive } from "./producer/ProducerLive.ts"
import { settingsOf } from "./Settings.ts"

export type { KlammOptions } from "./Options.ts"

/**
 * The connection to a cluster. `Producer`, `Consumer` and `Admin` need this service; applications rarely touch what is
 * in it.
 */
export class Klamm extends Context.Service<
  Klamm,
  {
    readonly cluster: Cluster
    readonly settings: Settings
    readonly codecs: Codecs
    /** The connection's own producer. */
    readonly producer: ProducerLive
    /** What producers and consumers of this connection are told unless they say otherwise. */
    readonly producerDefaults: ProducerOptions
    readonly consumerDefaults: ConsumerOptions
  }
>()("client/Klamm") {}

/** Lanes whose name begins so carry records; they share the memory that `receiveMemoryBytes` names. */
export const fetchLanePrefix = "fetch"

/** Memory for all answers but those of fetches, so that records that nobody has taken yet never hold up anything else. */
const answerMemoryBytes = 16 * 1024 * 1024

/** Unguessable bytes in a SCRAM nonce. */
const nonceBytes = 24

const arenaOf = (sizeBytes: number): Arena => makeArena(new ArrayBuffer(sizeBytes), 0, sizeBytes)

const tlsOf = ({ ca, cert, key, passphrase, serverName, verify = true }: TlsOptions): ClientTls => ({
  verify,
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key: reveal(key) }),
  ...(passphrase === undefined ? {} : { passphrase: Redacted.value(passphrase) }),
  ...(serverName === undefined ? {} : { serverName })
})

const setupsOf = (settings: Settings, measures: RequestMeasures): ((lane: string) => ConnectionSetup) => {
  const { clientId, requestTimeoutMs, connectionSetupTimeoutMs, tls, sasl, maxFrameBytes } = settings
  const setupIn = (arena: Arena): ConnectionSetup => ({
    clientId,
    requestTimeoutMs,
    connectionSetupTimeoutMs,
    measures,
    connect: {
      ...connectionOptions({ arena, maxFrameBytes: Math.min(maxFrameBytes, arena.limitBytes) }),
      tls: tls === undefined ? undefined : tlsOf(tls)
    },
    authenticate: authenticate(sasl, () => secret(nonceBytes))
  })
  const answers = setupIn(arenaOf(answerMemoryBytes))
  let fetches: ConnectionSetup | undefined
  return (lane) => {
    if (!lane.startsWith(fetchLanePrefix)) return answers
    fetches ??= setupIn(arenaOf(settings.receiveMemoryBytes))
    return fetches
  }
}

/** The connection on a network that is given: for tests, which swap it. */
export const layerOn = (options: KlammOptions): Layer.Layer<Klamm, ConfigError, Network> =>
  Layer.effect(
    Klamm,
    Effect.gen(function* () {
      const settings = yield* settingsOf(options)
      const measures = new RequestMeasures(yield* Effect.context<never>(), yield* Clock.Clock)
      const cluster = yield* ClusterLive.make(settings, { ...settings, setupOf: setupsOf(settings, measures) })
      const codecs = makeCodecs({ gzip, zstd })
      return {
        cluster,
        settings,
        codecs,
        producer: yield* makeProducer({ cluster, codecs, settings }, options.producer ?? {}),
        producerDefaults: options.producer ?? {},
        consumerDefaults: options.consumer ?? {}
      }
    })
  )

/** The connection to a cluster, over TCP or TLS, with everything built in. */
export const layer = (options: KlammOptions): Layer.Layer<Klamm, ConfigError> =>
  Layer.provide(layerOn(options), NodeNetwork.layer)

/**
 * The same with options from Effect's Config, by Kafka's names: `KAFKA_BOOTSTRAP_SERVERS`, `KAFKA_SECURITY_PROTOCOL`,
 * `KAFKA_SASL_USERNAME`, … or under another prefix.
 */
export const layerConfig = (prefix?: string): Layer.Layer<Klamm, ConfigError | Config.ConfigError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      return layer(yield* LayerConfig.options(prefix))
    })
  )
