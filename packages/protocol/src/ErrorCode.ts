/**
 * Kafka's error codes in one table: code, whether a client may try again, and a default text. Answers carry codes as data;
 * nothing here is ever thrown. Invariant: codes, names and retriability are Kafka's own (its Errors enumeration); the texts
 * are ours.
 */
const error = <const Code extends number>(code: Code, retriable: boolean, message: string) => ({
  code,
  retriable,
  message
})
const again = true
const final = false

const table = {
  UNKNOWN_SERVER_ERROR: error(-1, final, "The broker failed in a way it had not foreseen."),
  NONE: error(0, final, "Success."),
  OFFSET_OUT_OF_RANGE: error(1, final, "No record has this offset: it is below the log start or beyond the log end."),
  CORRUPT_MESSAGE: error(
    2,
    again,
    "The batch fails its checksum, has an invalid size, or lacks a key where the topic is compacted."
  ),
  UNKNOWN_TOPIC_OR_PARTITION: error(3, again, "This broker knows no such topic or partition."),
  INVALID_FETCH_SIZE: error(4, final, "The asked fetch size is not valid."),
  LEADER_NOT_AVAILABLE: error(5, again, "The partition has no leader at the moment."),
  NOT_LEADER_OR_FOLLOWER: error(
    6,
    again,
    "This broker is neither leader nor follower of the partition, or not its leader where one is needed."
  ),
  REQUEST_TIMED_OUT: error(7, again, "The request was not completed within its time."),
  BROKER_NOT_AVAILABLE: error(8, final, "The broker cannot be reached."),
  REPLICA_NOT_AVAILABLE: error(9, again, "The partition has no replica on this broker."),
  MESSAGE_TOO_LARGE: error(10, final, "The batch is larger than the topic accepts."),
  STALE_CONTROLLER_EPOCH: error(11, final, "The controller has moved on to a later epoch."),
  OFFSET_METADATA_TOO_LARGE: error(12, final, "The metadata committed with the offset is longer than allowed."),
  NETWORK_EXCEPTION: error(13, again, "The connection was lost before an answer came."),
  COORDINATOR_LOAD_IN_PROGRESS: error(14, again, "The coordinator is still loading its state."),
  COORDINATOR_NOT_AVAILABLE: error(15, again, "No coordinator is available yet."),
  NOT_COORDINATOR: error(16, again, "This broker does not coordinate that group or transaction."),
  INVALID_TOPIC_EXCEPTION: error(17, final, "The topic name is not valid, or the topic may not be used this way."),
  RECORD_LIST_TOO_LARGE: error(18, final, "The batch is larger than a log segment."),
  NOT_ENOUGH_REPLICAS: error(19, again, "Fewer replicas are in sync than the topic demands."),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: error(
    20,
    again,
    "The records were written, but fewer replicas were in sync than the topic demands."
  ),
  INVALID_REQUIRED_ACKS: error(21, final, "The acks asked for must be -1, 0 or 1."),
  ILLEGAL_GENERATION: error(22, final, "The generation of the member is not that of the group."),
  INCONSISTENT_GROUP_PROTOCOL: error(
    23,
    final,
    "The member shares no protocol type or protocol with the rest of the group."
  ),
  INVALID_GROUP_ID: error(24, final, "The group id is not valid."),
  UNKNOWN_MEMBER_ID: error(25, final, "The group has no member with this id."),
  INVALID_SESSION_TIMEOUT: error(26, final, "The session timeout lies outside the bounds the broker sets."),
  REBALANCE_IN_PROGRESS: error(27, final, "The group is rebalancing: the member should join again."),
  INVALID_COMMIT_OFFSET_SIZE: error(28, final, "The offset commit does not fit into one batch."),
  TOPIC_AUTHORIZATION_FAILED: error(29, final, "The principal may not do this to the topic."),
  GROUP_AUTHORIZATION_FAILED: error(30, final, "The principal may not do this to the group."),
  CLUSTER_AUTHORIZATION_FAILED: error(31, final, "The principal may not do this to the cluster."),
  INVALID_TIMESTAMP: error(32, final, "A record's timestamp lies outside what the topic accepts."),
  UNSUPPORTED_SASL_MECHANISM: error(33, final, "The broker does not offer this SASL mechanism."),
  ILLEGAL_SASL_STATE: error(34, final, "The request does not belong at this point of the SASL exchange."),
  UNSUPPORTED_VERSION: error(35, final, "The broker does not speak this version of the API."),
  TOPIC_ALREADY_EXISTS: error(36, final, "A topic of this name exists already."),
  INVALID_PARTITIONS: error(37, final, "The number of partitions is not valid."),
  INVALID_REPLICATION_FACTOR: error(
    38,
    final,
    "The replication factor is not positive, or more than the brokers available."
  ),
  INVALID_REPLICA_ASSIGNMENT: error(39, final, "The assignment of replicas is not valid."),
  INVALID_CONFIG: error(40, final, "A configuration value is not valid."),
  NOT_CONTROLLER: error(41, again, "This node is not the active controller."),
  INVALID_REQUEST: error(42, final, "The request contradicts itself or the rules of its API."),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: error(43, final, "The stored message format does not support this request."),
  POLICY_VIOLATION: error(44, final, "The request breaks a policy set by the operator."),
  OUT_OF_ORDER_SEQUENCE_NUMBER: error(45, final, "The producer's sequence number does not follow the last one."),
  DUPLICATE_SEQUENCE_NUMBER: error(46, final, "The producer's sequence number has been seen before."),
  INVALID_PRODUCER_EPOCH: error(47, final, "The producer's epoch is older than the one the broker knows."),
  INVALID_TXN_STATE: error(48, final, "The transaction is in a state that does not allow this."),
  INVALID_PRODUCER_ID_MAPPING: error(49, final, "The producer id does not belong to this transactional id."),
  INVALID_TRANSACTION_TIMEOUT: error(50, final, "The transaction timeout is longer than the broker allows."),
  CONCURRENT_TRANSACTIONS: error(51, again, "An earlier step of the same transactional id is not finished yet."),
  TRANSACTION_COORDINATOR_FENCED: error(52, final, "A newer transaction coordinator has taken over."),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: error(53, final, "The principal may not use this transactional id."),
  SECURITY_DISABLED: error(54, final, "The broker runs without the security feature asked for."),
  OPERATION_NOT_ATTEMPTED: error(55, final, "Nothing was tried, because another part of the request failed."),
  KAFKA_STORAGE_ERROR: error(56, again, "The log's disk failed while it was used."),
  LOG_DIR_NOT_FOUND: error(57, final, "The broker has no such log directory."),
  SASL_AUTHENTICATION_FAILED: error(58, final, "The credentials were not accepted."),
  UNKNOWN_PRODUCER_ID: error(59, final, "The broker remembers nothing of this producer id."),
  REASSIGNMENT_IN_PROGRESS: error(60, final, "The partition is being reassigned."),
  DELEGATION_TOKEN_AUTH_DISABLED: error(61, final, "Delegation tokens are not enabled."),
  DELEGATION_TOKEN_NOT_FOUND: error(62, final, "No such delegation token exists."),
  DELEGATION_TOKEN_OWNER_MISMATCH: error(63, final, "The principal neither owns the token nor may renew it."),
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: error(
    64,
    final,
    "Delegation tokens may not be managed over this kind of connection."
  ),
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: error(65, final, "The principal may not do this to delegation tokens."),
  DELEGATION_TOKEN_EXPIRED: error(66, final, "The delegation token has expired."),
  INVALID_PRINCIPAL_TYPE: error(67, final, "The principal type is not supported here."),
  NON_EMPTY_GROUP: error(68, final, "The group still has members."),
  GROUP_ID_NOT_FOUND: error(69, final, "There is no such group."),
  FETCH_SESSION_ID_NOT_FOUND: error(70, again, "The broker has no such fetch session."),
  INVALID_FETCH_SESSION_EPOCH: error(71, again, "The epoch of the fetch session is not the expected one."),
  LISTENER_NOT_FOUND: error(72, again, "The leader offers no listener that matches the one of this request."),
  TOPIC_DELETION_DISABLED: error(73, final, "Topics may not be deleted here."),
  FENCED_LEADER_EPOCH: error(74, again, "The leader epoch of the request is older than the broker's."),
  UNKNOWN_LEADER_EPOCH: error(75, again, "The leader epoch of the request is newer than the broker's."),
  UNSUPPORTED_COMPRESSION_TYPE: error(76, final, "The client cannot read the compression of these records."),
  STALE_BROKER_EPOCH: error(77, final, "The broker has registered again since this epoch."),
  OFFSET_NOT_AVAILABLE: error(
    78,
    again,
    "The new leader does not yet know how far its followers are, so it cannot name the offset."
  ),
  MEMBER_ID_REQUIRED: error(79, final, "The member must join again with the id it was given just now."),
  PREFERRED_LEADER_NOT_AVAILABLE: error(80, again, "The preferred leader cannot lead at the moment."),
  GROUP_MAX_SIZE_REACHED: error(81, final, "The group has as many members as it may have."),
  FENCED_INSTANCE_ID: error(82, final, "Another member has taken over this group instance id."),
  ELIGIBLE_LEADERS_NOT_AVAILABLE: error(83, again, "No replica that may lead is available."),
  ELECTION_NOT_NEEDED: error(84, again, "The partition already has the leader that the election would choose."),
  NO_REASSIGNMENT_IN_PROGRESS: error(85, final, "The partition is not being reassigned."),
  GROUP_SUBSCRIBED_TO_TOPIC: error(
    86,
    final,
    "The group is subscribed to the topic, so its offsets may not be deleted."
  ),
  INVALID_RECORD: error(87, final, "A record failed validation."),
  UNSTABLE_OFFSET_COMMIT: error(88, again, "Offsets of this partition wait for a transaction to end."),
  THROTTLING_QUOTA_EXCEEDED: error(89, again, "The quota is used up for now."),
  PRODUCER_FENCED: error(90, final, "A newer producer with the same transactional id has taken over."),
  RESOURCE_NOT_FOUND: error(91, final, "The request names something that does not exist."),
  DUPLICATE_RESOURCE: error(92, final, "The request names the same thing twice."),
  UNACCEPTABLE_CREDENTIAL: error(93, final, "The credential does not meet the requirements."),
  INCONSISTENT_VOTER_SET: error(94, final, "Sender and receiver disagree about who votes."),
  INVALID_UPDATE_VERSION: error(95, final, "The update was made against another version than the current one."),
  FEATURE_UPDATE_FAILED: error(96, final, "The feature could not be changed."),
  PRINCIPAL_DESERIALIZATION_FAILURE: error(97, final, "The forwarded principal could not be read."),
  SNAPSHOT_NOT_FOUND: error(98, final, "The snapshot does not exist here."),
  POSITION_OUT_OF_RANGE: error(99, final, "The position is negative or beyond the end of the snapshot."),
  UNKNOWN_TOPIC_ID: error(100, again, "This broker knows no topic with this id."),
  DUPLICATE_BROKER_REGISTRATION: error(101, final, "Another live broker is registered under this id."),
  BROKER_ID_NOT_REGISTERED: error(102, final, "No broker is registered under this id."),
  INCONSISTENT_TOPIC_ID: error(103, again, "The topic id differs from the one stored in the log."),
  INCONSISTENT_CLUSTER_ID: error(104, final, "The request comes from another cluster."),
  TRANSACTIONAL_ID_NOT_FOUND: error(105, final, "The transactional id is not known."),
  FETCH_SESSION_TOPIC_ID_ERROR: error(
    106,
    again,
    "The fetch session was begun with names where ids are used now, or the other way round."
  ),
  INELIGIBLE_REPLICA: error(107, final, "The replica may not join the in-sync set at the moment."),
  NEW_LEADER_ELECTED: error(108, final, "The change was applied and led to the election of another leader."),
  OFFSET_MOVED_TO_TIERED_STORAGE: error(109, final, "The offset now lies in remote storage only."),
  FENCED_MEMBER_EPOCH: error(110, final, "The member's epoch was fenced by the coordinator: it has to join anew."),
  UNRELEASED_INSTANCE_ID: error(111, final, "The instance id is still held by another member."),
  UNSUPPORTED_ASSIGNOR: error(112, final, "The group's coordinator does not offer this assignor."),
  STALE_MEMBER_EPOCH: error(113, final, "The member's epoch is old: it should wait for the next heartbeat's answer."),
  MISMATCHED_ENDPOINT_TYPE: error(114, final, "The request was meant for another kind of endpoint."),
  UNSUPPORTED_ENDPOINT_TYPE: error(115, final, "This kind of endpoint is not supported."),
  UNKNOWN_CONTROLLER_ID: error(116, final, "No controller has this id."),
  UNKNOWN_SUBSCRIPTION_ID: error(117, final, "The client's telemetry subscription is not the current one."),
  TELEMETRY_TOO_LARGE: error(118, final, "The telemetry pushed is larger than the broker accepts."),
  INVALID_REGISTRATION: error(119, final, "The registration is not valid."),
  TRANSACTION_ABORTABLE: error(120, final, "The transaction ran into an error and has to be aborted."),
  INVALID_RECORD_STATE: error(121, final, "The record is in a state that does not allow this acknowledgement."),
  SHARE_SESSION_NOT_FOUND: error(122, again, "The broker has no such share session."),
  INVALID_SHARE_SESSION_EPOCH: error(123, again, "The epoch of the share session is not the expected one."),
  FENCED_STATE_EPOCH: error(124, final, "The state epoch of the share partition is older than the coordinator's."),
  INVALID_VOTER_KEY: error(125, final, "The voter's id and directory do not match the receiving node."),
  DUPLICATE_VOTER: error(126, final, "This voter is in the voter set already."),
  VOTER_NOT_FOUND: error(127, final, "This voter is not in the voter set."),
  INVALID_REGULAR_EXPRESSION: error(128, final, "The regular expression cannot be parsed."),
  REBOOTSTRAP_REQUIRED: error(
    129,
    final,
    "The client's metadata leads nowhere: it has to start again from its bootstrap servers."
  ),
  STREAMS_INVALID_TOPOLOGY: error(130, final, "The topology of the streams group is not valid."),
  STREAMS_INVALID_TOPOLOGY_EPOCH: error(131, final, "The topology epoch of the streams group is not valid."),
  STREAMS_TOPOLOGY_FENCED: error(132, final, "The topology epoch of the streams group is older than the group's."),
  SHARE_SESSION_LIMIT_REACHED: error(133, again, "The broker holds as many share sessions as it may."),
  GROUP_DELETION_FAILED: error(134, final, "The group could not be deleted."),
  STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED: error(135, final, "The topology description could not be stored."),
  CONTROLLER_ID_NOT_REGISTERED: error(136, final, "No controller is registered under this id.")
}

/** An error's name in Kafka, for example `NOT_LEADER_OR_FOLLOWER`. */
export type ErrorName = keyof typeof table

/** Everything known of one error; `code` is what goes over the wire, as an int16. */
export interface ErrorInfo {
  readonly code: number
  readonly name: ErrorName
  /** True when the same request may succeed later without a change by its sender. */
  readonly retriable: boolean
  /** A default text, for responses that have room for one. */
  readonly message: string
}

/** Every error, in the order of its code. */
export const errors: ReadonlyArray<ErrorInfo> = Object.entries(table).map(([name, { code, retriable, message }]) => ({
  code,
  name: name as ErrorName,
  retriable,
  message
}))

/** Codes by name: `ErrorCode.NONE` is 0. */
export const ErrorCode = Object.fromEntries(errors.map(({ name, code }) => [name, code])) as {
  readonly [Name in ErrorName]: (typeof table)[Name]["code"]
}
export type ErrorCode = (typeof ErrorCode)[ErrorName]

const byCode = new Map(errors.map((info) => [info.code, info]))

/** What is known of a code, or undefined for one that Kafka has not given out. */
export const errorByCode = (code: number): ErrorInfo | undefined => byCode.get(code)
