/**
 * One decision is one batch of the metadata log, and a batch has a largest size. Invariant: a request's decision that would not fit
 * changes nothing, and all that it was to answer is refused, also where it was only to be validated. What the controller does by itself
 * can't be refused: it is cut.
 */
import { encodeRecord, type MetadataRecordInput } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { RaftNode } from "@klamm/raft"
import { type Failure, failure } from "./Answer.ts"

/** Records that one request may write (Kafka's QuorumController). */
export const maxRecordsPerRequest = 10_000

/** What a record takes in a batch beside its own bytes, at most. */
const recordOverheadBytes = 32

/** What a batch takes beside its records, generously. */
const batchOverheadBytes = 1024

/** What a request is told that changes too much at once. */
export const tooLarge = failure(ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation.")

const sizeOf = (records: ReadonlyArray<MetadataRecordInput>): number =>
  records.reduce((sum, record) => sum + encodeRecord(record).byteLength + recordOverheadBytes, batchOverheadBytes)

const fits = (records: ReadonlyArray<MetadataRecordInput>): boolean =>
  records.length <= maxRecordsPerRequest && sizeOf(records) <= RaftNode.maxBatchBytes

/** The decision as it may be made; `refuse` says how an answer reads that is refused after all. */
export const bounded = <R extends Failure>(
  records: ReadonlyArray<MetadataRecordInput>,
  reply: ReadonlyArray<R>,
  validateOnly: boolean,
  refuse: (each: R, failed: Failure) => R
) => {
  if (!fits(records)) return { records: [], reply: reply.map((each) => refuse(each, tooLarge)) }
  return { records: validateOnly ? [] : records, reply }
}

/** The records in as many batches as they take; one for what a request may change. */
export const batches = <A>(records: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const cut: Array<ReadonlyArray<A>> = []
  for (let from = 0; from < records.length; from += maxRecordsPerRequest) {
    cut.push(records.slice(from, from + maxRecordsPerRequest))
  }
  return cut
}
