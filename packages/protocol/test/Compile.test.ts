import { deepStrictEqual } from "node:assert"
import { execFileSync } from "node:child_process"
import * as fc from "fast-check"
import { afterEach, describe, expect, it } from "vitest"
import { message } from "../src/Api.ts"
import { ProduceRequest } from "../src/api/00-Produce.ts"
import { FetchRequest, FetchResponse } from "../src/api/01-Fetch.ts"
import { MetadataRequest } from "../src/api/03-Metadata.ts"
import { LeaveGroupRequest } from "../src/api/13-LeaveGroup.ts"
import { MalformedBytes, Reader, Writer } from "../src/Bytes.ts"
import { codec, compile, sourceOf } from "../src/Compile.ts"
import { f } from "../src/Field.ts"
import { interpret } from "../src/Interpret.ts"
import { ZERO } from "../src/Uuid.ts"
import { checkHostile, encoded, subjectsOf, tables } from "./fuzz-tables.ts"

describe("codec", () => {
  it("is made once for a message and version", () => {
    expect(codec(ProduceRequest, 9)).toBe(codec(ProduceRequest, 9))
    expect(codec(ProduceRequest, 9)).not.toBe(codec(ProduceRequest, 10))
  })

  it("exists for the versions of the message only", () => {
    for (const version of [-1, 2, 14, 3.5]) expect(() => codec(ProduceRequest, version)).toThrow(RangeError)
  })

  it("gives and takes the types of the table", () => {
    const { decode, encode } = codec(FetchRequest, 12)
    const writer = new Writer()
    const partition: FetchRequest["topics"][number]["partitions"][number] | undefined = undefined
    expect(partition).toBe(undefined)
    encode(writer, { maxWaitMs: 1, minBytes: 2, topics: [] })
    const value: FetchRequest = decode(new Reader(Buffer.concat(writer.finish())))
    const clusterId: string | null = value.clusterId
    expect([clusterId, value.maxBytes, value.replicaState, value.topics]).toEqual([
      null,
      0x7fffffff,
      { replicaId: -1, replicaEpoch: -1 },
      []
    ])
  })

  it("ignores what follows the body, as Kafka does", () => {
    const reader = new Reader(Uint8Array.from([0, 0, 0, 0, 9, 9]))
    expect(codec(MetadataRequest, 1).decode(reader).topics).toEqual([])
    expect(reader.remaining).toBe(2)
  })
})

describe("a value for a version that does not carry a field of it", () => {
  const members = [{ memberId: "m" }]
  const encodings = [
    ["generated source", compile],
    ["closures", interpret]
  ] as const

  for (const [name, make] of encodings) {
    it(`is an error by ${name}, unless the field has its default or is ignorable`, () => {
      expect(() => encoded(make(LeaveGroupRequest, 2), { groupId: "g", memberId: "m", members })).toThrow(
        "LeaveGroupRequest v2 does not carry members"
      )
      expect(() => encoded(make(LeaveGroupRequest, 3), { groupId: "g", memberId: "m", members })).toThrow(
        "LeaveGroupRequest v3 does not carry memberId"
      )
      expect(encoded(make(LeaveGroupRequest, 3), { groupId: "g", memberId: "", members }).length).toBeGreaterThan(0)
      const reasoned = { groupId: "g", members: [{ memberId: "m", reason: "ignorable before v5" }] }
      expect(encoded(make(LeaveGroupRequest, 4), reasoned).length).toBeGreaterThan(0)
    })

    it(`is a TypeError by ${name} where it is null and may not be`, () => {
      expect(() => encoded(make(MetadataRequest, 0), { topics: null })).toThrow(TypeError)
      expect(() => encoded(make(ProduceRequest, 9), { acks: 1, timeoutMs: 1, topicData: [null] })).toThrow(TypeError)
    })
  }
})

