/** Nodes, requests and steps for tests of the machine. */
import { defaultSettings, type RaftState, type Self } from "../src/Common.ts"
import type * as LogView from "../src/LogView.ts"
import type { AppendAnswer, Entry, Message, Out, Target } from "../src/Message.ts"
import type { FetchRequest, PeerRequest, PeerResponse, VoteRequest } from "../src/Peer.ts"
import { machine, noElection, start } from "../src/Raft.ts"
import * as VoterSet from "../src/VoterSet.ts"

export const clusterId = "test-cluster"

export const directoryOf = (id: number): string => `${"A".repeat(19)}${String(id).padStart(2, "0")}A`

export const endpointsOf = (id: number): ReadonlyArray<VoterSet.VoterEndpoint> => [
  { name: "CONTROLLER", host: "node", port: id }
]

export const selfOf = (id: number, seed = 1): Self => ({
  id,
  directoryId: directoryOf(id),
  clusterId,
  endpoints: endpointsOf(id),
  settings: defaultSettings,
  bootstrap: [],
  seed,
  autoJoin: false
})

/** Voters that are configured: their directories are not known. */
export const configured = (ids: ReadonlyArray<number>): VoterSet.VoterSet =>
  VoterSet.of(ids.map((id) => VoterSet.voter({ id, directoryId: VoterSet.noDirectoryId }, endpointsOf(id))))

/** Voters that are recorded, by their directories. */
export const recorded = (ids: ReadonlyArray<number>): VoterSet.VoterSet =>
  VoterSet.of(ids.map((id) => VoterSet.voter({ id, directoryId: directoryOf(id) }, endpointsOf(id))))

/** A log whose only epoch is 1, of which everything is durable. */
export const logOf = (endOffset: number, voters: VoterSet.VoterSet, kraftVersion = 0): LogView.LogView => ({
  startOffset: 0,
  endOffset,
  writtenOffset: endOffset,
  syncedOffset: endOffset,
  generation: 0,
  syncing: false,
  epochs: endOffset === 0 ? [] : [{ epoch: 1, startOffset: 0 }],
  snapshot: undefined,
  voters: [{ offset: -1, voters, kraftVersion }]
})

/** Node `id` of a quorum of configured voters, at time 0. */
export const node = (
  id: number,
  voters: ReadonlyArray<number>,
  { endOffset = 0, election = noElection, fresh = false } = {}
): RaftState =>
  start(
    {
      self: selfOf(id),
      log: logOf(endOffset, configured(voters)),
      stored: { election, fresh },
      highWatermark: 0
    },
    0
  )

export const tags = (out: ReadonlyArray<Out>): ReadonlyArray<string> => out.map(({ _tag }) => _tag)

export const entry = (count: number, epoch: number, answers: Array<AppendAnswer> = []): Entry => ({
  batch: new Uint8Array(0),
  count,
  epoch,
  complete: (answer) => answers.push(answer)
})

/** Steps through the messages; answers the last state and all effects. */
export const run = (
  state: RaftState,
  messages: ReadonlyArray<Message>,
  now = 0
): readonly [RaftState, ReadonlyArray<Out>] => {
  const effects: Array<Out> = []
  let current = state
  for (const message of messages) {
    const [next, out] = machine.step(current, message, now)
    current = next
    effects.push(...out)
  }
  return [current, effects]
}

export const sends = (out: ReadonlyArray<Out>) => out.filter((effect) => effect._tag === "Send")

export const requestsTo = (out: ReadonlyArray<Out>): ReadonlyArray<readonly [Target["id"], PeerRequest]> =>
  sends(out).map(({ to, request }) => [to.id, request])

/** Asks the node; answers its new state, all effects, and what it answered at once. */
export const ask = (state: RaftState, request: PeerRequest, now = 0) => {
  const answers: Array<PeerResponse> = []
  const respond = (response: PeerResponse) => answers.push(response)
  const [next, out] = run(state, [{ _tag: "Requested", request, respond }], now)
  for (const effect of out) {
    if (effect._tag === "Respond" || effect._tag === "RespondFetch") effect.respond(effect.response)
  }
  return { state: next, out, answer: answers[0] }
}

export const voteRequest = (
  from: number,
  to: number,
  epoch: number,
  fields: Partial<VoteRequest> = {}
): VoteRequest => ({
  _tag: "Vote",
  clusterId,
  epoch,
  candidate: { id: from, directoryId: directoryOf(from) },
  voter: { id: to, directoryId: VoterSet.noDirectoryId },
  lastEpoch: 0,
  lastOffset: 0,
  preVote: false,
  ...fields
})

export const fetchRequest = (from: number, epoch: number, fields: Partial<FetchRequest> = {}): FetchRequest => ({
  _tag: "Fetch",
  clusterId,
  epoch,
  replica: { id: from, directoryId: directoryOf(from) },
  fetchOffset: 0,
  lastFetchedEpoch: 0,
  highWatermark: 0,
  maxWaitMs: 500,
  maxBytes: 1024,
  ...fields
})

const persisted = (out: ReadonlyArray<Out>): ReadonlyArray<Message> =>
  out.flatMap((effect) =>
    effect._tag === "PersistElection" ? [{ _tag: "ElectionPersisted", election: effect.election }] : []
  )

/** The node after what it wants persisted is. */
export const persist = (state: RaftState, out: ReadonlyArray<Out>, now = 0) => run(state, persisted(out), now)

const granted = (id: number, request: VoteRequest): Message => ({
  _tag: "Answered",
  id: 0,
  from: id,
  request,
  response: {
    _tag: "Vote",
    errorCode: 0,
    epoch: request.epoch,
    leaderId: -1,
    leaderEndpoint: null,
    voteGranted: true
  },
  batches: []
})

/** The answer of a voter that grants what it was asked for in the effects. */
export const grantOf = (out: ReadonlyArray<Out>, id: number): Message => {
  for (const [to, request] of requestsTo(out)) if (to === id && request._tag === "Vote") return granted(id, request)
  throw new Error(`no vote was asked of ${id}`)
}

/** Node 1 of three, asking for pre-votes; with what it has sent. */
export const prospective = (state: RaftState, now = 1_000) => run(state, [{ _tag: "Wake" }], now)

/** Node 1 of three voters as the leader of the next epoch, elected by node 2. */
export const elected = (state: RaftState, now = 1_000): readonly [RaftState, ReadonlyArray<Out>] => {
  const [asking, preVotes] = prospective(state, now)
  const [standing, persists] = run(asking, [grantOf(preVotes, 2)], now)
  const [candidate, votes] = persist(standing, persists, now)
  return run(candidate, [grantOf(votes, 2)], now)
}
