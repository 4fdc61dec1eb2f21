/**
 * A member of a group of the new protocol (KIP-848), where the coordinator assigns and one heartbeat carries everything; and of a
 * share group (KIP-932), whose members own nothing alone and so revoke nothing.
 *
 * Invariants: what the member has leaves it before anything new comes to it, and the coordinator is told of each change by the
 * next heartbeat, at once; one heartbeat is in flight at most; after a fence or an unanswered heartbeat everything is said again.
 * Neighbours: `Membership.ts` (messages and effects), `ModernGroup.ts` (the shell).
 */
import { type ConsumerGroupHeartbeatResponse, ErrorCode } from "@klamm/protocol"
import { isSame, type TopicPartition } from "../TopicPartition.ts"
import { backoffMs, type CommonEffect, type CommonMessage, type Outcome, type Timing, verdictOf } from "./Membership.ts"

export interface IdPartition extends TopicPartition {
  readonly topicId: string
}

export interface ModernSettings extends Timing {
  readonly instanceId: string | null
  /** A share group's member lets go of partitions without asking. */
  readonly isShare: boolean
}

export interface ModernState {
  readonly settings: ModernSettings
  readonly phase: "Outside" | "Member" | "Leaving" | "Ended"
  readonly topics: ReadonlyArray<string>
  readonly memberEpoch: number
  readonly owned: ReadonlyArray<IdPartition>
  readonly revoking: ReadonlyArray<IdPartition> | null
  /** What the coordinator wants the member to have. */
  readonly target: ReadonlyArray<IdPartition>
  /** What the coordinator has been told last; undefined when it has to be told. */
  readonly told: ReadonlyArray<IdPartition> | undefined
  readonly toldTopics: ReadonlyArray<string> | undefined
  readonly heartbeatIntervalMs: number
  readonly heartbeatAt: number
  /** The heartbeat in flight; answers to others are too late. */
  readonly inFlight: number | null
  readonly beats: number
  readonly failures: number
  readonly busyUntil: number
  readonly hasStalled: boolean
  readonly isLeaving: boolean
}

/** A heartbeat; a part that is null has not changed since the coordinator heard it. */
export interface Heartbeat {
  readonly beat: number
  readonly memberEpoch: number
  readonly isFull: boolean
  readonly topics: ReadonlyArray<string> | null
  readonly owned: ReadonlyArray<IdPartition> | null
}

type Answer = Pick<
  typeof ConsumerGroupHeartbeatResponse.Type,
  "errorCode" | "errorMessage" | "memberEpoch" | "heartbeatIntervalMs"
>

export type ModernMessage =
  | CommonMessage
  | { readonly _tag: "Beaten"; readonly beat: number; readonly outcome: Outcome<Answer> }
  /** The assignment of an answer, its topics' names found. */
  | { readonly _tag: "Target"; readonly memberEpoch: number; readonly partitions: ReadonlyArray<IdPartition> }

export type ModernEffect = CommonEffect<IdPartition> | { readonly _tag: "Send"; readonly request: Heartbeat }

export type ModernStep = readonly [ModernState, ReadonlyArray<ModernEffect>]

const joinEpoch = 0
const leaveEpoch = -1
const staticLeaveEpoch = -2

export const initial = (settings: ModernSettings, topics: ReadonlyArray<string>): ModernState => ({
  settings,
  phase: "Outside",
  topics,
  memberEpoch: joinEpoch,
  owned: [],
  revoking: null,
  target: [],
  told: undefined,
  toldTopics: undefined,
  heartbeatIntervalMs: settings.heartbeatIntervalMs,
  heartbeatAt: 0,
  inFlight: null,
  beats: 0,
  failures: 0,
  busyUntil: Number.POSITIVE_INFINITY,
  hasStalled: false,
  isLeaving: false
})

const heartbeat = (state: ModernState, memberEpoch = state.memberEpoch): ModernStep => {
  const beat = state.beats + 1
  const isFull = memberEpoch === joinEpoch || state.told === undefined
  const request: Heartbeat = {
    beat,
    memberEpoch,
    isFull,
    topics:
      isFull || state.toldTopics === undefined || !isSameTopics(state.topics, state.toldTopics) ? state.topics : null,
    owned: isFull || !isSame(state.owned, state.told ?? []) ? state.owned : null
  }
  const next = { ...state, beats: beat, inFlight: beat, told: state.owned, toldTopics: state.topics }
  return [next, [{ _tag: "Send", request }]]
}

