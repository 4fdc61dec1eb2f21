/**
 * What a consumer may be told, by Kafka's names in camel case, with Kafka's defaults. Invariant: everything below the doors takes
 * `Settings`, in which nothing is missing. Neighbour: `Options.ts` has what a connection's consumers are told by default.
 */
import type * as Options from "../Options.ts"
import type { AssignorName } from "./assignor/Assignor.ts"
import type { OffsetReset } from "./fetch/Position.ts"

/** What one consumer may be told; what is left out is the connection's, or Kafka's default. */
export interface ConsumerOptions extends Omit<Options.ConsumerOptions, "autoOffsetReset"> {
  /** Without a group nothing is committed, and partitions are assigned by hand. */
  readonly group?: string
  /** Of the new protocol: which of the coordinator's assignors (group.remote.assignor). */
  readonly groupRemoteAssignor?: string
  /**
   * Of a group's member: instead of the topic's own name a pattern for the names of topics, all of which are as the topic says. It has to
   * match a whole name; the coordinator's dialect with the new protocol (RE2/J), JavaScript's with the classic one.
   */
  readonly topicPattern?: string
  /** Of the classic protocol. */
  readonly partitionAssignmentStrategy?: ReadonlyArray<AssignorName>
  readonly autoOffsetReset?: OffsetReset
  readonly enableAutoCommit?: boolean
  readonly autoCommitIntervalMs?: number
  /** Bytes fetched and not yet handed out, over all partitions: beyond it nothing more is fetched. */
  readonly prefetchMaxBytes?: number
}

type Optional = "group" | "groupInstanceId" | "groupRemoteAssignor" | "topicPattern"

export interface Settings extends Required<Omit<ConsumerOptions, Optional>> {
  readonly group: string | undefined
  readonly groupInstanceId: string | null
  readonly groupRemoteAssignor: string | null
  readonly topicPattern: string | null
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly requestTimeoutMs: number
  readonly apiTimeoutMs: number
  readonly metadataMaxAgeMs: number
  readonly clientId: string
  readonly tracing: boolean
  /** What polls long must not wait for another consumer's: a name for connections of its own. */
  readonly lane: string
  /** The bytes that one unpacked batch may have. */
  readonly maxBatchBytes: number
}

const mebibyte = 1024 * 1024

const kafkaDefaults = {
  groupProtocol: "classic",
  partitionAssignmentStrategy: ["range", "cooperative-sticky"],
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 3_000,
  maxPollIntervalMs: 300_000,
  maxPollRecords: 500,
  autoOffsetReset: "latest",
  enableAutoCommit: true,
  autoCommitIntervalMs: 5_000,
  isolationLevel: "read_uncommitted",
  fetchMinBytes: 1,
  fetchMaxBytes: 50 * mebibyte,
  fetchMaxWaitMs: 500,
  maxPartitionFetchBytes: mebibyte,
  prefetchMaxBytes: 64 * mebibyte,
  checkCrcs: true,
  clientRack: "",
  maxBatchBytes: 256 * mebibyte
} as const

/** A consumer's settings: its own options over the connection's over Kafka's. */
export const settingsOf = (
  connection: Pick<
    Options.Settings,
    | "retryBackoffMs"
    | "retryBackoffMaxMs"
    | "requestTimeoutMs"
    | "apiTimeoutMs"
    | "metadataMaxAgeMs"
    | "clientId"
    | "tracing"
  >,
  defaults: Options.ConsumerOptions,
  options: ConsumerOptions,
  lane: string
): Settings => {
  const { retryBackoffMs, retryBackoffMaxMs, requestTimeoutMs, apiTimeoutMs, metadataMaxAgeMs } = connection
  const { clientId, tracing } = connection
  const given = { ...kafkaDefaults, ...defaults, ...options }
  return {
    ...given,
    lane,
    retryBackoffMs,
    retryBackoffMaxMs,
    requestTimeoutMs,
    apiTimeoutMs,
    metadataMaxAgeMs,
    clientId,
    tracing,
    group: given.group,
    groupInstanceId: given.groupInstanceId ?? null,
    groupRemoteAssignor: given.groupRemoteAssignor ?? null,
    topicPattern: given.topicPattern ?? null
  }
}
