/** Where replicas are and who leads: elections, reassignments, the directories of the brokers' disks. */
import { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from "@klamm/protocol/api/34-AlterReplicaLogDirs"
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from "@klamm/protocol/api/35-DescribeLogDirs"
import { ElectLeadersRequest, ElectLeadersResponse } from "@klamm/protocol/api/43-ElectLeaders"
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse
} from "@klamm/protocol/api/45-AlterPartitionReassignments"
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse
} from "@klamm/protocol/api/46-ListPartitionReassignments"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import {
  type Admin,
  ask,
  broker,
  byTopic,
  controller,
  type Failure,
  failureOf,
  failuresOf,
  groupBy,
  nameOf,
  outcome,
  printPartition,
  type TopicName,
  type TopicPartition
} from "./Call.ts"

const timeoutMs = 30_000
const electionTypes = { preferred: 0, unclean: 1 } as const

/** What became of an election in one partition. */
export interface Election {
  readonly topic: string
  readonly partition: number
  /** False: the right one led already. */
  readonly elected: boolean
}

/** Of all partitions when none are named. */
export const electLeaders = (
  type: keyof typeof electionTypes,
  partitions?: ReadonlyArray<TopicPartition>
): Admin<ReadonlyArray<Election>> =>
  ask({
    operation: "electLeaders",
    target: controller,
    api: { request: ElectLeadersRequest, response: ElectLeadersResponse },
    minVersion: 1,
    body: {
      electionType: electionTypes[type],
      topicPartitions:
        partitions === undefined
          ? null
          : byTopic(partitions).map(([topic, parts]) => ({
              topic,
              partitions: parts.map(({ partition }) => partition)
            })),
      timeoutMs
    },
    read: (answer) => {
      const parts = answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
        partitionResult.map((part) => ({ ...part, topic }))
      )
      const refused = parts.filter(({ errorCode }) => errorCode !== ErrorCode.ELECTION_NOT_NEEDED)
      return outcome(
        parts.map(({ topic, partitionId, errorCode }) => ({
          topic,
          partition: partitionId,
          elected: errorCode === ErrorCode.NONE
        })),
        [...failureOf("", answer), ...failuresOf(refused, (part) => printPartition(part.topic, part.partitionId))],
        Math.max(1, parts.length)
      )
    }
  })

/** Moves partitions to these replicas, the preferred leader first; undefined takes back a move that is under way. */
export const alterReassignments = (
  moves: ReadonlyArray<TopicPartition & { readonly replicas: ReadonlyArray<number> | undefined }>,
  options: { readonly allowReplicationFactorChange?: boolean } = {}
): Admin<void> =>
  ask({
    operation: "alterReassignments",
    target: controller,
    api: { request: AlterPartitionReassignmentsRequest, response: AlterPartitionReassignmentsResponse },
    body: (version) => ({
      timeoutMs,
      ...(version >= 1 ? { allowReplicationFactorChange: options.allowReplicationFactorChange ?? true } : {}),
      topics: byTopic(moves).map(([name, parts]) => ({
        name,
        partitions: parts.map(({ partition, replicas }) => ({ partitionIndex: partition, replicas: replicas ?? null }))
      }))
    }),
    read: (answer) => {
      const parts = answer.responses.flatMap(({ name, partitions }) =>
        partitions.map((part) => ({ ...part, topic: name }))
      )
      const failures = failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex))
      return outcome(undefined, [...failureOf("", answer), ...failures], Math.max(1, parts.length))
    }
  })

/** A move that is under way: the replicas there are, those that come, those that go. */
export interface Reassignment {
  readonly topic: string
  readonly partition: number
  readonly replicas: ReadonlyArray<number>
  readonly adding: ReadonlyArray<number>
  readonly removing: ReadonlyArray<number>
}

/** Moves that are under way; of all partitions when none are named. */
export const listReassignments = (partitions?: ReadonlyArray<TopicPartition>): Admin<ReadonlyArray<Reassignment>> =>
  ask({
    operation: "listReassignments",
    target: controller,
    api: { request: ListPartitionReassignmentsRequest, response: ListPartitionReassignmentsResponse },
    body: {
      timeoutMs,
      topics:
        partitions === undefined
          ? null
          : byTopic(partitions).map(([name, parts]) => ({
              name,
              partitionIndexes: parts.map(({ partition }) => partition)
            }))
    },
    read: (answer) =>
      outcome(
        answer.topics.flatMap(({ name, partitions: found }) =>
          found.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
            topic: name,
            partition: partitionIndex,
            replicas: [...replicas],
            adding: [...addingReplicas],
            removing: [...removingReplicas]
          }))
        ),
        failureOf("", answer)
      )
  })

/** A replica as it lies in a directory. */
export interface LogDirReplica {
  readonly topic: string
  readonly partition: number
  readonly sizeBytes: number
  /** Behind the high watermark, or behind the replica that it will take the place of. */
  readonly offsetLag: number
  /** It will take the place of the replica in another directory of the same broker. */
  readonly isFuture: boolean
}

