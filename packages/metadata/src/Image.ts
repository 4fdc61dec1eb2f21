/**
 * The cluster as one immutable value: what the committed records up to `offset` amount to. The controller decides on it and
 * every broker serves from it; both get it by the same `Replay.ts`.
 */
import * as Brokers from "./Brokers.ts"
import * as Configs from "./Configs.ts"
import * as Controllers from "./Controllers.ts"
import * as Topics from "./Topics.ts"

export interface Image {
  /** Offset and epoch of the last record in it; -1 before any. */
  readonly offset: number
  readonly epoch: number
  readonly topics: Topics.Topics
  readonly brokers: Brokers.Brokers
  readonly controllers: Controllers.Controllers
  readonly configs: Configs.Configs
  /** Finalized level by feature name. */
  readonly features: ReadonlyMap<string, number>
  /** The first producer id that no broker has been given yet. */
  readonly nextProducerId: number
}

export const empty: Image = {
  offset: -1,
  epoch: -1,
  topics: Topics.empty,
  brokers: Brokers.empty,
  controllers: Controllers.empty,
  configs: Configs.empty,
  features: new Map(),
  nextProducerId: 0
}
