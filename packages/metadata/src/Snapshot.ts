/**
 * An image as the records that make it, in an order in which each finds what it needs: features first, brokers before what they
 * lead, a topic before its partitions. Invariant: replaying a snapshot gives an image equal to the one it was taken of.
 */
import * as Brokers from "./Brokers.ts"
import * as Configs from "./Configs.ts"
import * as Controllers from "./Controllers.ts"
import type { Image } from "./Image.ts"
import type { MetadataRecordInput } from "./Record.ts"
import * as Topics from "./Topics.ts"

/** Records of one batch of a snapshot. */
export const snapshotBatchRecords = 1_000

const featureRecords = (image: Image): ReadonlyArray<MetadataRecordInput> =>
  [...image.features].map(([name, featureLevel]) => ({ _tag: "FeatureLevel", name, featureLevel }))

const brokerRecords = (image: Image): ReadonlyArray<MetadataRecordInput> =>
  Brokers.all(image.brokers).map((broker) => ({
    _tag: "RegisterBroker",
    brokerId: broker.id,
    incarnationId: broker.incarnationId,
    brokerEpoch: broker.epoch,
    endPoints: broker.endpoints,
    features: broker.features,
    rack: broker.rack,
    fenced: broker.fenced,
    inControlledShutdown: broker.inControlledShutdown,
    logDirs: broker.logDirs
  }))

const controllerRecords = (image: Image): ReadonlyArray<MetadataRecordInput> =>
  Controllers.all(image.controllers).map((controller) => ({
    _tag: "RegisterController",
    controllerId: controller.id,
    incarnationId: controller.incarnationId,
    zkMigrationReady: false,
    endPoints: controller.endpoints,
    features: controller.features
  }))

const partitionRecord = (topicId: string, partition: Topics.Partition): MetadataRecordInput => ({
  _tag: "Partition",
  topicId,
  partitionId: partition.index,
  replicas: partition.replicas,
  directories: partition.directories,
  isr: partition.isr,
  removingReplicas: partition.removingReplicas,
  addingReplicas: partition.addingReplicas,
  leader: partition.leader,
  leaderRecoveryState: partition.leaderRecoveryState,
  leaderEpoch: partition.leaderEpoch,
  partitionEpoch: partition.partitionEpoch,
  eligibleLeaderReplicas: partition.eligibleLeaderReplicas.length === 0 ? null : partition.eligibleLeaderReplicas,
  lastKnownElr: partition.lastKnownElr.length === 0 ? null : partition.lastKnownElr
})

const topicRecords = (image: Image): ReadonlyArray<MetadataRecordInput> =>
  Topics.all(image.topics).flatMap((topic) => [
    { _tag: "Topic", name: topic.name, topicId: topic.id },
    ...topic.partitions.map((partition) => partitionRecord(topic.id, partition))
  ])

const configRecords = (image: Image): ReadonlyArray<MetadataRecordInput> =>
  Configs.entries(image.configs).flatMap(({ resourceType, resourceName, values }) =>
    [...values].map(
      ([name, value]): MetadataRecordInput => ({ _tag: "Config", resourceType, resourceName, name, value })
    )
  )

const producerIdRecords = (image: Image): ReadonlyArray<MetadataRecordInput> =>
  image.nextProducerId === 0 ? [] : [{ _tag: "ProducerIds", brokerId: -1, nextProducerId: image.nextProducerId }]

export const toRecords = (image: Image): ReadonlyArray<MetadataRecordInput> => [
  ...featureRecords(image),
  ...controllerRecords(image),
  ...brokerRecords(image),
  ...topicRecords(image),
  ...configRecords(image),
  ...producerIdRecords(image)
]

/** The same in groups of `snapshotBatchRecords`. */
export const toBatches = (image: Image): ReadonlyArray<ReadonlyArray<MetadataRecordInput>> => {
  const records = toRecords(image)
  const batches: Array<ReadonlyArray<MetadataRecordInput>> = []
  for (let from = 0; from < records.length; from += snapshotBatchRecords) {
    batches.push(records.slice(from, from + snapshotBatchRecords))
  }
  return batches
}
