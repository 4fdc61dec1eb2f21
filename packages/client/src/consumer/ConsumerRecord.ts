/**
 * A record as the application gets it, decoded by its topic; or what could not be decoded, as bytes. Pure. Invariant: decoding never
 * throws, and what it answers is the application's own: nothing is overwritten later.
 */
import * as Result from "effect/Result"
import type { ExternalSpan } from "effect/Tracer"
import { DecodeError } from "../KlammError.ts"
import { creationOf } from "../observe/TraceContext.ts"
import type { Topic } from "../Topic.ts"
import type { RawRecord } from "./fetch/RecordReader.ts"
import type { TopicPartition } from "./TopicPartition.ts"

/** Where a record lies and when it came, whatever is in it. */
export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Of the leader that appended it; -1 when unknown. */
  readonly leaderEpoch: number
  /** ms since 1970. */
  readonly timestamp: number
  /** Whether the time is the producer's or the broker's. */
  readonly timestampType: "CreateTime" | "LogAppendTime"
}

/** A record with its key, value and headers as the topic's schemas have them. */
export interface ConsumerRecord<K, V, H> extends Origin {
  readonly key: K
  readonly value: V
  readonly headers: H
  /** The span in which it was sent, where its producer was traced and this consumer is. */
  readonly producerSpan?: ExternalSpan
}

/** A record whose key, value or headers are not what its topic says; the bytes as they lie in the log. */
export interface DecodeFailure extends Origin {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: ReadonlyArray<{ readonly key: Uint8Array; readonly value: Uint8Array | null }>
  readonly error: DecodeError
}

export type Decoded<K, V, H> = Result.Result<ConsumerRecord<K, V, H>, DecodeFailure>

const originOf = ({ topic, partition }: TopicPartition, raw: RawRecord): Origin => ({
  topic,
  partition,
  offset: raw.offset,
  leaderEpoch: raw.leaderEpoch,
  timestamp: raw.timestamp,
  timestampType: raw.timestampType
})

/** `place` is where it was read: a pattern reads topics of other names than the topic's own. */
export const decode = <K, V, H>(topic: Topic<K, V, H>, place: TopicPartition, raw: RawRecord): Decoded<K, V, H> => {
  const failed = (part: "key" | "value" | "headers", cause: unknown): Decoded<K, V, H> => {
    const { key, value, headers } = raw
    const bytes = part === "key" ? key : part === "value" ? value : null
    const error = new DecodeError({ topic: place.topic, part, bytes, cause })
    return Result.fail({ ...originOf(place, raw), key, value, headers, error })
  }
  const key = topic.key.decode(raw.key)
  if (Result.isFailure(key)) return failed("key", key.failure)
  const value = topic.value.decode(raw.value)
  if (Result.isFailure(value)) return failed("value", value.failure)
  const headers = topic.headers.decode(raw.headers)
  if (Result.isFailure(headers)) return failed("headers", headers.failure)
  return Result.succeed({
    ...originOf(place, raw),
    key: key.success,
    value: value.success,
    headers: headers.success
  })
}

export const withProducerSpan = <K, V, H>(
  record: ConsumerRecord<K, V, H>,
  { headers }: RawRecord
): ConsumerRecord<K, V, H> => {
  const producerSpan = creationOf(headers)
  return producerSpan === undefined ? record : { ...record, producerSpan }
}
