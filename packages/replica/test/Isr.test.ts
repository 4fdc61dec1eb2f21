import { assert, describe, it } from "vitest"
import * as Isr from "../src/Isr.ts"
import type { LeaderAssignment } from "../src/Partition.ts"
import { brokersOf, directoriesOf } from "./support.ts"

const assignment: LeaderAssignment = {
  leaderEpoch: 3,
  partitionEpoch: 8,
  replicas: [1, 2, 3],
  directories: directoriesOf([1, 2, 3]),
  isr: [1, 2]
}
const eligible = brokersOf([
  [1, 11],
  [2, 12],
  [3, 13]
])
const lagTimeMaxMs = 100

const fetchOf = (
  replicaId: number,
  fetchOffset: number,
  change: Partial<Isr.FollowerFetch> = {}
): Isr.FollowerFetch => ({
  replicaId,
  brokerEpoch: 10 + replicaId,
  fetchOffset,
  logStartOffset: 0,
  atMs: 1000,
  ...change
})

const view = (leaderEnd: number, change: Partial<Isr.View> = {}): Isr.View => ({
  assignment,
  followers: Isr.begin(assignment, 1, 1000),
  eligible,
  leaderEnd,
  lagTimeMaxMs,
  ...change
})

const after = (before: Isr.View, ...fetches: ReadonlyArray<Isr.FollowerFetch>): Isr.View => {
  let now = before
  for (const fetch of fetches) now = { ...now, followers: Isr.fetched(now, fetch) }
  return now
}

describe("the high watermark's bound", () => {
  it("behaviour 175: is unknown until every member of the ISR has fetched", () => {
    assert.strictEqual(Isr.watermark(view(50), 1000), -1)
    assert.strictEqual(Isr.watermark(after(view(50), fetchOf(2, 40)), 1000), 40)
  })

  it("behaviour 175: counts those who are about to join, before and until the controller has answered", () => {
    const before = after(view(50), fetchOf(2, 50), fetchOf(3, 45))
    const pending = { partitionEpoch: 8, isr: [1, 2, 3] }
    const asked = { ...before, followers: { ...before.followers, pending } }
    assert.strictEqual(Isr.watermark(before, 1000), 50, "3 was never caught up")
    assert.strictEqual(Isr.watermark(asked, 1000), 45)
  })

  it("waits for one outside that has just been caught up, and not for one that is fenced", () => {
    const caughtUp = after(view(50), fetchOf(2, 50), fetchOf(3, 50))
    const longer = after({ ...caughtUp, leaderEnd: 60 }, fetchOf(2, 60))
    assert.strictEqual(Isr.watermark(longer, 1000), 50)
    assert.strictEqual(Isr.watermark({ ...longer, eligible: brokersOf([[2, 12]]) }, 1000), 60)
    assert.strictEqual(Isr.watermark(longer, 1000 + lagTimeMaxMs + 1), 60)
  })

  it("does not wait for one whose directory has failed, though it fetched once more meanwhile", () => {
    const both = { ...assignment, isr: [1, 2, 3] }
    const inSync = { ...view(50), assignment: both, followers: Isr.begin(both, 1, 1000) }
    const fetching = after(inSync, fetchOf(2, 50), fetchOf(3, 50))
    const without = { ...both, partitionEpoch: 9, isr: [1, 2] }
    const followers = Isr.reassigned(fetching.followers, without, 1, 1001)
    const fetched = after({ ...fetching, assignment: without, followers }, fetchOf(3, 50, { atMs: 1002 }))
    const longer = after({ ...fetched, leaderEnd: 60 }, fetchOf(2, 60))
    assert.strictEqual(Isr.watermark(longer, 1003), 50, "it would be about to join again")
    const failed = { ...longer, eligible: new Map(eligible).set(3, { epoch: 13, logDirs: ["another"] }) }
    assert.strictEqual(Isr.watermark(failed, 1003), 60)
    assert.isUndefined(Isr.expansion(failed, 3, { highWatermark: 50, epochStartOffset: 0 }, 1003))
    const moved = { ...failed, assignment: { ...without, directories: ["d1", "d2", "another"] } }
    assert.strictEqual(Isr.watermark(moved, 1003), 50, "it is elsewhere now")
  })

  it("keeps those who leave until the controller has agreed", () => {
    const before = after(view(50), fetchOf(2, 30))
    const asked = { ...before, followers: { ...before.followers, pending: { partitionEpoch: 8, isr: [1] } } }
    assert.strictEqual(Isr.watermark(asked, 5000), 30)
  })
})

