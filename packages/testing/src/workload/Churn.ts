/**
 * Topics that come and go, most of them compacted: each is made, a few keys are written to it over and over, replicas are moved and records
 * deleted meanwhile in some runs, and it is deleted, at best while its log is being cleaned or copied; at once another one has its name.
 * Nothing is promised of what is in them but that a log of which nothing is deleted begins at 0; and no broker may take harm from their
 * end. Neighbour: `Admin.ts`, whose topics stay.
 */
import type { Address } from "@klamm/platform/Network"
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { DeleteTopicsRequest, DeleteTopicsResponse } from "@klamm/protocol/api/20-DeleteTopics"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { buildBatch } from "@klamm/protocol/RecordBatch"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { History } from "../History.ts"
import { createTopic, earliest, offsetOf } from "./Admin.ts"
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

/** Records are deleted of topics that do not keep all keys for ever; behind each of them comes one that does. */
const policies = ["compact,delete", "delete"] as const

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

const lookMs = 300

/** Whether the log begins where all do of which nothing is ever deleted. Not asked for long: it may have no leader. */
const lookAtStart = ({ client, history, nowMs }: ChurnOptions, topic: string, partition: number) =>
  Effect.map(Effect.timeoutOption(offsetOf(client, topic, partition, earliest), lookMs), (found) => {
    if (Option.isNone(found) || found.value === 0) return
    const what = `${topic}-${partition}, of which nothing was deleted, begins at ${found.value}`
    history.oddities.push({ kind: "start", what, atMs: nowMs() })
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
  Effect.gen(function* () {
    const { client, nowMs, isOperated, replicationFactor, maxTopics, isStopping } = options
    if (isStopping() || made >= maxTopics) return
    const { clientId: name } = client
    const policy = isOperated && made % 2 === 0 ? client.chance.pick(policies) : "compact"
    const plan = { name, partitions, replicationFactor, configs: { ...configs, "cleanup.policy": policy } }
    const isNew = yield* createTopic(client, new History(), nowMs, plan)
    yield* fill(options, name, client.chance.below(60))
    // One that was there already may be another plan's, whose answer was lost.
    if (isNew && policy === "compact") yield* lookAtStart(options, name, client.chance.below(partitions))
    yield* Effect.sleep(client.chance.skewed(1, 500))
    yield* deleteTopic(client, name)
    return yield* runChurn(options, made + 1)
  })
