import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { expect, expectTypeOf, it } from "vitest"
import * as Serde from "../src/Serde.ts"
import * as Topic from "../src/Topic.ts"

const Order = Schema.Struct({ id: Schema.String, total: Schema.Finite.check(Schema.isGreaterThan(0)) })
const utf8 = (text: string) => new TextEncoder().encode(text)

it("text schemas are text, byte schemas bytes, all others JSON", () => {
  expect(Serde.of(Schema.String).name).toBe("string")
  expect(Serde.of(Schema.NullOr(Schema.String)).name).toBe("string")
  expect(Serde.of(Schema.Literals(["a", "b"])).name).toBe("string")
  expect(Serde.of(Schema.FiniteFromString).name).toBe("string")
  expect(Serde.of(Schema.Uint8Array).name).toBe("bytes")
  expect(Serde.of(Order).name).toBe("json")
  expect(Serde.of(Schema.Number).name).toBe("json")
})

it("a topic's types are those of its schemas", () => {
  const orders = Topic.make("orders", { key: Schema.String, value: Order })
  expectTypeOf(orders).toEqualTypeOf<Topic.Topic<string, { readonly id: string; readonly total: number }>>()
  expectTypeOf<Topic.Key<typeof orders>>().toEqualTypeOf<string>()
  expectTypeOf<Topic.Value<typeof orders>>().toEqualTypeOf<{ readonly id: string; readonly total: number }>()
  const keyless = Topic.make("log", { value: Schema.String })
  expectTypeOf<Topic.Key<typeof keyless>>().toEqualTypeOf<undefined>()
  expectTypeOf(keyless).toEqualTypeOf<Topic.Topic<undefined, string>>()
  expect(Result.getOrThrow(orders.value.encode({ id: "o-1", total: 42 }))).toEqual(utf8('{"id":"o-1","total":42}'))
  expect(Result.getOrThrow(keyless.key.encode(undefined))).toBe(null)
})

it("what the schema forbids is a failure on both ways, not an exception", () => {
  const { value } = Topic.make("orders", { value: Order })
  expect(Result.isFailure(value.encode({ id: "o-1", total: -1 }))).toBe(true)
  for (const bytes of [null, utf8("{"), utf8('{"id":"o-1","total":-1}'), Uint8Array.of(0xff)]) {
    expect(Result.isFailure(value.decode(bytes))).toBe(true)
  }
})

it("null on the wire is a value of a schema that has null, and of no other", () => {
  const { value } = Topic.make("orders", { value: Schema.NullOr(Order) })
  expect(Result.getOrThrow(value.encode(null))).toBe(null)
  expect(Result.getOrThrow(value.decode(null))).toBe(null)
})

it("every serde gives back what it was given, in memory of its own", () => {
  const serdes = [Serde.json(Order), Serde.msgpack(Order)]
  for (const serde of serdes) {
    const bytes = Result.getOrThrow(serde.encode({ id: "ö-1", total: 2.5 }))
    expect(Result.getOrThrow(serde.decode(bytes))).toEqual({ id: "ö-1", total: 2.5 })
  }
  const given = Uint8Array.of(1, 2)
  const taken = Result.getOrThrow(Serde.bytes(Schema.Uint8Array).decode(given))
  given.fill(9)
  expect(taken).toEqual(Uint8Array.of(1, 2))
})

it("headers: pairs by default, a typed value with a schema", () => {
  const plain = Topic.make("t", { value: Schema.String })
  expect(Result.getOrThrow(plain.headers.encode({ trace: "1" }))).toEqual([{ key: utf8("trace"), value: utf8("1") }])
  const typed = Topic.make("t", { value: Schema.String, headers: Schema.Struct({ attempt: Schema.FiniteFromString }) })
  const encoded = Result.getOrThrow(typed.headers.encode({ attempt: 3 }))
  expect(Result.getOrThrow(typed.headers.decode(encoded))).toEqual({ attempt: 3 })
  expect(Result.isFailure(typed.headers.decode([]))).toBe(true)
})
