/**
 * Produce (key 0): appends record batches to partitions and answers with the offsets they were given. Flexible from v9.
 *
 * - v3: batches of format v2 and transactional ids (KIP-98); 0-2 are advertised but refused
 * - v4: may answer KAFKA_STORAGE_ERROR
 * - v5: response +logStartOffset (KIP-110)
 * - v6: the broker answers before it throttles (KIP-219)
 * - v7: zstd (KIP-110)
 * - v8: response +recordErrors, errorMessage (KIP-467)
 * - v9: flexible
 * - v10: response +currentLeader, nodeEndpoints (KIP-951)
 * - v11: may answer TRANSACTION_ABORTABLE (KIP-890)
 * - v12: adds partitions to a transaction by itself (KIP-890)
 * - v13: +topicId; no more name (KIP-516)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PartitionProduceData = f.struct({
  index: f.int32,
  records: f.records.nulls().default(null)
})
export type PartitionProduceData = typeof PartitionProduceData.Type

export const TopicProduceData = f.struct({
  name: f.string.since("0-12").ignorable(),
  topicId: f.uuid.since("13+").ignorable(),
  partitionData: f.array(PartitionProduceData)
})
export type TopicProduceData = typeof TopicProduceData.Type

export const ProduceRequest = message(
  "ProduceRequest",
  { key: 0, versions: "3-13", flexible: "9+" },
  {
    transactionalId: f.string.nulls().default(null),
    acks: f.int16,
    timeoutMs: f.int32,
    topicData: f.array(TopicProduceData)
  }
)
export type ProduceRequest = typeof ProduceRequest.Type

export const BatchIndexAndErrorMessage = f.struct({
  batchIndex: f.int32,
  batchIndexErrorMessage: f.string.nulls().default(null)
})
export type BatchIndexAndErrorMessage = typeof BatchIndexAndErrorMessage.Type

export const LeaderIdAndEpoch = f.struct({
  leaderId: f.int32.default(-1),
  leaderEpoch: f.int32.default(-1)
})
export type LeaderIdAndEpoch = typeof LeaderIdAndEpoch.Type

export const PartitionProduceResponse = f.struct({
  index: f.int32,
  errorCode: f.int16,
  baseOffset: f.int64,
  logAppendTimeMs: f.int64.default(-1),
  logStartOffset: f.int64.since("5+").default(-1).ignorable(),
  recordErrors: f.array(BatchIndexAndErrorMessage).since("8+").ignorable(),
  errorMessage: f.string.since("8+").nulls().default(null).ignorable(),
  currentLeader: LeaderIdAndEpoch.tagged(0, "10+")
})
export type PartitionProduceResponse = typeof PartitionProduceResponse.Type

export const TopicProduceResponse = f.struct({
  name: f.string.since("0-12").ignorable(),
  topicId: f.uuid.since("13+").ignorable(),
  partitionResponses: f.array(PartitionProduceResponse)
})
export type TopicProduceResponse = typeof TopicProduceResponse.Type

export const NodeEndpoint = f.struct({
  nodeId: f.int32,
  host: f.string,
  port: f.int32,
  rack: f.string.nulls().default(null)
})
export type NodeEndpoint = typeof NodeEndpoint.Type

export const ProduceResponse = message(
  "ProduceResponse",
  { key: 0, versions: "3-13", flexible: "9+" },
  {
    responses: f.array(TopicProduceResponse),
    throttleTimeMs: f.int32.default(0),
    nodeEndpoints: f.array(NodeEndpoint).tagged(0, "10+")
  }
)
export type ProduceResponse = typeof ProduceResponse.Type
