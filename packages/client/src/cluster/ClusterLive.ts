/**
 * The cluster of `Cluster.ts` over connections: the parts of this folder put together. Invariant: everything it runs ends with the
 * scope it was made in.
 */

import type { Network } from "@klamm/platform/Network"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import type { Cluster, ClusterMetadata, Leader, TopicMetadata } from "../Cluster.ts"
import { backoff } from "../connection/Backoff.ts"
import * as Connections from "../connection/Connections.ts"
import { BrokerError, type KlammError } from "../KlammError.ts"
import { Life } from "../Life.ts"
import type { Settings } from "../Options.ts"
import { heard } from "./Metadata.ts"
import { MetadataCache } from "./MetadataCache.ts"
import { retrying } from "./Retry.ts"
import { Router } from "./Router.ts"

const refusal = (code: number, resource: string): Effect.Effect<never, BrokerError> =>
  Effect.fail(new BrokerError({ code, api: "Metadata", resource }))

const topicIn = ({ topics }: ClusterMetadata, name: string): Effect.Effect<TopicMetadata, BrokerError> => {
  const topic = topics.get(name)
  const code = topic?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return topic === undefined || code !== ErrorCode.NONE ? refusal(code, name) : Effect.succeed(topic)
}

/** What was not there all the time is absent: no answer was missing. */
const absent =
  (resource: string) =>
  (error: KlammError): KlammError => {
    if (error._tag !== "TimeoutError" || !(error.cause instanceof BrokerError)) return error
    const { code } = error.cause
    if (code !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return error
    return new BrokerError({ code, api: "Metadata", resource, said: `not there within ${error.afterMs} ms` })
  }

const leaderIn = (known: ClusterMetadata, name: string, partition: number): Effect.Effect<Leader, BrokerError> =>
  Effect.flatMap(topicIn(known, name), ({ partitions }) => {
    const found = partitions[partition]
    const resource = `${name}-${partition}`
    if (found === undefined) return refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, resource)
    if (!known.brokers.has(found.leaderId)) return refusal(ErrorCode.LEADER_NOT_AVAILABLE, resource)
    return Effect.succeed({ id: found.leaderId, epoch: found.leaderEpoch })
  })

const clusterOf = (
  cache: MetadataCache,
  router: Router,
  connections: Connections.Connections,
  settings: Settings,
  life: Life,
  random: () => number,
  clock: Clock.Clock
) => {
  const backoffRange = { initialMs: settings.retryBackoffMs, maxMs: settings.retryBackoffMaxMs }
  const backoffMs = (attempt: number) => backoff(backoffRange, attempt, random())
  const retryParts = {
    clock,
    backoffMs,
    apiTimeoutMs: settings.apiTimeoutMs,
    invalidateTopic: (topic: string) => cache.invalidate(topic),
    invalidateCoordinator: ({ kind, key }: { kind: "group" | "transaction" | "share"; key: string }) =>
      router.coordinators.forget(kind, key)
  }
  const metadata: Cluster["metadata"] = (topics) =>
    Effect.suspend(() => {
      if (life.isOver) return Effect.fail(life.ended)
      cache.use(topics)
      const isKnown = cache.value.brokers.size > 0 && topics.every((name) => cache.fresh(name) !== undefined)
      return isKnown ? Effect.succeed(cache.value) : cache.refresh(topics)
    })
  const leaderOf: Cluster["leaderOf"] = (topic, partition) =>
    Effect.suspend(() => {
      const asked = Effect.flatMap(cache.refresh([topic]), (known) => leaderIn(known, topic, partition))
      if (cache.fresh(topic) === undefined) return asked
      cache.use([topic])
      return Effect.catch(leaderIn(cache.value, topic, partition), () => asked)
    })
  const cluster: Cluster = {
    request: (target, api, body, options) => router.request(target, api, body, options),
    ask: (target, api, body, use, options) => router.ask(target, api, body, use, options),
    tell: (target, api, body, options) => router.tell(target, api, body, options),
    metadata,
    allTopics: cache.all,
    refresh: (topics) => cache.refresh(topics),
    known: () => cache.value,
    invalidate: (topic) => cache.invalidate(topic),
    learn: (news, endpoints) => {
      const brokers = endpoints.map(({ nodeId: id, host, port, rack }) => ({ id, host, port, rack }))
      cache.value = heard(cache.value, news, brokers)
    },
    topic: (name, timeoutMs) =>
      retrying<TopicMetadata, never>(
        retryParts,
        Effect.flatMap(metadata([name]), (known) => topicIn(known, name)),
        { about: `the metadata of ${name}`, topics: [name], ...(timeoutMs === undefined ? {} : { timeoutMs }) }
      ).pipe(Effect.mapError(absent(name))),
    leaderOf,
    feature: (name) => connections.features.get(name) ?? 0,
    nameOf: (topicId) => cache.nameOf(topicId),
    coordinatorOf: (kind, key) => Effect.map(router.coordinatorOf(kind, key), ({ id }) => id),
    invalidateCoordinator: (kind, key) => router.coordinators.forget(kind, key),
    retrying: (effect, options) => retrying(retryParts, effect, options),
    backoffMs
  }
  return cluster
}

/** Keeps what is known from growing too old, also when nobody asks. */
const keepFresh = (cache: MetadataCache, maxAgeMs: number): Effect.Effect<never> =>
  Effect.sleep(maxAgeMs).pipe(
    Effect.andThen(Effect.suspend(() => (cache.value.brokers.size > 0 ? Effect.exit(cache.refresh([])) : Effect.void))),
    Effect.forever
  )

export const make = (
  settings: Settings,
  connectionsOptions: Connections.ConnectionsOptions
): Effect.Effect<Cluster, never, Network | Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
    // A scope of its own, for what is begun later here must outlive whoever uses it and ends with the same scope.
    const scope = yield* Effect.acquireRelease(Scope.make(), (made, exit) => Scope.close(made, exit))
    const life = new Life("client", scope)
    const connections = yield* Connections.make(connectionsOptions, life)
    const cache: MetadataCache = new MetadataCache(settings, clock, life, () => router)
    const router: Router = new Router({
      settings,
      connections,
      random,
      known: () => cache.value,
      refresh: Effect.suspend(() => cache.refresh([]))
    })
    yield* Effect.forkIn(keepFresh(cache, settings.metadataMaxAgeMs), scope)
    return clusterOf(cache, router, connections, settings, life, () => random.nextDoubleUnsafe(), clock)
  })
