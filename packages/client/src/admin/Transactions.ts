/** Producers and their transactions as the brokers see them: described, listed, ended from outside, fenced. */
import { InitProducerIdRequest, InitProducerIdResponse } from "@klamm/protocol/api/22-InitProducerId"
import { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from "@klamm/protocol/api/27-WriteTxnMarkers"
import { DescribeProducersRequest, DescribeProducersResponse } from "@klamm/protocol/api/61-DescribeProducers"
import { DescribeTransactionsRequest, DescribeTransactionsResponse } from "@klamm/protocol/api/65-DescribeTransactions"
import { ListTransactionsRequest, ListTransactionsResponse } from "@klamm/protocol/api/66-ListTransactions"
import * as Effect from "effect/Effect"
import {
  type Admin,
  ask,
  broker,
  byTopic,
  coordinator,
  failureOf,
  failuresOf,
  nameOf,
  outcome,
  printPartition,
  type TopicPartition
} from "./Call.ts"
import { brokerIds } from "./Groups.ts"
import { askLeaders } from "./Topics.ts"

/** A producer that has written to a partition; times in ms since 1970, -1 for what is not known. */
export interface ActiveProducer {
  readonly topic: string
  readonly partition: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  /** Undefined: it has no transaction open here. */
  readonly transactionStartOffset: number | undefined
}

/** Who has written to these partitions of late, as their leaders know (KIP-664). */
export const describeProducers = (partitions: ReadonlyArray<TopicPartition>): Admin<ReadonlyArray<ActiveProducer>> =>
  askLeaders("describeProducers", partitions, (target, led) =>
    ask({
      operation: "describeProducers",
      target,
      api: { request: DescribeProducersRequest, response: DescribeProducersResponse },
      body: {
        topics: byTopic(led).map(([name, parts]) => ({
          name,
          partitionIndexes: parts.map(({ partition }) => partition)
        }))
      },
      read: ({ topics }) => {
        const parts = topics.flatMap(({ name, partitions: found }) => found.map((part) => ({ ...part, topic: name })))
        const producers = parts.flatMap(({ topic, partitionIndex, activeProducers }) =>
          activeProducers.map((each) => ({
            topic,
            partition: partitionIndex,
            producerId: each.producerId,
            producerEpoch: each.producerEpoch,
            lastSequence: each.lastSequence,
            lastTimestamp: each.lastTimestamp,
            coordinatorEpoch: each.coordinatorEpoch,
            transactionStartOffset: each.currentTxnStartOffset < 0 ? undefined : each.currentTxnStartOffset
          }))
        )
        return outcome(
          producers,
          failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex)),
          parts.length
        )
      }
    })
  )

/** The transaction of a transactional id. */
export interface TransactionDescription {
  readonly transactionalId: string
  /** Such as `Ongoing`. */
  readonly state: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly timeoutMs: number
  /** Undefined: none is open. */
  readonly startMs: number | undefined
  readonly partitions: ReadonlyArray<{ readonly topic: string; readonly partition: number }>
}

const describeOne = (transactionalId: string): Admin<ReadonlyArray<TransactionDescription>> =>
  ask({
    operation: "describeTransactions",
    target: coordinator("transaction", transactionalId),
    api: { request: DescribeTransactionsRequest, response: DescribeTransactionsResponse },
    body: { transactionalIds: [transactionalId] },
    read: ({ transactionStates }) =>
      outcome(
        transactionStates.map((found) => ({
          transactionalId: found.transactionalId,
          state: found.transactionState,
          producerId: found.producerId,
          producerEpoch: found.producerEpoch,
          timeoutMs: found.transactionTimeoutMs,
          startMs: found.transactionStartTimeMs < 0 ? undefined : found.transactionStartTimeMs,
          partitions: found.topics.flatMap(({ topic, partitions }) =>
            partitions.map((partition) => ({ topic, partition }))
          )
        })),
        failuresOf(transactionStates, (found) => found.transactionalId)
      )
  })

/** What their coordinators know of transactional ids. Fails with AdminError, TRANSACTIONAL_ID_NOT_FOUND among them. */
export const describeTransactions = (
  transactionalIds: ReadonlyArray<string>
): Admin<ReadonlyArray<TransactionDescription>> =>
  Effect.map(Effect.forEach(transactionalIds, describeOne, { concurrency: "unbounded" }), (found) => found.flat())

