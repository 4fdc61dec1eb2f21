/**
 * The vocabulary in which messages are declared: what a field holds, in which versions it is there, may be null or is
 * tagged, and what it is when it is not there. A field is a value; its TypeScript type is inferred from it. Invariant: `Type`
 * and `Input` exist for the compiler only. Neighbours: Api makes messages of fields, Compile and Interpret read their specs.
 */
import { ZERO } from "./Uuid.ts"

export type Primitive =
  | "int8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "long"
  | "float64"
  | "bool"
  | "string"
  | "uuid"
  | "bytes"
  | "records"
export type Kind = Primitive | "array" | "struct"

/** Versions from `min` to `max`, both included; `min` above `max` means none. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** The highest version there can be, an int16. */
const openEnd = 0x7fff
const allVersions: VersionRange = { min: 0, max: openEnd }
const noVersions: VersionRange = { min: 0, max: -1 }

/** Reads Kafka's notation: `3` alone, `3-13`, `3+`, `none`. */
export const versionRange = (notation: string): VersionRange => {
  if (notation === "none") return noVersions
  const parts = /^(\d+)(\+|-(\d+))?$/.exec(notation)
  if (parts === null) throw new RangeError(`not a range of versions: ${notation}`)
  const min = Number(parts[1])
  if (parts[2] === undefined) return { min, max: min }
  return { min, max: parts[2] === "+" ? openEnd : Number(parts[3]) }
}

export const includes = (range: VersionRange, version: number): boolean => version >= range.min && version <= range.max

/** One field of a struct with its name. */
export interface Member {
  readonly name: string
  readonly spec: Spec
}

/** All that is declared of a field, for those who read tables. */
export interface Spec {
  readonly kind: Kind
  /** What an array holds. */
  readonly element: Spec | undefined
  /** What a struct holds, in wire order. */
  readonly members: ReadonlyArray<Member>
  /** The versions that carry the field. */
  readonly versions: VersionRange
  /** The versions that may carry null. */
  readonly nullable: VersionRange
  /** The number of a tagged field (KIP-482), else -1. */
  readonly tag: number
  /** False for a field that keeps its fixed-width length in flexible versions too. */
  readonly mayBeCompact: boolean
  /** True when a value for a version without the field is dropped in silence. */
  readonly ignorable: boolean
  /** True when who encodes may leave the field out. */
  readonly omittable: boolean
  /** The value where the field is absent; undefined for the natural one of the kind (`defaultOf`). */
  readonly explicitDefault: unknown
}

/**
 * A field of a message. `Type` is what decoding gives, `Input` what encoding takes; an Input that includes undefined may be
 * left out, which means the default.
 */
export interface Field<Type, Input = Type> {
  readonly spec: Spec
  readonly Type: Type
  readonly Input: Input
  /** Only in these versions. */
  readonly since: (versions: string) => Field<Type, Input | undefined>
  /** May be null, in these versions or in all. */
  readonly nulls: (versions?: string) => Field<Type | null, Input | null>
  /** This value instead of zero, empty or false. */
  readonly default: (value: Type) => Field<Type, Input | undefined>
  /** A tagged field, sent only when it is not the default. */
  readonly tagged: (tag: number, versions: string) => Field<Type, Input | undefined>
  /** May be given for a version that does not carry it. */
  readonly ignorable: () => Field<Type, Input>
  /** Never takes the compact form. */
  readonly neverCompact: () => Field<Type, Input>
}

const make = <Type, Input>(spec: Spec): Field<Type, Input> => ({
  spec,
  Type: undefined as never,
  Input: undefined as never,
  since: (versions) => make({ ...spec, versions: versionRange(versions), omittable: true }),
  nulls: (versions = "0+") => make({ ...spec, nullable: versionRange(versions) }),
  default: (value) => make({ ...spec, explicitDefault: value, omittable: true }),
  tagged: (tag, versions) => make({ ...spec, tag, versions: versionRange(versions), omittable: true }),
  ignorable: () => make({ ...spec, ignorable: true }),
  neverCompact: () => make({ ...spec, mayBeCompact: false })
})

