/**
 * (image, records) → image: the one meaning of a metadata record, for controllers, brokers and snapshots alike. Total: a record in
 * the log is a fact; one that makes no sense is a broken invariant and throws.
 */
import { unreachable } from "@klamm/platform/Invariant"
import * as Brokers from "./Brokers.ts"
import * as Configs from "./Configs.ts"
import * as Controllers from "./Controllers.ts"
import type { Image } from "./Image.ts"
import type { MetadataRecord } from "./Record.ts"
import * as Topics from "./Topics.ts"

/** Kafka's ConfigResource type of a topic. */
const topicResource = 2

const removeTopic = (image: Image, topicId: string): Image => {
  const topic = Topics.byId(image.topics, topicId)
  return {
    ...image,
    topics: Topics.replayRemoveTopic(image.topics, topicId),
    configs: topic === undefined ? image.configs : Configs.removeResource(image.configs, topicResource, topic.name)
  }
}

const setFeature = (image: Image, name: string, level: number): Image => {
  const features = new Map(image.features)
  if (level === 0) features.delete(name)
  else features.set(name, level)
  return { ...image, features }
}

const replayOne = (image: Image, record: Exclude<MetadataRecord, Topics.PartitionReplay>): Image => {
  switch (record._tag) {
    case "Topic":
      return { ...image, topics: Topics.replayTopic(image.topics, record) }
    case "RemoveTopic":
      return removeTopic(image, record.topicId)
    case "RegisterBroker":
      return { ...image, brokers: Brokers.replayRegister(image.brokers, record) }
    case "UnregisterBroker":
      return { ...image, brokers: Brokers.replayUnregister(image.brokers, record.brokerId) }
    case "RegisterController":
      return { ...image, controllers: Controllers.replayRegister(image.controllers, record) }
    case "UnregisterController":
      return { ...image, controllers: Controllers.replayUnregister(image.controllers, record.controllerId) }
    case "FenceBroker":
      return { ...image, brokers: Brokers.replayFenced(image.brokers, record.id, true) }
    case "UnfenceBroker":
      return { ...image, brokers: Brokers.replayFenced(image.brokers, record.id, false) }
    case "BrokerRegistrationChange":
      return { ...image, brokers: Brokers.replayRegistrationChange(image.brokers, record) }
    case "Config":
      return { ...image, configs: Configs.replayConfig(image.configs, record) }
    case "FeatureLevel":
      return setFeature(image, record.name, record.featureLevel)
    case "ProducerIds":
      return { ...image, nextProducerId: record.nextProducerId }
    case "NoOp":
      return image
    default:
      return unreachable(record)
  }
}

const isOfPartition = (record: MetadataRecord | undefined): record is Topics.PartitionReplay =>
  record?._tag === "Partition" || record?._tag === "PartitionChange"

/** The records of one topic's partitions that follow one another from there on. */
const runFrom = (records: ReadonlyArray<MetadataRecord>, from: number, topicId: string) => {
  const run: Array<Topics.PartitionReplay> = []
  for (let at = from; ; at++) {
    const record = records[at]
    if (!isOfPartition(record) || record.topicId !== topicId) return run
    run.push(record)
  }
}

/** Records in order. */
export const replay = (before: Image, records: ReadonlyArray<MetadataRecord>): Image => {
  let image = before
  let at = 0
  while (at < records.length) {
    const record = records[at]!
    if (isOfPartition(record)) {
      const run = runFrom(records, at, record.topicId)
      image = { ...image, topics: Topics.replayPartitions(image.topics, record.topicId, run) }
      at += run.length
    } else {
      image = replayOne(image, record)
      at++
    }
  }
  return image
}

/** All records of one committed batch, whose last offset and epoch the image then stands for. */
export const replayAll = (
  image: Image,
  records: ReadonlyArray<MetadataRecord>,
  offset: number,
  epoch: number
): Image => ({ ...replay(image, records), offset, epoch })
