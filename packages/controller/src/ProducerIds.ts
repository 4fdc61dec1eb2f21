/**
 * Producer ids are handed out in blocks, so that a broker asks the controller once in a thousand times (KIP-730). Invariant: no id
 * is ever given twice; what a broker did not use of its block is lost.
 */
import { Brokers, type MetadataRecordInput } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import type { ControllerState } from "./State.ts"

/** Ids of one block (Kafka's ProducerIdsBlock). */
export const blockSize = 1_000

export interface AllocateProducerIds {
  readonly _tag: "AllocateProducerIds"
  readonly brokerId: number
  readonly brokerEpoch: number
}

export interface ProducerIdBlock extends Failure {
  readonly firstId: number
  readonly length: number
}

export const allocateProducerIds = (state: ControllerState, { brokerId, brokerEpoch }: AllocateProducerIds) => {
  const broker = Brokers.get(state.image.brokers, brokerId)
  if (broker === undefined || broker.epoch !== brokerEpoch) {
    const stale = failure(broker === undefined ? ErrorCode.BROKER_ID_NOT_REGISTERED : ErrorCode.STALE_BROKER_EPOCH)
    return { records: [], reply: { ...stale, firstId: -1, length: 0 } }
  }
  const firstId = state.image.nextProducerId
  const record: MetadataRecordInput = {
    _tag: "ProducerIds",
    brokerId,
    brokerEpoch,
    nextProducerId: firstId + blockSize
  }
  return { records: [record], reply: { ...ok, firstId, length: blockSize } }
}
