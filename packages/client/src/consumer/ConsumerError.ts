/**
 * Why a consumer ends. Codes of Kafka's are `BrokerError`s of `KlammError.ts`, which say whether trying again may help; what is
 * special here is a position that is not there. What can't be decoded is not among them: a record never ends a group.
 */
import * as Data from "effect/Data"
import type { KlammError } from "../KlammError.ts"
import type { TopicPartition } from "./TopicPartition.ts"

/**
 * There is no offset to read from, and the reset policy is `none`. `NoOffset`: none was committed. `OutOfRange`: it is not in the log.
 * `Truncated`: the log was cut below it.
 */
export class OffsetError extends Data.TaggedError("OffsetError")<{
  readonly reason: "NoOffset" | "OutOfRange" | "Truncated"
  readonly partition: TopicPartition
  readonly offset: number
}> {
  readonly retriable = false
  override get message(): string {
    return `${this.partition.topic}-${this.partition.partition} at ${this.offset}: ${this.reason}`
  }
}

/** Why a consumer ends: what the cluster refused for good, or no place to read from. */
export type ConsumerError = KlammError | OffsetError
