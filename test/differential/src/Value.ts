/**
 * Requests and answers as plain data, whatever message they belong to. Invariant: a `Struct` holds what a table declares,
 * or deliberately something else (Forge.ts writes it all the same). Neighbours: Forge.ts, Tables.ts, Normalise.ts.
 */

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Raw
  | ReadonlyArray<Value>
  | { readonly [name: string]: Value }

export type Struct = { readonly [name: string]: Value }

/** Bytes to be written as they are in the place of a field or of a whole body. */
export class Raw {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

export const raw = (...bytes: ReadonlyArray<number>): Raw => new Raw(Uint8Array.from(bytes))

export const isStruct = (value: Value | undefined): value is Struct =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Raw)

/** The value behind a path such as `topics.0.topicId`; undefined when there is none. */
export const at = (value: Value | undefined, path: string): Value | undefined => {
  let here: Value | undefined = value
  for (const name of path.split(".")) {
    if (Array.isArray(here)) here = here[Number(name)]
    else if (isStruct(here)) here = here[name]
    else return undefined
  }
  return here
}

const wrong = (path: string, wanted: string, value: Value | undefined): never => {
  throw new Error(`${path} is no ${wanted} but ${value instanceof Uint8Array ? "bytes" : String(value)}`)
}

export const numberAt = (value: Value | undefined, path: string): number => {
  const found = at(value, path)
  return typeof found === "number" || typeof found === "bigint" ? Number(found) : wrong(path, "number", found)
}

export const stringAt = (value: Value | undefined, path: string): string => {
  const found = at(value, path)
  return typeof found === "string" ? found : wrong(path, "string", found)
}

export const listAt = (value: Value | undefined, path: string): ReadonlyArray<Value> => {
  const found = at(value, path)
  return Array.isArray(found) ? found : wrong(path, "list", found)
}

export const bytesAt = (value: Value | undefined, path: string): Uint8Array => {
  const found = at(value, path)
  return found instanceof Uint8Array ? found : wrong(path, "bytes", found)
}

const isValue = (value: unknown): value is Value => {
  if (value === null || value instanceof Uint8Array) return true
  if (Array.isArray(value)) return value.every(isValue)
  if (typeof value === "object") return Object.values(value).every(isValue)
  return ["boolean", "number", "bigint", "string"].includes(typeof value)
}

/** What a codec decoded, as a Struct. */
export const structOf = (decoded: unknown): Struct => {
  if (!isValue(decoded) || !isStruct(decoded)) throw new Error("a decoded message is no struct")
  return decoded
}
