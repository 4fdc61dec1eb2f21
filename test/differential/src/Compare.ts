/**
 * What became of a step, as a flat list of fields, and what differs between two of them. Invariant: a step that closed the
 * connection, one without an answer and one with an answer differ in the field `outcome`. Neighbours: Normalise.ts, Run.ts.
 */
import { isStruct, type Value } from "./Value.ts"

/** Field path to printed value. */
export type Fields = ReadonlyMap<string, string>

const print = (value: Value): string =>
  typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? String(value))

const flattenInto = (into: Map<string, string>, path: string, value: Value): void => {
  const below = (name: string): string => (path === "" || name.startsWith("[") ? path + name : `${path}.${name}`)
  if (Array.isArray(value) && value.some((one) => isStruct(one) || Array.isArray(one))) {
    into.set(`${path}.length`, String(value.length))
    for (const [index, part] of value.entries()) flattenInto(into, below(`[${index}]`), part)
  } else if (isStruct(value)) {
    for (const [name, part] of Object.entries(value)) flattenInto(into, below(name), part)
  } else into.set(path, print(value))
}

/** A struct's leaves by path: `topics[a].partitions[0].errorCode`. */
export const flatten = (value: Value): Map<string, string> => {
  const into = new Map<string, string>()
  flattenInto(into, "", value)
  return into
}

export interface Difference {
  /** `scenario/step/field`. */
  readonly name: string
  readonly version: number
  /** Undefined where the broker's answer has no such field. */
  readonly reference: string | undefined
  readonly ours: string | undefined
}

export interface StepResult {
  readonly step: string
  readonly fields: Fields
}

const API_VERSIONS = 18
const advertised = /^apiKeys\[(\d+)\]/

/**
 * The keys in ApiVersions that only the reference advertises are left out of the comparison: what we do not speak is said
 * by not advertising it.
 */
const unadvertised = (api: number, path: string, ours: Fields): boolean => {
  const key = api === API_VERSIONS ? advertised.exec(path)?.[0] : undefined
  return key !== undefined && ![...ours.keys()].some((other) => other.startsWith(`${key}.`))
}

/** The fields of one step that are not equal. */
export const compare = (
  scenario: { readonly name: string; readonly api: number },
  version: number,
  reference: StepResult,
  ours: StepResult
): ReadonlyArray<Difference> => {
  const paths = new Set([...reference.fields.keys(), ...ours.fields.keys()])
  const differences: Array<Difference> = []
  for (const path of paths) {
    const [left, right] = [reference.fields.get(path), ours.fields.get(path)]
    if (left === right || unadvertised(scenario.api, path, ours.fields)) continue
    differences.push({ name: `${scenario.name}/${reference.step}/${path}`, version, reference: left, ours: right })
  }
  return differences
}
