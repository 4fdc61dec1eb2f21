/**
 * Control batches: records that speak to readers of the log rather than to applications. The key tells the type (KIP-98: int16
 * version, int16 type), the value is the type's own message, given and taken here as bytes, except for the marker that ends a
 * transaction, which the log itself must understand.
 */
import { MalformedBytes } from "../Malformed.ts"
import { Reader } from "../Reader.ts"
import { type BatchOptions, buildBatch } from "./Build.ts"
import * as Header from "./Header.ts"
import { RecordCursor } from "./RecordCursor.ts"

/** Kafka's ControlRecordType. */
export const controlTypes = {
  abort: 0,
  commit: 1,
  leaderChange: 2,
  snapshotHeader: 3,
  snapshotFooter: 4,
  kraftVersion: 5,
  kraftVoters: 6
} as const

const keyVersion = 0
const markerVersion = 0
const keyBytes = 4
const markerBytes = 6

export interface ControlRecordInput {
  readonly type: number
  readonly value: Uint8Array
  /** ms since 1970. */
  readonly timestamp: number
}

const controlKey = (type: number): Uint8Array => {
  const key = new Uint8Array(keyBytes)
  Header.setInt16(key, 0, keyVersion)
  Header.setInt16(key, 2, type)
  return key
}

/** A batch of control records, complete with its CRC. */
export const buildControlBatch = (
  records: ReadonlyArray<ControlRecordInput>,
  options: Omit<BatchOptions, "isControl" | "compression"> = {}
): Uint8Array =>
  buildBatch(
    records.map(({ type, value, timestamp }) => ({ key: controlKey(type), value, timestamp })),
    { ...options, isControl: true }
  )

export interface EndTransactionMarker {
  readonly committed: boolean
  /** Epoch of the transaction coordinator that decided. */
  readonly coordinatorEpoch: number
}

/** The batch that ends a producer's transaction on a partition. */
export const buildEndTransactionMarker = (
  marker: EndTransactionMarker,
  producer: { readonly producerId: number; readonly producerEpoch: number },
  timestamp: number
): Uint8Array => {
  const value = new Uint8Array(markerBytes)
  Header.setInt16(value, 0, markerVersion)
  Header.setInt32(value, 2, marker.coordinatorEpoch)
  const type = marker.committed ? controlTypes.commit : controlTypes.abort
  return buildControlBatch([{ type, value, timestamp }], { ...producer, isTransactional: true })
}

/** The batch's first record, or undefined when there is none or it is no control record. Control batches are not compressed. */
const firstControlRecord = (bytes: Uint8Array, at: number): RecordCursor | undefined => {
  if (!Header.isControl(bytes, at) || Header.count(bytes, at) < 1 || Header.codecId(bytes, at) !== 0) return undefined
  const cursor = new RecordCursor(bytes, at + Header.headerBytes, at + Header.sizeInBytes(bytes, at))
  try {
    cursor.next()
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
  return cursor.keyLength < keyBytes ? undefined : cursor
}

/** The type of a control batch's first record, or undefined when it has none: not a control batch, emptied, or malformed. */
export const controlType = (bytes: Uint8Array, at: number): number | undefined => {
  const cursor = firstControlRecord(bytes, at)
  return cursor === undefined ? undefined : new Reader(bytes, cursor.keyAt + 2, cursor.at).int16()
}

/** The marker in the batch at `at`, or undefined when it ends no transaction. The batch must lie whole in `bytes`. */
export const endTransactionMarker = (bytes: Uint8Array, at: number): EndTransactionMarker | undefined => {
  const cursor = firstControlRecord(bytes, at)
  if (cursor === undefined || cursor.valueLength < markerBytes) return undefined
  const type = new Reader(bytes, cursor.keyAt + 2, cursor.at).int16()
  if (type !== controlTypes.commit && type !== controlTypes.abort) return undefined
  return { committed: type === controlTypes.commit, coordinatorEpoch: Header.int32(bytes, cursor.valueAt + 2) }
}
