/**
 * The step of the classic membership machine: which message leads to which transition of `ClassicMember.ts`, and above all what
 * each error of the coordinator means to each request. Pure and total.
 */
import { ErrorCode } from "@klamm/protocol"
import type { ClassicMessage, ClassicState, Step } from "./ClassicMember.ts"
import * as Classic from "./ClassicMember.ts"
import { backoffMs, verdictOf } from "./Membership.ts"

const ignore = (state: ClassicState): Step => [state, []]

/** Joins again after a while; the coordinator may be another by then. */
const joinLater = (state: ClassicState, reason: string, now: number, isElsewhere: boolean): Step => [
  {
    ...state,
    phase: state.generation >= 0 ? "Stable" : "Unjoined",
    joinWanted: reason,
    retryAt: now + backoffMs(state.settings, state.failures),
    failures: state.failures + 1
  },
  isElsewhere ? [{ _tag: "Rediscover" }] : []
]

/** What an error of JoinGroup or SyncGroup leads to. */
const refused = (state: ClassicState, code: number, now: number): Step => {
  switch (verdictOf(code)) {
    case "again":
      return joinLater(state, "the coordinator was not ready", now, false)
    case "elsewhere":
      return joinLater(state, "the coordinator moved", now, true)
    case "unknownMember":
      return Classic.forget(state, "the coordinator knew no such member", now, keptId(state, code))
    case "fatal":
      return Classic.fail(state, code)
  }
}

/** A member of an outdated generation is still a member, under its id. */
const keptId = (state: ClassicState, code: number): string =>
  code === ErrorCode.ILLEGAL_GENERATION ? state.memberId : ""

const joined = (state: ClassicState, message: ClassicMessage & { _tag: "Joined" }, now: number): Step => {
  if (state.phase !== "Joining" || message.round !== state.round) return ignore(state)
  if (message.outcome._tag === "Unanswered") return joinLater(state, "the join was not answered", now, true)
  const { body } = message.outcome
  if (body.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
    return Classic.join({ ...state, memberId: body.memberId }, "the member has its id now")
  }
  if (body.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) return Classic.join(state, "a rebalance was in progress")
  if (body.errorCode !== ErrorCode.NONE) return refused(state, body.errorCode, now)
  const member: ClassicState = {
    ...state,
    memberId: body.memberId,
    generation: body.generationId,
    protocol: body.protocolName
  }
  const { round } = state
  if (body.leader !== body.memberId || body.skipAssignment) {
    const request = { _tag: "Sync", round, assignments: new Map() } as const
    return [{ ...member, phase: "Syncing" }, [{ _tag: "Send", request }]]
  }
  const { members } = body
  return [{ ...member, phase: "Leading" }, [{ _tag: "Lead", round, protocol: body.protocolName ?? "", members }]]
}

const planned = (state: ClassicState, message: ClassicMessage & { _tag: "Planned" }): Step => {
  if (state.phase !== "Leading" || message.round !== state.round) return ignore(state)
  const { round, assignments } = message
  return [{ ...state, phase: "Syncing" }, [{ _tag: "Send", request: { _tag: "Sync", round, assignments } }]]
}

const synced = (state: ClassicState, message: ClassicMessage & { _tag: "Synced" }, now: number): Step => {
  if (state.phase !== "Syncing" || message.round !== state.round) return ignore(state)
  if (message.outcome._tag === "Unanswered") return joinLater(state, "the sync was not answered", now, true)
  const code = message.outcome.body.errorCode
  if (code === ErrorCode.NONE) return Classic.adopt(state, message.assigned, now)
  if (code === ErrorCode.REBALANCE_IN_PROGRESS) return Classic.join(state, "another rebalance had begun")
  return refused(state, code, now)
}

const beaten = (state: ClassicState, message: ClassicMessage & { _tag: "Beaten" }, now: number): Step => {
  if (!state.isHeartbeating || message.round !== state.round) return ignore(state)
  const { settings, failures } = state
  const later = (wait: number): ClassicState => ({ ...state, isHeartbeating: false, heartbeatAt: now + wait })
  const soon = { ...later(backoffMs(settings, failures)), failures: failures + 1 }
  if (message.outcome._tag === "Unanswered") return [soon, [{ _tag: "Rediscover" }]]
  const code = message.outcome.body.errorCode
  if (code === ErrorCode.NONE) return [{ ...later(settings.heartbeatIntervalMs), failures: 0 }, []]
  if (code === ErrorCode.REBALANCE_IN_PROGRESS) {
    return Classic.proceed({ ...later(settings.heartbeatIntervalMs), joinWanted: "the group is rebalancing" }, now)
  }
  const verdict = verdictOf(code)
  if (verdict === "again") return [soon, []]
  return verdict === "elsewhere" ? [soon, [{ _tag: "Rediscover" }]] : refused(state, code, now)
}

/** A commit said something about the membership. */
const commitRefused = (state: ClassicState, code: number, now: number): Step => {
  if (state.phase !== "Stable") return ignore(state)
  if (code === ErrorCode.REBALANCE_IN_PROGRESS) {
    return Classic.proceed({ ...state, joinWanted: "a commit found the group rebalancing" }, now)
  }
  if (code === ErrorCode.FENCED_INSTANCE_ID) return Classic.fail(state, code)
  return verdictOf(code) === "unknownMember" ? refused(state, code, now) : ignore(state)
}

const idle = (state: ClassicState, now: number): Step => {
  const rested = { ...state, busyUntil: Number.POSITIVE_INFINITY }
  if (!state.hasStalled) return [rested, []]
  return Classic.proceed({ ...rested, hasStalled: false, joinWanted: "records are asked for again" }, now)
}

export const step = (state: ClassicState, message: ClassicMessage, now: number): Step => {
  if (state.phase === "Ended") return ignore(state)
  switch (message._tag) {
    case "Tick":
      return Classic.tick(state, now)
    case "Joined":
      return joined(state, message, now)
    case "Planned":
      return planned(state, message)
    case "Unplanned":
      return state.phase === "Leading" && message.round === state.round
        ? joinLater(state, "the leader could not learn the partitions", now, false)
        : ignore(state)
    case "Synced":
      return synced(state, message, now)
    case "Beaten":
      return beaten(state, message, now)
    case "SubscriptionChanged":
      return Classic.subscribe(state, message.topics, now)
    case "Busy":
      return [{ ...state, busyUntil: now + state.settings.maxPollIntervalMs }, []]
    case "Idle":
      return idle(state, now)
    case "Revoked":
      return Classic.revoked(state, now)
    case "Refused":
      return commitRefused(state, message.code, now)
    case "Leave":
      return Classic.depart(state, now)
    case "LeaveAnswered":
      return state.phase === "Leaving" ? [{ ...state, phase: "Ended" }, [{ _tag: "Left" }]] : ignore(state)
  }
}
