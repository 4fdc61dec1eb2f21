/** One step of one role at a time. */
import { describe, expect, test } from "vitest"
import type { FetchedBatch, Message, Out } from "../src/Message.ts"
import type { FetchResponse, VoteRequest } from "../src/Peer.ts"
import { machine, noElection, type RaftState, start } from "../src/Raft.ts"
import * as VoterSet from "../src/VoterSet.ts"
import {
  ask,
  clusterId,
  directoryOf,
  elected,
  endpointsOf,
  entry,
  fetchRequest,
  logOf,
  node,
  persist,
  prospective,
  recorded,
  requestsTo,
  run,
  selfOf,
  sends,
  tags,
  voteRequest
} from "./support.ts"

const three = [1, 2, 3]

/** Node 1 as the follower of node 2 in epoch 1, with what it has sent. */
const following = (endOffset = 0): readonly [RaftState, ReadonlyArray<Out>] => {
  const voter = { id: 1, directoryId: directoryOf(1) }
  const leaderEndpoint = { host: "node", port: 2 }
  const begin = { _tag: "BeginQuorumEpoch", clusterId, epoch: 1, leaderId: 2, leaderEndpoint, voter } as const
  const { state } = ask(node(1, three, { endOffset }), begin)
  return run(state, [{ _tag: "Wake" }])
}

const fetchAnswer = (
  out: ReadonlyArray<Out>,
  fields: Partial<FetchResponse>,
  batches: ReadonlyArray<FetchedBatch> = []
) => {
  const sent = sends(out).find(({ request }) => request._tag === "Fetch")!
  const response: FetchResponse = {
    _tag: "Fetch",
    errorCode: 0,
    epoch: 1,
    leaderId: 2,
    leaderEndpoint: { host: "node", port: 2 },
    highWatermark: 0,
    diverging: null,
    snapshotId: null,
    records: new Uint8Array(0),
    ...fields
  }
  const { id, request } = sent
  return { _tag: "Answered", id, from: 2, request, response, batches } as const
}

const batchAt = (baseOffset: number, epoch = 1): FetchedBatch => ({
  bytes: new Uint8Array(0),
  baseOffset,
  lastOffset: baseOffset,
  epoch,
  control: []
})

const synced = (offset: number, generation = 0): Message => ({ _tag: "Synced", generation, offset })

describe("a vote", () => {
  test("is told once it is durable, and given once in an epoch", () => {
    const { state, out, answer } = ask(node(1, three), voteRequest(2, 1, 1))
    expect(answer).toBeUndefined()
    expect(tags(out)).toEqual(["PersistElection", "NewLeader"])
    expect(persist(state, out)[1]).toMatchObject([{ _tag: "Respond", response: { voteGranted: true, epoch: 1 } }])
    expect(ask(state, voteRequest(3, 1, 1)).answer).toMatchObject({ voteGranted: false })
    expect(ask(state, voteRequest(2, 1, 1)).answer).toBeUndefined()
    expect(ask(persist(state, out)[0], voteRequest(2, 1, 1)).answer).toMatchObject({ voteGranted: true })
  })

  test("is refused to a log behind one's own, though the epoch counts from then on", () => {
    const { state, answer } = ask(
      node(1, three, { endOffset: 5 }),
      voteRequest(2, 1, 7, { lastEpoch: 1, lastOffset: 4 })
    )
    expect(answer).toMatchObject({ voteGranted: false, epoch: 7 })
    expect(state.election).toEqual({ ...noElection, epoch: 7 })
    expect(ask(state, voteRequest(2, 1, 7, { lastEpoch: 2, lastOffset: 1 })).state.election.votedFor).toBe(2)
  })

  test("is refused to another cluster, to the past, and for another directory", () => {
    const state = node(1, three, { election: { ...noElection, epoch: 3 } })
    const errors = (request: VoteRequest) => {
      const asked = ask(state, request)
      expect(asked.state).toBe(state)
      return asked.answer?.errorCode
    }
    expect(errors(voteRequest(2, 1, 4, { clusterId: "other" }))).toBe(104)
    expect(errors(voteRequest(2, 1, 2))).toBe(74)
    expect(errors(voteRequest(2, 1, 4, { voter: { id: 1, directoryId: directoryOf(9) } }))).toBe(125)
  })

  test("of a directory that may have been another's before is only for one who has nothing to lose", () => {
    const fresh = node(1, three, { fresh: true })
    expect(ask(fresh, voteRequest(2, 1, 4, { lastEpoch: 3, lastOffset: 9 })).state.election.votedFor).toBe(-1)
    expect(ask(fresh, voteRequest(2, 1, 1)).state.election.votedFor).toBe(2)
    const named = { lastEpoch: 3, lastOffset: 9, voter: { id: 1, directoryId: directoryOf(1) } }
    expect(ask(fresh, voteRequest(2, 1, 4, named)).state.election.votedFor).toBe(2)
  })

  test("of such a directory is kept back by its next lives as well, until it has caught up", () => {
    const held = { lastEpoch: 3, lastOffset: 9 }
    const refused = ask(node(1, three, { fresh: true }), voteRequest(2, 1, 4, held))
    const stored = refused.out.find(({ _tag }) => _tag === "PersistElection")
    expect(stored).toMatchObject({ election: { epoch: 4, votedFor: -1 }, fresh: true })
    const next = node(1, three, { election: { ...noElection, epoch: 4 }, fresh: true })
    expect(ask(next, voteRequest(2, 1, 4, held)).state.election.votedFor).toBe(-1)
    const whole = node(1, three, { election: { ...noElection, epoch: 4 } })
    expect(ask(whole, voteRequest(2, 1, 4, held)).state.election.votedFor).toBe(2)
  })
})

