/**
 * A member of a classic group: join, sync, heartbeat, leave, as the Java client's ConsumerCoordinator does it; static members
 * (KIP-345), cooperative rebalances (KIP-429), a member id first (KIP-394).
 *
 * Invariants: one JoinGroup or SyncGroup is in flight at most, and an answer to an earlier one changes nothing. An eager member
 * joins owning nothing. A cooperative one keeps what it owns, lets go of what the new assignment takes, and then joins once more.
 * Neighbours: `Membership.ts` (messages and effects), `ClassicStep.ts` (what messages do), `ClassicGroup.ts` (the shell).
 */
import type { HeartbeatResponse, JoinGroupResponse, SyncGroupResponse } from "@klamm/protocol"
import { isSame, minus, type TopicPartition } from "../TopicPartition.ts"
import type { CommonEffect, CommonMessage, Outcome, Timing } from "./Membership.ts"

export type Phase = "Unjoined" | "Joining" | "Leading" | "Syncing" | "Stable" | "Leaving" | "Ended"

export interface ClassicSettings extends Timing {
  readonly instanceId: string | null
  /** Whether members keep what they own while they join: when every assignor on offer does so, as the Java client has it. */
  readonly isCooperative: boolean
  /** Whether a static member leaves when it closes; Java's does not. */
  readonly staticLeaves: boolean
}

export interface ClassicState {
  readonly settings: ClassicSettings
  readonly phase: Phase
  readonly topics: ReadonlyArray<string>
  readonly memberId: string
  readonly generation: number
  readonly protocol: string | null
  readonly owned: ReadonlyArray<TopicPartition>
  /** The open `Revoke`. */
  readonly revoking: ReadonlyArray<TopicPartition> | null
  /** Why the member should join, when it should. */
  readonly joinWanted: string | null
  /** Which join or sync is waited for; answers to others are too late. */
  readonly round: number
  readonly failures: number
  /** No join before this. */
  readonly retryAt: number
  readonly heartbeatAt: number
  readonly isHeartbeating: boolean
  /** When what was handed out has taken too long; Infinity while nothing is out. */
  readonly busyUntil: number
  /** The member left because of that, and joins when it is asked for records again. */
  readonly hasStalled: boolean
  readonly isLeaving: boolean
}

export type ClassicRequest =
  | { readonly _tag: "Join"; readonly round: number; readonly reason: string }
  | { readonly _tag: "Sync"; readonly round: number; readonly assignments: Assignments }
  | { readonly _tag: "Heartbeat"; readonly round: number }
  | { readonly _tag: "Leave"; readonly round: number; readonly reason: string }

export type Assignments = ReadonlyMap<string, ReadonlyArray<TopicPartition>>
type Join = typeof JoinGroupResponse.Type

export type ClassicMessage =
  | CommonMessage
  | { readonly _tag: "Joined"; readonly round: number; readonly outcome: Outcome<Join> }
  /** The leader's choice is made. */
  | { readonly _tag: "Planned"; readonly round: number; readonly assignments: Assignments }
  /** The leader could not make its choice: what it had to know could not be had. */
  | { readonly _tag: "Unplanned"; readonly round: number }
  | {
      readonly _tag: "Synced"
      readonly round: number
      readonly outcome: Outcome<Pick<typeof SyncGroupResponse.Type, "errorCode">>
      readonly assigned: ReadonlyArray<TopicPartition>
    }
  | {
      readonly _tag: "Beaten"
      readonly round: number
      readonly outcome: Outcome<Pick<typeof HeartbeatResponse.Type, "errorCode">>
    }
  | { readonly _tag: "LeaveAnswered" }

export type ClassicEffect =
  | CommonEffect<TopicPartition>
  | { readonly _tag: "Send"; readonly request: ClassicRequest }
  /** This member leads: it chooses for all, and says `Planned`. */
  | { readonly _tag: "Lead"; readonly round: number; readonly protocol: string; readonly members: Join["members"] }

export type Step = readonly [ClassicState, ReadonlyArray<ClassicEffect>]

export const initial = (settings: ClassicSettings, topics: ReadonlyArray<string>): ClassicState => ({
  settings,
  phase: "Unjoined",
  topics,
  memberId: "",
  generation: -1,
  protocol: null,
  owned: [],
  revoking: null,
  joinWanted: "the consumer starts",
  round: 0,
  failures: 0,
  retryAt: 0,
  heartbeatAt: Number.POSITIVE_INFINITY,
  isHeartbeating: false,
  busyUntil: Number.POSITIVE_INFINITY,
  hasStalled: false,
  isLeaving: false
})

const isAtRest = ({ phase }: ClassicState): boolean => phase === "Unjoined" || phase === "Stable"

/** Joins, or first lets go of everything, when it is time to and nothing is under way. */
export const proceed = (state: ClassicState, now: number): Step => {
  if (state.revoking !== null || !isAtRest(state)) return [state, []]
  if (state.isLeaving) return leave(state)
  if (state.joinWanted === null || now < state.retryAt) return [state, []]
  if (!state.settings.isCooperative && state.owned.length > 0) {
    return [{ ...state, revoking: state.owned }, [{ _tag: "Revoke", partitions: state.owned }]]
  }
  return join(state, state.joinWanted)
}

export const join = (state: ClassicState, reason: string): Step => {
  const round = state.round + 1
  return [
    { ...state, phase: "Joining", round, joinWanted: null, isHeartbeating: false },
    [{ _tag: "Send", request: { _tag: "Join", round, reason } }]
  ]
}

