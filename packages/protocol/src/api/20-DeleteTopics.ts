/**
 * DeleteTopics (key 20): deletes topics. Flexible from v4.
 *
 * - v1: the first supported
 * - v2: the broker answers before it throttles (KIP-219)
 * - v3: may answer TOPIC_DELETION_DISABLED
 * - v4: flexible
 * - v5: may answer THROTTLING_QUOTA_EXCEEDED (KIP-599); response +errorMessage
 * - v6: topics by name or by id (KIP-516)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DeleteTopicState = f.struct({
  name: f.string.nulls().default(null),
  topicId: f.uuid
})
export type DeleteTopicState = typeof DeleteTopicState.Type

export const DeleteTopicsRequest = message(
  "DeleteTopicsRequest",
  { key: 20, versions: "1-6", flexible: "4+" },
  {
    topics: f.array(DeleteTopicState).since("6+"),
    topicNames: f.array(f.string).since("0-5").ignorable(),
    timeoutMs: f.int32
  }
)
export type DeleteTopicsRequest = typeof DeleteTopicsRequest.Type

export const DeletableTopicResult = f.struct({
  name: f.string.nulls("6+"),
  topicId: f.uuid.since("6+").ignorable(),
  errorCode: f.int16,
  errorMessage: f.string.since("5+").nulls().default(null).ignorable()
})
export type DeletableTopicResult = typeof DeletableTopicResult.Type

export const DeleteTopicsResponse = message(
  "DeleteTopicsResponse",
  { key: 20, versions: "1-6", flexible: "4+" },
  {
    throttleTimeMs: f.int32.default(0),
    responses: f.array(DeletableTopicResult)
  }
)
export type DeleteTopicsResponse = typeof DeleteTopicsResponse.Type
