/**
 * The range assignor: of each topic every reader gets one run of neighbouring partitions, so that topics of equal partition counts
 * go to the same readers pairwise. Where replicas are in some racks and not in others, readers that say where they are get what they can
 * fetch there first (KIP-881), as many as before: topics of equal partition counts and readers together, partition by partition.
 */
import { compare, type TopicPartition } from "../TopicPartition.ts"
import {
  type Assignment,
  compareMembers,
  type Member,
  nobodyHasAny,
  type PartitionCounts,
  type PartitionRacks,
  wantedTopics
} from "./Assignor.ts"

/** One topic while its partitions are given away. */
class Range {
  readonly topic: string
  readonly count: number
  readonly readers: ReadonlyArray<Member>
  private readonly racks: ReadonlyArray<ReadonlySet<string>>
  private readonly left: Set<number>
  private readonly given = new Map<string, number>()
  private readonly each: number
  /** Readers that may have one more than the others. */
  private withOneMore: number

  constructor(topic: string, count: number, readers: ReadonlyArray<Member>, racks: ReadonlyArray<ReadonlySet<string>>) {
    this.topic = topic
    this.count = count
    this.readers = readers
    this.racks = racks
    this.left = new Set(Array.from({ length: count }, (_, partition) => partition))
    this.each = Math.floor(count / readers.length)
    this.withOneMore = count % readers.length
  }

  /** Whether it matters who is where: some reader is where replicas are, and not all partitions are in the same racks. */
  get isUneven(): boolean {
    const all = new Set(this.racks.flatMap((racks) => [...racks]))
    const isSomebodyNear = this.readers.some(({ rackId }) => rackId !== null && all.has(rackId))
    return isSomebodyNear && this.racks.some((racks) => racks.size < all.size)
  }

  room({ memberId }: Member): number {
    const most = this.each + (this.withOneMore > 0 ? 1 : 0)
    return Math.max(0, most - (this.given.get(memberId) ?? 0))
  }

  /** Who does not say where it is is near everything. */
  isNear({ rackId }: Member, partition: number): boolean {
    return rackId === null || this.racks[partition]?.has(rackId) === true
  }

  give({ memberId }: Member, partition: number): TopicPartition {
    const given = (this.given.get(memberId) ?? 0) + 1
    this.given.set(memberId, given)
    if (given > this.each) this.withOneMore--
    this.left.delete(partition)
    return { topic: this.topic, partition }
  }

  /** What this reader is given of what is left. */
  giveRun(reader: Member, mayHave: (partition: number) => boolean): ReadonlyArray<TopicPartition> {
    const run = [...this.left].filter(mayHave).slice(0, this.room(reader))
    return run.map((partition) => this.give(reader, partition))
  }
}

type Give = (memberId: string, partitions: ReadonlyArray<TopicPartition>) => void

/** Each partition of all these topics to the first reader that is near to all of it and has room. */
const giveTogether = (ranges: ReadonlyArray<Range>, give: Give): void => {
  const [{ count, readers } = { count: 0, readers: [] }] = ranges
  for (let partition = 0; partition < count; partition++) {
    const reader = readers.find((each) =>
      ranges.every((range) => range.isNear(each, partition) && range.room(each) > 0)
    )
    if (reader === undefined) continue
    give(
      reader.memberId,
      ranges.map((range) => range.give(reader, partition))
    )
  }
}

const giveNear = (ranges: ReadonlyArray<Range>, give: Give): void => {
  const alike = Map.groupBy(
    ranges,
    ({ readers, count }) => `${count} ${readers.map(({ memberId }) => memberId).join()}`
  )
  for (const together of alike.values()) {
    const [only] = together
    if (together.length > 1) giveTogether(together, give)
    else if (only?.isUneven === true) {
      for (const reader of only.readers) {
        give(
          reader.memberId,
          only.giveRun(reader, (partition) => only.isNear(reader, partition))
        )
      }
    }
  }
}

export const range = (
  members: ReadonlyArray<Member>,
  partitions: PartitionCounts,
  racks: PartitionRacks = new Map()
): Assignment => {
  const assignment = nobodyHasAny(members)
  const give: Give = (memberId, given) => void assignment.get(memberId)?.push(...given)
  const sorted = members.toSorted(compareMembers)
  const ranges = wantedTopics(members).flatMap((topic) => {
    const count = partitions.get(topic) ?? 0
    const readers = sorted.filter(({ topics }) => topics.includes(topic))
    return count === 0 ? [] : [new Range(topic, count, readers, racks.get(topic) ?? [])]
  })
  if (ranges.some(({ isUneven }) => isUneven)) giveNear(ranges, give)
  for (const each of ranges) {
    for (const reader of each.readers)
      give(
        reader.memberId,
        each.giveRun(reader, () => true)
      )
  }
  for (const given of assignment.values()) {
    given.sort(compare)
  }
  return assignment
}
