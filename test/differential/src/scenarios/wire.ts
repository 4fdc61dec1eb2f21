/**
 * What is no proper request: keys and versions that do not exist, frames that lie, bodies cut short, garbage, nulls where
 * none may be, counts that are not true, tags that nobody knows. Mostly it is compared whether the connection is closed.
 * Behaviours 001, 008-013. Neighbours: ../Forge.ts (writes them), hostile.ts (numbers at their limits).
 */
import { includes, type Member } from "@klamm/protocol/Field"
import { EXTRA_TAGS, lying } from "../Forge.ts"
import { type Ask, ask, type Scenario, type Step, scenario, type Throw } from "../Scenario.ts"
import { apiOf, requestBytes } from "../Tables.ts"
import { type Raw, raw, type Struct } from "../Value.ts"
import { framed } from "../Wire.ts"
import { API_VERSIONS, METADATA, PRODUCE } from "./keys.ts"

/** Enough to see a connection closed; and to believe that no answer will come. */
const CLOSED_WITHIN_MS = 2_000
const SILENT_MS = 400

const thrown = (name: string, bytes: Uint8Array, withinMs = CLOSED_WITHIN_MS): Throw => ({
  kind: "throw",
  name,
  on: name,
  bytes: () => bytes,
  withinMs
})

