/**
 * What a transactional producer asks its coordinators (KIP-98, KIP-360, KIP-447, KIP-890), one function for each request. Invariant:
 * what may be tried again is tried again here, with the coordinator looked up anew where that is needed; whatever comes out as an error
 * ends the transaction. Neighbour: `Transactions.ts` decides when to ask.
 */
import { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from "@klamm/protocol/api/24-AddPartitionsToTxn"
import { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from "@klamm/protocol/api/25-AddOffsetsToTxn"
import { EndTxnRequest, EndTxnResponse } from "@klamm/protocol/api/26-EndTxn"
import { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from "@klamm/protocol/api/28-TxnOffsetCommit"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type ApiPair, type Body, type Cluster, coordinator, type RequestOptions } from "../Cluster.ts"
import { BrokerError, type KlammError } from "../KlammError.ts"
import type { Identity } from "./Batch.ts"
import { initProducerIdApi } from "./Identity.ts"

const addPartitionsApi = { request: AddPartitionsToTxnRequest, response: AddPartitionsToTxnResponse }
const addOffsetsApi = { request: AddOffsetsToTxnRequest, response: AddOffsetsToTxnResponse }
const endApi = { request: EndTxnRequest, response: EndTxnResponse }
const commitOffsetsApi = { request: TxnOffsetCommitRequest, response: TxnOffsetCommitResponse }

/** An offset to be committed with the transaction: of the next record to read. */
export interface TransactionOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch?: number
  readonly metadata?: string | null
}

/** Who read what is committed; a consumer outside of any group gives the group's name alone. */
export interface TransactionGroup {
  readonly group: string
  readonly memberId?: string
  readonly generation?: number
  readonly groupInstanceId?: string | null
}

export interface TransactionAsker {
  readonly cluster: Cluster
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
}

/** Asks until the answer is something to go by. `codeOf` finds the first error in it. */
const ask = <Request, Response, A>(
  { cluster }: TransactionAsker,
  kind: "group" | "transaction",
  key: string,
  api: ApiPair<Request, Response>,
  body: Body<Request>,
  use: (answer: ApiPair<Request, Response>["response"]["Type"]) => { readonly code: number; readonly value: A },
  options: RequestOptions = {}
): Effect.Effect<A, KlammError> => {
  const about = api.request.name.replace(/Request$/, "")
  const asked = Effect.flatMap(
    cluster.ask(coordinator(kind, key), api, body, use, options),
    ({ code, value }): Effect.Effect<A, BrokerError> =>
      code === ErrorCode.NONE
        ? Effect.succeed(value)
        : Effect.fail(new BrokerError({ code, api: about, resource: key }))
  )
  return cluster.retrying(asked, { about: `${about} ${key}`, coordinator: { kind, key } })
}

/** A new id, or with one that was had before the same with a raised epoch; earlier producers of the transactional id are fenced. */
export const initProducerId = (
  asker: TransactionAsker,
  before: Identity | undefined
): Effect.Effect<Identity, KlammError> => {
  const { transactionalId, transactionTimeoutMs } = asker
  const known = { producerId: before?.id ?? -1, producerEpoch: before?.epoch ?? -1 }
  const body = { transactionalId, transactionTimeoutMs, ...known, enable2Pc: false, keepPreparedTxn: false }
  return ask(
    asker,
    "transaction",
    transactionalId,
    initProducerIdApi,
    (version) => (version >= 3 ? body : { ...body, producerId: -1, producerEpoch: -1 }),
    ({ errorCode, producerId: id, producerEpoch: epoch }) => ({ code: errorCode, value: { id, epoch } })
  )
}

const named = ({ transactionalId }: TransactionAsker, { id, epoch }: Identity) => ({
  transactionalId,
  producerId: id,
  producerEpoch: epoch
})

/** The last version of clients; later ones are for brokers. */
const addPartitionsMaxVersion = 3

export const addPartitions = (
  asker: TransactionAsker,
  identity: Identity,
  topics: ReadonlyArray<{ readonly name: string; readonly partitions: ReadonlyArray<number> }>
): Effect.Effect<void, KlammError> =>
  ask(
    asker,
    "transaction",
    asker.transactionalId,
    addPartitionsApi,
    {
      transactions: [],
      v3AndBelowTransactionalId: asker.transactionalId,
      v3AndBelowProducerId: identity.id,
      v3AndBelowProducerEpoch: identity.epoch,
      v3AndBelowTopics: topics.map(({ name, partitions }) => ({ name, partitions: [...partitions] }))
    },
    ({ resultsByTopicV3AndBelow }) => {
      const codes = resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
        resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode)
      )
      // OPERATION_NOT_ATTEMPTED stands beside the code that says why.
      const wrong = codes.filter((code) => code !== ErrorCode.NONE && code !== ErrorCode.OPERATION_NOT_ATTEMPTED)
      return { code: wrong[0] ?? ErrorCode.NONE, value: undefined }
    },
    { maxVersion: addPartitionsMaxVersion }
  )

export const addOffsets = (
  asker: TransactionAsker,
  identity: Identity,
  group: string
): Effect.Effect<void, KlammError> =>
  ask(
    asker,
    "transaction",
    asker.transactionalId,
    addOffsetsApi,
    { ...named(asker, identity), groupId: group },
    ({ errorCode }) => ({ code: errorCode, value: undefined })
  )

/** The last version that names topics. */
const namedTopicsMaxVersion = 5
/** From here on the coordinator adds the group to the transaction by itself (KIP-890). */
const impliedGroupVersion = 5

export const commitOffsets = (
  asker: TransactionAsker,
  identity: Identity,
  { group, memberId = "", generation = -1, groupInstanceId = null }: TransactionGroup,
  offsets: ReadonlyArray<TransactionOffset>,
  isSecondVersion: boolean
): Effect.Effect<void, KlammError> => {
  const topics = Map.groupBy(offsets, ({ topic }) => topic)
  const body = {
    ...named(asker, identity),
    groupId: group,
    generationIdOrMemberEpoch: generation,
    memberId,
    groupInstanceId,
    topics: Array.from(topics, ([name, each]) => ({
      name,
      partitions: each.map(({ partition, offset, leaderEpoch = -1, metadata = "" }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: metadata
      }))
    }))
  }
  return ask(
    asker,
    "group",
    group,
    commitOffsetsApi,
    body,
    (answer) => {
      const codes = answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
      return { code: codes.find((code) => code !== ErrorCode.NONE) ?? ErrorCode.NONE, value: undefined }
    },
    isSecondVersion
      ? { minVersion: impliedGroupVersion, maxVersion: namedTopicsMaxVersion }
      : { maxVersion: impliedGroupVersion - 1 }
  )
}

/** From here on every end raises the epoch, and the answer tells it (KIP-890). */
const raisedEpochVersion = 5

/** Ends the transaction; answers the identity to go on with. */
export const end = (
  asker: TransactionAsker,
  identity: Identity,
  committed: boolean,
  isSecondVersion: boolean
): Effect.Effect<Identity, KlammError> =>
  ask(
    asker,
    "transaction",
    asker.transactionalId,
    endApi,
    { ...named(asker, identity), committed },
    ({ errorCode, producerId: id, producerEpoch: epoch }) => ({
      code: errorCode,
      value: isSecondVersion && id >= 0 ? { id, epoch } : identity
    }),
    isSecondVersion ? { minVersion: raisedEpochVersion } : { maxVersion: raisedEpochVersion - 1 }
  )
