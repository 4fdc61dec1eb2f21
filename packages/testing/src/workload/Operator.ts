/**
 * Who runs the cluster while it is in use: gives partitions other replicas, moves logs between a broker's directories, elects leaders;
 * and to topics that nobody counts on, adds partitions and deletes records. Each is asked for once, whatever becomes of it. Invariant: what
 * is promised of a topic is promised while its replicas move. Neighbours: `Churn.ts` has the topics that nobody counts on.
 */
import type { Address } from "@klamm/platform/Network"
import { DeleteRecordsRequest, DeleteRecordsResponse } from "@klamm/protocol/api/21-DeleteRecords"
import { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from "@klamm/protocol/api/34-AlterReplicaLogDirs"
import { CreatePartitionsRequest, CreatePartitionsResponse } from "@klamm/protocol/api/37-CreatePartitions"
import { ElectLeadersRequest, ElectLeadersResponse } from "@klamm/protocol/api/43-ElectLeaders"
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse
} from "@klamm/protocol/api/45-AlterPartitionReassignments"
import { ErrorCode, errorByCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { History } from "../History.ts"
import { dataDirectories } from "../Nodes.ts"
import type { Client, Refusal } from "./Client.ts"

/** A topic, and what may be done to it. */
export interface Place {
  readonly client: Client
  readonly history: History
  readonly nowMs: () => number
  readonly brokers: ReadonlyArray<Address>
  readonly topic: string
  readonly partitions: number
  /** A partition has no fewer replicas. */
  readonly minReplicas: number
}

type Asked = Effect.Effect<number | undefined, Refusal>
type Operation = (place: Place) => Asked

const timeoutMs = 3_000
const preferred = 0

/** Such that operator and broker are at odds, somebody else was there before, or all brokers are fenced and none may have a new replica. */
const refusals: ReadonlySet<number> = new Set([
  ErrorCode.NONE,
  ErrorCode.NO_REASSIGNMENT_IN_PROGRESS,
  ErrorCode.INVALID_REPLICA_ASSIGNMENT,
  ErrorCode.ELECTION_NOT_NEEDED,
  ErrorCode.INVALID_PARTITIONS,
  ErrorCode.INVALID_REPLICATION_FACTOR,
  ErrorCode.OFFSET_OUT_OF_RANGE,
  ErrorCode.POLICY_VIOLATION
])

/** `null` calls off what is under way. */
const assign = ({ client, topic, partitions }: Place, replicas: ReadonlyArray<number> | null): Asked => {
  const partition = { partitionIndex: client.chance.below(partitions), replicas }
  return client.ask(
    client.anyone,
    { request: AlterPartitionReassignmentsRequest, response: AlterPartitionReassignmentsResponse },
    1,
    { timeoutMs, allowReplicationFactorChange: true, topics: [{ name: topic, partitions: [partition] }] },
    ({ errorCode, responses }) => (errorCode === ErrorCode.NONE ? responses[0]?.partitions[0]?.errorCode : errorCode)
  )
}

/** Other replicas for a partition, in any order and number. */
const reassign: Operation = (place) => {
  const { brokers, minReplicas } = place
  const { chance } = place.client
  const shuffled = brokers
    .map((_, index) => ({ id: index + 1, at: chance.double() }))
    .sort((one, other) => one.at - other.at)
    .map(({ id }) => id)
  const count = minReplicas + chance.below(brokers.length - minReplicas + 1)
  return assign(place, shuffled.slice(0, count))
}

/** Takes replicas away at once that have what others, out of sync by now, have not: fewer have it than min.insync.replicas, as in Kafka. */
const cancel: Operation = (place) => assign(place, null)

const electLeader: Operation = ({ client, topic, partitions }) =>
  client.ask(
    client.anyone,
    { request: ElectLeadersRequest, response: ElectLeadersResponse },
    2,
    { electionType: preferred, topicPartitions: [{ topic, partitions: [client.chance.below(partitions)] }], timeoutMs },
    ({ errorCode, replicaElectionResults: [found] }) =>
      errorCode === ErrorCode.NONE ? found?.partitionResult[0]?.errorCode : errorCode
  )

const moveLog: Operation = ({ client, topic, partitions, brokers }) => {
  const topics = [{ name: topic, partitions: [client.chance.below(partitions)] }]
  return client.ask(
    client.chance.pick(brokers),
    { request: AlterReplicaLogDirsRequest, response: AlterReplicaLogDirsResponse },
    2,
    { dirs: [{ path: client.chance.pick(dataDirectories), topics }] },
    ({ results }) => results[0]?.partitions[0]?.errorCode
  )
}

const addPartitions: Operation = ({ client, topic, partitions }) => {
  const topics = [{ name: topic, count: partitions + 1 + client.chance.below(2), assignments: null }]
  return client.ask(
    client.anyone,
    { request: CreatePartitionsRequest, response: CreatePartitionsResponse },
    3,
    { topics, timeoutMs, validateOnly: false },
    ({ results }) => results[0]?.errorCode
  )
}

const deleteRecords: Operation = ({ client, topic, partitions }) => {
  const index = client.chance.below(partitions)
  const leader = client.leaderOf(topic, index)
  if (leader === undefined) return Effect.as(client.refresh(topic), undefined)
  const partition = { partitionIndex: index, offset: client.chance.pick([-1, 1, 20, 1_000]) }
  return client.ask(
    leader.address,
    { request: DeleteRecordsRequest, response: DeleteRecordsResponse },
    2,
    { topics: [{ name: topic, partitions: [partition] }], timeoutMs },
    (answer) => answer.topics[0]?.partitions[0]?.errorCode
  )
}

const placing: ReadonlyArray<Operation> = [reassign, electLeader, moveLog]
const changing: ReadonlyArray<Operation> = [...placing, cancel, addPartitions, deleteRecords]

/** One of them. An error that no client knows what to do with is odd. */
const operate = (operations: ReadonlyArray<Operation>, place: Place): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { client, history, nowMs, topic } = place
    const asked = client.chance.pick(operations)(place)
    return Effect.matchEffect(asked, {
      onFailure: () => Effect.void,
      onSuccess: (errorCode) =>
        Effect.sync(() => {
          if (errorCode === undefined || refusals.has(errorCode) || errorByCode(errorCode)?.retriable === true) return
          const what = `an operation on ${topic}: ${errorByCode(errorCode)?.name ?? errorCode}`
          history.oddities.push({ kind: "answer", what, atMs: nowMs() })
        })
    })
  })

/** One thing of any kind: to a topic that nobody counts on. */
export const change = (place: Place): Effect.Effect<void> => operate(changing, place)

export interface OperatorOptions extends Place {
  /** The mean time between two operations, in milliseconds. */
  readonly paceMs: number
  readonly isStopping: () => boolean
}

/** Sees to a topic that is counted on: changes where its replicas are, and not what is in them. */
export const runOperator = (options: OperatorOptions): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { client, paceMs, isStopping } = options
    if (isStopping()) return Effect.void
    const pause = Effect.sleep(client.chance.skewed(paceMs / 5, paceMs * 3))
    return Effect.andThen(
      Effect.andThen(pause, operate(placing, options)),
      Effect.suspend(() => runOperator(options))
    )
  })
