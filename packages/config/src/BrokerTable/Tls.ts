/**
 * The broker keys of TLS, principals and delegation tokens. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { atLeast, listOf, oneOf } from "../Validator.ts"

export const tlsKeys = [
  key("delegation.token.expiry.check.interval.ms", {
    type: "long",
    default: 3_600_000,
    valid: atLeast(1),
    importance: "low",
    awaits: "delegation token",
    doc: "How often expired delegation tokens are looked for and removed."
  }),
  key("delegation.token.expiry.time.ms", {
    type: "long",
    default: 86_400_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "delegation token",
    doc: "How long a delegation token is valid before it must be renewed."
  }),
  key("delegation.token.max.lifetime.ms", {
    type: "long",
    default: 604_800_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "delegation token",
    doc: "The age beyond which a delegation token can no longer be renewed."
  }),
  key("delegation.token.secret.key", {
    type: "password",
    default: null,
    importance: "medium",
    awaits: "delegation token",
    doc: "The secret that signs delegation tokens; the same on every broker and controller. Unset switches tokens off."
  }),
  key("connections.max.reauth.ms", {
    type: "long",
    default: 0,
    importance: "medium",
    awaits: "SASL",
    doc: "How long an authenticated connection lasts before the client must authenticate again; 0 is for ever."
  }),
  key("principal.builder.class", {
    type: "class",
    default: "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: names a Java plugin that builds principals."
  }),
  key("security.providers", {
    type: "string",
    default: null,
    importance: "low",
    doc: "Accepted and without effect here: names Java security providers."
  }),
  key("ssl.allow.dn.changes", {
    type: "boolean",
    default: false,
    importance: "low",
    awaits: "TLS",
    doc: "Whether a reloaded key store may name another subject."
  }),
  key("ssl.allow.san.changes", {
    type: "boolean",
    default: false,
    importance: "low",
    awaits: "TLS",
    doc: "Whether a reloaded key store may lack some of its earlier alternative names."
  }),
  key("ssl.cipher.suites", {
    type: "list",
    default: [],
    valid: listOf(),
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The cipher suites TLS may use; empty means the platform's own."
  }),
  key("ssl.client.auth", {
    type: "string",
    default: "none",
    valid: oneOf("required", "requested", "none"),
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "Whether a TLS client must show a certificate."
  }),
  key("ssl.enabled.protocols", {
    type: "list",
    default: ["TLSv1.2", "TLSv1.3"],
    valid: listOf(),
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The TLS versions a connection may use."
  }),
  key("ssl.endpoint.identification.algorithm", {
    type: "string",
    default: "https",
    importance: "low",
    update: "per-broker",
    awaits: "TLS",
    doc: "How a server's name is checked against its certificate; empty switches the check off."
  }),
  key("ssl.engine.factory.class", {
    type: "class",
    default: null,
    importance: "low",
    update: "per-broker",
    doc: "Accepted and without effect here: names a Java factory of TLS engines."
  }),
  key("ssl.key.password", {
    type: "password",
    default: null,
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The password of the private key in the key store."
  }),
  key("ssl.keymanager.algorithm", {
    type: "string",
    default: "SunX509",
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: the algorithm of Java's key manager."
  }),
  key("ssl.keystore.certificate.chain", {
    type: "password",
    default: null,
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The certificate chain of the private key, as PEM text."
  }),
  key("ssl.keystore.key", {
    type: "password",
    default: null,
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The private key, as PEM text."
  }),
  key("ssl.keystore.location", {
    type: "string",
    default: null,
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The key store's file."
  }),
  key("ssl.keystore.password", {
    type: "password",
    default: null,
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The password of the key store's file."
  }),
  key("ssl.keystore.type", {
    type: "string",
    default: "JKS",
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The format of the key store's file."
  }),
  key("ssl.principal.mapping.rules", {
    type: "string",
    default: "DEFAULT",
    importance: "low",
    awaits: "TLS",
    doc: "Rules from a certificate's distinguished name to a principal's name."
  }),
  key("ssl.protocol", {
    type: "string",
    default: "TLSv1.3",
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The TLS version a connection asks for."
  }),
  key("ssl.provider", {
    type: "string",
    default: null,
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: the name of a Java TLS provider."
  }),
  key("ssl.secure.random.implementation", {
    type: "string",
    default: null,
    importance: "low",
    update: "per-broker",
    doc: "Accepted and without effect here: the name of a Java random generator."
  }),
  key("ssl.trustmanager.algorithm", {
    type: "string",
    default: "PKIX",
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: the algorithm of Java's trust manager."
  }),
  key("ssl.truststore.certificates", {
    type: "password",
    default: null,
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The trusted certificates, as PEM text."
  }),
  key("ssl.truststore.location", {
    type: "string",
    default: null,
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The trust store's file."
  }),
  key("ssl.truststore.password", {
    type: "password",
    default: null,
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The password of the trust store's file."
  }),
  key("ssl.truststore.type", {
    type: "string",
    default: "JKS",
    importance: "medium",
    update: "per-broker",
    awaits: "TLS",
    doc: "The format of the trust store's file."
  })
] as const
