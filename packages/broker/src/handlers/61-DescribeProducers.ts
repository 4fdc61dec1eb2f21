/**
 * DescribeProducers (key 61, KIP-664): the producers that a partition remembers.
 */
import { illegalTopicName } from "@klamm/controller"
import * as ProducerState from "@klamm/log/ProducerState"
import { DescribeProducersRequest, DescribeProducersResponse } from "@klamm/protocol/api/61-DescribeProducers"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import { findLeader } from "../Lookup.ts"
import type { Services } from "../Services.ts"

const describe = (services: Services, topic: string, partitionIndex: number) => {
  const fail = (errorCode: number, errorMessage: string | null = null) => ({
    partitionIndex,
    errorCode,
    errorMessage,
    activeProducers: []
  })
  const illegal = illegalTopicName(topic)
  if (illegal !== undefined) return fail(ErrorCode.INVALID_TOPIC_EXCEPTION, illegal)
  const found = findLeader(services, topic, partitionIndex)
  if ("errorCode" in found) {
    const absent = services.cluster().topicByName(topic) === undefined
    return fail(found.errorCode, absent ? "This server does not host this topic-partition." : null)
  }
  const state = found.partition.actor.state()
  if (state._tag === "Offline") return fail(state.errorCode)
  const activeProducers = [...ProducerState.entries(state.producers)].map((entry) => ({
    producerId: entry.producerId,
    producerEpoch: entry.producerEpoch,
    lastSequence: entry.batches[entry.batches.length - 1]?.lastSequence ?? -1,
    lastTimestamp: entry.lastTimestamp,
    coordinatorEpoch: entry.coordinatorEpoch,
    currentTxnStartOffset: entry.currentTransactionFirstOffset
  }))
  return { partitionIndex, errorCode: ErrorCode.NONE, errorMessage: null, activeProducers }
}

export const describeProducers = (services: Services): Handler =>
  handler(DescribeProducersRequest, DescribeProducersResponse, (request) =>
    Effect.sync(() => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((index) => describe(services, name, index))
      }))
    }))
  )
