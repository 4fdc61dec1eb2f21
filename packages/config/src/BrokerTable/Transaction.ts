/**
 * The broker keys of idempotence and transactions. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { atLeast } from "../Validator.ts"

export const transactionKeys = [
  key("producer.id.expiration.check.interval.ms", {
    type: "int",
    default: 600_000,
    valid: atLeast(1),
    importance: "low",
    internal: true,
    doc: "How often idle producer ids are looked for and forgotten."
  }),
  key("producer.id.expiration.ms", {
    type: "int",
    default: 86_400_000,
    valid: atLeast(1),
    importance: "low",
    update: "cluster-wide",
    doc: "How long a partition remembers an idle producer id."
  }),
  key("transaction.partition.verification.enable", {
    type: "boolean",
    default: true,
    importance: "low",
    update: "cluster-wide",
    awaits: "transaction",
    doc: "Whether a transactional append is checked with the transaction coordinator first."
  }),
  key("transaction.state.log.load.buffer.size", {
    type: "int",
    default: 5_242_880,
    valid: atLeast(1),
    importance: "high",
    awaits: "transaction",
    doc: "How many bytes are read at a time when a shard of the transaction topic is loaded."
  }),
  key("transaction.state.log.min.isr", {
    type: "int",
    default: 2,
    valid: atLeast(1),
    importance: "high",
    doc: "How many replicas of the transaction topic must be in sync."
  }),
  key("transaction.state.log.num.partitions", {
    type: "int",
    default: 50,
    valid: atLeast(1),
    importance: "high",
    awaits: "transaction",
    doc: "How many partitions the transaction topic is created with."
  }),
  key("transaction.state.log.replication.factor", {
    type: "short",
    default: 3,
    valid: atLeast(1),
    importance: "high",
    doc: "How many replicas the transaction topic is created with."
  }),
  key("transaction.state.log.segment.bytes", {
    type: "int",
    default: 104_857_600,
    valid: atLeast(1),
    importance: "high",
    awaits: "transaction",
    doc: "The segment size of the transaction topic."
  }),
  key("transaction.abort.timed.out.transaction.cleanup.interval.ms", {
    type: "int",
    default: 10_000,
    valid: atLeast(1),
    importance: "low",
    awaits: "transaction",
    doc: "How often transactions past their timeout are looked for and aborted."
  }),
  key("transaction.max.timeout.ms", {
    type: "int",
    default: 900_000,
    valid: atLeast(1),
    importance: "high",
    awaits: "transaction",
    doc: "The longest transaction timeout a producer may ask for."
  }),
  key("transaction.remove.expired.transaction.cleanup.interval.ms", {
    type: "int",
    default: 3_600_000,
    valid: atLeast(1),
    importance: "low",
    awaits: "transaction",
    doc: "How often expired transactional ids are looked for and removed."
  }),
  key("transaction.two.phase.commit.enable", {
    type: "boolean",
    default: false,
    importance: "low",
    awaits: "transaction",
    doc: "Whether a producer may leave the end of a transaction to an outside coordinator."
  }),
  key("transactional.id.expiration.ms", {
    type: "int",
    default: 604_800_000,
    valid: atLeast(1),
    importance: "high",
    awaits: "transaction",
    doc: "How long an idle transactional id is remembered."
  }),
  key("add.partitions.to.txn.retry.backoff.max.ms", {
    type: "int",
    default: 100,
    valid: atLeast(0),
    importance: "high",
    awaits: "transaction",
    doc: "The longest the broker goes on retrying to add a partition while a transaction ends."
  }),
  key("add.partitions.to.txn.retry.backoff.ms", {
    type: "int",
    default: 20,
    valid: atLeast(1),
    importance: "high",
    awaits: "transaction",
    doc: "The pause between two such attempts."
  })
] as const