describe("a directory that may have been another's before", () => {
  const wake: Message = { _tag: "Wake" }
  const followed = (endOffset: number, epoch: number): RaftState =>
    node(1, three, { endOffset, fresh: true, election: { ...noElection, epoch, leaderId: 2 } })

  test("does not stand before it has caught up: who would vote for it may lack the same", () => {
    const late = 1_000_000
    expect(run(followed(9, 1), [wake], late)[0]._tag).toBe("Unattached")
    const whole = node(1, three, { endOffset: 9, election: { ...noElection, epoch: 1, leaderId: 2 } })
    expect(run(whole, [wake], late)[0]._tag).toBe("Prospective")
    expect(run(node(1, three, { fresh: true }), [wake], late)[0]._tag).toBe("Prospective")
  })

  test("has caught up with a leader once it has a record of its epoch: the watermark alone may be from long ago", () => {
    const fetched = (epoch: number) => {
      const [asking, out] = run(followed(9, epoch), [wake])
      const [sent] = sends(out)
      if (sent?._tag !== "Send") throw new Error("it does not fetch")
      const { id, request } = sent
      const response = {
        _tag: "Fetch",
        errorCode: 0,
        epoch,
        leaderId: 2,
        leaderEndpoint: null,
        highWatermark: 5,
        diverging: null,
        snapshotId: null,
        records: new Uint8Array(0)
      } as const
      return run(asking, [{ _tag: "Answered", id, from: 2, request, response, batches: [] }])[0].fresh
    }
    expect(fetched(2)).toBe(true)
    expect(fetched(1)).toBe(false)
  })
})

