/** The typed client of a Kafka cluster. Modules are namespaces: `Topic.make`, `Producer.send`, `Klamm.layer`. */
export * as Admin from "./Admin.ts"
export * as Cluster from "./Cluster.ts"
export * as Klamm from "./Klamm.ts"
export * as KlammError from "./KlammError.ts"
export * as Partitioner from "./Partitioner.ts"
export * as Producer from "./Producer.ts"
export * as Serde from "./Serde.ts"
export * as Topic from "./Topic.ts"
