import * as ProducerState from "@klamm/log/ProducerState"
import { assert, describe, it } from "vitest"
import * as Leader from "../src/Leader.ts"
import { type AppendRequest, type AppendResult, type Message, machine, type Out, type State } from "../src/Partition.ts"
import { brokersOf, directoriesOf } from "./support.ts"

const settings = {
  minInsyncReplicas: 1,
  syncBeforeAck: false,
  flushMessages: Number.POSITIVE_INFINITY,
  flushMs: Number.POSITIVE_INFINITY,
  logAppendTime: false,
  lagTimeMaxMs: 30_000
}
const assignment = { leaderEpoch: 3, partitionEpoch: 0, replicas: [1], directories: directoriesOf([1]), isr: [1] }

/** It leads on, with these replicas. */
const leadOf = (replicas: ReadonlyArray<number>, isr: ReadonlyArray<number>): Message => ({
  _tag: "Lead",
  assignment: { ...assignment, partitionEpoch: 1, replicas, directories: directoriesOf(replicas), isr }
})

const leader = (change: { readonly [K in keyof typeof settings]?: (typeof settings)[K] } = {}, end = 0): State =>
  Leader.start(
    {
      nodeId: 1,
      settings: { ...settings, ...change },
      logStartOffset: 0,
      logEndOffset: end,
      highWatermark: end,
      syncedOffset: end,
      producers: ProducerState.empty,
      eligible: brokersOf([[1, 7]])
    },
    assignment,
    0
  )

const request = (change: Partial<AppendRequest> = {}): AppendRequest => ({
  batch: new Uint8Array(61),
  count: 10,
  producer: undefined,
  maxTimestamp: 1,
  appendTimeMs: 5_000,
  acks: -1,
  deadline: 30_000,
  ticket: { release: () => undefined, complete: () => undefined },
  ...change
})

const run = (state: State, messages: ReadonlyArray<Message>, now = 0): readonly [State, ReadonlyArray<Out>] => {
  const out: Array<Out> = []
  let current = state
  for (const message of messages) {
    const [next, effects] = machine.step(current, message, now)
    current = next
    out.push(...effects)
  }
  return [current, out]
}

const tags = (out: ReadonlyArray<Out>) => out.map((effect) => effect._tag)
const results = (out: ReadonlyArray<Out>): ReadonlyArray<AppendResult> =>
  out.flatMap((effect) => (effect._tag === "Complete" ? [effect.result] : []))
const append = (change: Partial<AppendRequest> = {}): Message => ({ _tag: "Append", request: request(change) })

describe("appending", () => {
  it("assigns offsets in order, and answers acks=all only once the high watermark has passed them", () => {
    const [decided, writes] = run(leader(), [append(), append()])
    assert.deepStrictEqual(
      writes.map((effect) => (effect._tag === "Write" ? effect.entry.baseOffset : effect._tag)),
      [0, 10]
    )
    const [, out] = run(decided, [{ _tag: "Written", logEndOffset: 20 }])
    assert.deepStrictEqual(tags(out), ["Complete", "Complete", "Advanced"])
    assert.deepStrictEqual(
      results(out).map((result) => [result.errorCode, result.baseOffset, result.logAppendTimeMs]),
      [
        [0, 0, -1],
        [0, 10, -1]
      ]
    )
  })

  it("persists before it speaks: with syncBeforeAck no acks=all answer comes before a sync that covers it", () => {
    const [decided] = run(leader({ syncBeforeAck: true }), [append()])
    const [syncing, first] = run(decided, [{ _tag: "Written", logEndOffset: 10 }])
    assert.deepStrictEqual(tags(first), ["Sync", "Advanced"])
    const [gathered, second] = run(syncing, [append(), append(), { _tag: "Written", logEndOffset: 30 }])
    assert.deepStrictEqual(tags(second), ["Write", "Write", "Advanced"], "one sync at a time")
    const [again, third] = run(gathered, [{ _tag: "Synced", offset: 10, truncations: 0 }])
    assert.deepStrictEqual(tags(third), ["Complete", "Sync"], "the next sync takes all that gathered")
    const [, fourth] = run(again, [{ _tag: "Synced", offset: 30, truncations: 0 }])
    assert.deepStrictEqual(
      results(fourth).map((result) => result.baseOffset),
      [10, 20]
    )
  })

  it("acks=1 is answered when written, also where acks=all waits for the sync", () => {
    const [decided] = run(leader({ syncBeforeAck: true }), [append({ acks: 1 })])
    const [, out] = run(decided, [{ _tag: "Written", logEndOffset: 10 }])
    assert.deepStrictEqual(tags(out), ["Complete", "Advanced"])
  })

  it("flush.messages and flush.ms ask for a sync without anyone waiting for it", () => {
    const [byCount] = run(leader({ flushMessages: 10 }), [append({ acks: 1 })])
    assert.include(tags(run(byCount, [{ _tag: "Written", logEndOffset: 10 }])[1]), "Sync")
    const [byTime] = run(leader({ flushMs: 500 }), [append({ acks: 1 })], 100)
    const [written, out] = run(byTime, [{ _tag: "Written", logEndOffset: 10 }], 100)
    assert.notInclude(tags(out), "Sync")
    assert.strictEqual(machine.wakeAt(written), 600)
    assert.deepStrictEqual(tags(run(written, [{ _tag: "Wake" }], 600)[1]), ["Sync"])
  })

  it("behaviour 051: too few in-sync replicas refuse acks=all before the append", () => {
    const [short] = run(leader(), [
      { _tag: "Configured", settings: { ...settings, minInsyncReplicas: 2 } },
      leadOf([1, 2, 3], [1])
    ])
    const [after, out] = run(short, [append()])
    assert.deepStrictEqual(tags(out), ["Release", "Complete"])
    assert.strictEqual(results(out)[0]?.errorCode, 19)
    assert.strictEqual(after._tag === "Leader" ? after.nextOffset : -1, 0)
  })

  it("behaviour 051: the minimum is never more than there are replicas", () => {
    const [state] = run(leader(), [{ _tag: "Configured", settings: { ...settings, minInsyncReplicas: 2 } }])
    assert.deepStrictEqual(tags(run(state, [append()])[1]), ["Write"])
  })

  it("behaviour 053: with acks=1 and a short ISR the append succeeds and the high watermark stays", () => {
    const [short] = run(leader(), [
      { _tag: "Configured", settings: { ...settings, minInsyncReplicas: 2 } },
      leadOf([1, 2, 3], [1])
    ])
    const [after, out] = run(short, [append({ acks: 1 }), { _tag: "Written", logEndOffset: 10 }])
    assert.strictEqual(results(out)[0]?.errorCode, 0)
    assert.strictEqual(after.highWatermark, 0)
  })

  it("behaviour 054: an acks=all append that is not committed in time is answered 7 and stays in the log", () => {
    const [short] = run(leader(), [leadOf([1, 2], [1, 2])])
    const [waiting] = run(short, [append({ deadline: 500 }), { _tag: "Written", logEndOffset: 10 }])
    assert.strictEqual(machine.wakeAt(waiting), 500)
    const [after, out] = run(waiting, [{ _tag: "Wake" }], 500)
    assert.strictEqual(results(out)[0]?.errorCode, 7)
    assert.strictEqual(after.logEndOffset, 10)
  })

  it("a disk error answers all that waits with 56 and refuses what comes after", () => {
    const [decided] = run(leader(), [append()])
    const [offline, out] = run(decided, [{ _tag: "DiskFailed" }])
    assert.deepStrictEqual(
      results(out).map((result) => result.errorCode),
      [56]
    )
    assert.strictEqual(offline._tag, "Offline")
    assert.strictEqual(results(run(offline, [append()])[1])[0]?.errorCode, 56)
  })
})

