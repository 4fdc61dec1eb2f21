/** Trace context in headers: what others write is understood, what is wrong is no context, and nothing of it is lost on the way. */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { describe, expect, it } from "vitest"
import { creationOf, headersOf, isParent, parse, print } from "../../src/observe/TraceContext.ts"

const utf8 = new TextEncoder()
const text = new TextDecoder()
const header = (key: string, value: string | null) => ({
  key: utf8.encode(key),
  value: value === null ? null : utf8.encode(value)
})

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"
const parent = `00-${traceId}-${spanId}-01`

const textsOf = (span: Tracer.AnySpan) =>
  headersOf(span).map(({ key, value }) => [text.decode(key), value === null ? null : text.decode(value)])

describe("traceparent", () => {
  it("is a span of elsewhere, sampled or not", () => {
    expect(parse(parent, undefined)).toMatchObject({ _tag: "ExternalSpan", traceId, spanId, sampled: true })
    expect(parse(`00-${traceId}-${spanId}-00`, undefined)?.sampled).toBe(false)
    expect(parse(`00-${traceId}-${spanId}-03`, undefined)?.sampled).toBe(true)
  })

  it("of a later version may have more in it", () => {
    expect(parse(`cc-${traceId}-${spanId}-01-what-the-future-will-be-like`, undefined)?.spanId).toBe(spanId)
  })

  it.each([
    "",
    traceId,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}${spanId}-01`
  ])("is no context when it is %j", (value) => {
    expect(parse(value, undefined)).toBeUndefined()
  })

  it("is printed as it was read", () => {
    for (const each of [parent, `00-${traceId}-${spanId}-00`]) expect(print(parse(each, undefined)!)).toBe(each)
  })
})

describe("headers of a record", () => {
  it("are found whatever the case of their names, among others", () => {
    const headers = [header("id", "1"), header("TraceParent", parent), header("b3", "0")]
    expect(creationOf(headers)).toMatchObject({ traceId, spanId })
    expect(headers.map(isParent)).toEqual([false, true, false])
  })

  it("are those that OpenTelemetry's instrumentation of kafkajs writes", () => {
    const written = header("traceparent", "00-80222f4d81e9b8707d845cf8e2d1a23d-2835a36ecba2f002-01")
    expect(creationOf([written])).toMatchObject({
      traceId: "80222f4d81e9b8707d845cf8e2d1a23d",
      spanId: "2835a36ecba2f002",
      sampled: true
    })
  })

  it("without a context, or with one that can't be read, have none", () => {
    expect(creationOf([])).toBeUndefined()
    expect(creationOf([header("traceparent", null), header("tracestate", "a=1")])).toBeUndefined()
    expect(creationOf([{ key: utf8.encode("traceparent"), value: Uint8Array.of(255, 254) }])).toBeUndefined()
  })

  it("carry the vendors' state on to what is sent below the span, untouched", () => {
    const creation = creationOf([
      header("traceparent", parent),
      header("tracestate", "a=1"),
      header("tracestate", "b=2")
    ])!
    const span = Tracer.nativeTracer.span({
      name: "process orders",
      parent: Option.some(creation),
      annotations: Context.empty(),
      links: [],
      startTime: 0n,
      kind: "consumer",
      root: false,
      sampled: true
    })
    expect(textsOf(span)).toEqual([
      ["traceparent", `00-${traceId}-${span.spanId}-01`],
      ["tracestate", "a=1,b=2"]
    ])
  })

  it("leave a state out that is longer than must be carried", () => {
    const creation = creationOf([header("traceparent", parent), header("tracestate", `a=${"1".repeat(600)}`)])!
    expect(textsOf(creation)).toEqual([["traceparent", parent]])
  })
})
