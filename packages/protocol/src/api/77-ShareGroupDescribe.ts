/**
 * ShareGroupDescribe (key 77): describes share groups (KIP-932). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ShareGroupDescribeRequest = message(
  "ShareGroupDescribeRequest",
  { key: 77, versions: "1", flexible: "0+" },
  {
    groupIds: f.array(f.string),
    includeAuthorizedOperations: f.bool
  }
)
export type ShareGroupDescribeRequest = typeof ShareGroupDescribeRequest.Type

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
  rackId: f.string.nulls().default(null),
  memberEpoch: f.int32,
  clientId: f.string,
  clientHost: f.string,
  subscribedTopicNames: f.array(f.string),
  assignment: Assignment
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

export const ShareGroupDescribeResponse = message(
  "ShareGroupDescribeResponse",
  { key: 77, versions: "1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    groups: f.array(DescribedGroup)
  }
)
export type ShareGroupDescribeResponse = typeof ShareGroupDescribeResponse.Type
