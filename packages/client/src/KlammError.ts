/**
 * What can go wrong, as values: every error says which of Kafka's codes it is, the code's name, and whether the same may succeed later
 * without a change by its sender. Invariant: code, name and retriability come from the table of `protocol/ErrorCode.ts`; what never was
 * an answer of a broker has the code that Kafka's clients give it. Neighbour: `Cluster.ts`, whose retries go by these.
 */
import { ErrorCode, type ErrorName, errorByCode } from "@klamm/protocol/ErrorCode"
import * as Data from "effect/Data"

/** What every error of this package has. */
export interface Coded {
  readonly code: number
  /** Kafka's name of the code, such as `NOT_LEADER_OR_FOLLOWER`. */
  readonly codeName: ErrorName
  readonly retriable: boolean
  readonly message: string
}

const unknown = {
  name: "UNKNOWN_SERVER_ERROR",
  retriable: false,
  message: "The broker gave a code unknown here."
} as const

const infoOf = (code: number) => errorByCode(code) ?? unknown

/** What the innermost cause says. */
const rootOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return "TLS came to no agreement"
  return cause.cause instanceof Error ? rootOf(cause.cause) : cause.message
}

/**
 * `Refused`: nobody listens at the address. `Unresolved`: the name leads to no address. `Untrusted`: TLS came to no agreement.
 * `Disconnected`: the connection ended, or could not be made, before the answer was there. `TimedOut`: no answer within the time given.
 * `Malformed`: an answer that can't be read. `NoBroker`: none of those known could be reached.
 */
export type ConnectionErrorReason =
  | "Refused"
  | "Unresolved"
  | "Untrusted"
  | "Disconnected"
  | "TimedOut"
  | "Malformed"
  | "NoBroker"

/** A broker can't be reached, the connection to it was lost before the answer came, or no answer came in time. */
export class ConnectionError extends Data.TaggedError("ConnectionError")<{
  readonly reason: ConnectionErrorReason
  readonly address: string
  readonly cause?: unknown
}> {
  readonly code: number = this.reason === "TimedOut" ? ErrorCode.REQUEST_TIMED_OUT : ErrorCode.NETWORK_EXCEPTION
  readonly codeName: ErrorName = infoOf(this.code).name
  readonly retriable: boolean = this.reason !== "Malformed" && this.reason !== "Untrusted"
  override get message(): string {
    const why = this.reason === "Untrusted" ? `: ${rootOf(this.cause)}` : ""
    return `${this.address}: ${this.reason}${why}`
  }
}

/** The client, or the producer, has ended with its scope: it does nothing any more. */
export class ClosedError extends Data.TaggedError("ClosedError")<{ readonly what: string }> {
  readonly code: number = ErrorCode.NETWORK_EXCEPTION
  readonly codeName: ErrorName = "NETWORK_EXCEPTION"
  readonly retriable: boolean = false
  override get message(): string {
    return `the ${this.what} is closed: the scope it was made in has ended`
  }
}

/** The broker does not speak the API, or none of the versions that this needs. */
export class UnsupportedVersion extends Data.TaggedError("UnsupportedVersion")<{
  readonly api: string
  readonly why: string
}> {
  readonly code: number = ErrorCode.UNSUPPORTED_VERSION
  readonly codeName: ErrorName = "UNSUPPORTED_VERSION"
  readonly retriable: boolean = false
  override get message(): string {
    return `${this.api}: ${this.why}`
  }
}

/** The broker did not take the credentials, or not the mechanism. */
export class AuthenticationError extends Data.TaggedError("AuthenticationError")<{
  readonly address: string
  readonly code: number
  readonly why: string
}> {
  readonly codeName: ErrorName = infoOf(this.code).name
  readonly retriable: boolean = false
  override get message(): string {
    return `${this.address}: ${this.why}`
  }
}

/** A broker answered with an error. */
export class BrokerError extends Data.TaggedError("BrokerError")<{
  readonly code: number
  /** The request, as Kafka calls it. */
  readonly api: string
  /** The topic, partition, group, … it is about. */
  readonly resource?: string | undefined
  /** What the broker said, where it said more than the code. */
  readonly said?: string | null | undefined
}> {
  readonly codeName: ErrorName = infoOf(this.code).name
  readonly retriable: boolean = infoOf(this.code).retriable
  override get message(): string {
    const about = this.resource === undefined ? this.api : `${this.api} ${this.resource}`
    return `${about}: ${this.codeName}: ${this.said ?? infoOf(this.code).message}`
  }
}

/** The time given was over before it succeeded; `cause` is what the last attempt failed with. */
export class TimeoutError extends Data.TaggedError("TimeoutError")<{
  readonly what: string
  readonly afterMs: number
  readonly cause?: unknown
}> {
  readonly code: number = ErrorCode.REQUEST_TIMED_OUT
  readonly codeName: ErrorName = "REQUEST_TIMED_OUT"
  readonly retriable: boolean = true
  override get message(): string {
    const why = this.cause instanceof Error ? `: ${this.cause.message}` : ""
    return `${this.what}: not within ${this.afterMs} ms${why}`
  }
}