const isSameTopics = (left: ReadonlyArray<string>, right: ReadonlyArray<string>): boolean =>
  left.length === right.length && left.every((topic) => right.includes(topic))

/** A heartbeat, when one is due or there is something to tell. */
const beatIfDue = (state: ModernState, now: number): ModernStep => {
  const mayBeat =
    state.inFlight === null && !state.hasStalled && (state.phase === "Outside" || state.phase === "Member")
  return mayBeat && state.heartbeatAt <= now ? heartbeat(state) : [state, []]
}

const then = ([state, effects]: ModernStep, next: (state: ModernState) => ModernStep): ModernStep => {
  const [last, more] = next(state)
  return [last, [...effects, ...more]]
}

/** Takes the member nearer to its target: what must go goes first. */
const reconcile = (state: ModernState, now: number): ModernStep => {
  if (state.revoking !== null || state.phase !== "Member") return [state, []]
  if (state.isLeaving) return leave(state)
  const surplus = minusIds(state.owned, state.target)
  if (surplus.length > 0 && !state.settings.isShare) {
    return [{ ...state, revoking: surplus }, [{ _tag: "Revoke", partitions: surplus }]]
  }
  const added = minusIds(state.target, state.owned)
  if (added.length === 0 && surplus.length === 0) return [state, []]
  const effects: ReadonlyArray<ModernEffect> = [
    ...(surplus.length > 0 ? [{ _tag: "Lost", partitions: surplus } as const] : []),
    ...(added.length > 0 ? [{ _tag: "Assign", partitions: added } as const] : [])
  ]
  const taken = { ...state, owned: state.target, heartbeatAt: now }
  return then([taken, effects], (each) => beatIfDue(each, now))
}

const minusIds = (left: ReadonlyArray<IdPartition>, right: ReadonlyArray<IdPartition>): ReadonlyArray<IdPartition> => {
  const known = new Map(right.map((each) => [`${each.topicId}:${each.partition}`, each]))
  return left.filter((each) => !known.has(`${each.topicId}:${each.partition}`))
}

const outside = (state: ModernState): ModernState => ({
  ...state,
  phase: "Outside",
  memberEpoch: joinEpoch,
  owned: [],
  revoking: null,
  target: [],
  told: undefined,
  toldTopics: undefined,
  inFlight: null
})

const lost = ({ owned }: ModernState): ReadonlyArray<ModernEffect> =>
  owned.length > 0 ? [{ _tag: "Lost", partitions: owned }] : []

const fail = (state: ModernState, code: number, message: string | null): ModernStep => [
  { ...outside(state), phase: "Ended", heartbeatAt: Number.POSITIVE_INFINITY },
  [...lost(state), { _tag: "Fail", code, message }]
]

/** The coordinator knows the member no more: it joins anew, owning nothing. */
const rejoin = (state: ModernState, now: number): ModernStep =>
  then([{ ...outside(state), heartbeatAt: now }, lost(state)], (each) => beatIfDue(each, now))

const leave = (state: ModernState): ModernStep => {
  if (state.owned.length > 0 && !state.settings.isShare) {
    return [{ ...state, revoking: state.owned }, [{ _tag: "Revoke", partitions: state.owned }]]
  }
  if (state.beats === 0 || state.hasStalled) return [{ ...state, phase: "Ended" }, [{ _tag: "Left" }]]
  const epoch = state.settings.instanceId === null ? leaveEpoch : staticLeaveEpoch
  return heartbeat({ ...state, phase: "Leaving", inFlight: null }, epoch)
}

