/**
 * The client's options from Effect's Config, so from the environment unless a ConfigProvider says otherwise: Kafka's names in capitals,
 * `KAFKA_BOOTSTRAP_SERVERS`, `KAFKA_SECURITY_PROTOCOL`. Invariant: what is not there stays out, so that the defaults are in one place
 * (`Settings.ts`); secrets are Redacted from the start. Neighbour: `Klamm.ts`, whose `layerConfig` this is.
 */
import * as Config from "effect/Config"
import * as Option from "effect/Option"
import type { ConsumerOptions, KlammOptions, ProducerOptions, SaslOptions, TlsOptions } from "./Options.ts"

/** Options of an object that may be there, without those that are not. */
type Present<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] extends Option.Option<infer A> ? A : never }

const present = <Fields extends { readonly [name: string]: Option.Option<unknown> }>(
  fields: Fields
): Present<Fields> => {
  const there: { [Name in keyof Fields]?: unknown } = {}
  for (const name in fields) {
    const field = fields[name]
    if (field !== undefined && Option.isSome(field)) there[name] = field.value
  }
  return there as Present<Fields>
}

const int = (name: string) => Config.option(Config.Int(name))
const text = (name: string) => Config.option(Config.String(name))

const connection = Config.map(
  Config.all({
    clientId: text("CLIENT_ID"),
    requestTimeoutMs: int("REQUEST_TIMEOUT_MS"),
    apiTimeoutMs: int("DEFAULT_API_TIMEOUT_MS"),
    retryBackoffMs: int("RETRY_BACKOFF_MS"),
    retryBackoffMaxMs: int("RETRY_BACKOFF_MAX_MS"),
    reconnectBackoffMs: int("RECONNECT_BACKOFF_MS"),
    reconnectBackoffMaxMs: int("RECONNECT_BACKOFF_MAX_MS"),
    connectionSetupTimeoutMs: int("SOCKET_CONNECTION_SETUP_TIMEOUT_MS"),
    connectionsMaxIdleMs: int("CONNECTIONS_MAX_IDLE_MS"),
    metadataMaxAgeMs: int("METADATA_MAX_AGE_MS"),
    metadataRecoveryStrategy: Config.option(
      Config.Literals(["rebootstrap", "none"] as const, "METADATA_RECOVERY_STRATEGY")
    ),
    allowAutoCreateTopics: Config.option(Config.Boolean("ALLOW_AUTO_CREATE_TOPICS"))
  }),
  present
)

const producer = Config.map(
  Config.all({
    acks: Config.option(Config.Literals(["all", "-1", "0", "1"] as const, "ACKS")),
    more: Config.map(
      Config.all({
        enableIdempotence: Config.option(Config.Boolean("ENABLE_IDEMPOTENCE")),
        maxInFlightRequestsPerConnection: int("MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION"),
        lingerMs: int("LINGER_MS"),
        batchSize: int("BATCH_SIZE"),
        bufferMemory: int("BUFFER_MEMORY"),
        maxBlockMs: int("MAX_BLOCK_MS"),
        maxRequestSize: int("MAX_REQUEST_SIZE"),
        deliveryTimeoutMs: int("DELIVERY_TIMEOUT_MS"),
        compressionType: Config.option(
          Config.Literals(["none", "gzip", "snappy", "lz4", "zstd"] as const, "COMPRESSION_TYPE")
        ),
        transactionalId: text("TRANSACTIONAL_ID"),
        transactionTimeoutMs: int("TRANSACTION_TIMEOUT_MS")
      }),
      present
    )
  }),
  ({ acks, more }): ProducerOptions => {
    const numbers = { all: "all", "-1": -1, "0": 0, "1": 1 } as const
    return Option.isSome(acks) ? { ...more, acks: numbers[acks.value] } : more
  }
)

const consumer = Config.map(
  Config.all({
    groupProtocol: Config.option(Config.Literals(["classic", "consumer"] as const, "GROUP_PROTOCOL")),
    groupInstanceId: text("GROUP_INSTANCE_ID"),
    sessionTimeoutMs: int("SESSION_TIMEOUT_MS"),
    heartbeatIntervalMs: int("HEARTBEAT_INTERVAL_MS"),
    maxPollIntervalMs: int("MAX_POLL_INTERVAL_MS"),
    maxPollRecords: int("MAX_POLL_RECORDS"),
    autoOffsetReset: Config.option(Config.Literals(["earliest", "latest", "none"] as const, "AUTO_OFFSET_RESET")),
    isolationLevel: Config.option(Config.Literals(["read_uncommitted", "read_committed"] as const, "ISOLATION_LEVEL")),
    fetchMinBytes: int("FETCH_MIN_BYTES"),
    fetchMaxBytes: int("FETCH_MAX_BYTES"),
    fetchMaxWaitMs: int("FETCH_MAX_WAIT_MS"),
    maxPartitionFetchBytes: int("MAX_PARTITION_FETCH_BYTES"),
    clientRack: text("CLIENT_RACK"),
    checkCrcs: Config.option(Config.Boolean("CHECK_CRCS"))
  }),
  (fields): ConsumerOptions => present(fields)
)

const tls = Config.map(
  Config.all({
    ca: text("SSL_TRUSTSTORE_CERTIFICATES"),
    cert: text("SSL_KEYSTORE_CERTIFICATE_CHAIN"),
    key: Config.option(Config.Redacted("SSL_KEYSTORE_KEY")),
    passphrase: Config.option(Config.Redacted("SSL_KEY_PASSWORD"))
  }),
  (fields): TlsOptions => present(fields)
)

const sasl = Config.map(
  Config.all({
    mechanism: Config.withDefault(
      Config.Literals(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const, "SASL_MECHANISM"),
      "PLAIN" as const
    ),
    username: text("SASL_USERNAME"),
    password: Config.option(Config.Redacted("SASL_PASSWORD"))
  }),
  ({ mechanism, username, password }): SaslOptions => ({
    mechanism,
    username: Option.getOrElse(username, () => ""),
    password: Option.getOrElse(password, () => "")
  })
)

const security = Config.withDefault(
  Config.Literals(["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] as const, "SECURITY_PROTOCOL"),
  "PLAINTEXT" as const
)

/** The options as Config, under a prefix. */
export const options = (prefix = "KAFKA"): Config.Config<KlammOptions> =>
  Config.map(
    Config.all({ bootstrap: Config.String("BOOTSTRAP_SERVERS"), security, connection, producer, consumer, tls, sasl }),
    (told): KlammOptions => ({
      ...told.connection,
      bootstrap: told.bootstrap,
      producer: told.producer,
      consumer: told.consumer,
      ...(told.security.endsWith("SSL") ? { tls: told.tls } : {}),
      ...(told.security.startsWith("SASL") ? { sasl: told.sasl } : {})
    })
  ).pipe(Config.nested(prefix))
