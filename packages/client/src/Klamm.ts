/**
 * The connection to a cluster, as a service: everything of this package needs it and nothing else. Invariant: building the layer makes
 * no connection; the first who needs one does, and all end with the layer's scope. Neighbours: `Cluster.ts` is what it holds,
 * `Options.ts` what it can be told.
 */
import type { Codecs } from "@klamm/protocol/Compression"
import * as Context from "effect/Context"
import type { Cluster } from "./Cluster.ts"
import type { ConsumerOptions, ProducerOptions, Settings } from "./Options.ts"

export class Klamm extends Context.Service<
  Klamm,
  {
    readonly cluster: Cluster
    readonly settings: Settings
    readonly codecs: Codecs
    /** What producers and consumers of this connection are told unless they say otherwise. */
    readonly producerDefaults: ProducerOptions
    readonly consumerDefaults: ConsumerOptions
  }
>()("client/Klamm") {}
