/** What the workload's records hold: the send's number, and bytes that make them small or large. */
import type { Decompression } from "@klamm/protocol/Compression"
import { iterateRecords, type Record, timestampOf } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"

const numberBytes = 8

export const payload = (value: number, sizeBytes: number): Uint8Array => {
  const bytes = new Uint8Array(numberBytes + sizeBytes).fill(value & 0xff)
  new DataView(bytes.buffer).setFloat64(0, value)
  return bytes
}

/** The number in a record; NaN when these are not bytes of ours. */
export const numberIn = (bytes: Uint8Array | null): number =>
  bytes === null || bytes.byteLength < numberBytes || bytes.subarray(numberBytes).some((byte) => byte !== bytes.at(-1))
    ? Number.NaN
    : new DataView(bytes.buffer, bytes.byteOffset, numberBytes).getFloat64(0)

export interface ReadRecord {
  readonly offset: number
  readonly epoch: number
  readonly value: number
}

/** Where a record is, and when its producer says that it was made. */
export interface Place {
  readonly offset: number
  readonly epoch: number
  readonly timestamp: number
}

/** What is made of a record while its bytes are there. */
export type ReadAs<Read> = (record: Record, place: Place) => Read

/** A whole batch, read; `fault` when it is damaged. */
export interface ReadBatch<Read = ReadRecord> {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly isControl: boolean
  readonly fault: string | undefined
  readonly records: ReadonlyArray<Read>
}

const readBatch = <Read>(
  bytes: Uint8Array,
  at: number,
  sizeBytes: number,
  decompression: Decompression,
  readAs: ReadAs<Read>
): ReadBatch<Read> => {
  const fault = RecordBatch.verifyBatch(bytes, at, at + sizeBytes)
  const baseOffset = RecordBatch.baseOffset(bytes, at)
  const epoch = RecordBatch.partitionLeaderEpoch(bytes, at)
  const nextOffset = RecordBatch.lastOffset(bytes, at) + 1
  const isControl = RecordBatch.isControl(bytes, at)
  const records: Array<Read> = []
  if (fault === undefined && !isControl) {
    for (const record of iterateRecords(bytes, at, decompression)) {
      const timestamp = timestampOf(bytes, at, record.timestampDelta)
      records.push(readAs(record, { offset: baseOffset + record.offsetDelta, epoch, timestamp }))
    }
  }
  return { baseOffset, nextOffset, isControl, fault, records }
}

/** The whole batches of a Fetch answer or a file, in order. */
export const readBatchesAs = <Read>(
  bytes: Uint8Array,
  decompression: Decompression,
  readAs: ReadAs<Read>
): ReadonlyArray<ReadBatch<Read>> => {
  const batches: Array<ReadBatch<Read>> = []
  RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at, sizeBytes) => {
    batches.push(readBatch(bytes, at, sizeBytes, decompression, readAs))
  })
  return batches
}

export const readNumber: ReadAs<ReadRecord> = ({ value }, { offset, epoch }) => ({
  offset,
  epoch,
  value: numberIn(value)
})

export const readBatches = (bytes: Uint8Array, decompression: Decompression): ReadonlyArray<ReadBatch> =>
  readBatchesAs(bytes, decompression, readNumber)
