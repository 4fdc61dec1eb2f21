/**
 * What a client can be told: Kafka's client settings in camelCase, with Kafka's defaults. Times are in milliseconds, as the names say.
 * Neighbours: `Klamm.ts` takes these, `LayerConfig.ts` reads them from the environment.
 */
import type { CodecName } from "@klamm/protocol/Compression"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { AuthenticationError } from "./KlammError.ts"
import type { Partitioner } from "./Partitioner.ts"

/** Certificates and keys as PEM text. */
export interface TlsOptions {
  /** Certificates of authorities to trust, in place of those that Node brings along. */
  readonly ca?: string | ReadonlyArray<string>
  /** This client's own certificate and key, where brokers ask for one. */
  readonly cert?: string
  readonly key?: string | Redacted.Redacted
  readonly passphrase?: Redacted.Redacted
  /** False: take any certificate (ssl.endpoint.identification.algorithm empty, and worse). For tests. */
  readonly verify?: boolean
  /** The name to ask for, when it is not the host's. */
  readonly serverName?: string
}

/** A bearer token and what goes with it (KIP-255). */
export interface Token {
  readonly value: Redacted.Redacted
  readonly extensions?: { readonly [name: string]: string }
}

export type SaslOptions =
  | { readonly mechanism: "PLAIN"; readonly username: string; readonly password: Redacted.Redacted | string }
  | {
      readonly mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-512"
      readonly username: string
      readonly password: Redacted.Redacted | string
    }
  | { readonly mechanism: "OAUTHBEARER"; readonly token: Effect.Effect<Token, AuthenticationError> }

export type Compression = "none" | CodecName

export interface ProducerOptions {
  /** "all" waits for all replicas in sync, 1 for the leader, 0 for nobody. */
  readonly acks?: "all" | -1 | 0 | 1
  readonly enableIdempotence?: boolean
  readonly maxInFlightRequestsPerConnection?: number
  readonly lingerMs?: number
  readonly batchSize?: number
  readonly bufferMemory?: number
  readonly maxBlockMs?: number
  readonly maxRequestSize?: number
  readonly requestTimeoutMs?: number
  readonly deliveryTimeoutMs?: number
  readonly compressionType?: Compression
  /** On the codec's own scale. */
  readonly compressionLevel?: number
  readonly partitioner?: Partitioner
  /** Makes the producer a transactional one: one producer at a time may have the id, the latest. */
  readonly transactionalId?: string
  readonly transactionTimeoutMs?: number
}

export interface ConsumerOptions {
  readonly groupProtocol?: "classic" | "consumer"
  readonly groupInstanceId?: string
  readonly sessionTimeoutMs?: number
  readonly heartbeatIntervalMs?: number
  readonly maxPollIntervalMs?: number
  readonly autoOffsetReset?: "earliest" | "latest" | "none"
  readonly isolationLevel?: "read_uncommitted" | "read_committed"
  readonly fetchMinBytes?: number
  readonly fetchMaxBytes?: number
  readonly fetchMaxWaitMs?: number
  readonly maxPartitionFetchBytes?: number
  readonly maxPollRecords?: number
  readonly clientRack?: string
  readonly checkCrcs?: boolean
}

export interface KlammOptions {
  /** `host:port` of some brokers: the rest is learned from them. */
  readonly bootstrap: ReadonlyArray<string> | string
  readonly clientId?: string
  /** Encrypts every connection; an empty object trusts the authorities that Node brings along. */
  readonly tls?: TlsOptions | boolean
  readonly sasl?: SaslOptions
  readonly requestTimeoutMs?: number
  /** How long calls that repeat themselves may take in all (default.api.timeout.ms). */
  readonly apiTimeoutMs?: number
  readonly retryBackoffMs?: number
  readonly retryBackoffMaxMs?: number
  readonly reconnectBackoffMs?: number
  readonly reconnectBackoffMaxMs?: number
  readonly connectionSetupTimeoutMs?: number
  readonly connectionsMaxIdleMs?: number
  readonly metadataMaxAgeMs?: number
  /** What to do when no known broker can be reached: begin again at the bootstrap servers, or not (KIP-899). */
  readonly metadataRecoveryStrategy?: "rebootstrap" | "none"
  /** Whether a topic that is asked for may be made by the broker (allow.auto.create.topics). */
  readonly allowAutoCreateTopics?: boolean
  /** Memory that answers are received into, in bytes: it bounds what all fetches may hold at once. */
  readonly receiveMemoryBytes?: number
  /** The largest answer that is taken, in bytes. */
  readonly maxFrameBytes?: number
  /**
   * False: no spans, and no trace context in headers. True, as it is by default, means where a tracer is provided: Effect's own, which is
   * always there, keeps what it is told to itself, so nothing is done for it.
   */
  readonly tracing?: boolean
  readonly producer?: ProducerOptions
  readonly consumer?: ConsumerOptions
}

/** The options of connections and metadata with every default in its place. */
export interface Settings extends Required<Omit<KlammOptions, "bootstrap" | "tls" | "sasl" | "producer" | "consumer">> {
  readonly bootstrap: ReadonlyArray<{ readonly host: string; readonly port: number }>
  readonly tls: TlsOptions | undefined
  readonly sasl: SaslOptions | undefined
}
