/**
 * Dynamic configuration by resource: state, replay and queries. Invariant: a resource without any value is not there.
 */
import type { ConfigRecord } from "@klamm/protocol/records/metadata/Configs"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"

/** By resource type and name. */
export type Configs = HashMap.HashMap<string, ReadonlyMap<string, string>>

export const empty: Configs = HashMap.empty()

const none: ReadonlyMap<string, string> = new Map()
const keyOf = (resourceType: number, resourceName: string): string => `${resourceType}/${resourceName}`

export const get = (configs: Configs, resourceType: number, resourceName: string): ReadonlyMap<string, string> =>
  Option.getOrElse(HashMap.get(configs, keyOf(resourceType, resourceName)), () => none)

/** Names of the resources of a type that have values, sorted. */
export const resources = (configs: Configs, resourceType: number): ReadonlyArray<string> => {
  const prefix = keyOf(resourceType, "")
  return [...HashMap.keys(configs)]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length))
    .sort()
}

/** A null value removes the key. */
export const replayConfig = (configs: Configs, record: ConfigRecord): Configs => {
  const key = keyOf(record.resourceType, record.resourceName)
  const values = new Map(get(configs, record.resourceType, record.resourceName))
  if (record.value === null) values.delete(record.name)
  else values.set(record.name, record.value)
  return values.size === 0 ? HashMap.remove(configs, key) : HashMap.set(configs, key, values)
}

/** Forgets a resource, as when its topic is deleted. */
export const removeResource = (configs: Configs, resourceType: number, resourceName: string): Configs =>
  HashMap.remove(configs, keyOf(resourceType, resourceName))

/** All values, for a snapshot. */
export const entries = (
  configs: Configs
): ReadonlyArray<{
  readonly resourceType: number
  readonly resourceName: string
  readonly values: ReadonlyMap<string, string>
}> =>
  [...HashMap.toEntries(configs)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, values]) => {
      const split = key.indexOf("/")
      return { resourceType: Number(key.slice(0, split)), resourceName: key.slice(split + 1), values }
    })
