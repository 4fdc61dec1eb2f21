import { none } from "@klamm/actor"
import { describe, expect, test } from "vitest"
import type { AppendAnswer, Entry, Message, Out } from "../src/Message.ts"
import { machine, type RaftState, start } from "../src/Raft.ts"
import * as VoterSet from "../src/VoterSet.ts"

const voters = VoterSet.make([1])
const fresh = (logEndOffset = 0, epoch = 0): RaftState =>
  start({ nodeId: 1, voters, election: { epoch, votedFor: -1, leaderId: -1 }, logEndOffset, highWatermark: 0 })

const tags = (out: ReadonlyArray<Out>): ReadonlyArray<string> => out.map(({ _tag }) => _tag)

const entry = (count: number, answers: Array<AppendAnswer> = []): Entry => ({
  batch: new Uint8Array(0),
  count,
  complete: (answer) => answers.push(answer)
})

/** Steps through the messages; answers the last state and all effects. */
const run = (state: RaftState, messages: ReadonlyArray<Message>): readonly [RaftState, ReadonlyArray<Out>] => {
  const effects: Array<Out> = []
  let current = state
  for (const message of messages) {
    const [next, out] = machine.step(current, message, 0)
    current = next
    effects.push(...out)
  }
  return [current, effects]
}

const elected = (logEndOffset = 0): RaftState =>
  run(fresh(logEndOffset), [
    { _tag: "Wake" },
    { _tag: "ElectionPersisted", election: { epoch: 1, votedFor: 1, leaderId: -1 } }
  ])[0]

describe("a quorum of one", () => {
  test("stands for election at once, in a new epoch", () => {
    const state = fresh(0, 7)
    expect(machine.wakeAt(state)).toBe(Number.NEGATIVE_INFINITY)
    const [candidate, out] = run(state, [{ _tag: "Wake" }])
    expect(candidate._tag).toBe("Candidate")
    expect(out).toEqual([{ _tag: "PersistElection", election: { epoch: 8, votedFor: 1, leaderId: -1 } }])
  })

  test("leads only once its own vote is durable, and for this epoch", () => {
    const [candidate] = run(fresh(), [{ _tag: "Wake" }])
    const stale = { epoch: 0, votedFor: 1, leaderId: -1 }
    expect(run(candidate, [{ _tag: "ElectionPersisted", election: stale }])[0]._tag).toBe("Candidate")
    const [leader, out] = run(candidate, [{ _tag: "ElectionPersisted", election: { ...stale, epoch: 1 } }])
    expect(leader._tag).toBe("Leader")
    expect(tags(out)).toEqual(["PersistElection", "WriteLeaderChange"])
  })

  test("refuses appends until it leads", () => {
    const append: Message = { _tag: "Append", entry: entry(1) }
    const [, out] = run(fresh(), [append, { _tag: "Wake" }, append])
    const answers = out.filter((effect) => effect._tag === "Answer").map(({ answer }) => answer._tag)
    expect(answers).toEqual(["NotLeader", "NotLeader"])
  })

  test("commits nothing of the past before a record of its own epoch is durable", () => {
    const leader = elected(10)
    const [before, nothing] = run(leader, [
      { _tag: "Written", logEndOffset: 11 },
      { _tag: "Synced", offset: 10 }
    ])
    expect(before.highWatermark).toBe(0)
    expect(tags(nothing)).toEqual(["Sync", "Sync"])
    const [after, out] = run(before, [{ _tag: "Synced", offset: 11 }])
    expect(after.highWatermark).toBe(11)
    expect(out).toEqual([
      { _tag: "Committed", highWatermark: 11 },
      { _tag: "Led", epoch: 1 }
    ])
  })

  test("gives appends their offsets in order, answers after the write, commits after the sync", () => {
    const settled = run(elected(), [
      { _tag: "Written", logEndOffset: 1 },
      { _tag: "Synced", offset: 1 }
    ])[0]
    const [appended, out] = run(settled, [
      { _tag: "Append", entry: entry(3) },
      { _tag: "Append", entry: entry(2) }
    ])
    expect(tags(out)).toEqual(["Write", "Answer", "Write", "Answer"])
    expect(out.flatMap((effect) => (effect._tag === "Write" ? [effect.baseOffset] : []))).toEqual([1, 4])
    expect(appended.highWatermark).toBe(1)
    const [synced, committed] = run(appended, [
      { _tag: "Written", logEndOffset: 6 },
      { _tag: "Synced", offset: 6 }
    ])
    expect(synced.highWatermark).toBe(6)
    expect(committed).toEqual([{ _tag: "Sync" }, { _tag: "Committed", highWatermark: 6 }])
  })

  test("has one sync under way, and the next covers what was written meanwhile", () => {
    const [, out] = run(elected(), [
      { _tag: "Written", logEndOffset: 1 },
      { _tag: "Written", logEndOffset: 4 },
      { _tag: "Written", logEndOffset: 9 },
      { _tag: "Synced", offset: 1 },
      { _tag: "Synced", offset: 9 }
    ])
    expect(tags(out)).toEqual(["Sync", "Committed", "Led", "Sync", "Committed"])
  })

  test("resigns for good", () => {
    const [state, out] = run(elected(), [{ _tag: "Resign" }])
    expect(out).toEqual([{ _tag: "Resigned" }])
    expect(machine.wakeAt(state)).toBe(Number.POSITIVE_INFINITY)
    expect(machine.step(state, { _tag: "Synced", offset: 1 }, 0)[1]).toBe(none)
  })
})

describe("voters", () => {
  test("a majority is more than half, of voters only", () => {
    const three = VoterSet.make([3, 1, 2, 2])
    expect(three.ids).toEqual([1, 2, 3])
    expect(VoterSet.majority(three)).toBe(2)
    expect(VoterSet.isMajority(three, new Set([1, 9]))).toBe(false)
    expect(VoterSet.isMajority(three, new Set([1, 3]))).toBe(true)
  })

  test("the majority's offset is what most have reached; the silent have nothing", () => {
    const three = VoterSet.make([1, 2, 3])
    expect(VoterSet.majorityOffset(three, new Map([[1, 9]]))).toBe(0)
    expect(
      VoterSet.majorityOffset(
        three,
        new Map([
          [1, 9],
          [2, 4],
          [3, 7]
        ])
      )
    ).toBe(7)
  })

  test("one voter that has not voted is no leader", () => {
    const three = start({
      nodeId: 1,
      voters: VoterSet.make([1, 2, 3]),
      election: { epoch: 0, votedFor: -1, leaderId: -1 },
      logEndOffset: 0,
      highWatermark: 0
    })
    const [candidate] = run(three, [{ _tag: "Wake" }])
    const election = { epoch: 1, votedFor: 1, leaderId: -1 }
    expect(run(candidate, [{ _tag: "ElectionPersisted", election }])[0]._tag).toBe("Candidate")
  })
})
