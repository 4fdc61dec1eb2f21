/**
 * A metadata image as handlers read it. Invariant: computed once per image, and only what the image before did not have.
 */

import { Features } from "@klamm/controller"
import { Brokers, Configs, Controllers, type Image, Topics } from "@klamm/metadata"
import { type BrokerView, type Cluster, type FeatureView, isInternalTopic, type TopicView } from "./Cluster.ts"

const topicView = (topic: Topics.Topic): TopicView => ({
  name: topic.name,
  id: topic.id,
  isInternal: isInternalTopic(topic.name),
  partitions: topic.partitions
})

const addresses = (endpoints: ReadonlyArray<Brokers.Endpoint>) =>
  new Map(endpoints.map(({ name, host, port }) => [name, { host, port }]))

const brokerView = (broker: Brokers.Broker): BrokerView => ({
  id: broker.id,
  rack: broker.rack,
  fenced: broker.fenced,
  endpoints: addresses(broker.endpoints)
})

/** The level of kraft.version stands in the quorum's own records. */
const featureViews = (image: Image.Image, kraftVersion: number): ReadonlyArray<FeatureView> =>
  Features.supported.map((feature) => ({
    ...feature,
    level: feature.name === Features.kraftVersionName ? kraftVersion : (image.features.get(feature.name) ?? 0)
  }))

/** Views of topics by the topic they were made of: a topic that did not change keeps its view. */
const views = new WeakMap<Topics.Topic, TopicView>()

const viewOf = (topic: Topics.Topic): TopicView => {
  const known = views.get(topic)
  if (known !== undefined) return known
  const view = topicView(topic)
  views.set(topic, view)
  return view
}

export const clusterView = (image: Image.Image, kraftVersion: () => number): Cluster => {
  let topics: ReadonlyArray<TopicView> | undefined
  const brokers = Brokers.all(image.brokers).map(brokerView)
  const byId = new Map(brokers.map((broker) => [broker.id, broker]))
  const optional = (topic: Topics.Topic | undefined) => (topic === undefined ? undefined : viewOf(topic))
  return {
    topicByName: (name) => optional(Topics.byName(image.topics, name)),
    topicById: (id) => optional(Topics.byId(image.topics, id)),
    topics: () => {
      topics ??= Topics.all(image.topics).map(viewOf)
      return topics
    },
    brokers: () => brokers,
    broker: (id) => byId.get(id),
    controllers: () =>
      Controllers.all(image.controllers).map(({ id, endpoints }) => ({ id, endpoints: addresses(endpoints) })),
    configs: (resourceType, resourceName) => Configs.get(image.configs, resourceType, resourceName),
    configuredResources: (resourceType) => Configs.resources(image.configs, resourceType),
    features: () => featureViews(image, kraftVersion()),
    offset: image.offset
  }
}
