/**
 * AllocateProducerIds (key 67): gives a broker a block of producer ids; broker to controller. Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AllocateProducerIdsRequest = message(
  "AllocateProducerIdsRequest",
  { key: 67, versions: "0", flexible: "0+" },
  {
    brokerId: f.int32,
    brokerEpoch: f.int64.default(-1)
  }
)
export type AllocateProducerIdsRequest = typeof AllocateProducerIdsRequest.Type

export const AllocateProducerIdsResponse = message(
  "AllocateProducerIdsResponse",
  { key: 67, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    producerIdStart: f.int64,
    producerIdLen: f.int32
  }
)
export type AllocateProducerIdsResponse = typeof AllocateProducerIdsResponse.Type
