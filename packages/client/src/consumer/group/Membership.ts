/**
 * What the two membership machines have in common: a member's life as messages in and effects out, whatever the protocol.
 *
 * Invariants: a partition is owned from `Assign` until `Revoke` has been answered by `Revoked`, or until `Lost`; no other effect
 * touches ownership. At most one `Revoke` is open. Neighbours: `ClassicMember.ts`, `ModernMember.ts`; `Shell.ts` runs them.
 */
import { ErrorCode, errorByCode } from "@klamm/protocol"
import type { TopicPartition } from "../TopicPartition.ts"

export interface Timing {
  readonly heartbeatIntervalMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  /** max.poll.interval.ms: how long what was handed out may take, and how long a rebalance waits for it. */
  readonly maxPollIntervalMs: number
}

/** What any member is told, besides the answers of its protocol. */
export type CommonMessage =
  | { readonly _tag: "Tick" }
  /** What the member reads has changed: topics, or how many partitions they have. */
  | { readonly _tag: "SubscriptionChanged"; readonly topics: ReadonlyArray<string> }
  /** Records were handed out and are being worked on. */
  | { readonly _tag: "Busy" }
  /** Whatever was handed out is done, or the application asks for more. */
  | { readonly _tag: "Idle" }
  /** The partitions of the open `Revoke` are let go of. */
  | { readonly _tag: "Revoked" }
  /** A commit was answered with an error that is about the membership. */
  | { readonly _tag: "Refused"; readonly code: number }
  | { readonly _tag: "Leave" }

export type CommonEffect<P extends TopicPartition> =
  | { readonly _tag: "Assign"; readonly partitions: ReadonlyArray<P> }
  /** Finish what was handed out of these, commit, stop reading them, then say `Revoked`. */
  | { readonly _tag: "Revoke"; readonly partitions: ReadonlyArray<P> }
  /** Others may be reading these already: stop at once, nothing can be committed. An open `Revoke` ends with it. */
  | { readonly _tag: "Lost"; readonly partitions: ReadonlyArray<P> }
  /** The coordinator is not where it was. */
  | { readonly _tag: "Rediscover" }
  | { readonly _tag: "Fail"; readonly code: number; readonly message: string | null }
  /** The member is out and the machine has ended. */
  | { readonly _tag: "Left" }

/** What came of a request: the answer, or that none will come. */
export type Outcome<Body> = { readonly _tag: "Body"; readonly body: Body } | { readonly _tag: "Unanswered" }

export const unanswered: Outcome<never> = { _tag: "Unanswered" }

/** The wait before the attempt after so many failures. */
export const backoffMs = ({ retryBackoffMs, retryBackoffMaxMs }: Timing, failures: number): number =>
  Math.min(retryBackoffMs * 2 ** Math.min(failures, 20), retryBackoffMaxMs)

/** What an error says about what to do next, for both protocols. */
export type Verdict = "again" | "elsewhere" | "unknownMember" | "fatal"

const elsewhere = new Set<number>([ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE])
const strangers = new Set<number>([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.FENCED_MEMBER_EPOCH
])

export const verdictOf = (code: number): Verdict => {
  if (elsewhere.has(code)) return "elsewhere"
  if (strangers.has(code)) return "unknownMember"
  return errorByCode(code)?.retriable === true ? "again" : "fatal"
}
