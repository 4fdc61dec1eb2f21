/** What the next fetch of a session asks for is there before it asks, once, and only while it comes back soon. */
import { assert, describe, it } from "@effect/vitest"
import { Disk } from "@klamm/platform"
import { makeMemoryDisk } from "@klamm/platform/DiskMemory"
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { CreateTopicsRequest, CreateTopicsResponse } from "@klamm/protocol/api/19-CreateTopics"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { unwatched } from "@klamm/replica/FetchInterest"
import { failedRead } from "@klamm/replica/PartitionRead"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { processArena } from "../src/BrokerArena.ts"
import type { CachedPartition, FetchPartition } from "../src/FetchSessions.ts"
import { type Ahead, expectedAfter, isFor, keptMs, ReadAhead } from "../src/ReadAhead.ts"
import { type Client, connect, withBroker } from "./support.ts"

const readBytes = 10
const emptyArena = { usedBytes: 0, limitBytes: 100 }

const asked = (partition: number, fetchOffset: number): FetchPartition => ({
  topic: "t",
  topicId: "id",
  partition,
  currentLeaderEpoch: -1,
  fetchOffset,
  lastFetchedEpoch: -1,
  maxBytes: readBytes,
  highWatermark: Number.POSITIVE_INFINITY,
  logStartOffset: -1
})

const requestAt = (fetchOffset: number) =>
  ({
    reader: "Consumer",
    readCommitted: false,
    fetchOffset,
    highWatermark: 9,
    logStartOffset: 0,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    maxBytes: readBytes,
    minOneBatch: true
  }) as const

const log = { cuts: 2 }

const member = (partition: number, fetchOffset: number): CachedPartition => ({
  ...unwatched(),
  request: asked(partition, fetchOffset),
  highWatermark: -1,
  logStartOffset: -1
})

/** A session over partitions that have records without end, of which each read brings one. */
const makeSession = () => {
  const ahead = new ReadAhead()
  const one = member(0, 0)
  let nowMs = 0
  let held = 0
  const reads: Array<number> = []
  const readOf = (fetchOffset: number) => {
    held += 1
    const release = () => {
      held -= 1
    }
    return { ...failedRead(0), records: new Uint8Array(readBytes), aheadFrom: fetchOffset + 1, release }
  }
  const readNext = ({ fetchOffset }: FetchPartition) =>
    Effect.sync((): Ahead => {
      reads.push(fetchOffset)
      return { log, cuts: log.cuts, request: requestAt(fetchOffset), read: readOf(fetchOffset) }
    })
  /** Fetches from an offset `afterMs` after the time before; answers whether that had been read. */
  const fetch = (fetchOffset: number, afterMs: number, fromOther = false) =>
    Effect.gen(function* () {
      yield* TestClock.adjust(afterMs)
      nowMs += afterMs
      yield* ahead.resume(nowMs)
      one.request = asked(0, fetchOffset)
      const known = ahead.take(fromOther ? member(1, 0) : one, { log }, requestAt(fetchOffset))
      ahead.settle()
      const read = known ?? readOf(fetchOffset)
      if (ahead.isWorthIt(emptyArena)) {
        const expected = expectedAfter([one], new Map([[one, { partition: undefined, read }]]))
        yield* Effect.forkChild(ahead.read(expected, readNext, 100))
        yield* TestClock.adjust(0)
      }
      read.release()
      return known !== undefined
    })
  return { ahead, fetch, held: () => held, reads }
}

