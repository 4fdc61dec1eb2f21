import { readFileSync } from "node:fs"
import { join } from "node:path"
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { buildBatch } from "@klamm/protocol/RecordBatch"
import { freePort } from "klamm-test-clients/Processes"
import { afterAll, beforeAll, expect, it } from "vitest"
import { createTopic, deleteTopic, foldersOf, partitionsOf, sleep } from "../src/Cluster.ts"
import { Link } from "../src/Link.ts"
import { startPlainLoop } from "../src/PlainLoop.ts"
import { processListeningOn } from "../src/Processes.ts"
import { portOf, type System } from "../src/System.ts"

const PRODUCE = 10
const FETCH = 12
const WITHIN_MS = 5_000
const MIB = 1024 * 1024
/** Long enough for all that a stopped follower's socket takes, and all that may wait behind it. */
const STOPPED_MS = 500
const NODES = [0, 1, 2]

let loops: System
let links: ReadonlyArray<Link>

beforeAll(async () => {
  const ports: Array<{ clients: number; replicas: number }> = []
  for (const _ of NODES) ports.push({ clients: await freePort(), replicas: await freePort() })
  loops = await startPlainLoop(ports)
  links = await Promise.all(loops.addresses.map((address) => Link.open(address, WITHIN_MS)))
})

afterAll(async () => {
  for (const link of links) link.close()
  await loops.close()
})

const batchOf = (records: number, bytesEach: number, fill: number): Uint8Array =>
  buildBatch(Array.from({ length: records }, (_, index) => ({ value: new Uint8Array(bytesEach).fill(fill + index) })))

const produce = async (link: Link, name: string, index: number, records: Uint8Array) => {
  const request = { acks: -1, timeoutMs: 0, topicData: [{ name, partitionData: [{ index, records }] }] }
  const { responses } = await link.call(ProduceRequest, ProduceResponse, PRODUCE, request)
  return responses[0]!.partitionResponses[0]!
}

const recordsAt = async (link: Link, topic: string, partition: number): Promise<Buffer> => {
  const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 64 * MIB }]
  const request = { maxWaitMs: WITHIN_MS, minBytes: 1, topics: [{ topic, partitions }], forgottenTopicsData: [] }
  const { responses } = await link.call(FetchRequest, FetchResponse, FETCH, request)
  return Buffer.from(responses[0]!.partitions[0]!.records ?? [])
}

const filesOf = async (topic: string): Promise<ReadonlyArray<Buffer>> =>
  (await foldersOf(loops.bootstrap, topic)).map((folder) => readFileSync(join(folder, "0.log")))

it("each of three leads a third of the partitions, and a batch that is acknowledged is in the files of all", async () => {
  await createTopic(loops.bootstrap, { name: "led", partitions: 3, replication: 3 })
  expect((await partitionsOf(links[2]!, "led")).map(({ leader, inSync }) => [leader, inSync])).toEqual([
    [1, 3],
    [2, 3],
    [3, 3]
  ])
  for (const partition of NODES) await produce(links[partition]!, "led", partition, batchOf(3, 100, partition))
  const files = await filesOf("led")
  expect(files.length).toBe(9)
  for (const partition of NODES) {
    const records = await recordsAt(links[partition]!, "led", partition)
    expect(records.length).toBeGreaterThan(300)
    for (const node of NODES) expect(files[3 * node + partition]!.equals(records)).toBe(true)
  }
})

it("who does not lead a partition takes nothing for it", async () => {
  await createTopic(loops.bootstrap, { name: "elsewhere", partitions: 1, replication: 3 })
  const { errorCode } = await produce(links[1]!, "elsewhere", 0, batchOf(1, 8, 0))
  expect(errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER)
})

it("more than may wait to be sent comes whole to all, though it is received in the same memory again and again", async () => {
  await createTopic(loops.bootstrap, { name: "much", partitions: 1, replication: 3 })
  const batches = Array.from({ length: 300 }, (_, index) => batchOf(1, 100_000 + 500 * index, index))
  const slow = processListeningOn(portOf(loops.addresses[2]!))!
  process.kill(slow, "SIGSTOP")
  const answered = Promise.all(batches.map((batch) => produce(links[0]!, "much", 0, batch)))
  await sleep(STOPPED_MS)
  process.kill(slow, "SIGCONT")
  const answers = await answered
  expect(answers.map(({ errorCode, baseOffset }) => [errorCode, baseOffset])).toEqual(
    batches.map((_, index) => [ErrorCode.NONE, index])
  )
  const [first, ...others] = await filesOf("much")
  expect(first?.length).toBe(batches.reduce((sum, { length }) => sum + length, 0))
  for (const other of others) expect(first?.equals(other)).toBe(true)
})

it("a topic that is deleted is gone everywhere", async () => {
  await createTopic(loops.bootstrap, { name: "gone", partitions: 2, replication: 3 })
  await deleteTopic(loops.addresses[1]!, "gone")
  expect(await foldersOf(loops.bootstrap, "gone")).toEqual([])
})
