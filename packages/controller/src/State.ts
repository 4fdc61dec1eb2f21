/**
 * What the controller decides on: the image, and what it has heard of each broker. What it has heard is soft: no record carries it,
 * and a new leader gives every broker a full session from its start.
 */
import type { BrokerSnapshot } from "@klamm/config/BrokerConfig"
import { Image, type MetadataRecord, replay as replayRecords } from "@klamm/metadata"
import * as MetadataConfigs from "@klamm/metadata/Configs"

/** The last heartbeat of a broker. */
export interface Contact {
  /** When it came, in milliseconds. */
  readonly at: number
  /** How far the broker had followed the metadata; -1 while it has not said. */
  readonly metadataOffset: number
  /** Where the others must have come before a leaving broker may stop: the last record that moved its leaderships. */
  readonly shutdownOffset: number | undefined
}

/** When the periodic elections are due, in milliseconds. */
export interface Checks {
  readonly balanceAt: number
  readonly uncleanAt: number
}

export interface ControllerState {
  readonly image: Image.Image
  /** By broker id. */
  readonly contacts: ReadonlyMap<number, Contact>
  /** Brokers that this leader has given a session without having heard of them: they may well be gone. */
  readonly unheard: ReadonlySet<number>
  /** Undefined until this leader has begun. */
  readonly checks: Checks | undefined
}

export const initial: ControllerState = {
  image: Image.empty,
  contacts: new Map(),
  unheard: new Set(),
  checks: undefined
}

/** What decisions need beside the state: the configuration under the image's dynamic values. */
export interface Settings {
  readonly snapshot: (image: Image.Image) => BrokerSnapshot
}

export const replay = (state: ControllerState, records: ReadonlyArray<MetadataRecord>): ControllerState =>
  records.length === 0 ? state : { ...state, image: replayRecords(state.image, records) }

export const configsOf = (state: ControllerState, type: number, name: string): ReadonlyMap<string, string> =>
  MetadataConfigs.get(state.image.configs, type, name)
