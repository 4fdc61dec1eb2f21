/**
 * A partition by name, and sets of them. Invariant: one partition has one key, which no other has (a topic's name holds no colon).
 * Neighbours: everything of the consumer; on the wire partitions stand grouped by topic, here they stand alone.
 */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`

export const keyFor = (topic: string, partition: number): string => `${topic}:${partition}`

/** By topic, then by partition: the order in which the Java client lists them. */
export const compare = (left: TopicPartition, right: TopicPartition): number =>
  left.topic === right.topic ? left.partition - right.partition : left.topic < right.topic ? -1 : 1

/** What of `left` is not in `right`. */
export const minus = (
  left: ReadonlyArray<TopicPartition>,
  right: ReadonlyArray<TopicPartition>
): ReadonlyArray<TopicPartition> => {
  const known = new Set(right.map(keyOf))
  return left.filter((each) => !known.has(keyOf(each)))
}

export const isSame = (left: ReadonlyArray<TopicPartition>, right: ReadonlyArray<TopicPartition>): boolean =>
  left.length === right.length && minus(left, right).length === 0

/** A list of values by topic, in the order of first appearance. */
export const byTopic = <A extends TopicPartition>(items: Iterable<A>): ReadonlyMap<string, ReadonlyArray<A>> => {
  const topics = new Map<string, Array<A>>()
  for (const each of items) {
    const known = topics.get(each.topic)
    if (known === undefined) topics.set(each.topic, [each])
    else known.push(each)
  }
  return topics
}

/** Grouped as the wire has them. */
export const grouped = (
  partitions: Iterable<TopicPartition>
): ReadonlyArray<{ readonly topic: string; readonly partitions: ReadonlyArray<number> }> =>
  Array.from(byTopic(partitions), ([topic, each]) => ({ topic, partitions: each.map(({ partition }) => partition) }))

/** The reverse of `grouped`. */
export const flatten = (
  topics: ReadonlyArray<{ readonly topic: string; readonly partitions: ReadonlyArray<number> }>
): ReadonlyArray<TopicPartition> =>
  topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
