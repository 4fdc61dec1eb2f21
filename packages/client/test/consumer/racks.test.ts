/** The range assignor where readers and replicas are in racks (KIP-881). */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Assignment, Member, PartitionRacks } from "../../src/consumer/assignor/Assignor.ts"
import { range } from "../../src/consumer/assignor/Range.ts"
import { keyOf } from "../../src/consumer/TopicPartition.ts"

const reader = (memberId: string, rackId: string | null, topics: ReadonlyArray<string> = ["t"]): Member => ({
  memberId,
  instanceId: null,
  topics,
  userData: null,
  owned: [],
  generation: -1,
  rackId
})

const told = (assignment: Assignment): Record<string, ReadonlyArray<string>> =>
  Object.fromEntries(Array.from(assignment, ([id, partitions]) => [id, partitions.map(keyOf)]))

/** `"ab c"`: the first partition in racks a and b, the second in c. */
const placed = (topics: { readonly [topic: string]: string }): PartitionRacks =>
  new Map(Object.entries(topics).map(([topic, racks]) => [topic, racks.split(" ").map((each) => new Set(each))]))

const countsOf = (racks: PartitionRacks) => new Map(Array.from(racks, ([topic, { length }]) => [topic, length]))

const assigned = (members: ReadonlyArray<Member>, topics: { readonly [topic: string]: string }) => {
  const racks = placed(topics)
  return told(range(members, countsOf(racks), racks))
}

describe("range, with racks", () => {
  it("gives readers what is in their rack", () => {
    const readers = [reader("1", "a"), reader("2", "b"), reader("3", "c")]
    expect(assigned(readers, { t: "b c a" })).toEqual({ 1: ["t:2"], 2: ["t:0"], 3: ["t:1"] })
  })

  it("gives nobody more than without racks: what finds no room near goes where there is some", () => {
    const readers = [reader("1", "a"), reader("2", "b")]
    expect(assigned(readers, { t: "a a a b" })).toEqual({ 1: ["t:0", "t:1"], 2: ["t:2", "t:3"] })
    expect(assigned(readers, { t: "b b a" })).toEqual({ 1: ["t:2"], 2: ["t:0", "t:1"] })
  })

  it("gives a partition of topics that are alike to one reader, who is near to all of it", () => {
    const readers = [reader("1", "a", ["t", "u"]), reader("2", "b", ["t", "u"])]
    expect(assigned(readers, { t: "b ab", u: "ab a" })).toEqual({ 1: ["t:1", "u:1"], 2: ["t:0", "u:0"] })
  })

  it("is as without racks where every partition is everywhere, and where no reader says where it is", () => {
    const plain = { 1: ["t:0", "t:1"], 2: ["t:2"] }
    expect(assigned([reader("1", "b"), reader("2", "a")], { t: "ab ab ab" })).toEqual(plain)
    expect(assigned([reader("1", null), reader("2", null)], { t: "a b a" })).toEqual(plain)
    expect(assigned([reader("1", "x"), reader("2", "y")], { t: "a b a" })).toEqual(plain)
  })

  it("has one reader for each partition and as many for each reader as without racks", () => {
    const rack = fc.constantFrom("a", "b", "c")
    const topic = fc.array(fc.uniqueArray(rack, { minLength: 1 }), { minLength: 1, maxLength: 12 })
    const readers = fc.array(fc.option(rack), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(topic, topic, readers, (t, u, racksOfReaders) => {
        const racks: PartitionRacks = new Map([
          ["t", t.map((each) => new Set(each))],
          ["u", u.map((each) => new Set(each))]
        ])
        const members = racksOfReaders.map((rackId, index) => reader(`${index}`, rackId, ["t", "u"]))
        const [near, plain] = [range(members, countsOf(racks), racks), range(members, countsOf(racks))]
        const all = [...near.values()].flat().map(keyOf)
        expect(all.toSorted()).toEqual([...plain.values()].flat().map(keyOf).toSorted())
        // Which reader has one more may differ, how many of them there are does not.
        for (const name of ["t", "u"]) {
          const loads = (assignment: Assignment) =>
            [...assignment.values()].map((given) => given.filter((each) => each.topic === name).length).toSorted()
          expect(loads(near)).toEqual(loads(plain))
        }
      })
    )
  })
})
