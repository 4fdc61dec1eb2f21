/**
 * What Compile and Interpret both make of a table, and the facts of the wire form that they share: which method reads and
 * writes a kind, and how few bytes a field can take.
 */

import { includes, type Member, type Spec } from "./Field.ts"
import type { Reader } from "./Reader.ts"
import type { Writer } from "./Writer.ts"

/** Reads and writes one message at one version. */
export interface Codec<Type, Input = Type> {
  /** Throws MalformedBytes, and nothing else. Byte fields are views of the reader's bytes. */
  readonly decode: (reader: Reader) => Type
  /** Throws an Error when the value cannot be said in this version: a fault of the caller. */
  readonly encode: (writer: Writer, value: Input) => void
}

/** The version at hand, and whether it is flexible (KIP-482). */
export interface Wire {
  readonly version: number
  readonly flexible: boolean
}

export const isNullable = (spec: Spec, wire: Wire): boolean => includes(spec.nullable, wire.version)
export const isCompact = (spec: Spec, wire: Wire): boolean => wire.flexible && spec.mayBeCompact
export const isTagged = (member: Member): boolean => member.spec.tag >= 0

/** The members a version carries in order, without the tagged ones. */
export const inlineMembers = (members: ReadonlyArray<Member>, wire: Wire): ReadonlyArray<Member> =>
  members.filter((member) => !isTagged(member) && includes(member.spec.versions, wire.version))

/** The members a version carries as tagged fields, by rising tag. */
export const taggedMembers = (members: ReadonlyArray<Member>, wire: Wire): ReadonlyArray<Member> =>
  members
    .filter((member) => isTagged(member) && wire.flexible && includes(member.spec.versions, wire.version))
    .sort((left, right) => left.spec.tag - right.spec.tag)

/** The members a version does not carry and which must not be given for it. */
export const missingMembers = (members: ReadonlyArray<Member>, wire: Wire): ReadonlyArray<Member> =>
  members.filter(({ spec }) => !spec.ignorable && !includes(spec.versions, wire.version))

type Shape = "" | "compact" | "nullable" | "compactNullable"

const shapeOf = (spec: Spec, wire: Wire): Shape => {
  if (isNullable(spec, wire)) return isCompact(spec, wire) ? "compactNullable" : "nullable"
  return isCompact(spec, wire) ? "compact" : ""
}

const prefixed = <Name extends "String" | "Bytes">(shape: Shape, name: Name) =>
  shape === "" ? (name === "String" ? "string" : "bytes") : (`${shape}${name}` as const)

/** The name of the method of Reader, and of Writer, that carries a field which is neither array nor struct. */
export const methodOf = (spec: Spec, wire: Wire) => {
  switch (spec.kind) {
    case "string":
      return prefixed(shapeOf(spec, wire), "String")
    case "bytes":
    case "records":
      return prefixed(shapeOf(spec, wire), "Bytes")
    case "array":
    case "struct":
      throw new TypeError(`a ${spec.kind} is not carried by one method`)
    default:
      return spec.kind
  }
}

/** The name of the method of Reader that reads an array's count. */
export const countMethodOf = (spec: Spec, wire: Wire) => {
  if (isNullable(spec, wire)) return isCompact(spec, wire) ? "compactNullableCount" : "nullableCount"
  return isCompact(spec, wire) ? "compactCount" : "count"
}

/** The name of the method, of Reader and of Writer, for what comes before a nullable struct. */
export const presenceMethodOf = (spec: Spec) => (spec.tag < 0 ? "presence" : "compactPresence")

const fixedBytes: { readonly [kind: string]: number } = {
  int8: 1,
  bool: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  long: 8,
  float64: 8,
  uuid: 16
}

/** The fewest bytes that a value of the field can take. */
export const minBytes = (spec: Spec, wire: Wire): number => {
  if (spec.kind === "struct") return isNullable(spec, wire) ? 1 : structMinBytes(spec.members, wire)
  const fixed = fixedBytes[spec.kind]
  if (fixed !== undefined) return fixed
  if (isCompact(spec, wire)) return 1
  return spec.kind === "string" ? 2 : 4
}

const structMinBytes = (members: ReadonlyArray<Member>, wire: Wire): number => {
  let bytes = wire.flexible ? 1 : 0
  for (const { spec } of inlineMembers(members, wire)) bytes += minBytes(spec, wire)
  return bytes
}

/** The fewest bytes for an array's element; an element of no bytes counts as one, so that counts stay bounded. */
export const elementMinBytes = (spec: Spec, wire: Wire): number => Math.max(1, minBytes(elementOf(spec), wire))

export const elementOf = (spec: Spec): Spec => {
  if (spec.element === undefined) throw new TypeError(`a ${spec.kind} has no elements`)
  return spec.element
}

/** The error for a value given to a version that has no place for it. */
export const notCarried = (message: string, version: number, field: string): Error =>
  new Error(`${message} v${version} does not carry ${field}`)
