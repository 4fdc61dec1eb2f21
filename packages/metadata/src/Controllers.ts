/**
 * Registered controllers (KIP-919): state, replay and queries. A controller registers once it runs, so that every node's image says
 * where controllers are reached and which features they have. Who of them votes is raft's to say.
 */
import type { RegisterControllerRecord } from "@klamm/protocol/records/metadata/Controllers"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { Endpoint } from "./Brokers.ts"

export interface Controller {
  readonly id: number
  /** New with each start of the process. */
  readonly incarnationId: string
  readonly endpoints: ReadonlyArray<Endpoint>
  readonly features: RegisterControllerRecord["features"]
}

export type Controllers = HashMap.HashMap<number, Controller>

export const empty: Controllers = HashMap.empty()

export const get = (controllers: Controllers, id: number): Controller | undefined =>
  Option.getOrUndefined(HashMap.get(controllers, id))

/** By rising id. */
export const all = (controllers: Controllers): ReadonlyArray<Controller> =>
  [...HashMap.values(controllers)].sort((one, other) => one.id - other.id)

export const replayRegister = (controllers: Controllers, record: RegisterControllerRecord): Controllers =>
  HashMap.set(controllers, record.controllerId, {
    id: record.controllerId,
    incarnationId: record.incarnationId,
    endpoints: record.endPoints,
    features: record.features
  })

export const replayUnregister = (controllers: Controllers, id: number): Controllers => HashMap.remove(controllers, id)
