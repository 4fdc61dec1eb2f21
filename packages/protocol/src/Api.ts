/**
 * A message: its name, key, versions and fields, declared once and read by everyone (codecs, ApiVersions, docs, tests). The
 * type of its value is inferred and the same for every version: a field that a version lacks decodes to its default.
 */
import {
  type Fields,
  type InputOf,
  type Member,
  membersOf,
  type TypeOf,
  type VersionRange,
  versionRange
} from "./Field.ts"

/** A message as those see it who read tables. */
export interface Table {
  readonly name: string
  /** The API key; for stored records which have one the record type; else -1. */
  readonly key: number
  readonly versions: VersionRange
  /** The versions with compact lengths and tagged fields (KIP-482). */
  readonly flexible: VersionRange
  /** True when the highest version is not to be offered to clients yet. */
  readonly latestVersionUnstable: boolean
  /** The fields in wire order. */
  readonly members: ReadonlyArray<Member>
}

/** A message with the types of its value. */
export interface Message<F = Fields> extends Table {
  readonly fields: F
  /** What decoding gives: `typeof ProduceRequest.Type`. Known to the compiler only. */
  readonly Type: TypeOf<F>
  /** What encoding takes: fields with a default may be left out. Known to the compiler only. */
  readonly Input: InputOf<F>
}

export interface MessageOptions {
  readonly key?: number
  /** In Kafka's notation: `3-13`, `0+`, `none`. */
  readonly versions: string
  readonly flexible: string
  readonly latestVersionUnstable?: boolean
}

/** Declares a message. */
export const message = <const F extends Fields>(name: string, options: MessageOptions, fields: F): Message<F> => ({
  name,
  key: options.key ?? -1,
  versions: versionRange(options.versions),
  flexible: versionRange(options.flexible),
  latestVersionUnstable: options.latestVersionUnstable ?? false,
  fields,
  members: membersOf(fields),
  Type: undefined as never,
  Input: undefined as never
})

/** The two messages of an API key. */
export interface Api {
  readonly key: number
  /** Without Request or Response: `Produce`. */
  readonly name: string
  readonly request: Message
  readonly response: Message
}
