/**
 * Codecs by closures, straight from the table: the specification of the wire form, the oracle that Compile is tested
 * against, and its stand-in where a runtime forbids making code from strings.
 */

import type { Table } from "./Api.ts"
import * as Codec from "./Codec.ts"
import { defaultOf, includes, isDefault, type Member, type Spec } from "./Field.ts"
import type { Reader } from "./Reader.ts"
import type { Writer } from "./Writer.ts"

type Read = (reader: Reader) => unknown
type Write = (writer: Writer, value: unknown) => void
type Struct = { readonly [name: string]: unknown }

const reading = (spec: Spec, wire: Codec.Wire): Read => {
  if (spec.kind === "array") return readingArray(spec, wire)
  if (spec.kind !== "struct") {
    const method = Codec.methodOf(spec, wire)
    return (reader) => reader[method]()
  }
  const struct = readingStruct(spec.members, wire)
  if (!Codec.isNullable(spec, wire)) return struct
  const presence = Codec.presenceMethodOf(spec)
  return (reader) => (reader[presence]() ? struct(reader) : null)
}

const readingArray = (spec: Spec, wire: Codec.Wire): Read => {
  const method = Codec.countMethodOf(spec, wire)
  const minBytes = Codec.elementMinBytes(spec, wire)
  const element = reading(Codec.elementOf(spec), wire)
  return (reader) => {
    const count = reader[method](minBytes)
    if (count < 0) return null
    const list: Array<unknown> = []
    for (let index = 0; index < count; index++) list.push(element(reader))
    return list
  }
}

const readingStruct = (members: ReadonlyArray<Member>, wire: Codec.Wire): Read => {
  const inline = Codec.inlineMembers(members, wire).map(({ name, spec }) => ({ name, read: reading(spec, wire) }))
  const tagged = new Map<number, { readonly name: string; readonly read: Read }>()
  for (const { name, spec } of Codec.taggedMembers(members, wire)) {
    tagged.set(spec.tag, { name, read: reading(spec, wire) })
  }
  return (reader) => {
    const value: { [name: string]: unknown } = {}
    for (const { name, spec } of members) value[name] = defaultOf(spec)
    for (const { name, read } of inline) value[name] = read(reader)
    if (!wire.flexible) return value
    const count = reader.tagCount()
    for (let index = 0, tag = -1; index < count; index++) {
      tag = reader.tag(tag)
      const end = reader.tagEnd()
      const field = tagged.get(tag)
      if (field === undefined) reader.offset = end
      else {
        value[field.name] = field.read(reader)
        reader.endTag(end)
      }
    }
    return value
  }
}

const writing = (spec: Spec, wire: Codec.Wire, message: string): Write => {
  if (spec.kind === "array") return writingArray(spec, wire, message)
  if (spec.kind !== "struct") {
    // One name, one type: what the method takes is what the table infers for the field.
    const method = Codec.methodOf(spec, wire)
    return (writer, value) => (writer[method] as (value: unknown) => void).call(writer, value)
  }
  const struct = writingStruct(spec.members, wire, message)
  if (!Codec.isNullable(spec, wire)) return struct
  const presence = Codec.presenceMethodOf(spec)
  return (writer, value) => {
    writer[presence](value !== null)
    if (value !== null) struct(writer, value)
  }
}

const writingArray = (spec: Spec, wire: Codec.Wire, message: string): Write => {
  const element = writing(Codec.elementOf(spec), wire, message)
  const nullable = Codec.isNullable(spec, wire)
  const compact = Codec.isCompact(spec, wire)
  return (writer, value) => {
    const list = value as ReadonlyArray<unknown> | null
    if (list === null && !nullable) throw new TypeError(`${message}: null where an array must be`)
    const count = list === null ? -1 : list.length
    if (compact) writer.compactCount(count)
    else writer.count(count)
    if (list !== null) for (const item of list) element(writer, item)
  }
}

const writingStruct = (members: ReadonlyArray<Member>, wire: Codec.Wire, message: string): Write => {
  const field = ({ name, spec }: Member) => ({ name, spec, write: writing(spec, wire, message) })
  const inline = Codec.inlineMembers(members, wire).map(field)
  const tagged = Codec.taggedMembers(members, wire).map(field)
  const missing = Codec.missingMembers(members, wire)
  return (writer, value) => {
    const struct = value as Struct
    for (const { name, spec } of missing) {
      if (!isDefault(spec, struct[name])) throw Codec.notCarried(message, wire.version, name)
    }
    for (const { name, spec, write } of inline) {
      write(writer, spec.omittable && struct[name] === undefined ? defaultOf(spec) : struct[name])
    }
    if (!wire.flexible) return
    const present = tagged.filter(({ name, spec }) => !isDefault(spec, struct[name]))
    writer.uvarint(present.length)
    for (const { name, spec, write } of present) {
      const mark = writer.beginTag(spec.tag)
      write(writer, struct[name])
      writer.endTag(mark)
    }
  }
}

/** The codec of a message at a version. */
export const interpret = (message: Table, version: number): Codec.Codec<unknown, unknown> => {
  const wire = { version, flexible: includes(message.flexible, version) }
  return {
    decode: readingStruct(message.members, wire),
    encode: writingStruct(message.members, wire, message.name)
  }
}
