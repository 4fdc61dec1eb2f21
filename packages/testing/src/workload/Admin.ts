/** An administrator: creates topics, and finds out what there is. Invariant: a topic is noted as created only when a broker said so. */
import { ListOffsetsRequest, ListOffsetsResponse } from "@klamm/protocol/api/02-ListOffsets"
import { CreateTopicsRequest, CreateTopicsResponse } from "@klamm/protocol/api/19-CreateTopics"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { History } from "../History.ts"
import { backoffMs, type Client, type Refusal, refused } from "./Client.ts"

export interface TopicPlan {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

/** ListOffsets: where the partition begins, and the next offset to be written, as far as consumers may read. */
export const earliest = -2
export const latest = -1

/** Asks once; false when it is there already. */
const createOnce = (client: Client, plan: TopicPlan): Effect.Effect<boolean, Refusal> => {
  const configs = Object.entries(plan.configs).map(([name, value]) => ({ name, value }))
  const topic = { name: plan.name, numPartitions: plan.partitions, replicationFactor: plan.replicationFactor }
  const asked = client.ask(
    client.anyone,
    { request: CreateTopicsRequest, response: CreateTopicsResponse },
    7,
    { topics: [{ ...topic, assignments: [], configs }], timeoutMs: 3_000 },
    ({ topics }) => topics[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
  )
  return Effect.flatMap(asked, (errorCode) =>
    errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS
      ? Effect.succeed(errorCode === ErrorCode.NONE)
      : Effect.fail(refused(errorCode))
  )
}

/** Asks until it is there; false when it was already, for the answer to an earlier question may have been lost. */
export const createTopic = (
  client: Client,
  history: History,
  nowMs: () => number,
  plan: TopicPlan
): Effect.Effect<boolean> =>
  Effect.matchEffect(
    Effect.suspend(() => createOnce(client, plan)),
    {
      onFailure: () =>
        Effect.andThen(
          Effect.sleep(backoffMs),
          Effect.suspend(() => createTopic(client, history, nowMs, plan))
        ),
      onSuccess: (isNew) =>
        Effect.sync(() => {
          history.created.push({ topic: plan.name, partitions: plan.partitions, atMs: nowMs() })
          return isNew
        })
    }
  )

export interface AdminOptions {
  readonly client: Client
  readonly history: History
  readonly nowMs: () => number
  readonly replicationFactor: number
  /** The mean time between two topics, in milliseconds. */
  readonly paceMs: number
  readonly maxTopics: number
  readonly isStopping: () => boolean
}

/** Creates topics now and then. */
export const runAdmin = (options: AdminOptions, made = 0): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { client, history, nowMs, replicationFactor, paceMs, maxTopics, isStopping } = options
    if (isStopping() || made >= maxTopics) return Effect.void
    const partitions = 1 + client.chance.below(3)
    const plan = { name: `${client.clientId}-${made}`, partitions, replicationFactor, configs: {} }
    return Effect.sleep(client.chance.skewed(paceMs / 5, paceMs * 3)).pipe(
      Effect.andThen(createTopic(client, history, nowMs, plan)),
      Effect.andThen(Effect.suspend(() => runAdmin(options, made + 1)))
    )
  })

/** Where a partition begins or ends, asked until there is an answer. */
export const offsetOf = (
  client: Client,
  topic: string,
  partition: number,
  timestamp: typeof earliest | typeof latest
): Effect.Effect<number> => {
  const asked = Effect.flatMap(client.findLeader(topic, partition), ({ address, epoch }) =>
    client.ask(
      address,
      { request: ListOffsetsRequest, response: ListOffsetsResponse },
      6,
      {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: epoch, timestamp }] }]
      },
      ({ topics }) => topics[0]?.partitions[0]
    )
  )
  const again = Effect.andThen(
    Effect.exit(client.refresh(topic)),
    Effect.andThen(
      Effect.sleep(backoffMs),
      Effect.suspend(() => offsetOf(client, topic, partition, timestamp))
    )
  )
  return Effect.matchEffect(asked, {
    onFailure: () => again,
    onSuccess: (found) =>
      found === undefined || found.errorCode !== ErrorCode.NONE ? again : Effect.succeed(found.offset)
  })
}
