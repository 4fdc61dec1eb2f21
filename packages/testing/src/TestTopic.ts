/** Topics that are to be there when a test begins, and how they are made where nobody says. */
import type { Creation } from "@klamm/client/Topic"
import type { NewTopic } from "./Observer.ts"

/** A topic by its value or its name. */
export type TopicName = string | { readonly name: string }

/** A topic that is there when the test begins; a value of `Topic.make` says by itself how it is made. */
export type TestTopic = string | { readonly name: string; readonly creation?: Creation }

const defaultReplicas = 3

export const nameOf = (topic: TopicName): string => (typeof topic === "string" ? topic : topic.name)

export const newTopic = (topic: TestTopic, brokers: number): NewTopic => {
  const creation = typeof topic === "string" ? {} : (topic.creation ?? {})
  const { partitions = 1, replicationFactor = Math.min(defaultReplicas, brokers), configs = {} } = creation
  return { name: nameOf(topic), partitions, replicationFactor, configs }
}
