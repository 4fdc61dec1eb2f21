import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type PlacementBroker, place } from "../src/Placement.ts"

const brokersOf = (...racks: ReadonlyArray<string | null>): ReadonlyArray<PlacementBroker> =>
  racks.map((rack, index) => ({ id: index + 1, rack, fenced: false }))

const placed = (...asked: Parameters<typeof place>): ReadonlyArray<ReadonlyArray<number>> => {
  const lists = place(...asked)
  if ("reason" in lists) throw new Error(lists.reason)
  return lists
}

const countsOf = (ids: ReadonlyArray<number>): ReadonlyArray<number> => {
  const counts = new Map<number, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return [...counts.values()]
}

describe("placement", () => {
  test("leaders go round over all brokers, and replicas too", () => {
    const lists = placed(brokersOf(null, null, null, null), 8, 3, 5)
    expect(countsOf(lists.map((replicas) => replicas[0]!))).toEqual([2, 2, 2, 2])
    expect(countsOf(lists.flat())).toEqual([6, 6, 6, 6])
  })

  test("replicas are spread over racks before a rack has two", () => {
    const brokers = brokersOf("a", "a", "b", "b", "c", "c")
    const rackOf = (id: number) => brokers[id - 1]?.rack
    for (const replicas of placed(brokers, 12, 3, 1)) expect(new Set(replicas.map(rackOf)).size).toBe(3)
    for (const replicas of placed(brokers, 12, 4, 1)) expect(new Set(replicas.map(rackOf)).size).toBe(3)
    expect(countsOf(placed(brokers, 12, 1, 1).flat())).toEqual([2, 2, 2, 2, 2, 2])
  })

  test("the seed says where it begins; the same seed places the same", () => {
    const brokers = brokersOf("a", "b", null, "a")
    expect(placed(brokers, 4, 2, 7)).toEqual(placed(brokers, 4, 2, 7))
    expect(placed(brokers, 4, 2, 8).slice(0, 3)).toEqual(placed(brokers, 4, 2, 7).slice(1))
    expect(new Set(Array.from({ length: 16 }, (_, seed) => placed(brokers, 1, 1, seed)[0]![0])).size).toBe(4)
  })

  test("a fenced broker gets a replica only where there are too few others, and is never first", () => {
    const brokers = brokersOf(null, null, null).map((broker) => ({ ...broker, fenced: broker.id === 2 }))
    for (const replicas of placed(brokers, 6, 2, 0)) expect(replicas).not.toContain(2)
    for (const replicas of placed(brokers, 6, 3, 0)) expect(replicas[2]).toBe(2)
  })

  test("leaders are even where brokers are fenced, and in racks of any size", () => {
    const fenced = (ids: ReadonlyArray<number>, brokers: ReadonlyArray<PlacementBroker>) =>
      brokers.map((broker) => ({ ...broker, fenced: ids.includes(broker.id) }))
    const leadersOf = (brokers: ReadonlyArray<PlacementBroker>, count: number) =>
      countsOf(placed(brokers, count, 3, 3).map((replicas) => replicas[0]!))
    expect(leadersOf(fenced([2], brokersOf(null, null, null, null)), 12)).toEqual([4, 4, 4])
    expect(leadersOf(brokersOf("a", "a", "a", "b", "b", "b", "c", "c", "c"), 27)).toEqual(Array(9).fill(3))
    expect(leadersOf(fenced([1], brokersOf("a", "a", "b", "b", "c", "c")), 12).toSorted()).toEqual([2, 2, 2, 2, 4])
  })

  test("a rack whose brokers are all fenced still holds a replica, and leads nothing", () => {
    const brokers = brokersOf("a", "b", "c", "c").map((broker) => ({ ...broker, fenced: broker.id === 2 }))
    for (const replicas of placed(brokers, 8, 3, 1)) {
      expect(replicas.slice(1)).toContain(2)
      expect(new Set(replicas.map((id) => brokers[id - 1]?.rack)).size).toBe(3)
    }
  })

  test("what a failed broker led goes to many", () => {
    const lists = placed(brokersOf(null, null, null, null), 36, 2, 0).filter(([leader]) => leader === 1)
    expect(countsOf(lists.map(([, follower]) => follower!))).toEqual([3, 3, 3])
  })

  test("too few brokers, or none in use", () => {
    expect(place(brokersOf(null, null), 1, 3, 0)).toEqual({
      reason:
        "Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only " +
        "2 broker(s) are registered or some brokers have all their log directories cordoned."
    })
    expect(place([{ id: 1, rack: null, fenced: true }], 1, 1, 0)).toEqual({
      reason:
        "Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all their log " +
        "directories cordoned."
    })
    expect(place([], 1, 1, 0)).toHaveProperty("reason")
  })

  test("whatever the brokers: as many replicas as asked, all different, an unfenced one first", () => {
    const racks = fc.constantFrom(null, "a", "b", "c")
    const brokers = fc
      .array(fc.record({ rack: racks, fenced: fc.boolean() }), { minLength: 1, maxLength: 12 })
      .map((each) => each.map((broker, id) => ({ id, ...broker })))
      .filter((each) => each.some(({ fenced }) => !fenced))
    fc.assert(
      fc.property(brokers, fc.nat(20), fc.nat(11), fc.nat(), (cluster, count, below, seed) => {
        const factor = 1 + (below % cluster.length)
        const lists = placed(cluster, count, factor, seed)
        expect(lists.length).toBe(count)
        for (const replicas of lists) {
          expect(new Set(replicas).size).toBe(factor)
          expect(cluster[replicas[0]!]?.fenced).toBe(false)
        }
      })
    )
  })
})