describe("a pre-vote", () => {
  const preVote = voteRequest(3, 1, 1, { preVote: true, lastEpoch: 1, lastOffset: 9 })

  test("is refused by one who hears its leader, and granted by one whose leader's process is gone", () => {
    const [follower, out] = following()
    expect(ask(follower, preVote).answer).toMatchObject({ voteGranted: true })
    const [heard, more] = run(follower, [fetchAnswer(out, {})])
    expect(ask(heard, preVote).answer).toMatchObject({ voteGranted: false, leaderId: 2 })
    const { id, request } = sends(more)[0]!
    const [gone] = run(heard, [{ _tag: "Unreachable", id, from: 2, request, reason: "Refused" }])
    expect(ask(gone, preVote).answer).toMatchObject({ voteGranted: true, leaderId: -1 })
    expect(machine.wakeAt(gone)).toBeLessThan(50)
  })

  test("promises nothing", () => {
    const state = node(1, three)
    const asked = ask(state, voteRequest(3, 1, 0, { preVote: true }))
    expect(asked.answer).toMatchObject({ voteGranted: true })
    expect(asked.state).toBe(state)
  })

  test("behaviour 187: is asked for before the epoch is raised; a lone one asks again and again", () => {
    const [asking, out] = prospective(node(1, three, { election: { ...noElection, epoch: 4 } }))
    expect(requestsTo(out)).toMatchObject([
      [2, { _tag: "Vote", preVote: true, epoch: 4 }],
      [3, { _tag: "Vote", preVote: true, epoch: 4 }]
    ])
    const later = run(asking, [{ _tag: "Wake" }], 60_000)[0]
    expect(later._tag).toBe("Prospective")
    expect(later.election.epoch).toBe(4)
  })
})

describe("a follower", () => {
  test("fetches from where its log ends, and anew once what came is durable", () => {
    const [state, out] = following(5)
    expect(requestsTo(out)).toMatchObject([[2, { _tag: "Fetch", fetchOffset: 5, lastFetchedEpoch: 1 }]])
    const [appended, more] = run(state, [fetchAnswer(out, { highWatermark: 6 }, [batchAt(5), batchAt(6)])])
    expect(tags(more)).toEqual(["WriteFetched", "Committed"])
    expect(appended.highWatermark).toBe(6)
    const [, after] = run(appended, [{ _tag: "Written", logEndOffset: 7 }, synced(6), synced(7)])
    expect(tags(after)).toEqual(["Sync", "Sync", "Send"])
    expect(requestsTo(after)).toMatchObject([[2, { fetchOffset: 7, highWatermark: 6 }]])
  })

  test("cuts off what the leader has not, and trusts no sync from before", () => {
    const [state, out] = following(5)
    const [cut, more] = run(state, [fetchAnswer(out, { diverging: { epoch: 1, endOffset: 3 } })])
    expect(tags(more)).toEqual(["Truncate", "Send"])
    expect(requestsTo(more)).toMatchObject([[2, { fetchOffset: 3 }]])
    const [appended] = run(cut, [fetchAnswer(more, {}, [batchAt(3)]), { _tag: "Written", logEndOffset: 4 }])
    const [stale, nothing] = run(appended, [synced(5, 0)])
    expect(stale.log.syncedOffset).toBe(3)
    expect(tags(nothing)).toEqual(["Sync"])
    expect(run(stale, [synced(4, 1)])[0].log.syncedOffset).toBe(4)
  })

  test("takes no batches that leave a gap or come from a later epoch", () => {
    const [state, out] = following(5)
    expect(run(state, [fetchAnswer(out, {}, [batchAt(6)])])[0].log.endOffset).toBe(5)
    expect(run(state, [fetchAnswer(out, {}, [batchAt(5, 2)])])[0].log.endOffset).toBe(5)
  })

  test("asks to stand when the leader is silent, and first when it is told that it is the best", () => {
    const [state] = following()
    expect(run(state, [{ _tag: "Wake" }], 1_900)[0]._tag).toBe("Follower")
    expect(run(state, [{ _tag: "Wake" }], 2_100)[0]._tag).toBe("Prospective")
    const end = { _tag: "EndQuorumEpoch", clusterId, epoch: 1, leaderId: 2 } as const
    const first = ask(state, { ...end, preferredSuccessors: [{ id: 1, directoryId: directoryOf(1) }] }, 10).state
    expect(machine.wakeAt(first)).toBe(10)
    const second = ask(state, { ...end, preferredSuccessors: [{ id: 3, directoryId: directoryOf(3) }] }, 10).state
    expect(machine.wakeAt(second)).toBeGreaterThan(60)
  })
})

