/** What several tests start from: a development node, with further settings laid over it. */
import * as Result from "effect/Result"
import type { BrokerSnapshot, StaticConfig } from "../src/index.ts"
import { developmentPreset, effective, presetLayer, resolve, setLayer } from "../src/index.ts"

export const development = (...settings: ReadonlyArray<string>): StaticConfig =>
  Result.getOrThrow(resolve([presetLayer(developmentPreset()), setLayer(settings)]))

export interface Dynamic {
  readonly clusterDefault?: Record<string, string>
  readonly perBroker?: Record<string, string>
}

export const snapshotOf = (config: StaticConfig, dynamic: Dynamic = {}): BrokerSnapshot =>
  effective(
    config,
    new Map(Object.entries(dynamic.clusterDefault ?? {})),
    new Map(Object.entries(dynamic.perBroker ?? {}))
  )
