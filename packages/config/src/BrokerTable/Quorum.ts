/**
 * The broker keys of KRaft: roles, controllers, the quorum and the metadata log. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key, required } from "../Table.ts"
import { LONG_MAX } from "../Type.ts"
import { atLeast, bootstrapServers, nonEmptyListOf, voters } from "../Validator.ts"

export const quorumKeys = [
  key("broker.heartbeat.interval.ms", {
    type: "int",
    default: 2000,
    importance: "medium",
    doc: "How often a broker sends a heartbeat to the active controller."
  }),
  key("broker.session.timeout.ms", {
    type: "int",
    default: 9000,
    importance: "medium",
    doc: "How long a broker may be silent before the controller fences it."
  }),
  key("controller.listener.names", {
    type: "list",
    default: required,
    valid: nonEmptyListOf(),
    importance: "high",
    doc: "The listeners of the controllers; a broker uses the first to reach them."
  }),
  key("controller.performance.always.log.threshold.ms", {
    type: "long",
    default: 2000,
    valid: atLeast(0),
    importance: "medium",
    internal: true,
    doc: "Accepted and without effect here: slow decisions are not logged."
  }),
  key("controller.performance.sample.period.ms", {
    type: "long",
    default: 60_000,
    valid: atLeast(100),
    importance: "medium",
    internal: true,
    doc: "Accepted and without effect here: slow decisions are not logged."
  }),
  key("initial.broker.registration.timeout.ms", {
    type: "int",
    default: 60_000,
    importance: "medium",
    doc: "How long a starting broker tries to register before it gives up."
  }),
  key("node.id", {
    type: "int",
    default: required,
    valid: atLeast(0),
    importance: "high",
    doc: "The id of this node; unique among brokers and controllers."
  }),
  key("process.roles", {
    type: "list",
    default: required,
    valid: nonEmptyListOf("broker", "controller"),
    importance: "high",
    doc: "What this node does: broker, controller or both."
  }),
  key("sasl.mechanism.controller.protocol", {
    type: "string",
    default: "GSSAPI",
    importance: "high",
    awaits: "SASL",
    doc: "The SASL mechanism for connections to the controllers."
  }),
  key("server.max.startup.time.ms", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(0),
    importance: "medium",
    internal: true,
    doc: "Accepted and without effect here: a start takes as long as it needs; initial.broker.registration.timeout.ms bounds the wait for controllers."
  }),
  key("internal.metadata.delete.delay.millis", {
    type: "long",
    default: 60_000,
    importance: "low",
    internal: true,
    doc: "Accepted and without effect here: segments of the metadata log go after the default delay, snapshots at once."
  }),
  key("internal.metadata.log.segment.bytes", {
    type: "int",
    default: null,
    importance: "low",
    internal: true,
    doc: "Accepted and without effect here: metadata.log.segment.bytes is what counts."
  }),
  key("internal.metadata.max.batch.size.in.bytes", {
    type: "int",
    default: 8_388_608,
    importance: "low",
    internal: true,
    doc: "Accepted and without effect here: the largest batch of the metadata log is 8 MiB."
  }),
  key("metadata.log.dir", {
    type: "string",
    default: null,
    importance: "high",
    doc: "Where the metadata log is kept; unset means the first log directory."
  }),
  key("metadata.log.max.record.bytes.between.snapshots", {
    type: "long",
    default: 20_971_520,
    valid: atLeast(1),
    importance: "high",
    doc: "How many bytes of metadata records are written before the next snapshot."
  }),
  key("metadata.log.max.snapshot.interval.ms", {
    type: "long",
    default: 3_600_000,
    valid: atLeast(0),
    importance: "high",
    doc: "How long to wait for the next snapshot while there are new records; 0 means for ever."
  }),
  key("metadata.log.segment.bytes", {
    type: "int",
    default: 1_073_741_824,
    valid: atLeast(8_388_608),
    importance: "high",
    doc: "The size at which a segment of the metadata log is rolled."
  }),
  key("metadata.log.segment.ms", {
    type: "long",
    default: 604_800_000,
    importance: "high",
    doc: "The age at which a segment of the metadata log is rolled though it is not full."
  }),
  key("metadata.max.idle.interval.ms", {
    type: "int",
    default: 500,
    valid: atLeast(0),
    importance: "low",
    doc: "Accepted and without effect here: the metadata log is silent while nothing happens."
  }),
  key("metadata.max.retention.bytes", {
    type: "long",
    default: 104_857_600,
    importance: "high",
    doc: "How large the metadata log and its snapshots may grow before old ones go."
  }),
  key("metadata.max.retention.ms", {
    type: "long",
    default: 604_800_000,
    importance: "high",
    doc: "How long metadata segments and snapshots are kept."
  }),
  key("controller.quorum.append.linger.ms", {
    type: "int",
    default: 25,
    valid: atLeast(0),
    importance: "medium",
    doc: "Accepted and without effect here: what gathers while one write of the metadata log is under way goes out with the next."
  }),
  key("controller.quorum.auto.join.enable", {
    type: "boolean",
    default: false,
    importance: "low",
    doc: "Whether a controller adds itself to the voters of its cluster."
  }),
  key("controller.quorum.bootstrap.servers", {
    type: "list",
    default: [],
    valid: bootstrapServers,
    importance: "high",
    doc: "Where to find the quorum when the set of voters is kept in its log."
  }),
  key("controller.quorum.election.backoff.max.ms", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "high",
    doc: "The longest pause before a voter whose election failed tries again."
  }),
  key("controller.quorum.election.timeout.ms", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "high",
    doc: "How long a candidate waits for votes before it starts a new election."
  }),
  key("controller.quorum.fetch.max.bytes", {
    type: "int",
    default: 1_048_576,
    valid: atLeast(1),
    importance: "low",
    doc: "The most bytes of the metadata log one fetch returns."
  }),
  key("controller.quorum.fetch.snapshot.max.bytes", {
    type: "int",
    default: 1_048_576,
    valid: atLeast(1),
    importance: "low",
    doc: "The most bytes of a snapshot one fetch returns."
  }),
  key("controller.quorum.fetch.timeout.ms", {
    type: "int",
    default: 2000,
    valid: atLeast(0),
    importance: "high",
    doc: "How long a voter waits for the leader before it starts an election, and a leader for a majority."
  }),
  key("controller.quorum.request.timeout.ms", {
    type: "int",
    default: 2000,
    valid: atLeast(0),
    importance: "medium",
    doc: "How long a request to another voter waits for its answer."
  }),
  key("controller.quorum.retry.backoff.ms", {
    type: "int",
    default: 20,
    valid: atLeast(0),
    importance: "low",
    doc: "How long to wait before a failed request to a voter is sent again."
  }),
  key("controller.quorum.voters", {
    type: "list",
    default: [],
    valid: voters,
    importance: "high",
    doc: "The fixed set of voters, as id@host:port."
  })
] as const
