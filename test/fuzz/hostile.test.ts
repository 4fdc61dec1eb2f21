/**
 * A broker among clients that wish it ill: each case ends with the right code, a closed connection or patience, while another
 * client goes on being served and the broker's memory stays bounded. Neighbours: src/ (random input, the canary),
 * test/differential (which compares single bad requests with Kafka).
 */
import assert from "node:assert/strict"
import { gzipSync, zstdCompressSync } from "node:zlib"
import { pause, QUICK_GROUPS, startBroker } from "klamm-test-clients/Processes"
import { unique } from "klamm-test-clients/Scenario"
import { batch } from "klamm-test-differential/Batches"
import { lying } from "klamm-test-differential/Forge"
import { decodeAnswer, requestBytes } from "klamm-test-differential/Tables"
import { numberAt, Raw, type Struct } from "klamm-test-differential/Value"
import { type FrameOutcome, framed, Wire } from "klamm-test-differential/Wire"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { Canary } from "./src/Canary.ts"
import { residentBytes } from "./src/Memory.ts"

const MiB = 1024 * 1024
/** How much more than at rest the broker may hold during a case. */
const GROWTH_MAX_BYTES = 400 * MiB
const OUTCOME_WITHIN_MS = 5_000
const SILENT_MS = 300

const PRODUCE = 0
const METADATA = 3
const API_VERSIONS = 18

const given = process.env.KAFKA_BOOTSTRAP
let address = given ?? ""
let pid: number | undefined
let stop: () => Promise<unknown> = async () => undefined
let canary: Canary
let atRest = 0

beforeAll(async () => {
  if (given !== undefined) return
  const broker = await startBroker({ settings: QUICK_GROUPS })
  address = broker.bootstrap
  pid = broker.pid
  stop = broker.stop
})
afterAll(() => stop())

/** A case that an Apache Kafka 4.3.1 does not survive: it reserves what is announced. */
const ours = (name: string, run: () => Promise<void>): void => {
  if (given === undefined) test(name, run)
  else console.log(`not run: "${name}": an Apache Kafka would run out of memory`)
}

const resident = (): number => (pid === undefined ? 0 : (residentBytes(pid) ?? 0))

beforeEach(async () => {
  canary = await Canary.start(address, unique("canary"))
  atRest = resident()
})
afterEach(async () => {
  const report = await canary.stop()
  expect(report.faults).toEqual([])
  expect(resident() - atRest).toBeLessThan(GROWTH_MAX_BYTES)
})

const withWire = async <A>(use: (wire: Wire) => Promise<A>): Promise<A> => {
  const wire = await Wire.open(address)
  try {
    return await use(wire)
  } finally {
    wire.close()
  }
}

/** What becomes of these bytes on a connection of their own. */
const outcomeOf = (bytes: Uint8Array, withinMs = OUTCOME_WITHIN_MS): Promise<FrameOutcome["kind"]> =>
  withWire(async (wire) => {
    wire.send(bytes)
    return (await wire.next(withinMs)).kind
  })

const request = (api: number, version: number, body: Struct | Raw): Uint8Array =>
  requestBytes({ api, version, writeAs: version, correlationId: 1, clientId: "hostile", body })

/** A frame's length, and what is (so far) behind it. */
const announced = (size: number, ...body: ReadonlyArray<number>): Uint8Array => {
  const bytes = new Uint8Array(4 + body.length)
  new DataView(bytes.buffer).setInt32(0, size)
  bytes.set(body, 4)
  return bytes
}

/** Starts of a request: key 3, version 9, correlation id, client id, no tags. */
const metadataHeader = request(METADATA, 9, new Raw(new Uint8Array(0)))

const withCounts = (...counts: ReadonlyArray<number>): Uint8Array => framed(Uint8Array.of(...metadataHeader, ...counts))

const VARINT_2E9 = [0x80, 0xa8, 0xd6, 0xb9, 0x07]

describe("frames that lie about their size", () => {
  test("a frame of 2 GiB closes the connection", async () => {
    expect(await outcomeOf(announced(2147483647, 0, 3, 0, 9))).toBe("closed")
  })
  test("a frame of negative size closes the connection", async () => {
    expect(await outcomeOf(announced(-1))).toBe("closed")
  })
  ours("many frames of 100 MiB are announced and never sent", async () => {
    const wires = await Promise.all(Array.from({ length: 50 }, () => Wire.open(address)))
    for (const wire of wires) wire.send(announced(100 * MiB, 0, 3, 0, 9, 0, 0))
    await pause(SILENT_MS)
    expect(resident() - atRest).toBeLessThan(GROWTH_MAX_BYTES)
    for (const wire of wires) wire.close()
  })
  test("frames cut short by a hang-up harm nobody", async () => {
    const whole = framed(request(METADATA, 9, { topics: null }))
    for (let cut = 1; cut < whole.length; cut++) {
      await withWire(async (wire) => {
        wire.send(whole.subarray(0, cut))
        await pause(2)
      })
    }
  })
})

