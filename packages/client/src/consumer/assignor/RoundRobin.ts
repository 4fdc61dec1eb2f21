/** The round-robin assignor: all partitions of all topics in one row, dealt out in turn to those who want their topic. */
import {
  type Assignment,
  compareMembers,
  type Member,
  nobodyHasAny,
  type PartitionCounts,
  partitionsOf,
  wantedTopics
} from "./Assignor.ts"

export const roundRobin = (members: ReadonlyArray<Member>, partitions: PartitionCounts): Assignment => {
  const assignment = nobodyHasAny(members)
  const circle = members.toSorted(compareMembers)
  let turn = 0
  for (const topic of wantedTopics(members)) {
    for (const partition of partitionsOf(topic, partitions)) {
      while (!circle[turn % circle.length]!.topics.includes(topic)) turn++
      assignment.get(circle[turn % circle.length]!.memberId)?.push(partition)
      turn++
    }
  }
  return assignment
}
