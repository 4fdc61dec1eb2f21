/**
 * The broker keys that are ours and not Kafka's; each starts with `klamm.`. Invariant: none of them changes what a client
 * may rely on in its default. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { atLeast } from "../Validator.ts"

export const klammKeys = [
  key("klamm.acks.all.sync", {
    type: "boolean",
    default: true,
    importance: "high",
    doc: "Whether an acks=all produce is acknowledged only once its bytes are synced to the disk, by group commit."
  }),
  key("klamm.decompressed.batch.max.bytes", {
    type: "int",
    default: 134_217_728,
    valid: atLeast(1),
    importance: "medium",
    doc: "The largest a record batch may become when the broker has to decompress it."
  }),
  key("klamm.metrics.listener", {
    type: "string",
    default: "",
    importance: "low",
    doc: "Where this node's metrics are served as Prometheus' text: HOST:PORT, with the path /metrics. Empty: nowhere."
  }),
  key("klamm.queued.bytes.per.connection", {
    type: "long",
    default: 8_388_608,
    valid: atLeast(1),
    importance: "medium",
    doc: "How many bytes of requests that are not dealt with one connection may hold before the broker stops reading from it."
  }),
  key("klamm.queued.requests.per.connection", {
    type: "int",
    default: 64,
    valid: atLeast(1),
    importance: "medium",
    doc: "How many requests of one connection may be unanswered before the broker stops reading from it."
  })
] as const
