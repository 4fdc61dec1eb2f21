/**
 * The header of a record batch of magic 2 (KIP-98): 61 bytes, big-endian, at any position of a larger buffer. Everything here
 * is a plain function over (bytes, at), `at` being the batch's first byte, and allocates nothing. Nothing here checks
 * anything: whoever reads a stranger's bytes asks `verifyBatch` (Batches.ts) or `validateProduce` (Validate.ts) first.
 * int64 fields come as numbers, exact up to 2^53 and the nearest double beyond.
 */
import { crc32c } from "../Crc32c.ts"

/** Where the fields begin, in bytes from the batch's first. */
export const baseOffsetAt = 0
export const batchLengthAt = 8
export const partitionLeaderEpochAt = 12
export const magicAt = 16
export const crcAt = 17
export const attributesAt = 21
export const lastOffsetDeltaAt = 23
export const baseTimestampAt = 27
export const maxTimestampAt = 35
export const producerIdAt = 43
export const producerEpochAt = 51
export const baseSequenceAt = 53
export const countAt = 57
/** The header's size; records (or their compressed form) begin here. */
export const headerBytes = 61

/** Base offset and batch length come before what the batch length counts. */
export const lengthOverheadBytes = 12

/** The only format written since Kafka 0.11, and the only one accepted here. */
export const currentMagic = 2

/** Attribute bits. */
export const codecMask = 0x07
export const timestampTypeBit = 0x08
export const transactionalBit = 0x10
export const controlBit = 0x20
export const deleteHorizonBit = 0x40

/** Values of `timestampType`. */
export const createTime = 0
export const logAppendTime = 1

/** What producer id, producer epoch and base sequence are in a batch without producer, and timestamps in one without time. */
export const noProducerId = -1
export const noProducerEpoch = -1
export const noSequence = -1
export const noTimestamp = -1

const int16 = (bytes: Uint8Array, at: number): number => ((bytes[at]! << 24) >> 16) | bytes[at + 1]!

export const int32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!

const int64 = (bytes: Uint8Array, at: number): number => int32(bytes, at) * 0x1_0000_0000 + (int32(bytes, at + 4) >>> 0)

export const setInt16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

export const setInt32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >> 24
  bytes[at + 1] = value >> 16
  bytes[at + 2] = value >> 8
  bytes[at + 3] = value
}

export const setInt64 = (bytes: Uint8Array, at: number, value: number): void => {
  setInt32(bytes, at, Math.floor(value / 0x1_0000_0000))
  setInt32(bytes, at + 4, value % 0x1_0000_0000)
}

/** Offset of the first record. In a compacted log the record itself may be gone. */
export const baseOffset = (bytes: Uint8Array, at: number): number => int64(bytes, at + baseOffsetAt)

/** Bytes after this field; see `sizeInBytes`. */
export const batchLength = (bytes: Uint8Array, at: number): number => int32(bytes, at + batchLengthAt)

/** Epoch of the leader that appended the batch; outside the CRC, so that the leader may set it. */
export const partitionLeaderEpoch = (bytes: Uint8Array, at: number): number => int32(bytes, at + partitionLeaderEpochAt)

export const magic = (bytes: Uint8Array, at: number): number => (bytes[at + magicAt]! << 24) >> 24

/** The stored CRC-32C of everything from the attributes on, unsigned. */
export const crc = (bytes: Uint8Array, at: number): number => int32(bytes, at + crcAt) >>> 0

export const attributes = (bytes: Uint8Array, at: number): number => int16(bytes, at + attributesAt)

export const lastOffsetDelta = (bytes: Uint8Array, at: number): number => int32(bytes, at + lastOffsetDeltaAt)

/** What the records' timestamp deltas count from, ms since 1970. With `hasDeleteHorizon` it is the horizon instead. */
export const baseTimestamp = (bytes: Uint8Array, at: number): number => int64(bytes, at + baseTimestampAt)

/** Largest timestamp of the records, ms since 1970, -1 when they have none; for LogAppendTime the timestamp of them all. */
export const maxTimestamp = (bytes: Uint8Array, at: number): number => int64(bytes, at + maxTimestampAt)

export const producerId = (bytes: Uint8Array, at: number): number => int64(bytes, at + producerIdAt)

export const producerEpoch = (bytes: Uint8Array, at: number): number => int16(bytes, at + producerEpochAt)

export const baseSequence = (bytes: Uint8Array, at: number): number => int32(bytes, at + baseSequenceAt)

/** Number of records; 0 in a batch that compaction emptied. */
export const count = (bytes: Uint8Array, at: number): number => int32(bytes, at + countAt)

export const lastOffset = (bytes: Uint8Array, at: number): number => baseOffset(bytes, at) + lastOffsetDelta(bytes, at)

/** The whole batch, header included, in bytes. */
export const sizeInBytes = (bytes: Uint8Array, at: number): number => batchLength(bytes, at) + lengthOverheadBytes

/** Compression codec id, 0 to 7; Compression.ts knows 0 to 4. */
export const codecId = (bytes: Uint8Array, at: number): number => bytes[at + attributesAt + 1]! & codecMask

/** `createTime` or `logAppendTime`. */
export const timestampType = (bytes: Uint8Array, at: number): number =>
  (bytes[at + attributesAt + 1]! & timestampTypeBit) === 0 ? createTime : logAppendTime

export const isTransactional = (bytes: Uint8Array, at: number): boolean =>
  (bytes[at + attributesAt + 1]! & transactionalBit) !== 0

export const isControl = (bytes: Uint8Array, at: number): boolean => (bytes[at + attributesAt + 1]! & controlBit) !== 0

/** Whether the base timestamp field holds the time after which compaction may drop tombstones and markers (KIP-534). */
export const hasDeleteHorizon = (bytes: Uint8Array, at: number): boolean =>
  (bytes[at + attributesAt + 1]! & deleteHorizonBit) !== 0

/** The CRC-32C over the batch as it now is, unsigned. */
export const computeCrc = (bytes: Uint8Array, at: number): number =>
  crc32c(bytes, 0, at + attributesAt, at + sizeInBytes(bytes, at))

/** Outside the CRC. */
export const setBaseOffset = (bytes: Uint8Array, at: number, offset: number): void =>
  setInt64(bytes, at + baseOffsetAt, offset)

/** Outside the CRC. */
export const setPartitionLeaderEpoch = (bytes: Uint8Array, at: number, leaderEpoch: number): void =>
  setInt32(bytes, at + partitionLeaderEpochAt, leaderEpoch)

/** Makes the stored CRC that of the batch as it now is. */
export const updateCrc = (bytes: Uint8Array, at: number): void => setInt32(bytes, at + crcAt, computeCrc(bytes, at))

/**
 * Makes this a LogAppendTime batch of that time, ms since 1970, as the broker does on append (KIP-32): every record is then
 * read with the batch's largest timestamp. The records stay as they are; the CRC is made anew.
 */
export const setLogAppendTime = (bytes: Uint8Array, at: number, timeMs: number): void => {
  bytes[at + attributesAt + 1]! |= timestampTypeBit
  setInt64(bytes, at + maxTimestampAt, timeMs)
  updateCrc(bytes, at)
}
