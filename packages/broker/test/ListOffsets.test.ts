/** What a leader does not know as its epoch begins, it does not say. */
import * as ProducerState from "@klamm/log/ProducerState"
import * as Leader from "@klamm/replica/Leader"
import { expect, it } from "vitest"
import { isUncertain } from "../src/handlers/02-ListOffsets.ts"

const consumer = -1
const debugging = -2
const latest = -1
const earliest = -2

const leader = (highWatermark: number) =>
  Leader.start(
    {
      nodeId: 1,
      settings: {
        minInsyncReplicas: 1,
        syncBeforeAck: false,
        flushMessages: Number.POSITIVE_INFINITY,
        flushMs: Number.POSITIVE_INFINITY,
        logAppendTime: false,
        lagTimeMaxMs: 30_000
      },
      logStartOffset: 0,
      logEndOffset: 10,
      highWatermark,
      syncedOffset: 10,
      producers: ProducerState.empty,
      eligible: new Map([
        [1, { epoch: 7, logDirs: ["d1"] }],
        [2, { epoch: 8, logDirs: ["d2"] }]
      ])
    },
    { leaderEpoch: 3, partitionEpoch: 0, replicas: [1, 2], directories: ["d1", "d2"], isr: [1, 2] },
    0
  )

const at = (offset: number) => ({ offset, timestamp: 5, leaderEpoch: 2 })

it("behaviour 103: the end, and a time that is nowhere, are not told before the high watermark has come to the epoch's start", () => {
  const lagging = leader(4)
  expect(isUncertain(lagging, consumer, latest, at(4))).toBe(true)
  expect(isUncertain(lagging, consumer, 1_000, at(-1))).toBe(true)
  expect(isUncertain(lagging, consumer, 1_000, at(3))).toBe(false)
  expect(isUncertain(lagging, consumer, earliest, at(0))).toBe(false)
  expect(isUncertain(lagging, debugging, latest, at(10))).toBe(false)
  expect(isUncertain(leader(10), consumer, latest, at(10))).toBe(false)
})
