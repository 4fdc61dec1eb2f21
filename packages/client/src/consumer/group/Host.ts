/**
 * What a membership and its consumer ask of each other. Invariant: the consumer learns of partitions only here, in the order in which
 * they came and went. Neighbours: `ClassicGroup.ts` and `ModernGroup.ts` are memberships, `Engine.ts` holds the partitions.
 */
import type * as Effect from "effect/Effect"
import type { Identity } from "../Asking.ts"
import type { ConsumerError } from "../ConsumerError.ts"
import type { TopicPartition } from "../TopicPartition.ts"
import type { CommonMessage } from "./Membership.ts"

export interface Host {
  readonly assign: (partitions: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
  /** Finishes what was handed out, commits and lets go; may be interrupted, when it is too late for that. */
  readonly revoke: (partitions: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
  readonly lose: (partitions: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
  readonly fail: (error: ConsumerError) => void
}

export interface Membership {
  /** Who the member is now; its generation is -1 while it is none. */
  readonly identity: () => Identity
  readonly tell: (message: CommonMessage) => void
  /** Returns when the member has left or failed. */
  readonly ended: Effect.Effect<void>
}
