/** What docs/client/connect.md shows; connect.test.ts runs what Klamm's brokers can be asked. */
import { Admin, Klamm, type KlammError } from "@klamm/client"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"

export const local = Klamm.layer({ bootstrap: ["localhost:9092"], clientId: "shop" })

/** PEM text: authorities to trust, and this client's own certificate where brokers ask for one. */
export const encrypted = (ca: string, cert: string, key: Redacted.Redacted) =>
  Klamm.layer({ bootstrap: "kafka.example.org:9093", tls: { ca, cert, key } })

export const withPassword = (password: Redacted.Redacted) =>
  Klamm.layer({
    bootstrap: "kafka.example.org:9093",
    tls: true,
    sasl: { mechanism: "SCRAM-SHA-512", username: "shop", password }
  })

/** The effect is run for each new connection, so a token that has run out is fetched anew. */
export const withToken = (token: Effect.Effect<string, KlammError.AuthenticationError>) =>
  Klamm.layer({
    bootstrap: "kafka.example.org:9093",
    tls: true,
    sasl: { mechanism: "OAUTHBEARER", token: Effect.map(token, (value) => ({ value: Redacted.make(value) })) }
  })

/** What every producer and consumer of the connection is told, unless it says otherwise. */
export const tuned = Klamm.layer({
  bootstrap: ["localhost:9092"],
  requestTimeoutMs: 10_000,
  apiTimeoutMs: 20_000,
  producer: { lingerMs: 20, compressionType: "zstd" },
  consumer: { autoOffsetReset: "earliest", isolationLevel: "read_committed" }
})

/** From a file, a vault, a test: whatever Config reads from. */
export const told = Layer.provide(
  Klamm.layerConfig("SHOP"),
  ConfigProvider.layer(
    ConfigProvider.fromUnknown({
      SHOP: { BOOTSTRAP_SERVERS: "localhost:9092", CLIENT_ID: "shop", AUTO_OFFSET_RESET: "earliest" }
    })
  )
)

/** Asks who is there; fails when nobody is. */
export const check = Effect.map(
  Admin.describeCluster(),
  ({ clusterId, nodes }) => `${clusterId}: ${nodes.length} nodes`
)
