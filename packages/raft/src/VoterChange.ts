/**
 * Adding, removing and updating voters while the quorum runs (KIP-853): a VotersRecord in the log that counts from its append on. The first
 * one comes with the version that records voters (`VersionUpgrade.ts`).
 *
 * Invariants: one change at a time, and none before the one ahead of it and a record of the leader's own epoch are committed, so that any
 * two majorities that can both decide have a voter in common; a voter is added only once it has caught up.
 */
import { none } from "@klamm/actor"
import { codes, head, type Step, votersOf } from "./Common.ts"
import type { ControlRecord } from "./Control.ts"
import { advance, appendControl, type Leader, resign } from "./Leader.ts"
import * as LogView from "./LogView.ts"
import type { Out, Respond } from "./Message.ts"
import type {
  AddVoterRequest,
  RemoveVoterRequest,
  UpdateVoterRequest,
  UpgradeVersionRequest,
  VoterChangeResponse
} from "./Peer.ts"
import * as Progress from "./Progress.ts"
import * as VersionUpgrade from "./VersionUpgrade.ts"
import * as VoterSet from "./VoterSet.ts"

type VoterRequest = AddVoterRequest | RemoveVoterRequest | UpdateVoterRequest
export type ChangeRequest = VoterRequest | UpgradeVersionRequest

export interface Change {
  readonly request: ChangeRequest
  /** Undefined once it has been called. */
  readonly respond: Respond | undefined
  /** Where the record is; undefined while the new voter still catches up. */
  readonly offset: number | undefined
  readonly deadline: number
}

/** How long a removal, an update or an upgrade may wait for its commit, in milliseconds. */
const changeTimeoutMs = 30_000

export const response = (
  state: Parameters<typeof head>[0],
  request: ChangeRequest,
  errorCode: number,
  message: string | null
): VoterChangeResponse => ({ _tag: request._tag, ...head(state, errorCode), message })

const refusal = (state: Leader, request: VoterRequest): readonly [number, string] | undefined => {
  const { kraftVersion, offset } = LogView.latestVoters(state.log)
  const { voter } = request
  const same = votersOf(state).voters.find(({ id }) => id === voter.id)
  const isKnown = same !== undefined && same.directoryId === voter.directoryId
  if (kraftVersion < 1) return [codes.unsupportedVersion, "The voters are configured; kraft.version 1 records them."]
  if (state.highWatermark <= state.epochStartOffset) return [codes.requestTimedOut, "The leader has just been elected."]
  if (state.change !== undefined || offset >= state.highWatermark) {
    return [codes.requestTimedOut, "Another change of the voters is under way."]
  }
  if (request._tag === "AddVoter") {
    return same === undefined ? undefined : [codes.duplicateVoter, `Node ${voter.id} votes already.`]
  }
  if (!isKnown) return [codes.voterNotFound, `Node ${voter.id} with that directory is no voter.`]
  if (request._tag === "RemoveVoter" && votersOf(state).ids.length === 1) {
    return [codes.invalidRequest, "The last voter can't be removed."]
  }
  return undefined
}

export const request = (state: Leader, asked: ChangeRequest, respond: Respond, now: number): Step => {
  const atOnce = asked._tag === "UpgradeVersion" ? VersionUpgrade.answerAtOnce(state, asked) : refusal(state, asked)
  if (atOnce !== undefined) {
    const [errorCode, message] = atOnce
    return [state, [{ _tag: "Respond", respond, response: response(state, asked, errorCode, message) }]]
  }
  const timeoutMs = asked._tag === "AddVoter" ? asked.timeoutMs : changeTimeoutMs
  return proceed({ ...state, change: { request: asked, respond, offset: undefined, deadline: now + timeoutMs } }, now)
}

const votersAfter = (state: Leader, { request: asked }: Change): VoterSet.VoterSet => {
  if (asked._tag === "UpgradeVersion") return VersionUpgrade.recordedVoters(state)
  const voters = votersOf(state)
  if (asked._tag === "AddVoter") return VoterSet.add(voters, asked.voter)
  const others = VoterSet.remove(voters, asked.voter.id)
  return asked._tag === "RemoveVoter" ? others : VoterSet.add(others, asked.voter)
}

/** Only one who is caught up joins, or the quorum could not commit until it is. */
const isReady = (state: Leader, { request: asked }: Change): boolean => {
  if (asked._tag !== "AddVoter") return true
  const progress = state.replicas.get(Progress.placeOf(votersOf(state), asked.voter))
  return progress !== undefined && progress.endOffset >= state.highWatermark
}

const respondTo = (state: Leader, change: Change, errorCode: number, message: string | null): ReadonlyArray<Out> => {
  const { respond, request: asked } = change
  if (respond === undefined) return none
  return [{ _tag: "Respond", respond, response: response(state, asked, errorCode, message) }]
}

const appendChange = (state: Leader, change: Change, now: number): Step => {
  const offset = state.log.endOffset
  const voters: ControlRecord = { _tag: "Voters", voters: votersAfter(state, change) }
  const { request: asked } = change
  const records: ReadonlyArray<ControlRecord> =
    asked._tag === "UpgradeVersion" ? [{ _tag: "KRaftVersion", kraftVersion: asked.level }, voters] : [voters]
  const [appended, write] = appendControl(state, records, now)
  const isAnswered = change.request._tag === "AddVoter" && !change.request.ackWhenCommitted
  const respond = isAnswered ? undefined : change.respond
  const [advanced, more] = advance({ ...appended, change: { ...change, offset, respond } }, now)
  return [advanced, [write, ...(isAnswered ? respondTo(state, change, codes.none, null) : none), ...more]]
}

/** Does what can be done now: append the change, tell that it is committed, or that it takes too long. */
export const proceed = (state: Leader, now: number): Step => {
  const { change } = state
  if (change === undefined) return [state, none]
  if (change.offset === undefined) {
    if (isReady(state, change)) return appendChange(state, change, now)
    if (now < change.deadline) return [state, none]
    const text = "The new voter has not caught up in time."
    return [{ ...state, change: undefined }, respondTo(state, change, codes.requestTimedOut, text)]
  }
  if (state.highWatermark > change.offset) {
    const done: Leader = { ...state, change: undefined }
    const out = respondTo(state, change, codes.none, null)
    if (VoterSet.isVoter(votersOf(done), done.self)) return [done, out]
    const [resigned, more] = resign(done, undefined, now)
    return [resigned, [...out, ...more]]
  }
  if (now < change.deadline || change.respond === undefined) return [state, none]
  const text = "The change was not committed in time; it may be yet."
  return [
    { ...state, change: { ...change, respond: undefined, deadline: Number.POSITIVE_INFINITY } },
    respondTo(state, change, codes.requestTimedOut, text)
  ]
}

/** The leader leads no more: what becomes of the change the next one will know. */
export const refuse = (state: Leader): ReadonlyArray<Out> =>
  state.change === undefined ? none : respondTo(state, state.change, codes.notLeader, null)

export const wakeAt = ({ change }: Leader): number =>
  change === undefined || change.respond === undefined ? Number.POSITIVE_INFINITY : change.deadline
