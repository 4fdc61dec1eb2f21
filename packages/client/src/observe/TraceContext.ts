/**
 * The W3C trace context in the headers of a record: `traceparent` and `tracestate`, as text, which is how every OpenTelemetry
 * instrumentation of Kafka clients writes and reads them. Pure. Invariants: what is no valid context is none; one that a record has
 * already is never replaced; the vendors' state goes on untouched to whatever is sent while the record is processed. Neighbour:
 * `Spans.ts`.
 */
import type { RecordHeader } from "@klamm/protocol/Record"
import type { HeaderInput } from "@klamm/protocol/RecordBatch"
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

const parentName = "traceparent"
const stateName = "tracestate"
/** More of it may be dropped, says the standard; less must be kept. */
const stateMaxCharacters = 512

const utf8 = new TextEncoder()
const text = new TextDecoder()
const parentKey = utf8.encode(parentName)
const stateKey = utf8.encode(stateName)

/** What vendors wrote of a trace, at the span that came in. */
const State = Context.Reference<string | undefined>("client/TraceState", { defaultValue: () => undefined })

/** A later version may have more behind the flags; version ff there is none. */
const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const sampledFlag = 1

export const parse = (traceparent: string, state: string | undefined): Tracer.ExternalSpan | undefined => {
  const [, version, traceId, spanId, flags, more] = pattern.exec(traceparent.trim()) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  if (version === "00" && more !== undefined) return undefined
  const sampled = (Number.parseInt(flags, 16) & sampledFlag) !== 0
  const annotations = state === undefined ? Context.empty() : Context.make(State, state)
  return Tracer.externalSpan({ traceId, spanId, sampled, annotations })
}

/** Names are compared as those of HTTP are, without regard to case. */
const isNamed = ({ key }: { readonly key: Uint8Array }, name: string, length: number): boolean =>
  key.length === length && text.decode(key).toLowerCase() === name

export const isParent = (header: { readonly key: Uint8Array }): boolean => isNamed(header, parentName, parentKey.length)

const isState = (header: { readonly key: Uint8Array }): boolean => isNamed(header, stateName, stateKey.length)

/** Headers of the wire, on their way in or out. */
export type WireHeaders = ReadonlyArray<RecordHeader> | ReadonlyArray<HeaderInput>

/** The context that the record's producer gave it. */
export const creationOf = (headers: WireHeaders): Tracer.ExternalSpan | undefined => {
  let parent: Uint8Array | null | undefined
  let state: string | undefined
  for (const header of headers) {
    if (isParent(header)) parent ??= header.value
    // A list may be spread over several headers.
    else if (isState(header) && header.value) {
      const part = text.decode(header.value)
      state = state === undefined ? part : `${state},${part}`
    }
  }
  return parent ? parse(text.decode(parent), state) : undefined
}

const stateOf = (span: Tracer.AnySpan): string | undefined => {
  let at: Tracer.AnySpan | undefined = span
  while (at !== undefined) {
    const state = Context.get(at.annotations, State)
    if (state !== undefined) return state
    at = at._tag === "Span" ? Option.getOrUndefined(at.parent) : undefined
  }
  return undefined
}

export const print = ({ traceId, spanId, sampled }: Tracer.AnySpan): string =>
  `00-${traceId.padStart(32, "0")}-${spanId.padStart(16, "0")}-${sampled ? "01" : "00"}`

/** The headers that carry a span along. */
export const headersOf = (span: Tracer.AnySpan): ReadonlyArray<HeaderInput> => {
  const parent = { key: parentKey, value: utf8.encode(print(span)) }
  const state = stateOf(span)
  if (state === undefined || state.length > stateMaxCharacters) return [parent]
  return [parent, { key: stateKey, value: utf8.encode(state) }]
}
