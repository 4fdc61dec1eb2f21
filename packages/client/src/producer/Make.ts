/** A producer from its options. Neighbours: `ProducerSettings.ts` checks them, `ProducerLive.ts` is made of them. */
import type { Codecs } from "@klamm/protocol/Compression"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Cluster } from "../Cluster.ts"
import type { ConfigError } from "../KlammError.ts"
import type { ProducerOptions, Settings } from "../Options.ts"
import { make, type ProducerLive } from "./ProducerLive.ts"
import { producerSettings } from "./ProducerSettings.ts"

export const makeProducer = (
  {
    cluster,
    codecs,
    settings: connection
  }: { readonly cluster: Cluster; readonly codecs: Codecs; readonly settings: Settings },
  options: ProducerOptions
): Effect.Effect<ProducerLive, ConfigError, Scope.Scope> =>
  Effect.flatMap(producerSettings(options), (settings) => make({ cluster, codecs, connection, settings }))
