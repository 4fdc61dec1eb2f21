/**
 * Against what the client's suite runs: a cluster of three brokers in the test's process, or, when KAFKA_BOOTSTRAP names one, any
 * cluster there is. Invariant: tests share the cluster and nothing else, so each names its topics and groups by `fresh`; the same tests
 * run on both, but for those that `has` leaves out because the brokers of the one lack a feature.
 */
import { Klamm } from "@klamm/client"
import { startTestCluster } from "@klamm/testing/startTestCluster"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"

export const foreign: string | undefined = process.env.KAFKA_BOOTSTRAP

/** What the brokers of this project can't do yet. */
const missing: ReadonlySet<string> = new Set(["transactions", "scram"])

export const has = (feature: "transactions" | "scram"): boolean => foreign !== undefined || !missing.has(feature)

/** How many replicas a topic can have. */
export const replicas = (): number => Math.min(3, (foreign ?? "1,2,3").split(",").length)

const ownCluster = Effect.acquireRelease(
  Effect.promise(() => startTestCluster({ brokers: 3, settings: { "num.partitions": 3 } })),
  (cluster) => Effect.promise(() => cluster.stop())
)

export const bootstrapOf =
  foreign === undefined ? Effect.map(ownCluster, (each) => each.bootstrap) : Effect.succeed(foreign)

/** The client, connected to the cluster. */
export const layer = (options: Omit<Klamm.KlammOptions, "bootstrap"> = {}) =>
  Layer.unwrap(Effect.map(bootstrapOf, (bootstrap) => Klamm.layer({ bootstrap, ...options })))

/** A name that nobody else uses, now or in another run. */
export const fresh = (name: string): Effect.Effect<string> =>
  Effect.map(Random.nextInt, (chance) => `${name}-${Math.abs(chance).toString(36)}`)