/** The options contradict each other, or one is beyond its bounds. */
export class ConfigError extends Data.TaggedError("ConfigError")<{ readonly why: string; readonly cause?: unknown }> {
  readonly code: number = ErrorCode.INVALID_CONFIG
  readonly codeName: ErrorName = "INVALID_CONFIG"
  readonly retriable: boolean = false
  override get message(): string {
    return this.why
  }
}

/** Which part of a record is meant. */
export type Part = "key" | "value" | "headers"

/** What of a record is not as its topic says. */
const misfitOf = ({ topic, part, cause }: { readonly topic: string; readonly part: Part; readonly cause: unknown }) =>
  `${topic}, ${part}: ${cause instanceof Error ? cause.message : String(cause)}`

/** A key, value or header does not fit its schema; nothing was sent. */
export class EncodeError extends Data.TaggedError("EncodeError")<{
  readonly topic: string
  readonly part: Part
  readonly cause: unknown
}> {
  readonly code: number = ErrorCode.INVALID_RECORD
  readonly codeName: ErrorName = "INVALID_RECORD"
  readonly retriable: boolean = false
  override get message(): string {
    return misfitOf(this)
  }
}

/** A record's bytes are not what the topic's schema says; `bytes` is an own copy of them, null where the record had null. */
export class DecodeError extends Data.TaggedError("DecodeError")<{
  readonly topic: string
  readonly part: Part
  readonly bytes: Uint8Array | null
  readonly cause: unknown
}> {
  readonly code: number = ErrorCode.INVALID_RECORD
  readonly codeName: ErrorName = "INVALID_RECORD"
  readonly retriable: boolean = false
  override get message(): string {
    return misfitOf(this)
  }
}

/** A record was not stored, or nobody knows whether it was. */
export class ProduceError extends Data.TaggedError("ProduceError")<{
  readonly topic: string
  /** -1: it was not decided yet. */
  readonly partition: number
  readonly code: number
  /** True: a request with it was under way and nobody knows what became of it. False: it was refused, or never sent. */
  readonly mayBeStored: boolean
  readonly cause?: unknown
}> {
  readonly codeName: ErrorName = infoOf(this.code).name
  readonly retriable: boolean = infoOf(this.code).retriable && !(this.cause instanceof ClosedError)
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : infoOf(this.code).message
    const place = this.partition < 0 ? this.topic : `${this.topic}-${this.partition}`
    return `${place}: ${this.codeName}: ${why}`
  }
}

/** A newer producer with the same transactional id has taken over: this one is of no use any more. */
export class FencedError extends Data.TaggedError("FencedError")<{
  readonly transactionalId: string
  readonly code: number
}> {
  readonly codeName: ErrorName = infoOf(this.code).name
  readonly retriable: boolean = false
  override get message(): string {
    return `${this.transactionalId}: ${infoOf(this.code).message}`
  }
}

/** A transaction could not be begun, gone on with or ended; `abortable`: it can be aborted and begun anew. */
export class TransactionError extends Data.TaggedError("TransactionError")<{
  readonly transactionalId: string
  readonly code: number
  readonly abortable: boolean
  readonly cause?: unknown
}> {
  readonly codeName: ErrorName = infoOf(this.code).name
  readonly retriable: boolean = infoOf(this.code).retriable
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : infoOf(this.code).message
    return `${this.transactionalId}: ${this.codeName}: ${why}`
  }
}

/** Why one request has no answer; a BrokerError when its target could not be found out. */
export type RequestError = ConnectionError | ClosedError | UnsupportedVersion | AuthenticationError | BrokerError

/** Why something asked of the cluster, with retries, did not come to be. */
export type KlammError = RequestError | TimeoutError

/** Kafka's name of a code; one that Kafka has not given out counts as the broker's own failure. */
export const nameOf = (code: number): ErrorName => infoOf(code).name

const staleMetadataCodes: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.LISTENER_NOT_FOUND,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
  ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
  ErrorCode.NOT_CONTROLLER,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID
])

/** Whether the error says that what is known of leaders is out of date; so does an answer that never came. */
export const saysMetadataIsStale = ({ _tag, code }: { readonly _tag: string; readonly code: number }): boolean =>
  _tag === "ConnectionError" || staleMetadataCodes.has(code)

/** Whether the error says that the coordinator has to be looked up again. */
export const saysCoordinatorIsWrong = ({ _tag, code }: { readonly _tag: string; readonly code: number }): boolean =>
  _tag === "ConnectionError" || code === ErrorCode.NOT_COORDINATOR || code === ErrorCode.COORDINATOR_NOT_AVAILABLE