describe("reading ahead", () => {
  it.effect("is for a session that comes back soon, from its third fetch on", () =>
    Effect.gen(function* () {
      const { ahead, fetch, held, reads } = makeSession()
      const found: Array<boolean> = []
      for (let offset = 0; offset < 5; offset++) found.push(yield* fetch(offset, keptMs / 2))
      assert.deepStrictEqual(found, [false, false, true, true, true])
      assert.deepStrictEqual(reads, [2, 3, 4, 5])
      assert.strictEqual(held(), 1, "what the next fetch will ask for")
      assert.isFalse(ahead.isWorthIt({ usedBytes: 50, limitBytes: 100 }), "others need the memory")
    })
  )

  it.effect("is given back in time, and not done for one that is slow", () =>
    Effect.gen(function* () {
      const { fetch, held, reads } = makeSession()
      yield* fetch(0, 0)
      yield* fetch(1, keptMs)
      yield* TestClock.adjust(keptMs - 1)
      assert.strictEqual(held(), 1)
      yield* TestClock.adjust(1)
      assert.strictEqual(held(), 0)
      assert.isFalse(yield* fetch(2, keptMs + 1))
      assert.deepStrictEqual([held(), reads], [0, [2]])
    })
  )

  it.effect("is tried less and less often for one that goes elsewhere, and often again once it was of use", () =>
    Effect.gen(function* () {
      const { fetch, held, reads } = makeSession()
      for (let offset = 0; offset < 2000; offset += 10) yield* fetch(offset, 1)
      assert.deepStrictEqual(reads, [11, 41, 91, 181, 351, 681, 1331, 1981], "64 answers pass at the most")
      assert.strictEqual(held(), 0)
      let offset = 2000
      while (reads.length === 8) {
        offset += 10
        yield* fetch(offset, 1)
      }
      assert.isTrue(yield* fetch(offset + 1, 1))
      for (const elsewhere of [10, 20, 30]) assert.isFalse(yield* fetch(elsewhere, 1))
      assert.strictEqual(reads.at(-1), 31, "two answers passed after the miss")
    })
  )

  it.effect("gives back what was left when the fetch that it was for ended early", () =>
    Effect.gen(function* () {
      const { ahead, fetch, held } = makeSession()
      yield* fetch(0, 1)
      yield* fetch(1, 1)
      yield* ahead.resume(3)
      assert.strictEqual(held(), 1)
      ahead.release()
      assert.strictEqual(held(), 0)
    })
  )

  it.effect("reads no more than one answer brings", () =>
    Effect.gen(function* () {
      const ahead = new ReadAhead()
      const expected = [0, 1, 2].map((partition) => ({ member: member(partition, 0), asked: asked(partition, 0) }))
      const reads: Array<number> = []
      const readNext = ({ partition }: FetchPartition, bytes: number) =>
        Effect.sync((): Ahead => {
          reads.push(partition, bytes)
          const read = { ...failedRead(0), records: new Uint8Array(readBytes) }
          return { log, cuts: log.cuts, request: requestAt(0), read }
        })
      yield* Effect.forkChild(ahead.read(expected, readNext, 2 * readBytes))
      for (let turns = 0; turns < 20; turns++) yield* Effect.yieldNow
      assert.deepStrictEqual(reads, [0, 0, 1, readBytes])
    })
  )

  it.effect("is waited for by a fetch that comes meanwhile, and begins nothing more", () =>
    Effect.gen(function* () {
      const ahead = new ReadAhead()
      const members = [member(0, 0), member(1, 0)]
      const reads: Array<number> = []
      const slow = ({ partition, fetchOffset }: FetchPartition) =>
        Effect.map(Effect.sleep(10), (): Ahead => {
          reads.push(partition)
          const read = { ...failedRead(0), records: new Uint8Array(readBytes) }
          return { log, cuts: log.cuts, request: requestAt(fetchOffset), read }
        })
      const expected = members.map((each) => ({ member: each, asked: each.request }))
      const reading = yield* Effect.forkChild(ahead.read(expected, slow, 100))
      yield* TestClock.adjust(5)
      const fetching = yield* Effect.forkChild(ahead.resume(5))
      yield* TestClock.adjust(4)
      assert.isUndefined(fetching.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(fetching)
      yield* Fiber.join(reading)
      assert.deepStrictEqual(reads, [0])
      assert.isDefined(ahead.take(members[0]!, { log }, requestAt(0)))
    })
  )

  it("is for the same bytes alone", () => {
    const log = { cuts: 2 }
    const request = requestAt(7)
    const ahead: Ahead = { log, cuts: 2, request, read: { ...failedRead(0), records: new Uint8Array(readBytes) } }
    assert.isTrue(isFor(ahead, { log }, request))
    assert.isFalse(isFor(ahead, { log: { cuts: 2 } }, request), "another log, in another directory")
    assert.isFalse(isFor(ahead, { log }, { ...request, fetchOffset: 6 }))
    assert.isFalse(isFor(ahead, { log }, { ...request, readCommitted: true }))
    assert.isFalse(isFor(ahead, { log }, { ...request, reader: "LeaderOnly" }))
    assert.isFalse(isFor(ahead, { log }, { ...request, maxBytes: readBytes - 1 }))
    log.cuts = 4
    assert.isFalse(isFor(ahead, { log }, request), "cut since")
    log.cuts = 3
    assert.isFalse(isFor({ ...ahead, cuts: 3 }, { log }, request), "being cut")
  })
})

const settings = ["listeners=PLAINTEXT://localhost:40000"]
const batchCount = 20
/** Two batches of a record of 1,000 bytes, and the beginning of a third. */
const answerBytes = 2_500

const fill = Effect.gen(function* () {
  const { ask } = yield* connect()
  yield* ask(CreateTopicsRequest, CreateTopicsResponse, 7, {
    topics: [{ name: "t", numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] }]
  })
  for (let index = 0; index < batchCount; index++) {
    const records = RecordBatch.buildBatch([{ key: null, value: new Uint8Array(1_000).fill(index), timestamp: 1 }])
    yield* ask(ProduceRequest, ProduceResponse, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1_000,
      topicData: [{ name: "t", partitionData: [{ index: 0, records }] }]
    })
  }
})