const plain = (kind: Kind, element: Spec | undefined, members: ReadonlyArray<Member>): Spec => ({
  kind,
  element,
  members,
  versions: allVersions,
  nullable: noVersions,
  tag: -1,
  mayBeCompact: true,
  ignorable: false,
  omittable: false,
  explicitDefault: undefined
})

const primitive = <Type>(kind: Primitive): Field<Type> => make(plain(kind, undefined, []))

type InputAt<F> = F extends { readonly Input: infer Input } ? Input : never
type OmittableKeys<Fields> = {
  [Name in keyof Fields]: undefined extends InputAt<Fields[Name]> ? Name : never
}[keyof Fields]

/** What decoding a struct of these fields gives. */
export type TypeOf<Fields> = {
  readonly [Name in keyof Fields]: Fields[Name] extends { readonly Type: infer Type } ? Type : never
}
/** What encoding a struct of these fields takes. */
export type InputOf<Fields> = {
  readonly [Name in Exclude<keyof Fields, OmittableKeys<Fields>>]: InputAt<Fields[Name]>
} & { readonly [Name in OmittableKeys<Fields>]?: InputAt<Fields[Name]> }

/** A field of whatever type. */
export interface AnyField {
  readonly spec: Spec
  readonly Type: unknown
  readonly Input: unknown
}

/** Fields by name, in wire order. */
export type Fields = { readonly [name: string]: AnyField }

export const membersOf = (fields: Fields): ReadonlyArray<Member> =>
  Object.entries(fields).map(([name, { spec }]) => ({ name, spec }))

export const f = {
  int8: primitive<number>("int8"),
  int16: primitive<number>("int16"),
  uint16: primitive<number>("uint16"),
  int32: primitive<number>("int32"),
  uint32: primitive<number>("uint32"),
  /** A number: exact within ±(2^53 - 1), beyond it the nearest one. */
  int64: primitive<number>("int64"),
  /** A bigint: for numbers that are a client's own. */
  long: primitive<bigint>("long"),
  float64: primitive<number>("float64"),
  bool: primitive<boolean>("bool"),
  string: primitive<string>("string"),
  /** 22 characters of base64url. */
  uuid: primitive<string>("uuid"),
  /** A view of what was received. */
  bytes: primitive<Uint8Array>("bytes"),
  /** Record batches, as a view of what was received. */
  records: primitive<Uint8Array>("records"),
  array: <Type, Input>(of: Field<Type, Input>): Field<ReadonlyArray<Type>, ReadonlyArray<Input>> =>
    make(plain("array", of.spec, [])),
  struct: <const F extends Fields>(fields: F): Field<TypeOf<F>, InputOf<F>> =>
    make(plain("struct", undefined, membersOf(fields)))
}

const empty = new Uint8Array(0)

const naturalDefault = (spec: Spec): unknown => {
  switch (spec.kind) {
    case "bool":
      return false
    case "string":
      return ""
    case "uuid":
      return ZERO
    case "long":
      return 0n
    case "bytes":
    case "records":
      return empty
    case "array":
      return []
    case "struct":
      return structDefault(spec.members)
    default:
      return 0
  }
}

/** The value of a field that is not there. */
export const defaultOf = (spec: Spec): unknown =>
  spec.explicitDefault === undefined ? naturalDefault(spec) : spec.explicitDefault

/** A struct of which every field is absent. */
export const structDefault = (members: ReadonlyArray<Member>): { readonly [name: string]: unknown } => {
  const value: { [name: string]: unknown } = {}
  for (const { name, spec } of members) value[name] = defaultOf(spec)
  return value
}

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null

/** True when the value, or its absence, is what the field would be if it were not sent. */
export const isDefault = (spec: Spec, value: unknown): boolean => {
  if (value === undefined) return true
  if (value === null || spec.explicitDefault === null) return value === spec.explicitDefault
  if (spec.kind === "array") return Array.isArray(value) && value.length === 0
  if (value instanceof Uint8Array) return value.length === 0
  if (spec.kind !== "struct") return value === defaultOf(spec)
  return isRecord(value) && spec.members.every((member) => isDefault(member.spec, value[member.name]))
}