describe("idempotence", () => {
  const producer = (firstSequence: number) => ({
    producerId: 7,
    producerEpoch: 0,
    firstSequence,
    lastSequence: firstSequence + 9,
    isTransactional: false
  })

  it("behaviour 062: a repeated batch is answered with its first offset and is not written again", () => {
    const [written] = run(leader(), [append({ producer: producer(0) }), { _tag: "Written", logEndOffset: 10 }])
    const [, out] = run(written, [append({ producer: producer(0) })])
    assert.deepStrictEqual(tags(out), ["Release", "Complete"])
    assert.deepStrictEqual([results(out)[0]?.errorCode, results(out)[0]?.baseOffset], [0, 0])
  })

  it("a repeat of a batch that is still being synced waits for the same sync", () => {
    const [syncing] = run(leader({ syncBeforeAck: true }), [
      append({ producer: producer(0) }),
      { _tag: "Written", logEndOffset: 10 }
    ])
    const [waiting, out] = run(syncing, [append({ producer: producer(0) })])
    assert.deepStrictEqual(tags(out), ["Release"])
    const [, acknowledged] = run(waiting, [{ _tag: "Synced", offset: 10, truncations: 0 }])
    assert.deepStrictEqual(
      results(acknowledged).map((result) => result.baseOffset),
      [0, 0]
    )
  })

  it("behaviour 063: a gap in the sequence is 45, within one pass too", () => {
    const [, out] = run(leader(), [append({ producer: producer(0) }), append({ producer: producer(20) })])
    assert.deepStrictEqual(tags(out), ["Write", "Release", "Complete"])
    assert.strictEqual(results(out)[0]?.errorCode, 45)
  })
})

describe("deleting records", () => {
  const ask = (offset: number) => {
    const request = { offset, deadline: 30_000, complete: () => undefined }
    const [, out] = run(leader({}, 100), [{ _tag: "DeleteRecords", request }])
    return out
  }

  it("behaviour 105: -1 is the high watermark; above it or negative is 1; the answer follows the move", () => {
    assert.deepStrictEqual(ask(-1), [{ _tag: "MoveLogStart", offset: 100 }])
    for (const offset of [101, -2]) {
      const [effect] = ask(offset)
      assert.strictEqual(effect?._tag === "RecordsDeleted" ? effect.errorCode : -1, 1)
    }
    const deletion = { offset: 40, deadline: 30_000, complete: () => undefined }
    const [state] = run(leader({}, 100), [{ _tag: "DeleteRecords", request: deletion }])
    const [after, out] = run(state, [{ _tag: "LogStartMoved", logStartOffset: 40 }])
    assert.strictEqual(after.logStartOffset, 40)
    assert.deepStrictEqual(out, [
      { _tag: "RecordsDeleted", request: deletion, errorCode: 0, lowWatermark: 40 },
      { _tag: "Advanced" }
    ])
  })
})
