/**
 * What a producer's records for one partition must be before the partition's actor sees them, and what becomes of them on the way:
 * Kafka's ProduceRequest.validateRecords, UnifiedLog.analyzeAndValidateRecords and LogValidator.
 *
 * Invariants: a batch that passes is exactly one intact batch that any reader can unpack; it is the very bytes that were received
 * unless the topic asks for another compression. Offsets, epochs and LogAppendTime are put in place by the writer, later.
 */
import type { TopicConfig } from "@klamm/config/TopicConfig"
import { type BatchProducer, incrementSequence } from "@klamm/log/ProducerState"
import { codecIds, type Decompression } from "@klamm/protocol/Compression"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { recompress } from "./Recompress.ts"

export interface AppendOptions {
  readonly topic: TopicConfig
  /** Of the Produce request. */
  readonly apiVersion: number
  /** Milliseconds. */
  readonly now: number
  readonly decompression: Decompression
}

export interface Refused extends RecordBatch.Rejection {
  readonly _tag: "Refused"
}

export interface Checked {
  readonly _tag: "Checked"
  readonly batch: Uint8Array
  readonly count: number
  readonly producer: BatchProducer | undefined
  /** Milliseconds; -1 when the records carry none. */
  readonly maxTimestamp: number
}

/** From this Produce version on a client may send zstd (KIP-110). */
const zstdVersion = 7

const refuse = (errorCode: number, message: string): Refused => ({
  _tag: "Refused",
  errorCode,
  message,
  recordErrors: []
})

/** Where the topic takes the producer's time, the window in which it must lie. */
const timestampWindow = ({ values }: TopicConfig, now: number) =>
  values["message.timestamp.type"] === "LogAppendTime"
    ? undefined
    : {
        earliest: now - values["message.timestamp.before.max.ms"],
        latest: now + values["message.timestamp.after.max.ms"]
      }

/** compression.type by codec; "producer" is none of them. */
const codecByType: ReadonlyMap<string, number> = new Map([["uncompressed", codecIds.none], ...Object.entries(codecIds)])

const levelOf = ({ values }: TopicConfig, codecId: number): number | undefined => {
  if (codecId === codecIds.gzip) return values["compression.gzip.level"]
  if (codecId === codecIds.lz4) return values["compression.lz4.level"]
  return codecId === codecIds.zstd ? values["compression.zstd.level"] : undefined
}

const producerOf = (batch: Uint8Array, count: number): BatchProducer | undefined => {
  const producerId = RecordBatch.producerId(batch, 0)
  if (producerId === RecordBatch.noProducerId) return undefined
  const firstSequence = RecordBatch.baseSequence(batch, 0)
  return {
    producerId,
    producerEpoch: RecordBatch.producerEpoch(batch, 0),
    firstSequence,
    lastSequence: incrementSequence(firstSequence, count - 1),
    isTransactional: false
  }
}

/** What only this request and topic decide of an intact batch's header. */
const refuseHeader = (batch: Uint8Array, apiVersion: number): Refused | undefined => {
  if (RecordBatch.codecId(batch, 0) === codecIds.zstd && apiVersion < zstdVersion) {
    const message = `Produce requests before version ${zstdVersion} can't carry zstd`
    return refuse(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, message)
  }
  return RecordBatch.isTransactional(batch, 0)
    ? refuse(ErrorCode.INVALID_TXN_STATE, "there is no transaction coordinator in this cluster")
    : undefined
}

/** The batch in the topic's compression, and within its size again. */
const inWantedCodec = (batch: Uint8Array, { topic, decompression }: AppendOptions): Uint8Array | Refused => {
  const wanted = codecByType.get(topic.values["compression.type"])
  if (wanted === undefined || wanted === RecordBatch.codecId(batch, 0)) return batch
  const changed = recompress(batch, wanted, levelOf(topic, wanted), decompression)
  const limit = topic.values["max.message.bytes"]
  return changed.byteLength <= limit
    ? changed
    : refuse(
        ErrorCode.MESSAGE_TOO_LARGE,
        `recompressed the batch has ${changed.byteLength} bytes, ${limit} are allowed`
      )
}

/** Judges what one partition was sent. */
export const check = (records: Uint8Array | null, options: AppendOptions): Refused | Checked => {
  const { topic, apiVersion, now, decompression } = options
  if (records === null || records.byteLength === 0) {
    return refuse(ErrorCode.INVALID_RECORD, "there must be exactly one batch, and there is none")
  }
  const rejected = RecordBatch.validateProduce(records, topic.values["max.message.bytes"])
  if (rejected !== undefined) return { _tag: "Refused", ...rejected }
  const refused = refuseHeader(records, apiVersion)
  if (refused !== undefined) return refused
  const checks = {
    requireKeys: topic.values["cleanup.policy"].includes("compact"),
    timestamps: timestampWindow(topic, now)
  }
  const malformed = RecordBatch.validateRecords(records, checks, decompression)
  if (malformed !== undefined) return { _tag: "Refused", ...malformed }
  const batch = inWantedCodec(records, options)
  if ("_tag" in batch) return batch
  const count = RecordBatch.count(batch, 0)
  const maxTimestamp = RecordBatch.maxTimestamp(batch, 0)
  return { _tag: "Checked", batch, count, producer: producerOf(batch, count), maxTimestamp }
}