/** A directory of a broker, with what lies in it. */
export interface LogDir {
  readonly broker: number
  readonly path: string
  /** Why it is offline. */
  readonly failure: Failure | undefined
  readonly replicas: ReadonlyArray<LogDirReplica>
  /** Of the volume; -1 when the broker does not say. */
  readonly totalBytes: number
  readonly usableBytes: number
}

const describeDirsOf = (id: number, topics: ReadonlyArray<TopicPartition> | undefined): Admin<ReadonlyArray<LogDir>> =>
  ask({
    operation: "describeLogDirs",
    target: broker(id),
    api: { request: DescribeLogDirsRequest, response: DescribeLogDirsResponse },
    body: {
      topics:
        topics === undefined
          ? null
          : byTopic(topics).map(([topic, parts]) => ({ topic, partitions: parts.map(({ partition }) => partition) }))
    },
    read: (answer) =>
      outcome(
        answer.results.map((directory) => ({
          broker: id,
          path: directory.logDir,
          failure: failureOf(directory.logDir, directory)[0],
          totalBytes: directory.totalBytes,
          usableBytes: directory.usableBytes,
          replicas: directory.topics.flatMap(({ name, partitions }) =>
            partitions.map(({ partitionIndex, partitionSize, offsetLag, isFutureKey }) => ({
              topic: name,
              partition: partitionIndex,
              sizeBytes: partitionSize,
              offsetLag,
              isFuture: isFutureKey
            }))
          )
        })),
        failureOf(`broker ${id}`, answer)
      )
  })

/** Of these brokers; only these partitions, if any are named. */
export const describeLogDirs = (
  brokers: ReadonlyArray<number>,
  partitions?: ReadonlyArray<TopicPartition>
): Admin<ReadonlyArray<LogDir>> =>
  Effect.map(
    Effect.forEach(brokers, (id) => describeDirsOf(id, partitions), { concurrency: "unbounded" }),
    (directories) => directories.flat()
  )

/** Where in its broker a replica is to lie. */
export interface ReplicaMove {
  readonly topic: TopicName
  readonly partition: number
  readonly broker: number
  /** The directory it is to be in. */
  readonly path: string
}

const moveOn = (id: number, moves: ReadonlyArray<ReplicaMove>): Admin<void> =>
  ask({
    operation: "alterReplicaLogDirs",
    target: broker(id),
    api: { request: AlterReplicaLogDirsRequest, response: AlterReplicaLogDirsResponse },
    body: {
      dirs: groupBy(moves, ({ path }) => path).map(([path, mine]) => ({
        path,
        topics: byTopic(mine).map(([name, parts]) => ({ name, partitions: parts.map(({ partition }) => partition) }))
      }))
    },
    read: ({ results }) => {
      const parts = results.flatMap(({ topicName, partitions }) =>
        partitions.map((part) => ({ ...part, topic: topicName }))
      )
      const failures = failuresOf(parts, (part) => `${printPartition(part.topic, part.partitionIndex)} on broker ${id}`)
      return outcome(undefined, failures, parts.length)
    }
  })

/** Moves replicas to another directory of their broker, while they go on (KIP-113). */
export const alterReplicaLogDirs = (moves: ReadonlyArray<ReplicaMove>): Admin<void> =>
  Effect.forEach(
    groupBy(moves, (move) => move.broker),
    ([id, mine]) => moveOn(id, mine),
    {
      concurrency: "unbounded",
      discard: true
    }
  )

/** In which directories of its broker a replica is. */
export interface ReplicaPlace {
  readonly topic: string
  readonly partition: number
  readonly broker: number
  /** Undefined: it has no replica there. */
  readonly current: LogDir["path"] | undefined
  /** Where it is being moved to. */
  readonly future: LogDir["path"] | undefined
}

/** In which directory each of these replicas is, and where it is going. */
export const describeReplicaLogDirs = (
  replicas: ReadonlyArray<TopicPartition & { readonly broker: number }>
): Admin<ReadonlyArray<ReplicaPlace>> =>
  Effect.map(
    Effect.forEach(
      groupBy(replicas, (each) => each.broker),
      ([id, mine]) => describeDirsOf(id, mine),
      {
        concurrency: "unbounded"
      }
    ),
    (answers) => {
      const directories = answers.flat()
      return replicas.map((replica) => {
        const topic = nameOf(replica.topic)
        const pathOf = (isFuture: boolean) =>
          directories.find(
            (directory) =>
              directory.broker === replica.broker &&
              directory.replicas.some(
                (each) => each.topic === topic && each.partition === replica.partition && each.isFuture === isFuture
              )
          )?.path
        return {
          topic,
          partition: replica.partition,
          broker: replica.broker,
          current: pathOf(false),
          future: pathOf(true)
        }
      })
    }
  )
