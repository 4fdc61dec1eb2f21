/**
 * The broker keys of listeners and connections. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { INT_MAX } from "../Type.ts"
import { atLeast, nonEmptyListOf } from "../Validator.ts"

export const socketKeys = [
  key("advertised.listeners", {
    type: "list",
    default: null,
    valid: nonEmptyListOf(),
    importance: "high",
    doc: "The addresses told to clients; unset means listeners."
  }),
  key("connection.failed.authentication.delay.ms", {
    type: "int",
    default: 100,
    valid: atLeast(0),
    importance: "low",
    awaits: "SASL",
    doc: "How long a connection stays open after its authentication failed."
  }),
  key("connections.max.idle.ms", {
    type: "long",
    default: 600_000,
    importance: "medium",
    doc: "How long a connection may be idle before it is closed."
  }),
  key("listener.security.protocol.map", {
    type: "string",
    default: "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
    importance: "low",
    update: "per-broker",
    doc: "Which security protocol each listener name stands for."
  }),
  key("listeners", {
    type: "list",
    default: ["PLAINTEXT://:9092"],
    valid: nonEmptyListOf(),
    importance: "high",
    update: "per-broker",
    doc: "The addresses to listen on, as NAME://host:port."
  }),
  key("max.connection.creation.rate", {
    type: "int",
    default: INT_MAX,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    doc: "The most connections accepted in a second, over the window of quota.window; more wait. Under listener.name.x. for that listener alone."
  }),
  key("max.connections", {
    type: "int",
    default: INT_MAX,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    doc: "The most connections open at one time."
  }),
  key("max.connections.per.ip", {
    type: "int",
    default: INT_MAX,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    doc: "The most connections open from one address."
  }),
  key("max.connections.per.ip.overrides", {
    type: "string",
    default: "",
    importance: "medium",
    update: "cluster-wide",
    doc: "Other limits for single addresses, as address:limit; host names are not looked up."
  }),
  key("num.network.threads", {
    type: "int",
    default: 3,
    valid: atLeast(1),
    importance: "high",
    update: "cluster-wide",
    doc: "Accepted and without effect here: connections run on the broker's one event loop."
  }),
  key("queued.max.request.bytes", {
    type: "long",
    default: -1,
    importance: "medium",
    doc: "Accepted and without effect here: each connection has its own limit, klamm.queued.bytes.per.connection."
  }),
  key("queued.max.requests", {
    type: "int",
    default: 500,
    valid: atLeast(1),
    importance: "high",
    doc: "Accepted and without effect here: each connection has its own limit, klamm.queued.requests.per.connection."
  }),
  key("socket.listen.backlog.size", {
    type: "int",
    default: 50,
    valid: atLeast(1),
    importance: "medium",
    doc: "Accepted and without effect here: as many connections wait to be accepted as the system allows, up to 4096."
  }),
  key("socket.receive.buffer.bytes", {
    type: "int",
    default: 102_400,
    importance: "high",
    doc: "Accepted and without effect here: the system sizes the buffer."
  }),
  key("socket.request.max.bytes", {
    type: "int",
    default: 104_857_600,
    valid: atLeast(1),
    importance: "high",
    doc: "The largest request; a longer one closes the connection."
  }),
  key("socket.send.buffer.bytes", {
    type: "int",
    default: 102_400,
    importance: "high",
    doc: "Accepted and without effect here: the system sizes the buffer."
  })
] as const
