import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as ProducerSnapshot from "../src/ProducerSnapshot.ts"
import * as ProducerState from "../src/ProducerState.ts"

const batch = (changes: Partial<ProducerState.BatchProducer> = {}): ProducerState.BatchProducer => ({
  producerId: 7,
  producerEpoch: 0,
  firstSequence: 0,
  lastSequence: 0,
  isTransactional: false,
  ...changes
})

const sequences = (firstSequence: number, lastSequence: number, changes: Partial<ProducerState.BatchProducer> = {}) =>
  batch({ firstSequence, lastSequence, ...changes })

/** Appends batches of one producer one after another from offset 100 on, `now` being the offset. */
const appended = (batches: ReadonlyArray<ProducerState.BatchProducer>) => {
  let state = ProducerState.empty
  let offset = 100
  for (const one of batches) {
    const count = one.lastSequence - one.firstSequence + 1
    state = ProducerState.append(state, one, offset, offset + count - 1, offset)
    offset += count
  }
  return state
}

const codeOf = (verdict: ProducerState.Verdict) => (verdict._tag === "Refused" ? verdict.errorCode : verdict._tag)

const marker = (changes: Partial<ProducerState.Marker> = {}): ProducerState.Marker => ({
  producerId: 7,
  producerEpoch: 0,
  coordinatorEpoch: 0,
  committed: true,
  ...changes
})

describe("idempotence", () => {
  const six = Array.from({ length: 6 }, (_, index) => sequences(index * 2, index * 2 + 1))

  it("behaviour 062: any of the last five batches is answered as the duplicate of the one in the log", () => {
    const state = appended(six)
    for (const [index, one] of six.entries()) {
      if (index === 0) continue
      const baseOffset = 100 + index * 2
      expect(ProducerState.check(state, one)).toEqual({
        _tag: "Duplicate",
        baseOffset,
        lastOffset: baseOffset + 1,
        timestampMs: baseOffset
      })
    }
  })

  it("behaviour 062: the same sequences under another epoch or another length are no duplicate", () => {
    const state = appended(six)
    expect(codeOf(ProducerState.check(state, sequences(10, 11, { producerEpoch: 1 })))).toBe(45)
    expect(codeOf(ProducerState.check(state, sequences(10, 10)))).toBe(45)
  })

  it("behaviour 063: the first sequence follows the last one", () => {
    const state = appended(six)
    expect(codeOf(ProducerState.check(state, sequences(12, 15)))).toBe("Accepted")
    expect(codeOf(ProducerState.check(state, sequences(13, 15)))).toBe(45)
    expect(codeOf(ProducerState.check(state, sequences(0, 3)))).toBe(45)
  })

  it("behaviour 063: 0 follows 2147483647, also in the middle of a batch", () => {
    const atEnd = appended([sequences(2147483640, 2147483647)])
    expect(codeOf(ProducerState.check(atEnd, sequences(0, 0)))).toBe("Accepted")
    expect(ProducerState.incrementSequence(2147483646, 3)).toBe(1)
    const wrapped = batch({ firstSequence: 2147483646, lastSequence: 1 })
    const state = ProducerState.append(ProducerState.empty, wrapped, 50, 53, 9)
    expect(ProducerState.check(state, wrapped)).toMatchObject({ _tag: "Duplicate", baseOffset: 50 })
    expect(codeOf(ProducerState.check(state, sequences(2, 2)))).toBe("Accepted")
  })

  it("behaviour 064: a batch older than the last five is out of order, not a duplicate", () => {
    expect(codeOf(ProducerState.check(appended(six), sequences(0, 1)))).toBe(45)
  })

  it("behaviour 065: a new epoch starts at sequence 0", () => {
    const state = appended(six)
    expect(codeOf(ProducerState.check(state, sequences(12, 12, { producerEpoch: 1 })))).toBe(45)
    const first = sequences(0, 4, { producerEpoch: 1 })
    expect(codeOf(ProducerState.check(state, first))).toBe("Accepted")
    const next = ProducerState.append(state, first, 112, 116, 1)
    expect(ProducerState.get(next, 7)?.batches.length).toBe(1)
    expect(codeOf(ProducerState.check(next, sequences(5, 5, { producerEpoch: 1 })))).toBe("Accepted")
  })

  it("behaviour 066: an epoch below the known one is fenced with 47", () => {
    const state = appended([sequences(0, 0, { producerEpoch: 3 })])
    expect(codeOf(ProducerState.check(state, sequences(1, 1, { producerEpoch: 2 })))).toBe(47)
    expect(codeOf(ProducerState.check(state, sequences(-1, -1, { producerEpoch: 2 }), "coordinator"))).toBe(47)
  })

  it("behaviour 067: without state any first sequence is a new start, except for transactions v2", () => {
    expect(codeOf(ProducerState.check(ProducerState.empty, sequences(41, 42)))).toBe("Accepted")
    const transactional = { isTransactional: true, transactionsV2: true }
    expect(codeOf(ProducerState.check(ProducerState.empty, sequences(41, 42, transactional)))).toBe(45)
    expect(codeOf(ProducerState.check(ProducerState.empty, sequences(0, 1, transactional)))).toBe("Accepted")
  })

  it("behaviour 067: an idle producer is forgotten, one with an open transaction is not", () => {
    let state = appended([sequences(0, 0)])
    state = ProducerState.append(state, batch({ producerId: 8, isTransactional: true }), 101, 101, 101)
    state = ProducerState.append(state, batch({ producerId: 9 }), 102, 102, 102)
    const later = ProducerState.expire(state, 101)
    expect([...ProducerState.entries(later)].map((entry) => entry.producerId).sort()).toEqual([8, 9])
    expect(ProducerState.expire(later, 101)).toBe(later)
    expect(codeOf(ProducerState.check(later, sequences(33, 33)))).toBe("Accepted")
  })

  it("behaviour 067: a moved log start leaves producers alone (KAFKA-7190)", () => {
    const state = appended(six)
    expect(ProducerState.removeBelow(state, 1000)).toBe(state)
  })

  it("behaviour 068: a follower takes what the leader accepted as a fact", () => {
    const state = appended(six)
    expect(codeOf(ProducerState.check(state, sequences(99, 99), "replication"))).toBe("Accepted")
  })

  it("never changes a value it was given", () => {
    const before = appended(six.slice(0, 2))
    const copy = ProducerSnapshot.encode(before)
    ProducerState.append(before, six[2]!, 104, 105, 0)
    ProducerState.appendMarker(before, marker({ producerEpoch: 5 }), 106, 0)
    expect(ProducerSnapshot.encode(before)).toEqual(copy)
  })
})

