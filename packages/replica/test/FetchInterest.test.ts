import { describe, expect, it } from "vitest"
import { FetchInterest, type Member, unwatched } from "../src/FetchInterest.ts"
import { Watchers } from "../src/Watchers.ts"

const partitionOf = () => {
  const watchers = new Watchers()
  const watch = (watcher: (bytes: number) => void) => watchers.add(watcher)
  return { watch, watchLogEnd: watch, tell: (bytes: number) => watchers.tell(bytes) }
}

const interestOf = (count: number) => {
  const interest = new FetchInterest<Member>("Follower")
  const members = Array.from({ length: count }, unwatched)
  const partitions = members.map(partitionOf)
  for (const member of members) interest.add(member)
  const indexes = () => interest.turns().map((member) => members.indexOf(member))
  return { interest, members, partitions, indexes }
}

describe("an interest", () => {
  it("looks at new members, and at quiet ones once there is news", () => {
    const { interest, members, partitions, indexes } = interestOf(3)
    expect(indexes()).toEqual([0, 1, 2])
    members.forEach((member, index) => {
      interest.quieten(member, partitions[index]!)
    })
    expect(indexes()).toEqual([])
    partitions[1]!.tell(5)
    partitions[1]!.tell(5)
    expect(indexes()).toEqual([1])
    interest.quieten(members[1]!, partitions[1]!)
    partitions[1]!.tell(5)
    partitions[0]!.tell(0)
    expect(indexes()).toEqual([1, 0])
  })

  it("hears every append to what is watched while somebody listens, due or not", () => {
    const { interest, members, partitions, indexes } = interestOf(2)
    members.forEach((member, index) => {
      interest.watch(member, partitions[index]!)
    })
    interest.quieten(members[0]!, partitions[0]!)
    const told: Array<number> = []
    const stop = interest.listen((bytes) => told.push(bytes))
    partitions[0]!.tell(1)
    partitions[0]!.tell(2)
    partitions[1]!.tell(3)
    expect(told).toEqual([1, 2, 3])
    stop()
    partitions[0]!.tell(4)
    expect(told).toEqual([1, 2, 3])
    expect(indexes()).toEqual([0, 1])
  })

  it("gives the others their turn before who was served", () => {
    const { interest, members, indexes } = interestOf(3)
    interest.turnsOver(new Set([members[0]!]))
    expect(indexes()).toEqual([1, 2, 0])
    interest.remove(members[1]!)
    interest.turnsOver(new Set([members[1]!, members[2]!]))
    expect(indexes()).toEqual([0, 2])
    expect(interest.size).toBe(2)
  })
})
