/**
 * The broker keys of SASL and of re-authentication. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { between, listOf, oneOfIgnoringCase } from "../Validator.ts"

export const saslKeys = [
  key("sasl.client.callback.handler.class", {
    type: "class",
    default: null,
    importance: "medium",
    doc: "Accepted and without effect here: names a Java callback handler."
  }),
  key("sasl.enabled.mechanisms", {
    type: "list",
    default: ["GSSAPI"],
    valid: listOf(),
    importance: "medium",
    update: "per-broker",
    awaits: "SASL",
    doc: "The SASL mechanisms clients may use."
  }),
  key("sasl.jaas.config", {
    type: "password",
    default: null,
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: a login module in Java's own syntax."
  }),
  key("sasl.kerberos.kinit.cmd", {
    type: "string",
    default: "/usr/bin/kinit",
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: the kinit command of Java's Kerberos client."
  }),
  key("sasl.kerberos.min.time.before.relogin", {
    type: "long",
    default: 60_000,
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: a pause of Java's Kerberos client."
  }),
  key("sasl.kerberos.principal.to.local.rules", {
    type: "list",
    default: ["DEFAULT"],
    valid: listOf(),
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: rules from Kerberos principals to short names."
  }),
  key("sasl.kerberos.service.name", {
    type: "string",
    default: null,
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: the Kerberos name of the broker."
  }),
  key("sasl.kerberos.ticket.renew.jitter", {
    type: "double",
    default: 0.05,
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: the random share of a Kerberos ticket's renewal time."
  }),
  key("sasl.kerberos.ticket.renew.window.factor", {
    type: "double",
    default: 0.8,
    importance: "medium",
    update: "per-broker",
    doc: "Accepted and without effect here: when a Kerberos ticket is renewed."
  }),
  key("sasl.login.callback.handler.class", {
    type: "class",
    default: null,
    importance: "medium",
    doc: "Accepted and without effect here: names a Java callback handler."
  }),
  key("sasl.login.class", {
    type: "class",
    default: null,
    importance: "medium",
    doc: "Accepted and without effect here: names a Java login class."
  }),
  key("sasl.login.connect.timeout.ms", {
    type: "int",
    default: null,
    importance: "low",
    awaits: "SASL",
    doc: "How long connecting to an external authentication provider may take."
  }),
  key("sasl.login.read.timeout.ms", {
    type: "int",
    default: null,
    importance: "low",
    awaits: "SASL",
    doc: "How long reading from an external authentication provider may take."
  }),
  key("sasl.login.refresh.buffer.seconds", {
    type: "short",
    default: 300,
    importance: "medium",
    update: "per-broker",
    awaits: "SASL",
    doc: "How long before its expiry a credential is refreshed at the latest."
  }),
  key("sasl.login.refresh.min.period.seconds", {
    type: "short",
    default: 60,
    importance: "medium",
    update: "per-broker",
    awaits: "SASL",
    doc: "How long a refreshed credential is kept at least."
  }),
  key("sasl.login.refresh.window.factor", {
    type: "double",
    default: 0.8,
    importance: "medium",
    update: "per-broker",
    awaits: "SASL",
    doc: "The share of a credential's lifetime after which it is refreshed."
  }),
  key("sasl.login.refresh.window.jitter", {
    type: "double",
    default: 0.05,
    importance: "medium",
    update: "per-broker",
    awaits: "SASL",
    doc: "The random share added to the time of a credential's refresh."
  }),
  key("sasl.login.retry.backoff.max.ms", {
    type: "long",
    default: 10_000,
    importance: "low",
    awaits: "SASL",
    doc: "The longest pause between two login attempts at an external provider."
  }),
  key("sasl.login.retry.backoff.ms", {
    type: "long",
    default: 100,
    importance: "low",
    awaits: "SASL",
    doc: "The first pause between two login attempts at an external provider."
  }),
  key("sasl.mechanism.inter.broker.protocol", {
    type: "string",
    default: "GSSAPI",
    importance: "medium",
    update: "per-broker",
    awaits: "SASL",
    doc: "The SASL mechanism brokers use among themselves."
  }),
  key("sasl.oauthbearer.allow.unverified.audience", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "SASL",
    doc: "Whether a token is taken although no expected audience is configured."
  }),
  key("sasl.oauthbearer.allow.unverified.issuer", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "SASL",
    doc: "Whether a token is taken although no expected issuer is configured."
  }),
  key("sasl.oauthbearer.assertion.algorithm", {
    type: "string",
    default: "RS256",
    valid: oneOfIgnoringCase("ES256", "RS256"),
    importance: "medium",
    awaits: "SASL",
    doc: "The algorithm that signs the assertion sent to the token endpoint."
  }),
  key("sasl.oauthbearer.assertion.claim.aud", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "The audience claim of the assertion."
  }),
  key("sasl.oauthbearer.assertion.claim.exp.seconds", {
    type: "int",
    default: 300,
    valid: between(0, 86_400),
    importance: "low",
    awaits: "SASL",
    doc: "How many seconds after its creation the assertion expires."
  }),
  key("sasl.oauthbearer.assertion.claim.iss", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "The issuer claim of the assertion."
  }),
  key("sasl.oauthbearer.assertion.claim.jti.include", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "SASL",
    doc: "Whether the assertion gets an id of its own."
  }),
  key("sasl.oauthbearer.assertion.claim.nbf.seconds", {
    type: "int",
    default: 60,
    valid: between(0, 3600),
    importance: "low",
    awaits: "SASL",
    doc: "How many seconds before its creation the assertion is already valid."
  }),
  key("sasl.oauthbearer.assertion.claim.sub", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "The subject claim of the assertion."
  }),
  key("sasl.oauthbearer.assertion.file", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "A file that holds a ready assertion."
  }),
  key("sasl.oauthbearer.assertion.private.key.file", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "A file that holds the private key for the assertion, in PEM form."
  }),
  key("sasl.oauthbearer.assertion.private.key.passphrase", {
    type: "password",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "The passphrase of that private key."
  }),
  key("sasl.oauthbearer.assertion.template.file", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "A file with the header and claims of the assertion, as JSON."
  }),
  key("sasl.oauthbearer.client.credentials.client.id", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "The client id for the client-credentials grant."
  }),
  key("sasl.oauthbearer.client.credentials.client.secret", {
    type: "password",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "The client secret for the client-credentials grant."
  }),
  key("sasl.oauthbearer.clock.skew.seconds", {
    type: "int",
    default: 30,
    importance: "low",
    awaits: "SASL",
    doc: "How far the token provider's clock may differ from ours."
  }),
  key("sasl.oauthbearer.expected.audience", {
    type: "list",
    default: [],
    valid: listOf(),
    importance: "high",
    awaits: "SASL",
    doc: "The audiences of which a token must name one."
  }),
  key("sasl.oauthbearer.expected.issuer", {
    type: "string",
    default: null,
    importance: "high",
    awaits: "SASL",
    doc: "The issuer a token must name."
  }),
  key("sasl.oauthbearer.jwks.endpoint.refresh.ms", {
    type: "long",
    default: 3_600_000,
    importance: "low",
    awaits: "SASL",
    doc: "How often the provider's public keys are read again."
  }),
  key("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", {
    type: "long",
    default: 10_000,
    importance: "low",
    awaits: "SASL",
    doc: "The longest pause between two attempts to read the provider's public keys."
  }),
  key("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", {
    type: "long",
    default: 100,
    importance: "low",
    awaits: "SASL",
    doc: "The first pause between two attempts to read the provider's public keys."
  }),
  key("sasl.oauthbearer.jwks.endpoint.url", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "Where the provider's public keys are: an HTTP address or a file."
  }),
  key("sasl.oauthbearer.jwt.retriever.class", {
    type: "class",
    default: "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
    importance: "medium",
    doc: "Accepted and without effect here: names a Java class that gets tokens."
  }),
  key("sasl.oauthbearer.jwt.validator.class", {
    type: "class",
    default: "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
    importance: "medium",
    doc: "Accepted and without effect here: names a Java class that checks tokens."
  }),
  key("sasl.oauthbearer.scope", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "The scope asked for at the token endpoint."
  }),
  key("sasl.oauthbearer.scope.claim.name", {
    type: "string",
    default: "scope",
    importance: "low",
    awaits: "SASL",
    doc: "The name of the scope claim in a token."
  }),
  key("sasl.oauthbearer.sub.claim.name", {
    type: "string",
    default: "sub",
    importance: "low",
    awaits: "SASL",
    doc: "The name of the subject claim in a token."
  }),
  key("sasl.oauthbearer.token.endpoint.url", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "Where tokens are issued."
  }),
  key("sasl.server.callback.handler.class", {
    type: "class",
    default: null,
    importance: "medium",
    doc: "Accepted and without effect here: names a Java callback handler."
  }),
  key("sasl.server.max.receive.size", {
    type: "int",
    default: 524_288,
    importance: "medium",
    awaits: "SASL",
    doc: "The largest message a client may send before it is authenticated."
  })
] as const