const sized = (size: number, ...body: ReadonlyArray<number>): Uint8Array => {
  const bytes = new Uint8Array(4 + body.length)
  new DataView(bytes.buffer).setInt32(0, size)
  bytes.set(body, 4)
  return bytes
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const frames = scenario("wire.frames", API_VERSIONS, [3, 3], () => [
  thrown("size -1", sized(-1)),
  thrown("the smallest size", sized(-2147483648)),
  thrown("the largest size", sized(2147483647, 0, 18, 0, 3)),
  thrown("one above the limit", sized(104857601)),
  thrown("as large as it may be, then silence", sized(104857600, 0, 3), SILENT_MS),
  thrown("size 0", sized(0)),
  thrown("size 1", sized(1, 0)),
  thrown("size 7: no whole header", sized(7, 0, 18, 0, 3, 0, 0, 0)),
  thrown("half a request, then silence", sized(40, 0, 18, 0, 3, 0, 0), SILENT_MS),
  thrown("half a length, then silence", Uint8Array.of(0, 0), SILENT_MS),
  thrown("an HTTP request", text("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")),
  thrown("a TLS greeting", Uint8Array.of(0x16, 0x03, 0x01, 0x00, 0xf8, 0x01, 0x00, 0x00, 0xf4)),
  thrown("a line of text", text("hello there\n"))
])

const request = (api: number, version: number, body: Struct | Raw, clientId: string | null = "wire"): Uint8Array =>
  framed(requestBytes({ api, version, writeAs: version, correlationId: 7, clientId, body }))

/** The two bytes of the key, and the two of the version, changed. */
const renamed = (bytes: Uint8Array, key: number, version: number): Uint8Array => {
  const changed = bytes.slice()
  const view = new DataView(changed.buffer)
  view.setInt16(4, key)
  view.setInt16(6, version)
  return changed
}

const keys = scenario("wire.keys", METADATA, [9, 9], (version) => {
  const bytes = request(METADATA, version, {})
  return [
    ...[-1, 95, 96, 999, 32767, -32768].map((key) => thrown(`key ${key}`, renamed(bytes, key, version))),
    ...[4, 5, 6, 7].map((key) => thrown(`the removed key ${key}`, renamed(bytes, key, 0))),
    ...[52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82].map((key) =>
      thrown(`the controllers' key ${key}`, renamed(bytes, key, 0))
    ),
    ...[-1, 99, 32767, -32768].map((other) => thrown(`version ${other}`, renamed(bytes, METADATA, other)))
  ]
})

const OLD_AND_NEW: ReadonlyArray<number> = [
  0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 32, 33, 35, 37, 42, 43, 44, 45, 46, 47, 55, 57, 60,
  61, 64, 74, 75, 80, 81
]

/** One below and one above the range of every key that is compared. */
const versions = scenario("wire.versions", METADATA, [9, 9], () =>
  OLD_AND_NEW.flatMap((key) => {
    const { min, max } = apiOf(key).request.versions
    const below = min === 0 ? [] : [thrown(`key ${key} below its range`, renamed(request(key, min, {}), key, min - 1))]
    return [...below, thrown(`key ${key} above its range`, renamed(request(key, max, {}), key, max + 1))]
  })
)

const CLIENT: Struct = { clientSoftwareName: "client", clientSoftwareVersion: "1.0" }

const tooNew = scenario("wire.api-versions-too-new", API_VERSIONS, [4, 4], () => {
  const asked = (version: number, body: Struct | Raw, name = `version ${version}`): Ask =>
    ask(name, API_VERSIONS, body, { version, writeAs: 4, answerVersion: 0 })
  return [
    asked(99, CLIENT),
    asked(6, CLIENT),
    asked(32767, CLIENT),
    asked(99, raw(), "version 99 without a body"),
    asked(99, raw(255, 255, 255), "version 99 with a body that is none"),
    asked(-1, CLIENT),
    ask("a known version on the same connection", API_VERSIONS, CLIENT)
  ]
})

const headers = scenario("wire.headers", API_VERSIONS, [0, 4], (version) => {
  const asked = (name: string, options: Parameters<typeof ask>[3]): Ask =>
    ask(name, API_VERSIONS, CLIENT, { outcomeOnly: true, ...options })
  const bytes = request(API_VERSIONS, version, CLIENT)
  const length = (to: number): Uint8Array => {
    const changed = bytes.slice()
    new DataView(changed.buffer).setInt16(12, to)
    return changed
  }
  return [
    asked("no client id", { clientId: null }),
    asked("an empty client id", { clientId: "" }),
    asked("a long client id", { clientId: "c".repeat(32_000) }),
    asked("a client id in many letters", { clientId: "клиент ☃ 🙂" }),
    asked("correlation id -1", { correlationId: -1 }),
    asked("the largest correlation id", { correlationId: 2147483647 }),
    asked("the smallest correlation id", { correlationId: -2147483648 }),
    thrown("client id length -2", length(-2)),
    thrown("client id longer than the frame", length(32767)),
    ...(version >= 3
      ? [
          asked("an unknown tag in the header", { headerTags: [[99, Uint8Array.of(1, 2, 3)]] }),
          asked("two unknown tags in the header", {
            headerTags: [
              [0, new Uint8Array(0)],
              [7, new Uint8Array(300)]
            ]
          })
        ]
      : [])
  ]
})

const bodiesOf = (members: ReadonlyArray<Member>, version: number): ReadonlyArray<readonly [string, Struct]> =>
  members
    .filter(({ spec }) => spec.tag < 0 && includes(spec.versions, version))
    .flatMap(({ name, spec }): ReadonlyArray<readonly [string, Struct]> => {
      if (spec.kind === "array") {
        return [
          [`${name} is null`, { [name]: null }],
          [`${name} says it has one`, { [name]: lying(1) }],
          [`${name} says it has two thousand million`, { [name]: lying(2_000_000_000) }],
          [`${name} says it has -2`, { [name]: lying(-2) }]
        ]
      }
      if (spec.kind === "string") return [[`${name} is null`, { [name]: null }]]
      return []
    })

const quiet = { outcomeOnly: true, withinMs: CLOSED_WITHIN_MS } as const

/** What must not be at its default, for an answer to come at all. */
const PLAIN: Readonly<Record<number, Struct>> = { [API_VERSIONS]: CLIENT, [PRODUCE]: { acks: -1 } }

/** A body for a key at a version with every field at its default, and what can be wrong with it. */
const bodySteps = (key: number, version: number): ReadonlyArray<Step> => {
  const { request: table } = apiOf(key)
  const flexible = includes(table.flexible, version)
  const base = (name: string, body: Struct | Raw, mangle?: (frame: Uint8Array) => Uint8Array): Ask =>
    ask(name, key, body, mangle === undefined ? { ...quiet, on: name } : { ...quiet, on: name, mangle })
  const plain = PLAIN[key] ?? {}
  const size = table.members.some(({ spec }) => spec.tag < 0 && includes(spec.versions, version))
  const cuts = size ? [base("cut by one byte", plain, (frame) => frame.subarray(0, -1)), base("no body", raw())] : []
  return [
    base("all defaults", plain),
    ...cuts,
    base("a byte too many", plain, (frame) => Uint8Array.of(...frame, 0)),
    base("all ones", raw(...new Array<number>(40).fill(255))),
    base("all zeros", raw(...new Array<number>(40).fill(0))),
    ...bodiesOf(table.members, version).map(([name, body]) => base(name, { ...plain, ...body })),
    ...(flexible
      ? [
          base("an unknown tag", { ...plain, [EXTRA_TAGS]: { 77: Uint8Array.of(1, 2) } }),
          base("a tag longer than the body", plain, (frame) => Uint8Array.of(...frame.subarray(0, -1), 1, 77, 100, 1))
        ]
      : [])
  ]
}

const served: Readonly<Record<number, readonly [number, number]>> = { [API_VERSIONS]: [0, 4], 22: [0, 5] }

const bodies: ReadonlyArray<Scenario> = [...OLD_AND_NEW, API_VERSIONS].map((key) => {
  const { name, request: table } = apiOf(key)
  const range = served[key] ?? ([table.versions.min, table.versions.max] as const)
  return scenario(`wire.body-${name}`, key, range, (version) => bodySteps(key, version))
})

export const wireScenarios: ReadonlyArray<Scenario> = [frames, keys, versions, tooNew, headers, ...bodies]
