/**
 * What the leader answers to those who fetch (KIP-595, KIP-630, KIP-1166): records, where their log goes another way, or that only a
 * snapshot has what they ask for; nothing yet, and then they wait.
 *
 * Invariants: one fetch per replica waits; it is answered when there are records, when the high watermark is ahead of what the replica
 * knows, when its time is over, or when the leader leads no more.
 */
import { none } from "@klamm/actor"
import { codes, head, type Step, votersOf } from "./Common.ts"
import { advance, type Leader } from "./Leader.ts"
import * as LogView from "./LogView.ts"
import type { Out, Respond } from "./Message.ts"
import type { FetchRequest, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse, SnapshotId } from "./Peer.ts"
import * as Progress from "./Progress.ts"

export interface Waiting {
  readonly place: string
  readonly request: FetchRequest
  readonly respond: Respond
  readonly deadline: number
}

const noBytes = new Uint8Array(0)
const noSnapshot: SnapshotId = { endOffset: -1, epoch: -1 }

export const response = (
  state: Parameters<typeof head>[0],
  errorCode: number,
  fields: Partial<Pick<FetchResponse, "diverging" | "snapshotId">> = {}
): FetchResponse => ({
  _tag: "Fetch",
  ...head(state, errorCode),
  highWatermark: state.highWatermark,
  diverging: null,
  snapshotId: null,
  records: noBytes,
  ...fields
})

/** Records from the offset asked for, as many as there are by now, and the high watermark. */
const give = (state: Leader, { request, respond }: Pick<Waiting, "request" | "respond">): Out => {
  const { fetchOffset } = request
  const answer = response(state, codes.none)
  const maxBytes = Math.min(request.maxBytes, state.self.settings.fetchMaxBytes)
  if (fetchOffset >= state.log.endOffset || maxBytes <= 0) return { _tag: "Respond", respond, response: answer }
  return { _tag: "RespondFetch", respond, response: answer, offset: fetchOffset, maxBytes }
}

const hasNews = (state: Leader, { fetchOffset, highWatermark }: FetchRequest): boolean =>
  fetchOffset < state.log.endOffset || highWatermark < state.highWatermark

const giveTo = (state: Leader, isServed: (waiting: Waiting) => boolean): readonly [Leader, ReadonlyArray<Out>] => {
  const served = state.waiting.filter(isServed)
  if (served.length === 0) return [state, none]
  const waiting = state.waiting.filter((one) => !isServed(one))
  return [{ ...state, waiting }, served.map((one) => give(state, one))]
}

/** Serves those for whom there is something new. */
export const wake = (state: Leader, _now: number): readonly [Leader, ReadonlyArray<Out>] =>
  giveTo(state, ({ request }) => hasNews(state, request))

/** Serves those whose time is over. */
export const expire = (state: Leader, now: number): readonly [Leader, ReadonlyArray<Out>] =>
  giveTo(state, ({ deadline }) => now >= deadline)

/** Tells all who wait that this node leads no more. */
export const refuseAll = (state: Leader): ReadonlyArray<Out> => {
  const left = { ...state, election: { ...state.election, leaderId: -1 } }
  return state.waiting.map(({ respond }) => ({ _tag: "Respond", respond, response: response(left, codes.notLeader) }))
}

const noted = (state: Leader, request: FetchRequest | FetchSnapshotRequest, isValid: boolean, now: number): Leader => {
  const voters = votersOf(state)
  if (!Progress.hasRoom(state.replicas, voters, request.replica)) return state
  const fetchOffset = request._tag === "Fetch" ? request.fetchOffset : -1
  const { fetchTimeoutMs } = state.self.settings
  const replicas = Progress.fetched(
    state.replicas,
    voters,
    { replica: request.replica, fetchOffset },
    isValid,
    state.log.endOffset,
    now + fetchTimeoutMs / 2,
    now
  )
  return { ...state, replicas }
}

const park = (state: Leader, request: FetchRequest, respond: Respond, now: number): Step => {
  const place = Progress.placeOf(votersOf(state), request.replica)
  const waiting: Waiting = { place, request, respond, deadline: now + request.maxWaitMs }
  // A second fetch of the same replica means that it has given up on the first.
  const [others, out] = giveTo(state, (one) => one.place === place)
  return [{ ...others, waiting: [...others.waiting, waiting] }, out]
}

const epochFault = (state: Leader, epoch: number): number | undefined => {
  if (epoch === state.election.epoch) return undefined
  return epoch < state.election.epoch ? codes.fencedEpoch : codes.unknownEpoch
}

export const fetch = (state: Leader, request: FetchRequest, respond: Respond, now: number): Step => {
  const fault = epochFault(state, request.epoch)
  if (fault !== undefined) return [state, [{ _tag: "Respond", respond, response: response(state, fault) }]]
  const position = LogView.positionOf(state.log, request)
  const heard = noted(state, request, position._tag === "Valid", now)
  if (position._tag === "Diverging") {
    const { epoch, endOffset } = position
    const diverging = { epoch, endOffset }
    return [heard, [{ _tag: "Respond", respond, response: response(heard, codes.none, { diverging }) }]]
  }
  if (position._tag === "Snapshot") {
    const { id } = position
    return [heard, [{ _tag: "Respond", respond, response: response(heard, codes.none, { snapshotId: id }) }]]
  }
  const [advanced, out] = advance(heard, now)
  if (advanced._tag !== "Leader") {
    return [advanced, [...out, { _tag: "Respond", respond, response: response(advanced, codes.notLeader) }]]
  }
  const isTracked = Progress.hasRoom(advanced.replicas, votersOf(advanced), request.replica)
  if (hasNews(advanced, request) || request.maxWaitMs <= 0 || !isTracked) {
    return [advanced, [...out, give(advanced, { request, respond })]]
  }
  const [parked, more] = park(advanced, request, respond, now)
  return [parked, [...out, ...more]]
}

export const snapshotResponse = (
  state: Parameters<typeof head>[0],
  { snapshotId, position }: FetchSnapshotRequest,
  errorCode: number
): FetchSnapshotResponse => ({
  _tag: "FetchSnapshot",
  ...head(state, errorCode),
  snapshotId,
  sizeBytes: 0,
  position,
  bytes: noBytes
})

export const fetchSnapshot = (state: Leader, request: FetchSnapshotRequest, respond: Respond, now: number): Step => {
  const fault = epochFault(state, request.epoch)
  const answer = (errorCode: number) => snapshotResponse(state, request, errorCode)
  if (fault !== undefined) return [state, [{ _tag: "Respond", respond, response: answer(fault) }]]
  const heard = noted(state, request, false, now)
  const { endOffset, epoch } = state.log.snapshot ?? noSnapshot
  if (request.snapshotId.endOffset !== endOffset || request.snapshotId.epoch !== epoch) {
    return [heard, [{ _tag: "Respond", respond, response: answer(codes.snapshotNotFound) }]]
  }
  return [heard, [{ _tag: "RespondSnapshot", respond, response: answer(codes.none), request }]]
}
