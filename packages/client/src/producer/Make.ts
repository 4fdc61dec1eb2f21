/** A producer from its options: the settings, and the identities that go with them. Neighbours: `ProducerLive.ts`, `Identity.ts`. */
import type { Codecs } from "@klamm/protocol/Compression"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Cluster } from "../Cluster.ts"
import type { ConfigError } from "../KlammError.ts"
import type { ProducerOptions } from "../Options.ts"
import { IdempotentIdentities, noIdentities } from "./Identity.ts"
import { make, type ProducerLive } from "./ProducerLive.ts"
import { producerSettings } from "./ProducerSettings.ts"

export const makeProducer = (
  { cluster, codecs }: { readonly cluster: Cluster; readonly codecs: Codecs },
  options: ProducerOptions
): Effect.Effect<ProducerLive, ConfigError, Scope.Scope> =>
  Effect.flatMap(producerSettings(options), (settings) => {
    const identities = settings.isIdempotent ? new IdempotentIdentities(cluster) : noIdentities()
    return make({ cluster, codecs, settings, identities })
  })
