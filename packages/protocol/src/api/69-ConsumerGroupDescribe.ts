/**
 * ConsumerGroupDescribe (key 69): describes consumer groups of the new protocol. Flexible in every version.
 *
 * - v0: the first supported
 * - v1: response +memberType (KIP-1099)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ConsumerGroupDescribeRequest = message(
  "ConsumerGroupDescribeRequest",
  { key: 69, versions: "0-1", flexible: "0+" },
  {
    groupIds: f.array(f.string),
    includeAuthorizedOperations: f.bool
  }
)
export type ConsumerGroupDescribeRequest = typeof ConsumerGroupDescribeRequest.Type

export const TopicPartitions = f.struct({
  topicId: f.uuid,
  topicName: f.string,
  partitions: f.array(f.int32)
})
export type TopicPartitions = typeof TopicPartitions.Type

export const Assignment = f.struct({
  topicPartitions: f.array(TopicPartitions)
})
export type Assignment = typeof Assignment.Type

export const Member = f.struct({
  memberId: f.string,
  instanceId: f.string.nulls().default(null),
  rackId: f.string.nulls().default(null),
  memberEpoch: f.int32,
  clientId: f.string,
  clientHost: f.string,
  subscribedTopicNames: f.array(f.string),
  subscribedTopicRegex: f.string.nulls().default(null),
  assignment: Assignment,
  targetAssignment: Assignment,
  memberType: f.int8.since("1+").default(-1).ignorable()
})
export type Member = typeof Member.Type

export const DescribedGroup = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null),
  groupId: f.string,
  groupState: f.string,
  groupEpoch: f.int32,
  assignmentEpoch: f.int32,
  assignorName: f.string,
  members: f.array(Member),
  authorizedOperations: f.int32.default(-2147483648)
})
export type DescribedGroup = typeof DescribedGroup.Type

export const ConsumerGroupDescribeResponse = message(
  "ConsumerGroupDescribeResponse",
  { key: 69, versions: "0-1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    groups: f.array(DescribedGroup)
  }
)
export type ConsumerGroupDescribeResponse = typeof ConsumerGroupDescribeResponse.Type
