/**
 * DeleteShareGroupOffsets (key 92): deletes the start offsets of a share group (KIP-932). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DeleteShareGroupOffsetsRequestTopic = f.struct({
  topicName: f.string
})
export type DeleteShareGroupOffsetsRequestTopic = typeof DeleteShareGroupOffsetsRequestTopic.Type

export const DeleteShareGroupOffsetsRequest = message(
  "DeleteShareGroupOffsetsRequest",
  { key: 92, versions: "0", flexible: "0+" },
  {
    groupId: f.string,
    topics: f.array(DeleteShareGroupOffsetsRequestTopic)
  }
)
export type DeleteShareGroupOffsetsRequest = typeof DeleteShareGroupOffsetsRequest.Type

export const DeleteShareGroupOffsetsResponseTopic = f.struct({
  topicName: f.string,
  topicId: f.uuid,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null)
})
export type DeleteShareGroupOffsetsResponseTopic = typeof DeleteShareGroupOffsetsResponseTopic.Type

export const DeleteShareGroupOffsetsResponse = message(
  "DeleteShareGroupOffsetsResponse",
  { key: 92, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls().default(null),
    responses: f.array(DeleteShareGroupOffsetsResponseTopic)
  }
)
export type DeleteShareGroupOffsetsResponse = typeof DeleteShareGroupOffsetsResponse.Type
