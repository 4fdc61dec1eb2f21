/** What the workload's records hold: the send's number, and bytes that make them small or large. */
import type { Decompression } from "@klamm/protocol/Compression"
import { iterateRecords } from "@klamm/protocol/Record"
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

/** A whole batch, read; `fault` when it is damaged. */
export interface ReadBatch {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly isControl: boolean
  readonly fault: string | undefined
  readonly records: ReadonlyArray<ReadRecord>
}

const readBatch = (bytes: Uint8Array, at: number, sizeBytes: number, decompression: Decompression): ReadBatch => {
  const fault = RecordBatch.verifyBatch(bytes, at, at + sizeBytes)
  const baseOffset = RecordBatch.baseOffset(bytes, at)
  const epoch = RecordBatch.partitionLeaderEpoch(bytes, at)
  const nextOffset = RecordBatch.lastOffset(bytes, at) + 1
  const isControl = RecordBatch.isControl(bytes, at)
  const records: Array<ReadRecord> = []
  if (fault === undefined && !isControl) {
    for (const { offsetDelta, value } of iterateRecords(bytes, at, decompression)) {
      records.push({ offset: baseOffset + offsetDelta, epoch, value: numberIn(value) })
    }
  }
  return { baseOffset, nextOffset, isControl, fault, records }
}

/** The whole batches of a Fetch answer, in order. */
export const readBatches = (bytes: Uint8Array, decompression: Decompression): ReadonlyArray<ReadBatch> => {
  const batches: Array<ReadBatch> = []
  RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at, sizeBytes) => {
    batches.push(readBatch(bytes, at, sizeBytes, decompression))
  })
  return batches
}