/** A transactional id and the state of its transaction, such as `Ongoing`. */
export interface ListedTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly state: string
}

/** Which transactions; all when left out. */
export interface ListTransactionsOptions {
  readonly states?: ReadonlyArray<string>
  readonly producerIds?: ReadonlyArray<number>
  /** Open for longer than this. */
  readonly openForMs?: number
  /** A regular expression of RE2's kind (KIP-1152). */
  readonly pattern?: string
}

const transactionsOn = (id: number, options: ListTransactionsOptions): Admin<ReadonlyArray<ListedTransaction>> =>
  ask({
    operation: "listTransactions",
    target: broker(id),
    api: { request: ListTransactionsRequest, response: ListTransactionsResponse },
    minVersion: options.pattern !== undefined ? 2 : options.openForMs !== undefined ? 1 : 0,
    body: (version) => ({
      stateFilters: options.states ?? [],
      producerIdFilters: options.producerIds ?? [],
      ...(version >= 1 ? { durationFilter: options.openForMs ?? -1 } : {}),
      ...(version >= 2 ? { transactionalIdPattern: options.pattern ?? null } : {})
    }),
    read: (answer) =>
      outcome(
        answer.transactionStates.map(({ transactionalId, producerId, transactionState }) => ({
          transactionalId,
          producerId,
          state: transactionState
        })),
        failureOf(`broker ${id}`, answer)
      )
  })

/** Every broker knows those that it coordinates. */
export const listTransactions = (options: ListTransactionsOptions = {}): Admin<ReadonlyArray<ListedTransaction>> =>
  Effect.flatMap(brokerIds("listTransactions"), (ids) =>
    Effect.map(
      Effect.forEach(ids, (id) => transactionsOn(id, options), { concurrency: "unbounded" }),
      (answers) => answers.flat()
    )
  )

/** Ends a transaction that hangs in one partition, as `describeProducers` told of it (KIP-664). */
export const abortTransaction = (
  hanging: TopicPartition & {
    readonly producerId: number
    readonly producerEpoch: number
    readonly coordinatorEpoch: number
  }
): Admin<void> =>
  Effect.asVoid(
    askLeaders("abortTransaction", [hanging], (target) =>
      ask({
        operation: "abortTransaction",
        target,
        api: { request: WriteTxnMarkersRequest, response: WriteTxnMarkersResponse },
        body: {
          markers: [
            {
              producerId: hanging.producerId,
              producerEpoch: hanging.producerEpoch,
              transactionResult: false,
              topics: [{ name: nameOf(hanging.topic), partitionIndexes: [hanging.partition] }],
              coordinatorEpoch: hanging.coordinatorEpoch
            }
          ]
        },
        read: ({ markers }) => {
          const parts = markers.flatMap(({ topics }) =>
            topics.flatMap(({ name, partitions }) => partitions.map((part) => ({ ...part, topic: name })))
          )
          return outcome<ReadonlyArray<never>>(
            [],
            failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex)),
            parts.length
          )
        }
      })
    )
  )

/** The identity that the transactional id has now. */
export interface FencedProducer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

const fenceTimeoutMs = 30_000
/** The last version without two-phase commit, which not every cluster allows. */
const lastPlainVersion = 5

/** Whoever has these transactional ids can't go on; what they had open is aborted. */
export const fenceProducers = (transactionalIds: ReadonlyArray<string>): Admin<ReadonlyArray<FencedProducer>> =>
  Effect.forEach(
    transactionalIds,
    (transactionalId) =>
      ask({
        operation: "fenceProducers",
        target: coordinator("transaction", transactionalId),
        api: { request: InitProducerIdRequest, response: InitProducerIdResponse },
        maxVersion: lastPlainVersion,
        body: { transactionalId, transactionTimeoutMs: fenceTimeoutMs },
        read: (answer) =>
          outcome(
            { transactionalId, producerId: answer.producerId, producerEpoch: answer.producerEpoch },
            failureOf(transactionalId, answer)
          )
      }),
    { concurrency: "unbounded" }
  )
