/** The listeners of a secured Kafka, and what its configuration says of them. Neighbour: `security.test.ts` calls at each. */
import type { ReferencePorts } from "klamm-test-cluster/Reference"
import type { Certificates } from "./Certificates.ts"

export interface Listeners {
  /** TLS, without a name or password. */
  readonly tls: string
  /** TLS that asks the client for a certificate. */
  readonly mutual: string
  /** Every mechanism of SASL, in the open. */
  readonly sasl: string
  /** The same within TLS. */
  readonly saslTls: string
  readonly authority: string
  readonly stranger: string
  readonly client: Certificates["client"]
}

export const passwords = { plain: "plain-secret", scram: "scram-secret" } as const
/** Known to the PLAIN mechanism from the broker's configuration; users of SCRAM are made by who needs them. */
export const plainUser = "alice"

export const listenersOf = async (
  freePort: () => Promise<number>,
  { authority, stranger, client }: Certificates
): Promise<Listeners> => {
  const address = async (): Promise<string> => `127.0.0.1:${await freePort()}`
  return {
    tls: await address(),
    mutual: await address(),
    sasl: await address(),
    saslTls: await address(),
    authority,
    stranger,
    client
  }
}

const mechanisms = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"

/** Which login module answers for a mechanism at a listener. */
const loginModules = (listener: string): Readonly<Record<string, string>> => {
  const security = "org.apache.kafka.common.security"
  const scram = `${security}.scram.ScramLoginModule required;`
  const plain = `${security}.plain.PlainLoginModule required user_${plainUser}="${passwords.plain}";`
  const bearer = `${security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`
  const key = (mechanism: string): string => `listener.name.${listener}.${mechanism}.sasl.jaas.config`
  return {
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: mechanisms,
    [key("plain")]: plain,
    [key("scram-sha-256")]: scram,
    [key("scram-sha-512")]: scram,
    [key("oauthbearer")]: bearer
  }
}

export const securitySettings = (
  { client, controller }: ReferencePorts,
  { tls, mutual, sasl, saslTls }: Listeners,
  { keystore, truststore }: Certificates
): Readonly<Record<string, string>> => {
  const clients = [
    `PLAINTEXT://127.0.0.1:${client}`,
    `TLS://${tls}`,
    `MUTUAL://${mutual}`,
    `SASL://${sasl}`,
    `SASLTLS://${saslTls}`
  ].join(",")
  const protocols = "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,TLS:SSL,MUTUAL:SSL,SASL:SASL_PLAINTEXT,SASLTLS:SASL_SSL"
  return {
    listeners: `${clients},CONTROLLER://127.0.0.1:${controller}`,
    "advertised.listeners": clients,
    "listener.security.protocol.map": protocols,
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": keystore,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": truststore,
    "listener.name.mutual.ssl.client.auth": "required",
    ...loginModules("sasl"),
    ...loginModules("sasltls")
  }
}
