import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { ListOffsetsRequest, ListOffsetsResponse } from "@klamm/protocol/api/02-ListOffsets"
import { OffsetFetchRequest } from "@klamm/protocol/api/09-OffsetFetch"
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol/api/18-ApiVersions"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { buildBatch, setBaseOffset } from "@klamm/protocol/RecordBatch"
import { freePort } from "klamm-test-clients/Processes"
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"
import { createTopic, deleteTopic, foldersOf, nodesOf, sleep } from "../src/Cluster.ts"
import { decodeAnswer, frameOf, Link } from "../src/Link.ts"
import { type PlainLoop, startLoop } from "../src/loop/Loop.ts"
import { addressOf, alone } from "../src/loop/Members.ts"

const PRODUCE = 10
const FETCH = 12
const LIST_OFFSETS = 6
const WITHIN_MS = 5_000
const WAIT_MS = 100

let loop: PlainLoop
let address: string
let link: Link
let topic: string
let topics = 0

beforeAll(async () => {
  const members = { ports: alone(await freePort()), nodeId: 1 }
  loop = await startLoop(members)
  address = addressOf(members)
})

beforeEach(async () => {
  topic = `topic-${topics++}`
  await createTopic(address, { name: topic, partitions: 2, replication: 1 })
  link = await Link.open(address, WITHIN_MS)
  return () => link.close()
})

afterAll(() => loop.close())

const batchOf = (records: number, bytesEach = 8): Uint8Array =>
  buildBatch(Array.from({ length: records }, (_, index) => ({ value: new Uint8Array(bytesEach).fill(index) })))

const at = (offset: number, batch: Uint8Array): Uint8Array => {
  const placed = batch.slice()
  setBaseOffset(placed, 0, offset)
  return placed
}

const produce = async (...batches: ReadonlyArray<Uint8Array>) => {
  const partitionData = batches.map((records, index) => ({ index, records }))
  const request = { acks: -1, timeoutMs: 0, topicData: [{ name: topic, partitionData }] }
  const { responses } = await link.call(ProduceRequest, ProduceResponse, PRODUCE, request)
  return responses[0]!.partitionResponses.map(({ errorCode, baseOffset }) => ({ errorCode, baseOffset }))
}

const fetch = async (from: Link, fetchOffset: number, maxWaitMs = WAIT_MS, partitionMaxBytes = 1) => {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes }]
  const request = { maxWaitMs, minBytes: 1, topics: [{ topic, partitions }], forgottenTopicsData: [] }
  const { responses } = await from.call(FetchRequest, FetchResponse, FETCH, request)
  const { errorCode, highWatermark, records } = responses[0]!.partitions[0]!
  return { errorCode, highWatermark, records: Buffer.from(records ?? []) }
}

const offsetAt = async (timestamp: number) => {
  const request = { replicaId: -1, topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }] }
  const answer = await link.call(ListOffsetsRequest, ListOffsetsResponse, LIST_OFFSETS, request)
  return answer.topics[0]!.partitions[0]!.offset
}

const produced = (baseOffset: number) => ({ errorCode: ErrorCode.NONE, baseOffset })

it("batches get the offsets behind each other and are fetched with them", async () => {
  const [first, second, elsewhere] = [batchOf(3), batchOf(2), batchOf(1)]
  expect(await produce(first)).toEqual([produced(0)])
  expect(await produce(second, elsewhere)).toEqual([produced(3), produced(0)])
  const whole = { errorCode: ErrorCode.NONE, highWatermark: 5 }
  expect(await fetch(link, 3)).toEqual({ ...whole, records: Buffer.from(at(3, second)) })
  expect(await fetch(link, 2)).toEqual({ ...whole, records: Buffer.from(at(0, first)) })
  const both = Buffer.concat([first, at(3, second)])
  expect(await fetch(link, 0, WAIT_MS, both.length)).toEqual({ ...whole, records: both })
  expect([await offsetAt(-2), await offsetAt(-1)]).toEqual([0, 5])
})

it("a batch with a byte that is wrong is refused, and takes no offset", async () => {
  const wrong = batchOf(3)
  wrong[wrong.length - 1]! ^= 1
  expect(await produce(wrong, batchOf(1))).toEqual([
    { errorCode: ErrorCode.CORRUPT_MESSAGE, baseOffset: -1 },
    produced(0)
  ])
  expect(await produce(batchOf(1))).toEqual([produced(0)])
})

it("requests larger than a read, and many at once, come out whole", async () => {
  const large = batchOf(7, 1024 * 1024)
  const offsets = await Promise.all([large, batchOf(1), large, large].map((batch) => produce(batch)))
  expect(offsets.flat()).toEqual([0, 7, 8, 15].map(produced))
  const { records } = await fetch(link, 8)
  expect(records.equals(at(8, large))).toBe(true)
})

it("a fetch at the end waits for a batch, or for its time, and holds back what is behind it", async () => {
  expect(await fetch(link, 0)).toEqual({ errorCode: ErrorCode.NONE, highWatermark: 0, records: Buffer.alloc(0) })
  const reader = await Link.open(address, WITHIN_MS)
  const order: Array<string> = []
  const waiting = fetch(reader, 0, 10 * WITHIN_MS).finally(() => order.push("fetch"))
  const behind = fetch(reader, -1).finally(() => order.push("behind"))
  await sleep(WAIT_MS)
  expect(order).toEqual([])
  await produce(batchOf(1))
  expect((await waiting).highWatermark).toBe(1)
  expect((await behind).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  expect(order).toEqual(["fetch", "behind"])
  reader.close()
})

it("only the tail can be read", async () => {
  for (let batch = 0; batch < 300; batch++) await produce(batchOf(2))
  const [start, end] = [await offsetAt(-2), await offsetAt(-1)]
  expect([start, end]).toEqual([2 * (300 - 256), 600])
  expect((await fetch(link, start)).errorCode).toBe(ErrorCode.NONE)
  expect((await fetch(link, start - 1)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
})

it("versions above its own are answered with those it has, other keys not at all", async () => {
  const frame = await link.exchange(frameOf(ApiVersionsRequest, ApiVersionsRequest.versions.max, {}))
  const { errorCode, apiKeys } = decodeAnswer(ApiVersionsResponse, 0, frame)
  expect(errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION)
  expect(apiKeys).toContainEqual({ apiKey: FetchRequest.key, minVersion: 4, maxVersion: FETCH })
  const unknown = frameOf(OffsetFetchRequest, 1, { groupId: "group", topics: [] })
  await expect(link.exchange(unknown)).rejects.toThrow("closed")
})

it("tells where its files lie, until their topic is deleted", async () => {
  const batch = batchOf(3)
  await produce(batch)
  const folders = await foldersOf(address, topic)
  expect(folders.map((folder) => statSync(join(folder, "0.log")).size)).toEqual([batch.length, 0])
  await deleteTopic(address, topic)
  expect(folders.map((folder) => existsSync(folder))).toEqual([false, false])
  expect(await foldersOf(address, topic)).toEqual([])
})

it("tells where it is, and knows a topic no more that was deleted", async () => {
  expect([...(await nodesOf(address))]).toEqual([[1, address]])
  await deleteTopic(address, topic)
  expect((await fetch(link, 0)).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})