/** A disk that counts the reads of the topic's log. */
const countedDisk = () => {
  let reads = 0
  const memory = makeMemoryDisk({
    before: (operation, path) => {
      if (operation === "read" && path.endsWith("/t-0/00000000000000000000.log")) reads += 1
    }
  })
  return { disk: Layer.succeed(Disk, memory.disk), reads: () => reads }
}

/** A consumer with a fetch session: asks from an offset, and answers the offsets of the whole batches that came. */
const consumer = ({ ask }: Client) => {
  let sessionId = 0
  let sessionEpoch = 0
  return (fetchOffset: number) =>
    Effect.map(
      ask(FetchRequest, FetchResponse, 12, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1_000_000,
        sessionId,
        sessionEpoch,
        topics: [{ topic: "t", partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: answerBytes }] }]
      }),
      (answer): ReadonlyArray<number> => {
        sessionId = answer.sessionId
        sessionEpoch += 1
        const bytes = answer.responses[0]?.partitions[0]?.records ?? new Uint8Array(0)
        const offsets: Array<number> = []
        RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at) => {
          assert.isUndefined(RecordBatch.verifyBatch(bytes, at))
          offsets.push(RecordBatch.baseOffset(bytes, at))
        })
        return offsets
      }
    )
}

describe("a broker that reads ahead", () => {
  /** From the first record to the last; answers whether there were reads that no fetch waited for. A busy machine may be too slow for any. */
  const lap = (fetch: ReturnType<typeof consumer>, reads: () => number) =>
    Effect.gen(function* () {
      const found: Array<number> = []
      let wasAhead = false
      for (let offset = 0; offset < batchCount; offset += 2) {
        found.push(...(yield* fetch(offset)))
        const before = reads()
        for (let waits = 0; waits < 5 && reads() === before; waits++) yield* Effect.sleep(1)
        wasAhead ||= reads() > before
      }
      assert.deepStrictEqual(
        found,
        Array.from({ length: batchCount }, (_, index) => index)
      )
      return wasAhead
    })

  /** Reads all there is again and again until some of it was read ahead. */
  const laps = (reads: () => number) =>
    Effect.gen(function* () {
      const before = processArena().usedBytes
      const fetch = consumer(yield* connect())
      let count = 1
      while (!(yield* lap(fetch, reads))) {
        assert.isBelow(count, 20, "laps without a read ahead of its fetch")
        count += 1
      }
      while (processArena().usedBytes > before) yield* Effect.sleep(1)
    })

  it("gives every record once, whether it had been read or not, and keeps no memory", async () => {
    const { disk, reads } = countedDisk()
    await withBroker(settings, fill, disk)
    await withBroker(settings, laps(reads), disk)
  })

  it("does so too with what it has just written", async () => {
    const { disk, reads } = countedDisk()
    await withBroker(settings, Effect.andThen(fill, laps(reads)), disk)
  })
})