/** The last steps: partitions go first, so that their offsets are committed by a member; then the member goes. */
const leave = (state: ClassicState): Step => {
  if (state.owned.length > 0) {
    return [{ ...state, revoking: state.owned }, [{ _tag: "Revoke", partitions: state.owned }]]
  }
  const isSilent = state.memberId === "" || (state.settings.instanceId !== null && !state.settings.staticLeaves)
  if (isSilent) return [{ ...state, phase: "Ended" }, [{ _tag: "Left" }]]
  const request = { _tag: "Leave", round: state.round, reason: "the consumer is closed" } as const
  return [{ ...state, phase: "Leaving" }, [{ _tag: "Send", request }]]
}

/** The coordinator knows the member no more: what it owned may be others', and it joins as somebody new. */
export const forget = (state: ClassicState, reason: string, now: number, memberId = ""): Step => {
  const gone = state.owned
  const [next, effects] = proceed(
    {
      ...state,
      phase: "Unjoined",
      memberId,
      generation: -1,
      protocol: null,
      owned: [],
      revoking: null,
      round: state.round + 1,
      heartbeatAt: Number.POSITIVE_INFINITY,
      isHeartbeating: false,
      joinWanted: reason
    },
    now
  )
  return [next, gone.length > 0 ? [{ _tag: "Lost", partitions: gone }, ...effects] : effects]
}

/** An error after which there is no member any more. */
export const fail = (state: ClassicState, code: number, message: string | null = null): Step => [
  { ...state, phase: "Ended", owned: [], revoking: null, heartbeatAt: Number.POSITIVE_INFINITY },
  [
    ...(state.owned.length > 0 ? [{ _tag: "Lost", partitions: state.owned } as const] : []),
    { _tag: "Fail", code, message }
  ]
]

/** The new assignment, as the protocol in force takes it. */
export const adopt = (state: ClassicState, assigned: ReadonlyArray<TopicPartition>, now: number): Step => {
  const stable: ClassicState = {
    ...state,
    phase: "Stable",
    failures: 0,
    heartbeatAt: now + state.settings.heartbeatIntervalMs
  }
  const taken = minus(state.owned, assigned)
  const added = minus(assigned, state.owned)
  const effects: ReadonlyArray<ClassicEffect> = [{ _tag: "Assign", partitions: added }]
  if (taken.length === 0) {
    const [next, more] = proceed({ ...stable, owned: assigned }, now)
    return [next, [...effects, ...more]]
  }
  return [
    { ...stable, owned: [...state.owned, ...added], revoking: taken },
    [...effects, { _tag: "Revoke", partitions: taken }]
  ]
}

export const revoked = (state: ClassicState, now: number): Step => {
  if (state.revoking === null) return [state, []]
  const owned = minus(state.owned, state.revoking)
  return proceed({ ...state, owned, revoking: null, joinWanted: state.joinWanted ?? "partitions were revoked" }, now)
}

/** What was handed out has taken longer than max.poll.interval.ms: the group goes on without this member. */
const stall = (state: ClassicState): Step => {
  const request = {
    _tag: "Leave",
    round: state.round,
    reason: "records took longer than max.poll.interval.ms"
  } as const
  const out: ClassicState = {
    ...state,
    phase: "Unjoined",
    memberId: "",
    generation: -1,
    protocol: null,
    owned: [],
    revoking: null,
    joinWanted: null,
    round: state.round + 1,
    heartbeatAt: Number.POSITIVE_INFINITY,
    isHeartbeating: false,
    busyUntil: Number.POSITIVE_INFINITY,
    hasStalled: true
  }
  const lost = { _tag: "Lost", partitions: state.owned } as const
  // A static member says nothing: its place is kept for its session, as the Java client has it.
  return [out, state.settings.instanceId === null ? [{ _tag: "Send", request }, lost] : [lost]]
}

export const tick = (state: ClassicState, now: number): Step => {
  if (state.phase === "Ended" || state.phase === "Leaving") return [state, []]
  if (state.busyUntil <= now && state.generation >= 0 && isAtRest(state)) return stall(state)
  const [next, effects] = proceed(state, now)
  const isDue = next.phase === "Stable" && !next.isHeartbeating && next.heartbeatAt <= now
  if (!isDue) return [next, effects]
  const request = { _tag: "Heartbeat", round: next.round } as const
  return [{ ...next, isHeartbeating: true }, [...effects, { _tag: "Send", request }]]
}

export const subscribe = (state: ClassicState, topics: ReadonlyArray<string>, now: number): Step => {
  const named = (all: ReadonlyArray<string>) => all.map((topic) => ({ topic, partition: 0 }))
  const reason = isSame(named(topics), named(state.topics)) ? "partitions were added" : "the subscription changed"
  return proceed({ ...state, topics, joinWanted: reason }, now)
}

/** Leaves: at once when nothing is under way; a join in flight is not waited for, its answer comes too late then. */
export const depart = (state: ClassicState, now: number): Step => {
  if (state.phase === "Leaving") return [state, []]
  const phase = isAtRest(state) ? state.phase : state.generation >= 0 ? "Stable" : "Unjoined"
  return proceed({ ...state, phase, isLeaving: true, round: state.round + (isAtRest(state) ? 0 : 1) }, now)
}

/** When `Tick` is wanted. */
export const wakeAt = (state: ClassicState): number => {
  if (state.phase === "Ended" || state.phase === "Leaving") return Number.POSITIVE_INFINITY
  const joinAt = state.joinWanted !== null && isAtRest(state) && state.revoking === null ? state.retryAt : Infinity
  const beatAt = state.phase === "Stable" && !state.isHeartbeating ? state.heartbeatAt : Infinity
  return Math.min(joinAt, beatAt, isAtRest(state) && state.generation >= 0 ? state.busyUntil : Infinity)
}
