/**
 * What one step of a shard brings forth beside the new state: answers to give, and records to append with what their outcome
 * means. Invariant: a turn lives for one step; rules write into it and give back the changed group.
 */
import type { RecordInput } from "@klamm/protocol/RecordBatch"
import type { GroupSettings } from "./Contract.ts"
import type { Committed, Complete, Group, JoinAnswer } from "./Group.ts"

/** One commit, or with null one deletion. */
export interface OffsetChange {
  readonly topic: string
  readonly partition: number
  readonly committed: Committed | null
}

/** What happens to the group once its records are appended, or could not be. */
export type Settlement =
  /** Nothing but an answer. */
  | { readonly _tag: "Told" }
  | { readonly _tag: "Offsets"; readonly changes: ReadonlyArray<OffsetChange> }
  | { readonly _tag: "Assigned"; readonly generation: number; readonly assignment: ReadonlyMap<string, Uint8Array> }
  /** The record of a group that a first JoinGroup made. */
  | { readonly _tag: "Created"; readonly newMemberId: string }
  | {
      readonly _tag: "StaticReplaced"
      readonly newMemberId: string
      readonly former: { readonly group: Group; readonly memberId: string }
      readonly skipsAssignment: boolean
      readonly refuse: Complete<JoinAnswer>
    }
  | { readonly _tag: "Deleted"; readonly former: Group; readonly changes: ReadonlyArray<OffsetChange> }

export interface Write {
  readonly groupId: string
  readonly records: ReadonlyArray<RecordInput>
  readonly settlement: Settlement
  /** Told the log's error code, 0 for none, once the state has changed accordingly. */
  readonly done: ((errorCode: number) => void) | null
}

/** When a step is taken, and under which settings. */
export interface Circumstances {
  readonly settings: GroupSettings
  /** Monotonic, ms: deadlines are counted in it, and none moves when the wall clock is set. */
  readonly now: number
  /** Of the wall, ms: what is stored, and the retention that is counted from it. */
  readonly wallMs: number
}

export interface Turn extends Circumstances {
  readonly answers: Array<() => void>
  readonly writes: Array<Write>
}

export const answer = <Answer>(turn: Turn, complete: Complete<Answer>, given: Answer): void => {
  turn.answers.push(() => complete(given))
}