describe("fields", () => {
  const every = message(
    "Every",
    { versions: "0-1", flexible: "1+" },
    {
      uint32: f.uint32,
      float64: f.float64.default(0.5),
      long: f.long.default(-1n),
      nested: f.array(f.array(f.int16)),
      empty: f.array(f.struct({})),
      given: f.struct({ id: f.uuid, text: f.string.default("x") }).tagged(3, "1+"),
      blob: f.bytes.nulls().default(null).tagged(1, "1+")
    }
  )

  it("of every kind come back, tags out of the table's order too", () => {
    const value = {
      uint32: 2 ** 32 - 1,
      float64: -0,
      long: 5n,
      nested: [[1, -2], []],
      empty: [{}, {}],
      given: { id: ZERO, text: "" },
      blob: new Uint8Array(300)
    }
    for (const make of [compile, interpret]) {
      const { decode } = make(every, 1)
      deepStrictEqual(decode(new Reader(encoded(make(every, 1), value))), value)
    }
  })

  it("left out, or absent from the version, are their defaults", () => {
    const value = { uint32: 1, nested: [], empty: [] }
    const defaults = { float64: 0.5, long: -1n, given: { id: ZERO, text: "x" }, blob: null }
    for (const make of [compile, interpret]) {
      for (const version of [0, 1]) {
        const { decode } = make(every, version)
        deepStrictEqual(decode(new Reader(encoded(make(every, version), value))), { ...value, ...defaults })
      }
    }
  })

  it("of no bytes are bounded in number all the same", () => {
    const hollow = message("Hollow", { versions: "0", flexible: "none" }, { empty: f.array(f.struct({})) })
    const claims = (count: number) => new Reader(Uint8Array.from([0, 0, 0, count, 1, 2]))
    expect(codec(hollow, 0).decode(claims(2)).empty.length).toBe(2)
    expect(() => codec(hollow, 0).decode(claims(3))).toThrow(MalformedBytes)
  })
})

describe("generated source", () => {
  it("is one readable function per struct and list", () => {
    const source = sourceOf(FetchResponse, 12)
    expect(source).toContain("const readMessageResponsesPartitionsList = (r) => {")
    expect(source).toContain("const $highWatermark = r.int64()")
    expect(source).toContain(
      "case 0: $divergingEpoch = readMessageResponsesPartitionsDivergingEpoch(r); r.endTag(end); break"
    )
  })

  it("is replaced by closures where code may not be made from strings", () => {
    const script = `
      const { codec } = await import(${JSON.stringify(new URL("../src/Compile.ts", import.meta.url).href)})
      const { MetadataRequest } = await import(${JSON.stringify(new URL("../src/api/03-Metadata.ts", import.meta.url).href)})
      const { Reader } = await import(${JSON.stringify(new URL("../src/Bytes.ts", import.meta.url).href)})
      console.log(JSON.stringify(codec(MetadataRequest, 1).decode(new Reader(Uint8Array.of(0, 0, 0, 1, 0, 1, 97))).topics))`
    const flags = ["--disallow-code-generation-from-strings", "--input-type=module", "--no-warnings", "-e", script]
    const printed = execFileSync(process.execPath, flags, { encoding: "utf8" })
    expect(JSON.parse(printed)).toEqual([{ topicId: ZERO, name: "a" }])
  })
})

describe("memory", () => {
  const plainArray = globalThis.Array
  afterEach(() => {
    globalThis.Array = plainArray
  })

  /** Runs with an Array that counts the slots asked of it by `new Array(count)`. */
  const slotsAsked = (run: () => void): number => {
    let slots = 0
    globalThis.Array = new Proxy(plainArray, {
      construct: (target, args) => {
        slots += Number(args[0])
        return Reflect.construct(target, args)
      }
    })
    run()
    globalThis.Array = plainArray
    return slots
  }

  /** Lists within lists, at most: each may claim what is left before the innermost turns out to be a lie. */
  const nesting = 5
  const lies = [[0xff, 0xff, 0xff, 0xff, 0x0f], [0x7f, 0xff, 0xff, 0xff], [0xff, 0x7f], [0x7f]]

  it("asked for stays within a small multiple of the bytes received, whatever counts and lengths claim", () => {
    let largest = 0
    for (const table of tables) {
      for (const subject of subjectsOf(table)) {
        const [value] = fc.sample(subject.values, { numRuns: 1, seed: 3 })
        const honest = encoded(subject.compiled, value).slice(0, 200)
        for (let at = 0; at < honest.length; at++) {
          const bytes = honest.slice()
          bytes.set((lies[at % lies.length] ?? []).slice(0, bytes.length - at), at)
          const slots = slotsAsked(() => {
            try {
              subject.compiled.decode(new Reader(bytes))
            } catch (error) {
              if (!(error instanceof MalformedBytes)) throw error
            }
          })
          largest = Math.max(largest, slots / bytes.length)
        }
      }
    }
    expect(largest).toBeGreaterThan(0)
    expect(largest).toBeLessThanOrEqual(nesting)
  })

  it("no prefix of a message is anything but malformed or a shorter message", () => {
    for (const table of tables) {
      for (const subject of subjectsOf(table)) {
        const [value] = fc.sample(subject.values, { numRuns: 1, seed: 4 })
        const bytes = encoded(subject.compiled, value).slice(0, 300)
        for (let end = 0; end < bytes.length; end += 3) checkHostile(subject, bytes.subarray(0, end))
      }
    }
  })
})
