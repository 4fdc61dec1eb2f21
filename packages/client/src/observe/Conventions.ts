/**
 * What OpenTelemetry's conventions for messaging, and for Kafka in particular, call things: attributes, operations, and the metrics
 * that they define. What they have no name for is `kafka.producer.…`, `kafka.consumer.…` or `kafka.client.…` here. Only names and
 * numbers: everything else of this folder uses them.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type { Broker } from "../Cluster.ts"

export type Attributes = { readonly [name: string]: string }

export const attribute = {
  system: "messaging.system",
  topic: "messaging.destination.name",
  partition: "messaging.destination.partition.id",
  group: "messaging.consumer.group.name",
  operation: "messaging.operation.name",
  operationType: "messaging.operation.type",
  clientId: "messaging.client.id",
  count: "messaging.batch.message_count",
  key: "messaging.kafka.message.key",
  offset: "messaging.kafka.offset",
  tombstone: "messaging.kafka.message.tombstone",
  errorType: "error.type",
  address: "server.address",
  port: "server.port",
  /** The request, as Kafka calls it: `Produce`. */
  request: "kafka.request.name",
  rebalance: "kafka.rebalance.event"
} as const

/** An operation: its name with Kafka's clients, and which of the conventions' types it is. */
export interface Operation {
  readonly name: string
  readonly type: "send" | "receive" | "process" | "settle"
}

export const operation = {
  send: { name: "send", type: "send" },
  poll: { name: "poll", type: "receive" },
  process: { name: "process", type: "process" },
  commit: { name: "commit", type: "settle" }
} as const satisfies { readonly [name: string]: Operation }

/** What every span and every series says of an operation on a topic. */
export const operationOn = ({ name, type }: Operation, topic: string | undefined): Attributes => ({
  [attribute.system]: "kafka",
  [attribute.operation]: name,
  [attribute.operationType]: type,
  ...(topic === undefined ? {} : { [attribute.topic]: topic })
})

export const partitionOf = (partition: number): Attributes => ({ [attribute.partition]: String(partition) })

export const groupOf = (group: string | undefined): Attributes =>
  group === undefined ? {} : { [attribute.group]: group }

export const serverOf = (broker: Pick<Broker, "host" | "port"> | undefined): Attributes =>
  broker === undefined ? {} : { [attribute.address]: broker.host, [attribute.port]: String(broker.port) }

export const errorOf = (type: string | undefined): Attributes =>
  type === undefined ? {} : { [attribute.errorType]: type }

/** The kind of an error of few kinds: Kafka's name of its code, or its own name. */
export const errorTypeOf = (error: unknown): string => {
  if (typeof error === "object" && error !== null) {
    if ("codeName" in error && typeof error.codeName === "string") return error.codeName
    if ("_tag" in error && typeof error._tag === "string") return error._tag
    if (error instanceof Error) return error.name
  }
  return "_OTHER"
}

/** How an operation ended; undefined when it succeeded. */
export const errorTypeOfExit = (exit: Exit.Exit<unknown, unknown>): string | undefined =>
  Exit.isFailure(exit) ? errorTypeOf(Cause.squash(exit.cause)) : undefined
