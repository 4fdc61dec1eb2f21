/**
 * What is hosted here for each partition, by topic id and partition index: two steps, and no key to be put together for what every request
 * looks up. Invariant: a topic of which nothing is hosted takes no room.
 */
export class HostedPartitions<A> {
  private readonly topics = new Map<string, Map<number, A>>()

  get(topicId: string, partition: number): A | undefined {
    return this.topics.get(topicId)?.get(partition)
  }

  set(topicId: string, partition: number, hosted: A): void {
    const partitions = this.topics.get(topicId)
    if (partitions === undefined) this.topics.set(topicId, new Map([[partition, hosted]]))
    else partitions.set(partition, hosted)
  }

  delete(topicId: string, partition: number): void {
    const partitions = this.topics.get(topicId)
    partitions?.delete(partition)
    if (partitions?.size === 0) this.topics.delete(topicId)
  }

  /** Of all topics; what is added or deleted meanwhile may or may not be among them. */
  *values(): Generator<A> {
    for (const partitions of this.topics.values()) yield* partitions.values()
  }
}