describe("counts that lie", () => {
  test("twenty million tagged fields in the header close the connection", async () => {
    const tags = metadataHeader.subarray(0, -1)
    expect(await outcomeOf(framed(Uint8Array.of(...tags, 0x80, 0xda, 0xc4, 0x09)))).toBe("closed")
  })
  test("two thousand million topics close the connection", async () => {
    expect(await outcomeOf(withCounts(...VARINT_2E9))).toBe("closed")
  })
  test("an array of two thousand million in an old version closes the connection", async () => {
    expect(await outcomeOf(framed(request(METADATA, 1, { topics: lying(2_000_000_000) })))).toBe("closed")
  })
  test("a string longer than the frame closes the connection", async () => {
    expect(await outcomeOf(withCounts(2, ...VARINT_2E9))).toBe("closed")
  })
  test("a varint without end closes the connection", async () => {
    expect(await outcomeOf(withCounts(...new Array<number>(20).fill(0xff)))).toBe("closed")
  })
})

const produced = (records: Uint8Array, topic: string): Promise<number> =>
  withWire(async (wire) => {
    const body = { acks: -1, timeoutMs: 5_000, topicData: [{ name: topic, partitionData: [{ index: 0, records }] }] }
    wire.send(framed(request(PRODUCE, 9, body)))
    const got = await wire.next(30_000)
    assert.equal(got.kind, "frame")
    const decoded = decodeAnswer(PRODUCE, 9, 1, got.bytes)
    assert.equal(decoded.kind, "answer")
    return numberAt(decoded.answer, "responses.0.partitionResponses.0.errorCode")
  })

const BOMB_BYTES = 600 * MiB
const MESSAGE_TOO_LARGE = 10
const zeros = (): Buffer => Buffer.alloc(BOMB_BYTES)
const SUCCESS = 0

describe("decompression bombs", () => {
  let topic = ""
  beforeEach(async () => {
    topic = unique("bombs")
    const metadata = framed(request(METADATA, 9, { topics: [{ name: topic }], allowAutoTopicCreation: true }))
    await withWire(async (wire) => {
      wire.send(metadata)
      await wire.next(OUTCOME_WITHIN_MS)
    })
    let created = -1
    while (created !== SUCCESS) created = await produced(batch(), topic)
  })
  test.each([
    ["gzip", 1, () => gzipSync(zeros())],
    ["zstd", 4, () => zstdCompressSync(zeros())]
  ] as const)("%s: refused, and never unpacked whole", async (_name, attributes, compress) => {
    const code = await produced(batch({ attributes, compress: () => new Uint8Array(compress()) }), topic)
    expect(code).toBe(MESSAGE_TOO_LARGE)
  })
})

describe("clients that do not behave", () => {
  test("random bytes on many connections", async () => {
    let state = 12345
    const noise = (length: number): Uint8Array =>
      Uint8Array.from({ length }, () => {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
        return state >>> 16
      })
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, i) => outcomeOf(noise(i + 4), SILENT_MS)))
    expect(outcomes.filter((kind) => kind === "frame")).toEqual([])
  })
  test("half a request, then silence", async () => {
    const whole = framed(request(METADATA, 9, { topics: null }))
    expect(await outcomeOf(whole.subarray(0, whole.length - 2), SILENT_MS)).toBe("silent")
  })
  test("two thousand silent connections", async () => {
    const wires: Array<Wire> = []
    for (let made = 0; made < 2_000; made += 100) {
      wires.push(...(await Promise.all(Array.from({ length: 100 }, () => Wire.open(address)))))
    }
    await pause(SILENT_MS)
    expect(await outcomeOf(framed(request(METADATA, 9, { topics: [] })))).toBe("frame")
    for (const wire of wires) wire.close()
  })
  test("thousands of requests whose answers are never read", async () => {
    await withWire(async (wire) => {
      wire.pause()
      const one = framed(request(API_VERSIONS, 3, { clientSoftwareName: "c", clientSoftwareVersion: "1" }))
      const many = new Uint8Array(one.length * 1_000)
      for (let at = 0; at < 1_000; at++) many.set(one, at * one.length)
      for (let times = 0; times < 50; times++) wire.send(many)
      await pause(1_000)
      expect(resident() - atRest).toBeLessThan(GROWTH_MAX_BYTES)
    })
  })
  test("a thousand connections that come and go", async () => {
    for (let round = 0; round < 10; round++) {
      const wires = await Promise.all(Array.from({ length: 100 }, () => Wire.open(address)))
      for (const wire of wires) wire.close()
    }
    expect(await outcomeOf(framed(request(METADATA, 9, { topics: [] })))).toBe("frame")
  })
})
