/**
 * The range assignor: of each topic every reader gets one run of neighbouring partitions, so that topics of equal partition counts
 * go to the same readers pairwise. With more racks than one, as KIP-881 has it, what a reader can fetch in its own rack is left out
 * here: the assignment stays one that any other client would make.
 */
import type { TopicPartition } from "../TopicPartition.ts"
import {
  type Assignment,
  compareMembers,
  type Member,
  nobodyHasAny,
  type PartitionCounts,
  partitionsOf,
  wantedTopics
} from "./Assignor.ts"

export const range = (members: ReadonlyArray<Member>, partitions: PartitionCounts): Assignment => {
  const assignment: Map<string, Array<TopicPartition>> = nobodyHasAny(members)
  for (const topic of wantedTopics(members)) {
    const readers = members.filter(({ topics }) => topics.includes(topic)).toSorted(compareMembers)
    const all = partitionsOf(topic, partitions)
    const each = Math.floor(all.length / readers.length)
    const withOneMore = all.length % readers.length
    readers.forEach(({ memberId }, index) => {
      const from = each * index + Math.min(index, withOneMore)
      assignment.get(memberId)?.push(...all.slice(from, from + each + (index < withOneMore ? 1 : 0)))
    })
  }
  return assignment
}