const beaten = (state: ModernState, message: ModernMessage & { _tag: "Beaten" }, now: number): ModernStep => {
  if (message.beat !== state.inFlight) return [state, []]
  if (state.phase === "Leaving") return [{ ...state, phase: "Ended" }, [{ _tag: "Left" }]]
  const { failures, settings } = state
  // The answer may be lost while the request was not: all is told again.
  const later: ModernState = {
    ...state,
    inFlight: null,
    told: undefined,
    toldTopics: undefined,
    heartbeatAt: now + backoffMs(settings, failures),
    failures: failures + 1
  }
  if (message.outcome._tag === "Unanswered") return [later, [{ _tag: "Rediscover" }]]
  const { errorCode, errorMessage, memberEpoch, heartbeatIntervalMs } = message.outcome.body
  if (errorCode !== ErrorCode.NONE) {
    switch (verdictOf(errorCode)) {
      case "again":
        return [later, []]
      case "elsewhere":
        return [later, [{ _tag: "Rediscover" }]]
      case "unknownMember":
        return rejoin(state, now)
      case "fatal":
        return fail(state, errorCode, errorMessage)
    }
  }
  const member: ModernState = {
    ...state,
    phase: "Member",
    memberEpoch,
    inFlight: null,
    failures: 0,
    heartbeatIntervalMs,
    heartbeatAt: isToldAll(state) ? now + heartbeatIntervalMs : now
  }
  return then(reconcile(member, now), (each) => beatIfDue(each, now))
}

/** Whether nothing changed while the heartbeat was under way. */
const isToldAll = ({ told, owned, topics, toldTopics }: ModernState): boolean =>
  told !== undefined && isSame(told, owned) && toldTopics !== undefined && isSameTopics(topics, toldTopics)

const revoked = (state: ModernState, now: number): ModernStep => {
  if (state.revoking === null) return [state, []]
  const owned = minusIds(state.owned, state.revoking)
  const free: ModernState = { ...state, owned, revoking: null, heartbeatAt: now }
  return then(reconcile(free, now), (each) => beatIfDue(each, now))
}

/** What was handed out has taken longer than max.poll.interval.ms: the group goes on without this member. */
const stall = (state: ModernState): ModernStep => {
  const [gone, effects] = heartbeat(state, leaveEpoch)
  return [
    { ...outside(gone), hasStalled: true, busyUntil: Number.POSITIVE_INFINITY, heartbeatAt: Number.POSITIVE_INFINITY },
    [...effects, ...lost(state)]
  ]
}

const refused = (state: ModernState, code: number, now: number): ModernStep => {
  if (code === ErrorCode.FENCED_INSTANCE_ID) return fail(state, code, null)
  if (state.phase !== "Member" || verdictOf(code) !== "unknownMember") return [state, []]
  return rejoin(state, now)
}

const idle = (state: ModernState, now: number): ModernStep => {
  const rested: ModernState = { ...state, busyUntil: Number.POSITIVE_INFINITY, hasStalled: false }
  return state.hasStalled ? beatIfDue({ ...rested, heartbeatAt: now }, now) : [rested, []]
}

const depart = (state: ModernState, now: number): ModernStep => {
  if (state.phase === "Leaving") return [state, []]
  return reconcile({ ...state, phase: "Member", isLeaving: true }, now)
}

export const step = (state: ModernState, message: ModernMessage, now: number): ModernStep => {
  if (state.phase === "Ended") return [state, []]
  switch (message._tag) {
    case "Tick":
      return state.busyUntil <= now && state.phase === "Member" ? stall(state) : beatIfDue(state, now)
    case "Beaten":
      return beaten(state, message, now)
    case "Target":
      return state.phase === "Member" && message.memberEpoch <= state.memberEpoch
        ? reconcile({ ...state, target: message.partitions }, now)
        : [state, []]
    case "SubscriptionChanged":
      return beatIfDue({ ...state, topics: message.topics, heartbeatAt: now }, now)
    case "Busy":
      return [{ ...state, busyUntil: now + state.settings.maxPollIntervalMs }, []]
    case "Idle":
      return idle(state, now)
    case "Revoked":
      return revoked(state, now)
    case "Refused":
      return refused(state, message.code, now)
    case "Leave":
      return depart(state, now)
  }
}

export const wakeAt = (state: ModernState): number => {
  if (state.phase === "Ended" || state.phase === "Leaving") return Number.POSITIVE_INFINITY
  const beatAt = state.inFlight === null && !state.hasStalled ? state.heartbeatAt : Number.POSITIVE_INFINITY
  return Math.min(beatAt, state.phase === "Member" ? state.busyUntil : Number.POSITIVE_INFINITY)
}
