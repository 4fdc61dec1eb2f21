/** What becomes of one partition: KIP-966's rules, and those of reassignments (KIP-455), case by case. */
import type { Topics } from "@klamm/metadata"
import { describe, expect, test } from "vitest"
import { partitionChange, type Rules, type Target } from "../src/PartitionChange.ts"

const topicId = "t"
const partition = (change: Partial<Topics.Partition> = {}): Topics.Partition => {
  const replicas = change.replicas ?? [1, 2, 3]
  return {
    index: 0,
    replicas,
    directories: replicas.map((id) => `d${id}`),
    isr: replicas,
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: replicas[0]!,
    leaderRecoveryState: 0,
    leaderEpoch: 5,
    partitionEpoch: 9,
    ...change
  }
}

/** With ELRs and a smallest ISR of 2; `up` are alive. */
const rules = (up: ReadonlyArray<number>, change: Partial<Rules> = {}): Rules => ({
  minIsr: 2,
  isElrEnabled: true,
  election: "online",
  canLead: (id) => up.includes(id),
  defaultDirectory: (id) => `new${id}`,
  ...change
})

/** What the change says; nothing of what it leaves. */
const changeOf = (before: Topics.Partition, target: Target, how: Rules) => {
  const change = partitionChange(topicId, before, target, how)
  if (change === undefined) return undefined
  const { _tag, topicId: _topic, partitionId: _partition, ...said } = change
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null && value !== -2))
}

describe("leaders", () => {
  test("nothing changes, nothing is said", () => {
    expect(changeOf(partition(), {}, rules([1, 2, 3]))).toBeUndefined()
    expect(changeOf(partition(), { isr: [1, 2, 3], replicas: [1, 2, 3] }, rules([1, 2, 3]))).toBeUndefined()
  })

  test("behaviour 186: a smaller ISR raises no leader epoch while the leader stays", () => {
    expect(changeOf(partition(), { isr: [1, 3] }, rules([1, 2, 3]))).toEqual({ isr: [1, 3] })
  })

  test("behaviour 178: the first live replica in assignment order that is in the ISR leads next", () => {
    const before = partition({ isr: [3, 2, 1] })
    expect(changeOf(before, { isr: [3, 2] }, rules([3, 2]))).toEqual({ isr: [3, 2], leader: 2 })
    expect(changeOf(before, { isr: [3, 2] }, rules([3]))).toEqual({ isr: [3, 2], leader: 3 })
  })

  test("behaviour 178: then one of the ELR, once nobody is in the ISR", () => {
    const before = partition({ isr: [], eligibleLeaderReplicas: [3, 2], leader: -1, lastKnownElr: [1] })
    expect(changeOf(before, {}, rules([2, 3]))).toEqual({
      leader: 2,
      isr: [2],
      eligibleLeaderReplicas: [3],
      lastKnownElr: []
    })
    expect(changeOf(partition({ isr: [1], eligibleLeaderReplicas: [2] }), {}, rules([2]))).toEqual({
      leader: -1,
      lastKnownElr: [1]
    })
  })

  test("one elected from the ELR that may acknowledge alone leaves nobody else eligible", () => {
    const before = partition({ isr: [], eligibleLeaderReplicas: [3, 2], leader: -1 })
    expect(changeOf(before, {}, rules([2], { minIsr: 1 }))).toMatchObject({ leader: 2, eligibleLeaderReplicas: [] })
  })

  test("behaviour 178: then the last known leader, who is to recover; not while it is away", () => {
    const before = partition({ isr: [], eligibleLeaderReplicas: [], leader: -1, lastKnownElr: [3] })
    expect(changeOf(before, {}, rules([1, 2, 3]))).toEqual({
      leader: 3,
      isr: [3],
      leaderRecoveryState: 1,
      lastKnownElr: []
    })
    expect(changeOf(before, {}, rules([1, 2]))).toBeUndefined()
    expect(changeOf({ ...before, lastKnownElr: [3, 1] }, {}, rules([1, 2, 3]))).toBeUndefined()
  })

  test("behaviour 178: anybody alive only in an unclean election", () => {
    const before = partition({ isr: [1], leader: 1 })
    expect(changeOf(before, { isr: [] }, rules([2, 3], { election: "unclean" }))).toEqual({
      leader: 2,
      isr: [2],
      leaderRecoveryState: 1
    })
    expect(changeOf(before, { isr: [] }, rules([2, 3]))).toEqual({
      leader: -1,
      isr: [],
      eligibleLeaderReplicas: [1],
      lastKnownElr: [1]
    })
  })

  test("the preferred one where it is asked for, and else whoever leads", () => {
    const before = partition({ leader: 2 })
    expect(changeOf(before, {}, rules([1, 2, 3], { election: "preferred" }))).toEqual({ leader: 1 })
    expect(changeOf(before, {}, rules([2, 3], { election: "preferred" }))).toBeUndefined()
    expect(changeOf(before, {}, rules([1, 2, 3]))).toBeUndefined()
  })

  test("not from a directory that is offline", () => {
    const how = rules([], { canLead: (_, directory) => directory !== "d2" })
    expect(changeOf(partition(), { isr: [2, 3] }, how)).toEqual({ isr: [2, 3], leader: 3 })
  })
})

