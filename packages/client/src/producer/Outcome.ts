/**
 * What becomes of a batch that a broker has answered to, or not. Pure: the whole policy of sending again in one function. Neighbour:
 * `Sender.ts`, which does what it says.
 */
import { ErrorCode, errorByCode } from "@klamm/protocol/ErrorCode"
import type { ConnectionErrorReason, RequestError } from "../KlammError.ts"

/**
 * `Renumber`: send it again under a new identity, for the broker did not take it under this one. `isCertain`: the broker said that it
 * did not store the batch; else nobody knows.
 */
export type Outcome =
  | { readonly _tag: "Stored" }
  | { readonly _tag: "Retry" }
  | { readonly _tag: "Renumber" }
  | { readonly _tag: "Split" }
  | { readonly _tag: "Fail"; readonly isCertain: boolean }

export interface Situation {
  readonly isIdempotent: boolean
  readonly isTransactional: boolean
  /** All batches before this one are stored. */
  readonly isNext: boolean
  /** An earlier batch of the partition was given up, so that this one could not be in sequence. */
  readonly isBroken: boolean
  /** An earlier request with it went out of which nobody knows what became. */
  readonly mayBeStored: boolean
  /** delivery.timeout.ms is over. */
  readonly isExpired: boolean
  readonly canSplit: boolean
}

const stored: Outcome = { _tag: "Stored" }
const retry: Outcome = { _tag: "Retry" }
const renumber: Outcome = { _tag: "Renumber" }
const split: Outcome = { _tag: "Split" }
const refused: Outcome = { _tag: "Fail", isCertain: true }
const unknown: Outcome = { _tag: "Fail", isCertain: false }

/** A broker had been reached then. */
const lostOnTheWay: ReadonlySet<ConnectionErrorReason> = new Set(["Disconnected", "TimedOut", "Malformed"])

/** After these the batch may have been stored all the same. */
const doubtful: ReadonlySet<number> = new Set([
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  ErrorCode.UNKNOWN_SERVER_ERROR,
  ErrorCode.KAFKA_STORAGE_ERROR
])

/** Whether a request that ended so may have been acted on. */
export const mayBeStored = (errorCode: number, error?: RequestError): boolean => {
  if (error === undefined) return doubtful.has(errorCode)
  if (error._tag === "ConnectionError") return lostOnTheWay.has(error.reason)
  return error._tag === "ClosedError"
}

/**
 * Out of sequence though all before it is stored: the broker lost some of it, or forgot this producer. A new identity begins anew
 * (KIP-360), but not for what may be stored already: that would be stored twice.
 */
const ofGap = ({ isTransactional, mayBeStored: isDoubtful }: Situation): Outcome =>
  isTransactional || isDoubtful ? unknown : renumber

const ofSequence = (errorCode: number, situation: Situation): Outcome | undefined => {
  const { isTransactional, isNext, isBroken } = situation
  switch (errorCode) {
    case ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
      return stored
    case ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER:
      return isBroken || !isNext ? retry : ofGap(situation)
    case ErrorCode.UNKNOWN_PRODUCER_ID:
    case ErrorCode.INVALID_PRODUCER_EPOCH:
      return isTransactional ? refused : renumber
    default:
      return undefined
  }
}

export const outcomeOf = (errorCode: number, situation: Situation): Outcome => {
  if (errorCode === ErrorCode.NONE) return stored
  const isFinal = situation.isExpired
  const known = situation.isIdempotent ? ofSequence(errorCode, situation) : undefined
  if (known !== undefined) return isFinal && known._tag !== "Stored" ? unknown : known
  if (errorCode === ErrorCode.MESSAGE_TOO_LARGE && situation.canSplit && !isFinal) return split
  if (errorByCode(errorCode)?.retriable === true) return isFinal ? unknown : retry
  return doubtful.has(errorCode) ? unknown : refused
}
