/**
 * Topics that come and go, most of them compacted: each is made, a few keys are written to it over and over, replicas are moved and records
 * deleted meanwhile in some runs, and it is deleted, at best while its log is being cleaned or copied. Nothing is promised of what is in
 * them; but no broker may take harm from their end. Neighbour: `Admin.ts`, whose topics stay.
 */
import type { Address } from "@klamm/platform/Network"
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { DeleteTopicsRequest, DeleteTopicsResponse } from "@klamm/protocol/api/20-DeleteTopics"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { buildBatch } from "@klamm/protocol/RecordBatch"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { History } from "../History.ts"
import { createTopic } from "./Admin.ts"
import { backoffMs, type Client } from "./Client.ts"
import { change } from "./Operator.ts"

export interface ChurnOptions {
  readonly client: Client
  /** Of what is odd; the topics are not in it, since they need not be there in the end. */
  readonly history: History
  readonly nowMs: () => number
  readonly brokers: ReadonlyArray<Address>
  /** Whether somebody sees to the topics while they are there. */
  readonly isOperated: boolean
  readonly replicationFactor: number
  /** Topics after which there are no more. */
  readonly maxTopics: number
  readonly isStopping: () => boolean
}

const partitions = 2
const keys = 5
const valueBytes = 200
const produceTimeoutMs = 1_000
/** Batches are stamped so far apart, and a segment is not to be older: each begins one, and there is always something to clean. */
const segmentMs = 1_000

/** Of rounds in which something is done to an operated topic. */
const operations = 0.1

const configs = {
  "segment.ms": String(segmentMs),
  "min.cleanable.dirty.ratio": "0.01",
  "file.delete.delay.ms": "50"
}

/** Records are deleted of topics that do not keep all keys for ever. */
const policies = ["compact", "compact,delete", "delete"] as const

const encoder = new TextEncoder()

/** One batch to one partition, whatever becomes of it. */
const write = ({ client }: ChurnOptions, topic: string, round: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const partition = client.chance.below(partitions)
    const leader = client.leaderOf(topic, partition)
    if (leader === undefined) return yield* Effect.asVoid(client.refresh(topic))
    const timestamp = (yield* Clock.currentTimeMillis) + 2 * segmentMs * round
    const records = Array.from({ length: keys }, (_, key) => ({
      key: encoder.encode(String(key)),
      value: new Uint8Array(valueBytes).fill(round),
      timestamp
    }))
    const partitionData = [{ index: partition, records: buildBatch(records, {}) }]
    const body = {
      transactionalId: null,
      acks: 1,
      timeoutMs: produceTimeoutMs,
      topicData: [{ name: topic, partitionData }]
    }
    const api = { request: ProduceRequest, response: ProduceResponse }
    const errorCode = yield* client.ask(
      leader.address,
      api,
      9,
      body,
      (answer) => answer.responses[0]?.partitionResponses[0]?.errorCode
    )
    if (errorCode !== ErrorCode.NONE) yield* client.refresh(topic)
  }).pipe(Effect.catch(() => Effect.asVoid(Effect.exit(client.refresh(topic)))))

/** Writes for a while, some of it in a hurry. */
const fill = (options: ChurnOptions, topic: string, rounds: number, round = 0): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (round >= rounds || options.isStopping()) return Effect.void
    const { client } = options
    const pause = Effect.sleep(client.chance.skewed(1, 100))
    const operate =
      options.isOperated && client.chance.happens(operations)
        ? change({ ...options, topic, partitions, minReplicas: 1 })
        : Effect.void
    return Effect.andThen(
      Effect.andThen(Effect.andThen(write(options, topic, round), operate), pause),
      Effect.suspend(() => fill(options, topic, rounds, round + 1))
    )
  })

/** Asks until it is gone. */
const deleteTopic = (client: Client, topic: string): Effect.Effect<void> => {
  const body = { topics: [{ name: topic, topicId: ZERO }], timeoutMs: 3_000 }
  const api = { request: DeleteTopicsRequest, response: DeleteTopicsResponse }
  const asked = Effect.suspend(() =>
    client.ask(client.anyone, api, 6, body, ({ responses }) => responses[0]?.errorCode)
  )
  const again = Effect.andThen(
    Effect.sleep(backoffMs),
    Effect.suspend(() => deleteTopic(client, topic))
  )
  return Effect.matchEffect(asked, {
    onFailure: () => again,
    onSuccess: (errorCode) =>
      errorCode === ErrorCode.NONE || errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ? Effect.void : again
  })
}

/** Makes topics and deletes them, one after another. */
export const runChurn = (options: ChurnOptions, made = 0): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { client, nowMs, isOperated, replicationFactor, maxTopics, isStopping } = options
    if (isStopping() || made >= maxTopics) return Effect.void
    const name = `${client.clientId}-${made}`
    const policy = isOperated ? client.chance.pick(policies) : "compact"
    const plan = { name, partitions, replicationFactor, configs: { ...configs, "cleanup.policy": policy } }
    const making = createTopic(client, new History(), nowMs, plan)
    const rounds = client.chance.below(60)
    return making.pipe(
      Effect.andThen(fill(options, name, rounds)),
      Effect.andThen(Effect.sleep(client.chance.skewed(1, 500))),
      Effect.andThen(deleteTopic(client, name)),
      Effect.andThen(Effect.suspend(() => runChurn(options, made + 1)))
    )
  })