describe("transactions", () => {
  const data = (producerId: number, firstSequence = 0) =>
    batch({ producerId, firstSequence, lastSequence: firstSequence, isTransactional: true })

  it("behaviour 070: a plain batch of a producer with an open transaction is refused with 48", () => {
    const state = ProducerState.append(ProducerState.empty, data(7), 10, 10, 0)
    expect(codeOf(ProducerState.check(state, sequences(1, 1)))).toBe(48)
    expect(codeOf(ProducerState.check(state, data(7, 1)))).toBe("Accepted")
    const closed = ProducerState.appendMarker(state, marker(), 11, 0).state
    expect(codeOf(ProducerState.check(closed, sequences(1, 1)))).toBe("Accepted")
  })

  it("behaviour 154: markers of an older producer epoch or an older coordinator are refused", () => {
    const open = ProducerState.append(ProducerState.empty, { ...data(7), producerEpoch: 4 }, 10, 10, 0)
    expect(codeOf(ProducerState.checkMarker(open, marker({ producerEpoch: 3 })))).toBe(47)
    expect(codeOf(ProducerState.checkMarker(open, marker({ producerEpoch: 4 })))).toBe("Accepted")
    expect(codeOf(ProducerState.checkMarker(open, marker({ producerEpoch: 4 }), true))).toBe(47)
    expect(codeOf(ProducerState.checkMarker(open, marker({ producerEpoch: 5 }), true))).toBe("Accepted")
    const closed = ProducerState.appendMarker(open, marker({ producerEpoch: 4, coordinatorEpoch: 9 }), 11, 0).state
    expect(codeOf(ProducerState.checkMarker(closed, marker({ producerEpoch: 4, coordinatorEpoch: 8 })))).toBe(52)
  })

  it("behaviour 155: the first unstable offset is that of the earliest transaction not closed below the watermark", () => {
    let state = ProducerState.append(ProducerState.empty, data(7), 10, 10, 0)
    state = ProducerState.append(state, data(8), 11, 11, 0)
    state = ProducerState.append(state, data(7, 1), 12, 12, 0)
    expect(ProducerState.firstUnstableOffset(state)).toBe(10)
    const { state: after, completed } = ProducerState.appendMarker(state, marker({ committed: false }), 13, 0)
    expect(completed).toEqual({ producerId: 7, firstOffset: 10, lastOffset: 13, aborted: true })
    expect(ProducerState.lastStableOffsetAt(state, completed!)).toBe(11)
    expect(ProducerState.firstUnstableOffset(after)).toBe(10)
    expect(ProducerState.firstUnstableOffset(ProducerState.highWatermarkMoved(after, 13))).toBe(10)
    const stable = ProducerState.highWatermarkMoved(after, 14)
    expect(ProducerState.firstUnstableOffset(stable)).toBe(11)
    const done = ProducerState.appendMarker(stable, marker({ producerId: 8 }), 14, 0)
    expect(ProducerState.lastStableOffsetAt(stable, done.completed!)).toBe(15)
    expect(ProducerState.firstUnstableOffset(ProducerState.highWatermarkMoved(done.state, 15))).toBeUndefined()
  })

  it("a marker without a transaction completes nothing, raises the epoch and forgets the batches", () => {
    const state = appended([sequences(0, 3)])
    const { state: after, completed } = ProducerState.appendMarker(state, marker({ producerEpoch: 1 }), 104, 5)
    expect(completed).toBeUndefined()
    expect(ProducerState.get(after, 7)).toMatchObject({ producerEpoch: 1, batches: [], lastTimestamp: 5 })
    expect(codeOf(ProducerState.check(after, sequences(4, 4, { producerEpoch: 1 })))).toBe(45)
    expect(codeOf(ProducerState.check(after, sequences(0, 0, { producerEpoch: 1 })))).toBe("Accepted")
  })

  it("knows whether a producer has a transaction open under its epoch", () => {
    const state = ProducerState.append(ProducerState.empty, data(7), 10, 10, 0)
    expect(ProducerState.hasOpenTransaction(state, 7, 0)).toBe(true)
    expect(ProducerState.hasOpenTransaction(state, 7, 1)).toBe(false)
    expect(ProducerState.hasOpenTransaction(state, 8, 0)).toBe(false)
  })
})

