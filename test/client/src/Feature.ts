/**
 * What not every cluster can do, and by which request one sees whether it can. Invariant: what is said to be lacking in Klamm is looked at
 * in each run, so that a story begins to be told when it can be. Neighbours: `Telling.ts`.
 */

import * as Cluster from "@klamm/client/Cluster"
import { Klamm } from "@klamm/client/Klamm"
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol"
import * as Effect from "effect/Effect"

/** The key of a request that only a cluster with the feature answers. */
const keys = {
  transactions: 24,
  "consumer groups": 68,
  "share groups": 76,
  acls: 29,
  quotas: 48,
  scram: 50,
  "delegation tokens": 38
} as const

export type Feature = keyof typeof keys

export const features = Object.keys(keys) as ReadonlyArray<Feature>

/** What the cluster lacks, as its brokers tell. */
export const lackingIn: Effect.Effect<ReadonlyArray<Feature>, unknown, Klamm> = Effect.gen(function* () {
  const { cluster } = yield* Klamm
  const api = { request: ApiVersionsRequest, response: ApiVersionsResponse }
  const body = { clientSoftwareName: "stories", clientSoftwareVersion: "1" }
  const served = yield* cluster.ask(Cluster.anyBroker, api, body, ({ apiKeys }) => apiKeys.map(({ apiKey }) => apiKey))
  return features.filter((feature) => !served.includes(keys[feature]))
})