describe("eligible leader replicas", () => {
  test("those that leave while the ISR is below its smallest, until it is not", () => {
    const below = changeOf(partition({ isr: [1, 2] }), { isr: [1] }, rules([1, 2, 3]))
    expect(below).toEqual({ isr: [1], eligibleLeaderReplicas: [2] })
    const back = partition({ isr: [1], eligibleLeaderReplicas: [2] })
    expect(changeOf(back, { isr: [1, 3] }, rules([1, 2, 3]))).toEqual({ isr: [1, 3], eligibleLeaderReplicas: [] })
  })

  test("a partition of fewer replicas than the smallest ISR asks for counts its replicas", () => {
    const before = partition({ replicas: [1], isr: [1] })
    expect(changeOf(before, { isr: [] }, rules([]))).toEqual({
      isr: [],
      leader: -1,
      eligibleLeaderReplicas: [1],
      lastKnownElr: [1]
    })
  })

  test("one that may have lost what it had is in none", () => {
    const before = partition({ isr: [], eligibleLeaderReplicas: [1, 2], leader: -1, lastKnownElr: [1] })
    expect(changeOf(before, { unclean: new Set([2]) }, rules([]))).toEqual({ eligibleLeaderReplicas: [1] })
  })

  test("without the feature the last ISR stays, and there is no ELR", () => {
    const how = rules([], { isElrEnabled: false })
    expect(changeOf(partition({ isr: [1] }), { isr: [] }, how)).toEqual({ leader: -1 })
    const left = partition({ eligibleLeaderReplicas: [2], isr: [1, 3], lastKnownElr: [2] })
    expect(changeOf(left, {}, rules([1, 3], { isElrEnabled: false }))).toEqual({
      eligibleLeaderReplicas: [],
      lastKnownElr: []
    })
  })
})

describe("reassignments", () => {
  const moving = partition({
    replicas: [4, 5, 1, 2],
    isr: [1, 2],
    addingReplicas: [4, 5],
    removingReplicas: [1, 2],
    leader: 1
  })

  test("behaviour 185: complete once all that stay are in sync, with a new leader in a new epoch", () => {
    expect(changeOf(moving, { isr: [1, 2, 4] }, rules([1, 2, 4, 5]))).toEqual({ isr: [1, 2, 4] })
    expect(changeOf(moving, { isr: [1, 2, 4, 5] }, rules([1, 2, 4, 5]))).toEqual({
      isr: [4, 5],
      replicas: [4, 5],
      directories: ["d4", "d5"],
      addingReplicas: [],
      removingReplicas: [],
      leader: 4
    })
  })

  test("a replica that is none any more raises the leader epoch, though the leader stays", () => {
    expect(changeOf(partition(), { replicas: [1, 2], isr: [1, 2] }, rules([1, 2, 3]))).toEqual({
      isr: [1, 2],
      replicas: [1, 2],
      directories: ["d1", "d2"],
      leader: 1
    })
  })

  test("a new replica's directory is its broker's; one that is told takes its place", () => {
    expect(changeOf(partition(), { replicas: [1, 2, 3, 4] }, rules([1]))).toMatchObject({
      directories: ["d1", "d2", "d3", "new4"]
    })
    expect(changeOf(partition(), { directories: new Map([[2, "x"]]) }, rules([1]))).toEqual({
      directories: ["d1", "x", "d3"]
    })
  })

  test("nobody is eligible who is no replica any more", () => {
    const before = partition({ isr: [1], eligibleLeaderReplicas: [2, 3] })
    expect(changeOf(before, { replicas: [1, 3] }, rules([1]))).toMatchObject({ eligibleLeaderReplicas: [3] })
  })
})