describe("a leader", () => {
  const leading = (endOffset = 0) => elected(node(1, three, { endOffset }))[0]

  test("is one by a majority, tells the others, and begins with its own record", () => {
    const [state, out] = elected(node(1, three))
    expect(state._tag).toBe("Leader")
    expect(out.find((effect) => effect._tag === "WriteControl")).toMatchObject({ baseOffset: 0, epoch: 1 })
    expect(requestsTo(out).map(([id, { _tag }]) => [id, _tag])).toEqual([
      [2, "BeginQuorumEpoch"],
      [3, "BeginQuorumEpoch"]
    ])
  })

  test("behaviour 186: commits what a majority has fetched past and synced, and wakes who waits", () => {
    const [written] = run(leading(), [{ _tag: "Written", logEndOffset: 1 }], 1_000)
    const waiting = ask(written, fetchRequest(3, 1, { fetchOffset: 1, lastFetchedEpoch: 1 }), 1_000)
    expect(waiting.answer).toBeUndefined()
    const [state, out] = run(waiting.state, [synced(1)], 1_000)
    expect(tags(out)).toEqual(["Respond", "Committed", "Led"])
    expect(state.highWatermark).toBe(1)
    const behind = ask(state, fetchRequest(2, 1), 1_000)
    expect(behind.out).toMatchObject([{ _tag: "RespondFetch", offset: 0 }])
    const again = ask(state, fetchRequest(3, 1, { fetchOffset: 1, lastFetchedEpoch: 1, highWatermark: 1 }), 1_000)
    const [, woken] = run(again.state, [{ _tag: "Append", entry: entry(2, 1) }], 1_000)
    expect(tags(woken)).toEqual(["Write", "Answer", "RespondFetch"])
  })

  test("tells where a log parts from its own, and whose epoch it is", () => {
    const state = leading(5)
    const diverging = (fetchOffset: number, lastFetchedEpoch: number) =>
      ask(state, fetchRequest(2, 2, { fetchOffset, lastFetchedEpoch }), 1_000).answer
    expect(diverging(7, 1)).toMatchObject({ errorCode: 0, diverging: { epoch: 1, endOffset: 5 } })
    expect(diverging(5, 1)).toMatchObject({ diverging: null })
    expect(diverging(6, 3)).toMatchObject({ diverging: { epoch: 2, endOffset: 6 } })
    expect(ask(state, fetchRequest(2, 1), 1_000).answer).toMatchObject({ errorCode: 74, epoch: 2, leaderId: 1 })
    expect(ask(state, fetchRequest(2, 3), 1_000).answer).toMatchObject({ errorCode: 75 })
  })

  test("answers a fetch that waited in vain, and everybody when it leads no more", () => {
    const settled = run(leading(), [{ _tag: "Written", logEndOffset: 1 }, synced(1)], 1_000)[0]
    const { state } = ask(settled, fetchRequest(2, 1, { fetchOffset: 1, lastFetchedEpoch: 1, highWatermark: 1 }), 1_000)
    expect(machine.wakeAt(state)).toBeLessThanOrEqual(1_500)
    expect(tags(run(state, [{ _tag: "Wake" }], 1_500)[1])).toContain("Respond")
    const left = ask(state, voteRequest(3, 1, 9, { lastEpoch: 9, lastOffset: 9 }), 1_100)
    expect(left.state._tag).toBe("Unattached")
    expect(tags(left.out)).toEqual(["PersistElection", "Respond", "Resigned", "NewLeader"])
  })

  test("resigns when a majority is silent for one and a half fetch timeouts (KAFKA-15489)", () => {
    const heard = ask(leading(), fetchRequest(2, 1), 2_000).state
    expect(run(heard, [{ _tag: "Wake" }], 4_900)[0]._tag).toBe("Leader")
    const [state, out] = run(heard, [{ _tag: "Wake" }], 5_000)
    expect(state._tag).toBe("Resigned")
    expect(requestsTo(out).map(([, { _tag }]) => _tag)).toEqual(["EndQuorumEpoch", "EndQuorumEpoch"])
  })

  test("gives no snapshot it has not", () => {
    const replica = { id: 2, directoryId: directoryOf(2) }
    const snapshotId = { endOffset: 4, epoch: 1 }
    const request = {
      _tag: "FetchSnapshot",
      clusterId,
      epoch: 1,
      replica,
      snapshotId,
      position: 0,
      maxBytes: 9
    } as const
    expect(ask(leading(), request, 1_000).answer).toMatchObject({ errorCode: 98 })
    const stored: Message = { _tag: "SnapshotStored", snapshotId, logStartOffset: 4 }
    const state = run(leading(5), [stored], 1_000)[0]
    expect(tags(ask(state, { ...request, epoch: 2 }, 1_000).out)).toEqual(["RespondSnapshot"])
    expect(ask(state, fetchRequest(2, 2), 1_000).answer).toMatchObject({ snapshotId })
  })

  test("takes a new voter in once it has caught up, and one change at a time", () => {
    const found = {
      self: selfOf(1),
      log: logOf(0, recorded([1]), 1),
      stored: { election: noElection, fresh: false },
      highWatermark: 0
    }
    const [candidate, out] = run(start(found, 0), [{ _tag: "Wake" }])
    const [alone] = persist(candidate, out)
    const voter = VoterSet.voter({ id: 2, directoryId: directoryOf(2) }, endpointsOf(2))
    const add = { _tag: "AddVoter", clusterId, voter, timeoutMs: 1_000, ackWhenCommitted: true } as const
    expect(ask(alone, add).answer).toMatchObject({ errorCode: 7 })
    const [leader] = run(alone, [{ _tag: "Written", logEndOffset: 3 }, synced(3)])
    const waiting = ask(leader, add)
    expect(waiting.answer).toBeUndefined()
    expect(waiting.out).toEqual([])
    expect(ask(waiting.state, add).answer).toMatchObject({ errorCode: 7 })
    expect(tags(run(waiting.state, [{ _tag: "Wake" }], 1_000)[1])).toEqual(["Respond"])
    const behind = ask(waiting.state, fetchRequest(2, 1))
    expect(tags(behind.out)).toEqual(["RespondFetch"])
    const caughtUp = ask(behind.state, fetchRequest(2, 1, { fetchOffset: 3, lastFetchedEpoch: 1 }))
    expect(tags(caughtUp.out)).toEqual(["WriteControl", "RespondFetch"])
    expect(caughtUp.state.log.voters.at(-1)?.voters.ids).toEqual([1, 2])
    const remove = { _tag: "RemoveVoter", clusterId, voter: { id: 2, directoryId: directoryOf(2) } } as const
    expect(ask(caughtUp.state, remove).answer).toMatchObject({ errorCode: 7 })
    const [written] = run(caughtUp.state, [{ _tag: "Written", logEndOffset: 4 }, synced(4)])
    expect(written.highWatermark).toBe(3)
    const committed = ask(written, fetchRequest(2, 1, { fetchOffset: 4, lastFetchedEpoch: 1 }))
    expect(committed.state.highWatermark).toBe(4)
    expect(tags(committed.out)).toEqual(["Respond", "Respond", "Committed"])
  })

  test("changes no voters before a record of its own epoch is committed", () => {
    const entry = { offset: 0, voters: recorded([1]), kraftVersion: 1 }
    const log = { ...logOf(5, recorded([1]), 1), voters: [entry] }
    const [candidate, out] = run(
      start({ self: selfOf(1), log, stored: { election: noElection, fresh: false }, highWatermark: 5 }, 0),
      [{ _tag: "Wake" }]
    )
    const [leader] = persist(candidate, out)
    const voter = VoterSet.voter({ id: 2, directoryId: directoryOf(2) }, endpointsOf(2))
    const add = { _tag: "AddVoter", clusterId, voter, timeoutMs: 1_000, ackWhenCommitted: true } as const
    expect(ask(leader, add).answer).toMatchObject({ errorCode: 7 })
    expect(ask(run(leader, [{ _tag: "Written", logEndOffset: 6 }, synced(6)])[0], add).answer).toBeUndefined()
  })
})
