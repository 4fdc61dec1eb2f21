/**
 * The quotas that slow this broker's replication (KIP-73), from the configuration of this moment: what it sends as leader and what it
 * fetches as follower. Neighbours: `LiveConfig.ts`; `ReplicationQuota.ts` of replica, which measures.
 */
import { ResourceType } from "@klamm/config/Alter"
import type { BrokerSnapshot } from "@klamm/config/BrokerConfig"
import { Configs } from "@klamm/metadata"
import { monotonicMsOf } from "@klamm/platform/Moment"
import { ReplicationQuota, type ThrottledReplicas, throttledPartitions } from "@klamm/replica/ReplicationQuota"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { LiveConfig } from "./LiveConfig.ts"

export interface ReplicationQuotas {
  readonly leader: ReplicationQuota
  readonly follower: ReplicationQuota
  /** Moves between log directories (KIP-113). All of them. */
  readonly alterLogDirs: ReplicationQuota
}

type Side = "leader" | "follower"

const replicasKeys = {
  leader: "leader.replication.throttled.replicas",
  follower: "follower.replication.throttled.replicas"
} as const

const rateKeys = {
  leader: "leader.replication.throttled.rate",
  follower: "follower.replication.throttled.rate"
} as const

const secondMs = 1_000
const none: ThrottledReplicas = new Map()

const byTopic = (configs: Configs.Configs, nodeId: number, side: Side): ThrottledReplicas =>
  new Map(
    Configs.resources(configs, ResourceType.topic).flatMap((topic) => {
      const text = Configs.get(configs, ResourceType.topic, topic).get(replicasKeys[side])
      const partitions = text === undefined ? undefined : throttledPartitions(text, nodeId)
      return partitions === undefined ? [] : [[topic, partitions] as const]
    })
  )

/** The replicas of this broker that the topics' configurations throttle. */
export const throttledReplicas = (configs: Configs.Configs, nodeId: number) => ({
  leader: byTopic(configs, nodeId, "leader"),
  follower: byTopic(configs, nodeId, "follower")
})

/** A limit that only the metadata sets; none when it does not. */
const limit = ({ set }: BrokerSnapshot, name: string): number => {
  const value = set.get(name)?.value
  return typeof value === "number" ? value : Number.POSITIVE_INFINITY
}

export const make = (live: LiveConfig): Effect.Effect<ReplicationQuotas> =>
  Effect.map(Clock.Clock, (clock) => {
    const quota = (side: Side) => {
      const settings = () => {
        const { snapshot } = live
        return {
          bytesPerSecond: limit(snapshot, rateKeys[side]),
          window: {
            samples: snapshot.values["replication.quota.window.num"],
            sampleMs: snapshot.values["replication.quota.window.size.seconds"] * secondMs
          },
          replicas: live.throttled[side]
        }
      }
      return new ReplicationQuota(settings, () => monotonicMsOf(clock))
    }
    const alterLogDirs = () => {
      const { snapshot } = live
      return {
        bytesPerSecond: limit(snapshot, "replica.alter.log.dirs.io.max.bytes.per.second"),
        window: {
          samples: snapshot.values["alter.log.dirs.replication.quota.window.num"],
          sampleMs: snapshot.values["alter.log.dirs.replication.quota.window.size.seconds"] * secondMs
        },
        replicas: none
      }
    }
    return {
      leader: quota("leader"),
      follower: quota("follower"),
      alterLogDirs: new ReplicationQuota(alterLogDirs, () => monotonicMsOf(clock))
    }
  })
