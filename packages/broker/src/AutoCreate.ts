/**
 * Topics that come into being because somebody asked for them: by Metadata, where `auto.create.topics.enable` says so, and the
 * brokers' own topics, always. Kafka's AutoTopicCreationManager; unlike it, whoever asked waits, so that the first answer has the
 * topic.
 */

import * as Entropy from "@klamm/platform/Entropy"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { isInternalTopic, offsetsTopic } from "./Cluster.ts"
import { placementSeed } from "./PlacementSeed.ts"
import type { Services } from "./Services.ts"

/** How a topic that nobody described is made; undefined when it may not be. */
const specify = (services: Services, name: string) => {
  const { values } = services.config()
  if (name === offsetsTopic) {
    return {
      numPartitions: values["offsets.topic.num.partitions"],
      replicationFactor: values["offsets.topic.replication.factor"],
      configs: [
        { name: "cleanup.policy", value: "compact" },
        { name: "compression.type", value: "producer" },
        { name: "segment.bytes", value: String(values["offsets.topic.segment.bytes"]) }
      ]
    }
  }
  if (isInternalTopic(name)) return undefined
  return values["auto.create.topics.enable"] ? { numPartitions: -1, replicationFactor: -1, configs: [] } : undefined
}

/** Creates those that may be; answers the error of each that is not there afterwards. */
export const ensureTopics = (
  services: Services,
  names: ReadonlyArray<string>
): Effect.Effect<ReadonlyMap<string, number>> =>
  Effect.gen(function* () {
    const topics = []
    for (const name of names) {
      const specified = specify(services, name)
      if (specified !== undefined) topics.push({ name, assignments: [], topicId: yield* Entropy.uuid, ...specified })
    }
    if (topics.length === 0) return new Map()
    const command = { _tag: "CreateTopics", topics, validateOnly: false, placementSeed: yield* placementSeed } as const
    const created = yield* services.controller.ask(command)
    if (created === undefined) return new Map()
    const failed = created.filter(
      ({ errorCode }) => errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS
    )
    return new Map(failed.map(({ name, errorCode }) => [name, errorCode]))
  })
