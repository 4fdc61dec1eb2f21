/**
 * What the controller decides on: the image, and when each broker was last heard of. The contacts are soft: no record carries
 * them, and a new leader gives every broker a full session from its start.
 */
import type { BrokerSnapshot } from "@klamm/config/BrokerConfig"
import { Image, type MetadataRecord, replay as replayRecord } from "@klamm/metadata"
import * as MetadataConfigs from "@klamm/metadata/Configs"

export interface ControllerState {
  readonly image: Image.Image
  /** Milliseconds, by broker id. */
  readonly contacts: ReadonlyMap<number, number>
  /** Brokers that this leader has given a session without having heard of them: they may well be gone. */
  readonly unheard: ReadonlySet<number>
}

export const initial: ControllerState = { image: Image.empty, contacts: new Map(), unheard: new Set() }

/** What decisions need beside the state: the configuration under the image's dynamic values. */
export interface Settings {
  readonly snapshot: (image: Image.Image) => BrokerSnapshot
}

export const replay = (state: ControllerState, record: MetadataRecord): ControllerState => ({
  ...state,
  image: replayRecord(state.image, record)
})

export const configsOf = (state: ControllerState, type: number, name: string): ReadonlyMap<string, string> =>
  MetadataConfigs.get(state.image.configs, type, name)
