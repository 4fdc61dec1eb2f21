/**
 * What a stored batch says about its producer. Used where the log itself is the source: recovery, truncation, compaction, and
 * the transaction index. Pure; a batch in the log is a fact, so nothing is checked here.
 */
import { RecordCursor } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as ProducerState from "./ProducerState.ts"
import type { AbortedTransaction } from "./TransactionIndex.ts"

const noProducerId = -1

/** The producer fields of the data batch at `at`, or undefined when it has no producer id. */
export const batchProducer = (bytes: Uint8Array, at: number): ProducerState.BatchProducer | undefined => {
  const producerId = RecordBatch.producerId(bytes, at)
  if (producerId === noProducerId) return undefined
  const firstSequence = RecordBatch.baseSequence(bytes, at)
  return {
    producerId,
    producerEpoch: RecordBatch.producerEpoch(bytes, at),
    firstSequence,
    lastSequence:
      firstSequence < 0
        ? firstSequence
        : ProducerState.incrementSequence(firstSequence, RecordBatch.lastOffsetDelta(bytes, at)),
    isTransactional: RecordBatch.isTransactional(bytes, at)
  }
}

/** Types in the key of a control record, and where type and coordinator epoch lie behind the int16 versions. */
const abortType = 0
const commitType = 1
const markerKeyBytes = 4
const markerValueBytes = 6
const typeAt = 2
const coordinatorEpochAt = 2

/** The marker in the control batch at `at`, or undefined when the batch is no end of a transaction, or an emptied one. */
export const batchMarker = (bytes: Uint8Array, at: number): ProducerState.Marker | undefined => {
  if (!RecordBatch.isControl(bytes, at) || !RecordBatch.isTransactional(bytes, at)) return undefined
  if (RecordBatch.count(bytes, at) === 0) return undefined
  const record = new RecordCursor(bytes, at + RecordBatch.headerBytes, at + RecordBatch.sizeInBytes(bytes, at))
  record.next()
  if (record.keyLength < markerKeyBytes || record.valueLength < markerValueBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const type = view.getInt16(record.keyAt + typeAt)
  if (type !== abortType && type !== commitType) return undefined
  return {
    producerId: RecordBatch.producerId(bytes, at),
    producerEpoch: RecordBatch.producerEpoch(bytes, at),
    coordinatorEpoch: view.getInt32(record.valueAt + coordinatorEpochAt),
    committed: type === commitType
  }
}

export interface Replayed {
  readonly state: ProducerState.ProducerState
  readonly aborted: AbortedTransaction | undefined
}

/** The entry of the transaction index for a completed transaction; undefined unless it was aborted. */
const abortedTransaction = (
  state: ProducerState.ProducerState,
  completed: ProducerState.CompletedTransaction | undefined
): AbortedTransaction | undefined => {
  if (completed === undefined || !completed.aborted) return undefined
  const { producerId, firstOffset, lastOffset } = completed
  return { producerId, firstOffset, lastOffset, lastStableOffset: ProducerState.lastStableOffsetAt(state, completed) }
}

/** The producers after the batch at `at`, and what it adds to the transaction index. */
export const replay = (state: ProducerState.ProducerState, bytes: Uint8Array, at: number): Replayed => {
  const timestamp = RecordBatch.maxTimestamp(bytes, at)
  if (RecordBatch.isControl(bytes, at)) {
    const marker = batchMarker(bytes, at)
    if (marker === undefined) return { state, aborted: undefined }
    const appended = ProducerState.appendMarker(state, marker, RecordBatch.lastOffset(bytes, at), timestamp)
    return { state: appended.state, aborted: abortedTransaction(state, appended.completed) }
  }
  const producer = batchProducer(bytes, at)
  if (producer === undefined) return { state, aborted: undefined }
  const baseOffset = RecordBatch.baseOffset(bytes, at)
  const lastOffset = RecordBatch.lastOffset(bytes, at)
  return { state: ProducerState.append(state, producer, baseOffset, lastOffset, timestamp), aborted: undefined }
}
