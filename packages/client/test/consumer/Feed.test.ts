import { gzip, zstd } from "@klamm/platform/node/Codecs"
import { Compression, RecordBatch } from "@klamm/protocol"
import { describe, expect, it } from "vitest"
import { Feed } from "../../src/consumer/Feed.ts"
import { plan } from "../../src/consumer/fetch/Plan.ts"
import * as Position from "../../src/consumer/fetch/Position.ts"
import { RecordReader } from "../../src/consumer/fetch/RecordReader.ts"

const codecs = Compression.makeCodecs({ gzip, zstd })
const backoff = { retryBackoffMs: 100, retryBackoffMaxMs: 1_000 }
const limits = { maxPartitionFetchBytes: 100, prefetchMaxBytes: 1_000 }

const batch = (baseOffset: number, count: number): Uint8Array =>
  RecordBatch.buildBatch(
    Array.from({ length: count }, (_, n) => ({ value: Uint8Array.of(n), timestamp: 1 })),
    { baseOffset, partitionLeaderEpoch: 2 }
  )

const readerOf = (bytes: Uint8Array, position: number): RecordReader =>
  new RecordReader(bytes, { position, aborted: null, decompression: { codecs, maxBytes: 1 << 20 }, checkCrcs: true })

/** A feed at an offset, led by broker 1. */
const feedAt = (offset: number, partition = 0): Feed => {
  const feed = new Feed({ topic: "t", partition }, Position.initial({ _tag: "Committed" }, "earliest"))
  for (const news of [
    { _tag: "Leader", id: 1, epoch: 2 },
    { _tag: "Committed", offset, epoch: -1 }
  ] as const)
    feed.state = Position.step(feed.state, news, backoff, 0)[0]
  feed.settle()
  return feed
}

const offsetsOf = (feed: Feed, max = 10): ReadonlyArray<number> => feed.take(max).map(({ offset }) => offset)

describe("a feed", () => {
  it("calls done what is done one by one, never what was not handed out, and never goes back", () => {
    const feed = feedAt(5)
    feed.buffer(readerOf(batch(5, 5), 5))
    expect(offsetsOf(feed, 3)).toEqual([5, 6, 7])
    const doneUntil = (offset: number) => {
      feed.finishUntil({ offset, leaderEpoch: 2 })
      return feed.done
    }
    expect(doneUntil(6)).toEqual({ offset: 7, epoch: 2 })
    expect(doneUntil(5)).toEqual({ offset: 7, epoch: 2 })
    expect(doneUntil(8)).toEqual({ offset: 7, epoch: 2 })
    expect(doneUntil(7)).toEqual({ offset: 8, epoch: 2 })
    feed.jump()
    expect(doneUntil(7)).toEqual({ offset: 5, epoch: -1 })
  })

  it("hands out in order and calls done only what it is told", () => {
    const feed = feedAt(5)
    feed.buffer(readerOf(batch(5, 3), 5))
    feed.buffer(readerOf(batch(8, 2), 8))
    expect([offsetsOf(feed, 2), offsetsOf(feed), offsetsOf(feed)]).toEqual([[5, 6], [7], [8, 9]])
    expect([feed.handed.offset, feed.done.offset, feed.isDrained]).toEqual([10, 5, true])
    feed.finish()
    expect(feed.done).toEqual({ offset: 10, epoch: 2 })
  })

  it("moves what is done over a batch that has nothing to do in it, but never over open work", () => {
    const empty = RecordBatch.emptyBatchOf(batch(5, 3), 0)
    const idle = feedAt(5)
    idle.buffer(readerOf(empty, 5))
    expect([offsetsOf(idle), idle.done.offset]).toEqual([[], 8])
    const busy = feedAt(4)
    busy.buffer(readerOf(batch(4, 1), 4))
    busy.buffer(readerOf(empty, 5))
    expect([offsetsOf(busy), offsetsOf(busy), busy.done.offset, busy.handed.offset]).toEqual([[4], [], 4, 8])
  })

  it("gives nothing while it is paused, closing or closed", () => {
    for (const mark of ["isPaused", "isClosing", "isClosed"] as const) {
      const feed = feedAt(0)
      feed.buffer(readerOf(batch(0, 1), 0))
      feed[mark] = true
      expect(offsetsOf(feed)).toEqual([])
    }
  })

  it("goes back to before what it can't read, to fetch it again", () => {
    const feed = feedAt(0)
    const damaged = batch(1, 1)
    damaged[damaged.length - 2]! ^= 1
    feed.buffer(readerOf(Uint8Array.from([...batch(0, 1), ...damaged]), 0))
    feed.state = { ...feed.state, offset: 2 }
    expect(offsetsOf(feed)).toEqual([0])
    expect([feed.fault, feed.state.offset, feed.bufferedBytes, feed.isDrained]).toEqual(["checksum", 1, 0, true])
  })
})

describe("the plan", () => {
  const planOf = (feeds: ReadonlyArray<Feed>, busy: ReadonlyArray<number> = [], buffered = 0) =>
    plan(feeds, new Set(busy), limits, buffered, 0)

  it("fetches from each leader what is ready, and asks nothing of a broker that is being asked", () => {
    const feeds = [feedAt(0), feedAt(0, 1)]
    expect([...planOf(feeds).fetches]).toEqual([[1, feeds]])
    expect(planOf(feeds, [1]).fetches.size).toBe(0)
  })

  it("fetches no more of a partition that has enough, and nothing beyond the bound on all", () => {
    const full = feedAt(0)
    full.buffer(readerOf(batch(0, 20), 0))
    expect(full.bufferedBytes).toBeGreaterThan(limits.maxPartitionFetchBytes)
    expect(planOf([full]).fetches.size).toBe(0)
    expect(planOf([feedAt(0)], [], limits.prefetchMaxBytes).fetches.size).toBe(0)
  })

  it("validates a position only when nothing of the partition is buffered", () => {
    const feed = feedAt(0)
    feed.buffer(readerOf(batch(0, 1), 0))
    feed.state = { ...feed.state, need: { _tag: "Validation" } }
    expect(planOf([feed]).validations.size).toBe(0)
    feed.take(5)
    feed.take(5)
    expect([...planOf([feed]).validations]).toEqual([[1, [feed]]])
  })

  it("leaves alone what waits after a failure, and says when to look again", () => {
    const feed = feedAt(0)
    feed.state = { ...feed.state, retryAt: 500 }
    expect(planOf([feed])).toMatchObject({ wakeAt: 500 })
    expect(planOf([feed]).fetches.size).toBe(0)
  })

  it("names the topics whose leader nobody knows", () => {
    const feed = feedAt(0)
    feed.state = { ...feed.state, leaderId: -1 }
    expect([...planOf([feed]).leaderless]).toEqual(["t"])
  })
})
