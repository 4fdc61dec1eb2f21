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

/** How this client says who it is; one conversation per connection. */
export type SaslOptions =
  | { readonly mechanism: "PLAIN"; readonly username: string; readonly password: Redacted.Redacted | string }
  | {
      readonly mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-512"
      readonly username: string
      readonly password: Redacted.Redacted | string
    }
  | { readonly mechanism: "OAUTHBEARER"; readonly token: Effect.Effect<Token, AuthenticationError> }

/** Codecs of batches. */
export type Compression = "none" | CodecName

/** What a producer may be told; what is left out is the connection's, or Kafka's default, which stands here. */
export interface ProducerOptions {
  /** "all" waits for all replicas in sync, 1 for the leader, 0 for nobody. */
  readonly acks?: "all" | -1 | 0 | 1
  /** Whether brokers know a batch that they have stored already; on when `acks` is "all" and at most five requests are in flight. */
  readonly enableIdempotence?: boolean
  /** Requests to one broker that are not answered yet; 5. */
  readonly maxInFlightRequestsPerConnection?: number
  /** How long a batch that is not full waits for more; 5. */
  readonly lingerMs?: number
  /** Bytes of a full batch, before compression; 16384. */
  readonly batchSize?: number
  /** Bytes of records handed over and not acknowledged; 33554432. Who has more to send waits, at most `maxBlockMs`. */
  readonly bufferMemory?: number
  /** How long handing over waits for the topic's metadata and for room; 60000. */
  readonly maxBlockMs?: number
  /** Bytes of the largest record and of the largest request; 1048576. */
  readonly maxRequestSize?: number
  /** How long one attempt may take; 30000. */
  readonly requestTimeoutMs?: number
  /** How long a record may take from its handing over, attempts and pauses included; 120000. */
  readonly deliveryTimeoutMs?: number
  /** "none". */
  readonly compressionType?: Compression
  /** On the codec's own scale. */
  readonly compressionLevel?: number
  /** Where records go that name no partition; by default by their key, as in Kafka's Java client. */
  readonly partitioner?: Partitioner
  /** Makes the producer a transactional one: one producer at a time may have the id, the latest. */
  readonly transactionalId?: string
  /** The cluster aborts a transaction that is open for longer; 60000. */
  readonly transactionTimeoutMs?: number
}

/** What a connection's consumers may be told; Kafka's default stands with each. */
export interface ConsumerOptions {
  /** "classic"; "consumer" is KIP-848, where the coordinator assigns. */
  readonly groupProtocol?: "classic" | "consumer"
  /** Makes a static member: it comes back to its partitions within the session timeout. */
  readonly groupInstanceId?: string
  /** A member that is silent for so long is thought dead; 45000. Of the classic protocol. */
  readonly sessionTimeoutMs?: number
  /** 3000. Of the classic protocol. */
  readonly heartbeatIntervalMs?: number
  /** A member that has records and gets nothing done for so long gives its partitions up; 300000. */
  readonly maxPollIntervalMs?: number
  /** Where to begin where nothing is committed; "latest". With "none" it is an OffsetError. */
  readonly autoOffsetReset?: "earliest" | "latest" | "none"
  /** "read_uncommitted"; with "read_committed" nothing of transactions that are open or were aborted. */
  readonly isolationLevel?: "read_uncommitted" | "read_committed"
  /** A broker answers when it has so much, or after `fetchMaxWaitMs`; 1. */
  readonly fetchMinBytes?: number
  /** Bytes of an answer; 52428800. A batch that is larger comes all the same. */
  readonly fetchMaxBytes?: number
  /** 500. */
  readonly fetchMaxWaitMs?: number
  /** Bytes of one partition in an answer; 1048576. */
  readonly maxPartitionFetchBytes?: number
  /** Records handed out at once; 500. */
  readonly maxPollRecords?: number
  /** Where this client is: reads from a replica in the same rack, where brokers say so. */
  readonly clientRack?: string
  /** Whether checksums of batches are verified; true. */
  readonly checkCrcs?: boolean
}

/** Where the cluster is and how it is reached; what producers and consumers are told unless they say otherwise. */
export interface KlammOptions {
  /** `host:port` of some brokers: the rest is learned from them. */
  readonly bootstrap: ReadonlyArray<string> | string
  /** The name that brokers see; "klamm". */
  readonly clientId?: string
  /** Encrypts every connection; an empty object trusts the authorities that Node brings along. */
  readonly tls?: TlsOptions | boolean
  readonly sasl?: SaslOptions
  /** How long one request may take; 30000. */
  readonly requestTimeoutMs?: number
  /** How long calls that repeat themselves may take in all (default.api.timeout.ms); 60000. */
  readonly apiTimeoutMs?: number
  /** The first pause between attempts, which doubles up to `retryBackoffMaxMs`; 100 and 1000. */
  readonly retryBackoffMs?: number
  readonly retryBackoffMaxMs?: number
  /** The same between connections to one broker; 50 and 1000. */
  readonly reconnectBackoffMs?: number
  readonly reconnectBackoffMaxMs?: number
  /** How long a connection may take to be there; 10000. */
  readonly connectionSetupTimeoutMs?: number
  /** A connection that nobody uses is closed after; 540000. */
  readonly connectionsMaxIdleMs?: number
  /** How old what is known of topics may get; 300000. */
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
