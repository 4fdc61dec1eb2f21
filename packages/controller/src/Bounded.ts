/**
 * One decision is one batch of the metadata log, and a batch has a largest size. Invariant: a decision that would not fit changes
 * nothing, and all that it was to answer is refused.
 */
import { encodeRecord, type MetadataRecordInput } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { RaftNode } from "@klamm/raft"
import { type Failure, failure } from "./Answer.ts"

/** What a record takes in a batch beside its own bytes, at most. */
const recordOverheadBytes = 32

/** What a batch takes beside its records, generously. */
const batchOverheadBytes = 1024

const sizeOf = (records: ReadonlyArray<MetadataRecordInput>): number =>
  records.reduce((sum, record) => sum + encodeRecord(record).byteLength + recordOverheadBytes, batchOverheadBytes)

export const bounded = <R extends Failure>(records: ReadonlyArray<MetadataRecordInput>, reply: ReadonlyArray<R>) => {
  if (sizeOf(records) <= RaftNode.maxBatchBytes) return { records, reply }
  const refused = failure(ErrorCode.POLICY_VIOLATION, "The request changes more than one batch of metadata can hold.")
  return { records: [], reply: reply.map((each): R => ({ ...each, ...refused })) }
}