describe("joining", () => {
  const bounds = { highWatermark: 40, epochStartOffset: 44 }

  it("behaviour 176: takes the watermark and the start of the leader's epoch", () => {
    assert.strictEqual(Isr.expansion(after(view(50), fetchOf(3, 43)), 3, bounds, 1000), undefined)
    assert.deepStrictEqual(Isr.expansion(after(view(50), fetchOf(3, 44)), 3, bounds, 1000), [1, 2, 3])
  })

  it("KIP-903: is not for a broker's former life, nor for one that is fenced", () => {
    const former = after(view(50), fetchOf(3, 50, { brokerEpoch: 9 }))
    assert.strictEqual(Isr.expansion(former, 3, bounds, 1000), undefined)
    const fenced = after(view(50, { eligible: brokersOf([[1, 11]]) }), fetchOf(3, 50))
    assert.strictEqual(Isr.expansion(fenced, 3, bounds, 1000), undefined)
  })

  it("waits for the change under way, and for a while after a refusal", () => {
    const ready = after(view(50), fetchOf(3, 50))
    const busy = { ...ready, followers: { ...ready.followers, pending: { partitionEpoch: 8, isr: [1] } } }
    assert.strictEqual(Isr.expansion(busy, 3, bounds, 1000), undefined)
    const refused = { ...ready, followers: { ...ready.followers, quietUntilMs: 1050 } }
    assert.strictEqual(Isr.expansion(refused, 3, bounds, 1049), undefined)
    assert.deepStrictEqual(Isr.expansion(refused, 3, bounds, 1050), [1, 2, 3])
  })
})

describe("leaving", () => {
  it("behaviour 176: is for who was not caught up for replica.lag.time.max.ms", () => {
    const lagging = after(view(50), fetchOf(2, 30))
    assert.strictEqual(Isr.reduceAt(lagging), 1101)
    assert.strictEqual(Isr.reduction(lagging, 1100), undefined)
    assert.deepStrictEqual(Isr.reduction(lagging, 1101), [1])
  })

  it("behaviour 176: is not for who is at the log end, however long ago that was", () => {
    const idle = after(view(50), fetchOf(2, 50))
    assert.strictEqual(Isr.reduceAt(idle), Number.POSITIVE_INFINITY)
    assert.strictEqual(Isr.reduction(idle, 99_999), undefined)
  })

  it("a fetch counts as caught up at the time of the fetch before, if it reaches what the leader had then", () => {
    const first = after(view(50), fetchOf(2, 50, { atMs: 1000 }))
    const second = after({ ...first, leaderEnd: 80 }, fetchOf(2, 50, { atMs: 1050 }))
    const third = after({ ...second, leaderEnd: 99 }, fetchOf(2, 80, { atMs: 1090 }))
    assert.strictEqual(Isr.find(third.followers, 2)?.lastCaughtUpMs, 1050)
  })
})

describe("what is told", () => {
  it("a fetch of a former life, or of one that is no replica, changes nothing", () => {
    const known = after(view(50), fetchOf(2, 50))
    assert.strictEqual(Isr.fetched(known, fetchOf(2, 10, { brokerEpoch: 5 })), known.followers)
    assert.strictEqual(Isr.fetched(known, fetchOf(9, 10)), known.followers)
  })

  it("a new life outside the ISR starts over", () => {
    const known = after(view(50), fetchOf(3, 50))
    const reborn = after({ ...known, leaderEnd: 60 }, fetchOf(3, 20, { brokerEpoch: 14 }))
    assert.strictEqual(Isr.find(reborn.followers, 3)?.lastCaughtUpMs, Number.NEGATIVE_INFINITY)
  })

  it("the controller is told each member's life: as it fetched, else as it is registered", () => {
    const known = after(view(50), fetchOf(2, 50, { brokerEpoch: 7 }))
    assert.deepStrictEqual(Isr.withEpochs(known, [1, 2, 3]), [
      { brokerId: 1, brokerEpoch: 11 },
      { brokerId: 2, brokerEpoch: 7 },
      { brokerId: 3, brokerEpoch: 13 }
    ])
  })

  it("behaviour 105: the low watermark is the lowest log start of the replicas that are alive", () => {
    const known = after(view(50), fetchOf(2, 50, { logStartOffset: 10 }), fetchOf(3, 50, { logStartOffset: 5 }))
    assert.strictEqual(Isr.lowWatermark(known, 20), 5)
    assert.strictEqual(Isr.lowWatermark({ ...known, eligible: brokersOf([[2, 12]]) }, 20), 10)
  })
})
