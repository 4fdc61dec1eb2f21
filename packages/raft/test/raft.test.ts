import { describe, expect, test } from "vitest"
import type { Message } from "../src/Message.ts"
import { machine, noElection, type RaftState } from "../src/Raft.ts"
import * as VoterSet from "../src/VoterSet.ts"
import { directoryOf, entry, node, persist, run, tags } from "./support.ts"

const fresh = (endOffset = 0, epoch = 0): RaftState => node(1, [1], { endOffset, election: { ...noElection, epoch } })

const elected = (endOffset = 0): RaftState => {
  const [candidate, out] = run(fresh(endOffset), [{ _tag: "Wake" }])
  return persist(candidate, out)[0]
}

const synced = (offset: number): Message => ({ _tag: "Synced", generation: 0, offset })
const resign: Message = { _tag: "Resign", done: () => undefined }

describe("a quorum of one", () => {
  test("stands for election at once, in a new epoch", () => {
    const state = fresh(0, 7)
    expect(machine.wakeAt(state)).toBe(Number.NEGATIVE_INFINITY)
    const [candidate, out] = run(state, [{ _tag: "Wake" }])
    expect(candidate._tag).toBe("Candidate")
    expect(tags(out)).toEqual(["PersistElection", "NewLeader"])
    expect(candidate.election).toEqual({ epoch: 8, votedFor: 1, votedDirectoryId: directoryOf(1), leaderId: -1 })
  })

  test("leads only once its own vote is durable, and for this epoch", () => {
    const [candidate, out] = run(fresh(), [{ _tag: "Wake" }])
    const stale: Message = { _tag: "ElectionPersisted", election: { ...candidate.election, epoch: 0 } }
    expect(run(candidate, [stale])[0]._tag).toBe("Candidate")
    const [leader, more] = persist(candidate, out)
    expect(leader._tag).toBe("Leader")
    expect(tags(more)).toEqual(["PersistElection", "WriteControl", "NewLeader"])
  })

  test("refuses appends until it leads, and those of another epoch", () => {
    const append: Message = { _tag: "Append", entry: entry(1, 1) }
    const answers = (state: RaftState, messages: ReadonlyArray<Message>) =>
      run(state, messages)[1].flatMap((effect) => (effect._tag === "Answer" ? [effect.answer._tag] : []))
    expect(answers(fresh(), [append, { _tag: "Wake" }, append])).toEqual(["NotLeader", "NotLeader"])
    expect(answers(elected(), [{ _tag: "Append", entry: entry(1, 2) }, append])).toEqual(["NotLeader", "Appended"])
  })

  test("commits nothing of the past before a record of its own epoch is durable", () => {
    const leader = elected(10)
    const [before, nothing] = run(leader, [{ _tag: "Written", logEndOffset: 11 }, synced(10)])
    expect(before.highWatermark).toBe(0)
    expect(tags(nothing)).toEqual(["Sync", "Sync"])
    const [after, out] = run(before, [synced(11)])
    expect(after.highWatermark).toBe(11)
    expect(out).toEqual([
      { _tag: "Committed", highWatermark: 11 },
      { _tag: "Led", epoch: 2 }
    ])
  })

  test("gives appends their offsets in order, answers after the write, commits after the sync", () => {
    const settled = run(elected(), [{ _tag: "Written", logEndOffset: 1 }, synced(1)])[0]
    const [appended, out] = run(settled, [
      { _tag: "Append", entry: entry(3, 1) },
      { _tag: "Append", entry: entry(2, 1) }
    ])
    expect(tags(out)).toEqual(["Write", "Answer", "Write", "Answer"])
    expect(out.flatMap((effect) => (effect._tag === "Write" ? [effect.baseOffset] : []))).toEqual([1, 4])
    expect(appended.highWatermark).toBe(1)
    const [after, committed] = run(appended, [{ _tag: "Written", logEndOffset: 6 }, synced(6)])
    expect(after.highWatermark).toBe(6)
    expect(committed).toEqual([
      { _tag: "Sync", generation: 0 },
      { _tag: "Committed", highWatermark: 6 }
    ])
  })

  test("has one sync under way, and the next covers what was written meanwhile", () => {
    const [, out] = run(elected(), [
      { _tag: "Written", logEndOffset: 1 },
      { _tag: "Append", entry: entry(8, 1) },
      { _tag: "Written", logEndOffset: 9 },
      synced(1),
      synced(9)
    ])
    expect(tags(out)).toEqual(["Sync", "Write", "Answer", "Sync", "Committed", "Led", "Committed"])
  })

  test("resigns for good", () => {
    const [state, out] = run(elected(), [resign])
    expect(tags(out)).toEqual(["Done", "Resigned", "NewLeader"])
    expect(machine.wakeAt(state)).toBe(Number.POSITIVE_INFINITY)
    expect(machine.step(state, synced(1), 0)[1]).toEqual([])
  })
})

describe("voters", () => {
  test("a majority is more than half, of voters only", () => {
    const three = VoterSet.make([3, 1, 2, 2])
    expect(three.ids).toEqual([1, 2, 3])
    expect(VoterSet.majority(three)).toBe(2)
    expect(VoterSet.isMajority(three, new Set([1, 9]))).toBe(false)
    expect(VoterSet.isMajority(three, new Set([1, 3]))).toBe(true)
    expect(VoterSet.isMajority(VoterSet.empty, new Set([1]))).toBe(false)
  })

  test("the majority's offset is what most have reached; the silent have nothing", () => {
    const three = VoterSet.make([1, 2, 3])
    const reached = (offsets: Record<number, number>) => VoterSet.majorityReached(three, ({ id }) => offsets[id] ?? 0)
    expect(reached({ 1: 9 })).toBe(0)
    expect(reached({ 1: 9, 2: 4, 3: 7 })).toBe(7)
  })

  test("a voter whose directory is known is no other directory's", () => {
    const voters = VoterSet.of([VoterSet.voter({ id: 1, directoryId: directoryOf(1) }, [])])
    expect(VoterSet.isVoter(voters, { id: 1, directoryId: directoryOf(1) })).toBe(true)
    expect(VoterSet.isVoter(voters, { id: 1, directoryId: directoryOf(2) })).toBe(false)
    expect(VoterSet.isVoter(VoterSet.make([1]), { id: 1, directoryId: directoryOf(2) })).toBe(true)
  })
})
