/**
 * Writes requests by the protocol's tables, also those that no honest client would send: nulls where none may be, arrays
 * whose count lies, raw bytes in a field's place, tags that nobody knows. That is why it is not the protocol's own codec,
 * which refuses them. Invariant: what is left out takes the table's default. Neighbours: Tables.ts, Value.ts.
 */
import type { Message } from "@klamm/protocol/Api"
import type { Writer } from "@klamm/protocol/Bytes"
import { elementOf } from "@klamm/protocol/Codec"
import { defaultOf, includes, isDefault, type Member, membersOf, type Spec } from "@klamm/protocol/Field"
import { isStruct, Raw, type Struct, type Value } from "./Value.ts"

/** In a struct: tagged fields that no table declares, as `{ tag: bytes }`. */
export const EXTRA_TAGS = "$tags"
/** In the place of an array: a count that need not be that of the elements. */
export const lying = (count: number, elements: ReadonlyArray<Value> = []): Struct => ({ $count: count, $of: elements })

interface Place {
  readonly writer: Writer
  readonly version: number
  readonly flexible: boolean
}

const unfit = (name: string, value: Value): TypeError => new TypeError(`${name} cannot take ${typeof value}`)

const writeInteger = (writer: Writer, kind: "int8" | "int16" | "int32" | "int64", value: number | bigint): void => {
  if (kind === "int64" && typeof value === "bigint") writer.long(value)
  else if (kind === "int64") writer.int64(Number(value))
  else writer[kind](Number(value))
}

const writeString = (place: Place, value: string | null, compact: boolean): void => {
  if (compact) place.writer.compactNullableString(value)
  else place.writer.nullableString(value)
}

const writeBytes = (place: Place, value: Uint8Array | null, compact: boolean): void => {
  if (compact) place.writer.compactNullableBytes(value)
  else place.writer.nullableBytes(value)
}

/** What an array is given as: its elements, and the count that is written before them. */
const counted = (name: string, value: Value): { readonly count: number; readonly elements: ReadonlyArray<Value> } => {
  if (value === null) return { count: -1, elements: [] }
  const elements = isStruct(value) ? value.$of : value
  if (!Array.isArray(elements)) throw unfit(name, value)
  const told = isStruct(value) ? value.$count : undefined
  return { count: typeof told === "number" ? told : elements.length, elements }
}

const writeArray = (place: Place, spec: Spec, name: string, value: Value, compact: boolean): void => {
  const { count, elements } = counted(name, value)
  if (compact) place.writer.compactCount(count)
  else place.writer.count(count)
  for (const element of elements) writeField(place, elementOf(spec), `${name}[]`, element)
}

const writeTags = (place: Place, members: ReadonlyArray<Member>, value: Struct): void => {
  const tagged = members.filter(({ name, spec }) => {
    const given = value[name]
    return spec.tag >= 0 && includes(spec.versions, place.version) && !isDefault(spec, given)
  })
  const extra = value[EXTRA_TAGS]
  const extras = isStruct(extra) ? Object.entries(extra) : []
  place.writer.uvarint(tagged.length + extras.length)
  for (const { name, spec } of tagged.toSorted((a, b) => a.spec.tag - b.spec.tag)) {
    const mark = place.writer.beginTag(spec.tag)
    writeField(place, spec, name, value[name] ?? null)
    place.writer.endTag(mark)
  }
  for (const [tag, bytes] of extras) {
    if (!(bytes instanceof Uint8Array)) throw unfit(EXTRA_TAGS, bytes)
    place.writer.uvarint(Number(tag))
    place.writer.uvarint(bytes.length)
    place.writer.view(bytes)
  }
}

const writeMembers = (place: Place, members: ReadonlyArray<Member>, value: Struct): void => {
  for (const { name, spec } of members) {
    if (spec.tag >= 0 || !includes(spec.versions, place.version)) continue
    const given = value[name]
    writeField(place, spec, name, given === undefined ? asValue(defaultOf(spec)) : given)
  }
  if (place.flexible) writeTags(place, members, value)
}

/** A table's default is data as any other. */
const asValue = (value: unknown): Value => {
  if (value === null || value instanceof Uint8Array) return value
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value
  if (typeof value === "bigint") return value
  if (Array.isArray(value)) return value.map(asValue)
  if (typeof value !== "object") throw new TypeError(`no default can be ${typeof value}`)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, asValue(part)]))
}

const writeStruct = (place: Place, spec: Spec, name: string, value: Value): void => {
  const nullable = includes(spec.nullable, place.version)
  if (value === null || nullable) place.writer.presence(value !== null)
  if (value === null) return
  if (!isStruct(value)) throw unfit(name, value)
  writeMembers(place, spec.members, value)
}

const writeNumber = (writer: Writer, spec: Spec, name: string, value: number | bigint): void => {
  switch (spec.kind) {
    case "int8":
    case "int16":
    case "int32":
    case "int64":
      writeInteger(writer, spec.kind, value)
      break
    case "uint16":
      writer.uint16(Number(value))
      break
    case "uint32":
      writer.uint32(Number(value))
      break
    case "long":
      writer.long(BigInt(value))
      break
    case "float64":
      writer.float64(Number(value))
      break
    default:
      throw unfit(name, value)
  }
}

const writeField = (place: Place, spec: Spec, name: string, value: Value): void => {
  const compact = place.flexible && spec.mayBeCompact
  const { kind } = spec
  const textual = typeof value === "string" || value === null
  const binary = value instanceof Uint8Array || value === null
  if (value instanceof Raw) place.writer.view(value.bytes)
  else if (kind === "array") writeArray(place, spec, name, value, compact)
  else if (kind === "struct") writeStruct(place, spec, name, value)
  else if (kind === "string" && textual) writeString(place, value, compact)
  else if ((kind === "bytes" || kind === "records") && binary) writeBytes(place, value, compact)
  else if (kind === "uuid" && typeof value === "string") place.writer.uuid(value)
  else if (kind === "bool" && typeof value === "boolean") place.writer.bool(value)
  else if (typeof value === "number" || typeof value === "bigint") writeNumber(place.writer, spec, name, value)
  else throw unfit(name, value)
}

/** The body of a message at a version. */
export const forge = (writer: Writer, message: Message, version: number, value: Struct): void =>
  writeMembers({ writer, version, flexible: includes(message.flexible, version) }, membersOf(message.fields), value)
