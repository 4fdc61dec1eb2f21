/**
 * Codecs by generated source: for each message and version one straight function per struct and array, evaluated once, on
 * first use, and kept. Invariant: it reads and writes exactly what Interpret does; `print-codec` shows the source. Where the
 * runtime forbids making code from strings, Interpret takes its place.
 */
import type { Message, Table } from "./Api.ts"
import * as Codec from "./Codec.ts"
import { DecodeSource } from "./DecodeSource.ts"
import { EncodeSource } from "./EncodeSource.ts"
import { includes, isDefault, type Spec } from "./Field.ts"
import { interpret } from "./Interpret.ts"
import { Source } from "./Source.ts"

export type { Codec } from "./Codec.ts"

const generate = (message: Table, version: number) => {
  const wire = { version, flexible: includes(message.flexible, version) }
  const source = new Source()
  const decode = new DecodeSource(wire, source).struct("Message", message.members)
  const encode = new EncodeSource(wire, source).struct("Message", message.members)
  return { text: source.print(`{ decode: ${decode}, encode: ${encode} }`), constants: source.constants }
}

/** The source of a codec, for people. */
export const sourceOf = (message: Table, version: number): string => generate(message, version).text

/** False where the runtime refuses to make code from strings. */
const mayGenerate = (): boolean => {
  try {
    return new Function("return true")() === true
  } catch (error) {
    if (error instanceof EvalError) return false
    throw error
  }
}
const generates = mayGenerate()

/** The codec of generated source, whatever the runtime prefers; for tests that compare it with Interpret. */
export const compile = (message: Table, version: number): Codec.Codec<unknown, unknown> => {
  const { text, constants } = generate(message, version)
  const notCarried = (field: string): Error => Codec.notCarried(message.name, version, field)
  const build = new Function("constants", "isDefault", "notCarried", `"use strict"\n${text}`)
  return build(constants, (spec: Spec, value: unknown) => isDefault(spec, value), notCarried)
}

const codecs = new WeakMap<object, Array<Codec.Codec<unknown, unknown> | undefined>>()

const make = (message: Table, version: number): Codec.Codec<unknown, unknown> => {
  const exists = Number.isInteger(version) && includes(message.versions, version)
  if (!exists) throw new RangeError(`${message.name} has no version ${version}`)
  return generates ? compile(message, version) : interpret(message, version)
}

/** The codec of a message at a version, made on first use. A version the message does not have is a RangeError. */
export const codec = <F>(
  message: Message<F>,
  version: number
): Codec.Codec<Message<F>["Type"], Message<F>["Input"]> => {
  const byVersion = codecs.get(message) ?? []
  if (byVersion.length === 0) codecs.set(message, byVersion)
  const known = byVersion[version] ?? make(message, version)
  byVersion[version] = known
  return known as Codec.Codec<Message<F>["Type"], Message<F>["Input"]>
}
