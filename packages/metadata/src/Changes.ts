/**
 * What differs between two images, found by comparing references: persistent values that were not touched are the same object.
 */
import * as HashMap from "effect/HashMap"
import type { Image } from "./Image.ts"
import * as Topics from "./Topics.ts"

export interface PartitionChange {
  readonly topic: Topics.Topic
  readonly partition: Topics.Partition
}

export interface Changes {
  /** New or changed partitions, of topics in the later image. */
  readonly partitions: ReadonlyArray<PartitionChange>
  readonly removedTopics: ReadonlyArray<Topics.Topic>
  readonly configs: boolean
  readonly brokers: boolean
}

const changedPartitions = (before: Topics.Topic | undefined, after: Topics.Topic): ReadonlyArray<PartitionChange> =>
  after.partitions
    .filter((partition) => before?.partitions[partition.index] !== partition)
    .map((partition) => ({ topic: after, partition }))

export const between = (before: Image, after: Image): Changes => {
  const partitions: Array<PartitionChange> = []
  const removedTopics: Array<Topics.Topic> = []
  if (before.topics !== after.topics) {
    for (const topic of HashMap.values(after.topics.byId)) {
      const known = Topics.byId(before.topics, topic.id)
      if (known !== topic) partitions.push(...changedPartitions(known, topic))
    }
    for (const topic of HashMap.values(before.topics.byId)) {
      if (Topics.byId(after.topics, topic.id) === undefined) removedTopics.push(topic)
    }
  }
  return {
    partitions,
    removedTopics,
    configs: before.configs !== after.configs,
    brokers: before.brokers !== after.brokers
  }
}