describe("the snapshot file", () => {
  const entry = fc.record({
    producerId: fc.nat({ max: 2 ** 40 }),
    producerEpoch: fc.nat({ max: 32767 }),
    lastSequence: fc.nat({ max: 2147483647 }),
    lastOffset: fc.nat({ max: 2 ** 50 }),
    offsetDelta: fc.nat({ max: 1000 }),
    lastTimestamp: fc.integer({ min: -1, max: 2 ** 45 }),
    coordinatorEpoch: fc.integer({ min: -1, max: 2147483647 }),
    currentTransactionFirstOffset: fc.integer({ min: -1, max: 2 ** 30 }),
    hasBatch: fc.boolean()
  })

  it("holds any state, less all but the last batch of each producer", () => {
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: (one) => one.producerId, maxLength: 20 }), (list) => {
        const entries = list.map(({ lastSequence, lastOffset, offsetDelta, hasBatch, ...rest }, index) => ({
          ...rest,
          // No two transactions begin at one offset.
          currentTransactionFirstOffset:
            rest.currentTransactionFirstOffset < 0 ? -1 : (rest.currentTransactionFirstOffset >> 5) * 32 + index,
          batches: hasBatch ? [{ lastSequence, lastOffset, offsetDelta, timestamp: rest.lastTimestamp }] : []
        }))
        const state = ProducerState.fromEntries(entries)
        const decoded = ProducerSnapshot.decode(ProducerSnapshot.encode(state))
        const byId = (one: ProducerState.ProducerEntry, other: ProducerState.ProducerEntry) =>
          one.producerId - other.producerId
        expect([...ProducerState.entries(decoded!)].sort(byId)).toEqual(entries.sort(byId))
        expect(decoded?.open).toEqual(state.open)
      })
    )
  })

  it("is refused when any bit of it is wrong", () => {
    const bytes = ProducerSnapshot.encode(appended([sequences(0, 0)]))
    for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
      const damaged = bytes.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      expect(ProducerSnapshot.decode(damaged)).toBeUndefined()
    }
    for (let length = 0; length < bytes.byteLength; length++) {
      expect(ProducerSnapshot.decode(bytes.subarray(0, length))).toBeUndefined()
    }
  })
})
