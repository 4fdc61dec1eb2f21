/** A partition between its roles: what goes on, who is answered, what is not listened to any more. */
import * as ProducerState from "@klamm/log/ProducerState"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { assert, describe, it } from "vitest"
import * as Follower from "../src/Follower.ts"
import * as Leader from "../src/Leader.ts"
import type { OpenedLog } from "../src/LocalLog.ts"
import { type Delivery, type FetchOutcome, type Message, machine, type Out, type State } from "../src/Partition.ts"
import { brokersOf, directoriesOf, records } from "./support.ts"

const opened = (change: Partial<OpenedLog> = {}): OpenedLog => ({
  nodeId: 1,
  settings: {
    minInsyncReplicas: 2,
    syncBeforeAck: true,
    flushMessages: Number.POSITIVE_INFINITY,
    flushMs: Number.POSITIVE_INFINITY,
    logAppendTime: false,
    lagTimeMaxMs: 100
  },
  logStartOffset: 0,
  logEndOffset: 10,
  highWatermark: 10,
  syncedOffset: 10,
  producers: ProducerState.empty,
  eligible: brokersOf([
    [1, 11],
    [2, 12],
    [3, 13]
  ]),
  ...change
})

const assignmentOf = (leaderEpoch: number, partitionEpoch = leaderEpoch, isr: ReadonlyArray<number> = [1, 2, 3]) => ({
  leaderEpoch,
  partitionEpoch,
  isr,
  replicas: [1, 2, 3],
  directories: directoriesOf([1, 2, 3])
})

const follower = (change: Partial<OpenedLog> = {}): State =>
  Follower.start(opened(change), { leaderId: 2, assignment: assignmentOf(5) })

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

const tags = (out: ReadonlyArray<Out>) => out.map(({ _tag }) => _tag)
const lead = (epoch: number, partitionEpoch = epoch, isr?: ReadonlyArray<number>): Message => ({
  _tag: "Lead",
  assignment: assignmentOf(epoch, partitionEpoch, isr)
})
const follow = (epoch: number, leaderId = 2): Message => ({ _tag: "Follow", leaderId, assignment: assignmentOf(epoch) })

const batchAt = (baseOffset: number, options: RecordBatch.BatchOptions = {}): Uint8Array =>
  RecordBatch.buildBatch(records(5), { baseOffset, partitionLeaderEpoch: 5, ...options })

const deliver = (change: Partial<Delivery> = {}) => {
  const outcomes: Array<FetchOutcome> = []
  const ticket = { release: () => undefined, complete: (outcome: FetchOutcome) => void outcomes.push(outcome) }
  const delivery = { leaderEpoch: 5, batches: [batchAt(10)], highWatermark: 10, logStartOffset: 0, ticket, ...change }
  return { message: { _tag: "Delivered", delivery } as const, ticket, outcomes }
}

const append: Message = {
  _tag: "Append",
  request: {
    batch: new Uint8Array(61),
    count: 5,
    producer: undefined,
    maxTimestamp: 1,
    appendTimeMs: 1,
    acks: -1,
    deadline: 1000,
    ticket: { release: () => undefined, complete: () => undefined }
  }
}

const errors = (out: ReadonlyArray<Out>) =>
  out.flatMap((each) => (each._tag === "Complete" ? [each.result.errorCode] : []))

describe("a follower", () => {
  it("takes a delivery in once it is synced, and fetches from what is durable", () => {
    const { message, ticket } = deliver({ highWatermark: 12 })
    const [written, first] = run(follower(), [message, { _tag: "Written", logEndOffset: 15 }])
    assert.deepStrictEqual(tags(first), ["Replicate", "Advanced", "Sync"])
    assert.strictEqual(written._tag === "Follower" ? Follower.fetchOffset(written) : -1, undefined)
    const [taken, second] = run(written, [{ _tag: "Synced", offset: 15, truncations: 0 }])
    assert.deepStrictEqual(second, [{ _tag: "FetchDone", ticket, outcome: "Taken" }])
    assert.strictEqual(taken._tag === "Follower" ? Follower.fetchOffset(taken) : -1, 15)
    assert.strictEqual(taken.highWatermark, 12)
  })

  it("never lets its watermark pass its own log end", () => {
    const [state] = run(follower(), [deliver({ batches: [], highWatermark: 99 }).message])
    assert.strictEqual(state.highWatermark, 10)
  })

  it("takes nothing from a leader of another epoch, nor below its log end", () => {
    for (const change of [{ leaderEpoch: 4 }, { leaderEpoch: 6 }, { batches: [batchAt(7)] }]) {
      const [state, out] = run(follower(), [deliver(change).message])
      assert.deepStrictEqual(tags(out), ["Release", "FetchDone"])
      assert.strictEqual(state._tag === "Follower" ? state.nextOffset : -1, 10)
    }
  })

  it("what it appended before a cut does not count as synced after it", () => {
    const ticket = { release: () => undefined, complete: () => undefined }
    const [syncing] = run(follower(), [deliver().message, { _tag: "Written", logEndOffset: 15 }])
    const [cutting, out] = run(syncing, [
      { _tag: "Truncate", truncation: { leaderEpoch: 5, offset: 8, fully: false, ticket } }
    ])
    assert.deepStrictEqual(tags(out), ["TruncateTo"])
    const log = { logStartOffset: 0, logEndOffset: 8, syncedOffset: 8, producers: ProducerState.empty }
    const [state] = run(cutting, [
      { _tag: "Truncated", ...log },
      deliver({ batches: [batchAt(8)] }).message,
      { _tag: "Written", logEndOffset: 13 },
      { _tag: "Synced", offset: 15, truncations: 0 }
    ])
    assert.strictEqual(state._tag === "Follower" ? Follower.fetchOffset(state) : -1, undefined)
    assert.strictEqual(state._tag === "Follower" ? state.syncedOffset : -1, 8)
  })

  it("what comes while its log is being cut waits for the end of that", () => {
    const ticket = { release: () => undefined, complete: () => undefined }
    const truncation = { leaderEpoch: 5, offset: 8, fully: false, ticket }
    const [waiting, quiet] = run(follower(), [{ _tag: "Truncate", truncation }, lead(6), append])
    assert.deepStrictEqual(tags(quiet), ["TruncateTo"])
    const log = { logStartOffset: 0, logEndOffset: 6, syncedOffset: 6, producers: ProducerState.empty }
    const [state, out] = run(waiting, [{ _tag: "Truncated", ...log }])
    assert.strictEqual(state._tag, "Leader")
    const starts = out.flatMap((each) => (each._tag === "StartEpoch" ? [each.startOffset] : []))
    const writes = out.flatMap((each) => (each._tag === "Write" ? [each.entry.baseOffset] : []))
    assert.deepStrictEqual([starts, writes], [[6], [6]])
  })

  it("answers producers that there is another leader", () => {
    assert.deepStrictEqual(errors(run(follower(), [append])[1]), [ErrorCode.NOT_LEADER_OR_FOLLOWER])
  })
})

describe("coming to lead", () => {
  it("behaviour 175: begins its epoch at the log end and keeps the watermark until the ISR has spoken", () => {
    const [state, out] = run(follower({ highWatermark: 4 }), [lead(6)])
    assert.deepStrictEqual(out[0], { _tag: "StartEpoch", leaderEpoch: 6, startOffset: 10 })
    assert.strictEqual(state.highWatermark, 4)
    assert.strictEqual(state._tag === "Leader" ? state.epochStartOffset : -1, 10)
  })

  it("behaviour 068: knows the producers that came by replication", () => {
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 }
    const { message } = deliver({ batches: [batchAt(10, producer)] })
    const [leader] = run(follower(), [message, { _tag: "Written", logEndOffset: 15 }, lead(6)])
    const repeated = { producerId: 7, producerEpoch: 0, firstSequence: 0, lastSequence: 4, isTransactional: false }
    const request = { ...append.request, producer: repeated, acks: 1 }
    const [, out] = run(leader, [{ _tag: "Append", request }])
    assert.deepStrictEqual(
      out.flatMap((each) => (each._tag === "Complete" ? [each.result.baseOffset] : [])),
      [10]
    )
  })

  it("older metadata than what it has is not listened to", () => {
    const [leader] = run(follower(), [lead(6, 9)])
    assert.strictEqual(run(leader, [follow(5), lead(6, 8, [1])])[0], leader)
  })
})

describe("handing over", () => {
  const waiting = () => run(follower(), [lead(6), append, { _tag: "Written", logEndOffset: 15 }])[0]

  it("whoever waits is sent to the next leader, and the log stays as it is", () => {
    const [state, out] = run(waiting(), [follow(7)])
    assert.deepStrictEqual(errors(out), [ErrorCode.NOT_LEADER_OR_FOLLOWER])
    assert.deepStrictEqual(tags(out).slice(1), ["TrimEpochs", "Advanced"])
    assert.strictEqual(state.logEndOffset, 15)
  })

  it("a disk error answers everyone, acks=1 too", () => {
    const request = { ...append.request, acks: 1 }
    const [decided] = run(follower(), [lead(6), { _tag: "Append", request }])
    assert.deepStrictEqual(errors(run(decided, [{ _tag: "DiskFailed" }])[1]), [ErrorCode.KAFKA_STORAGE_ERROR])
  })
})

describe("a leader and its followers", () => {
  const fetched = (
    replicaId: number,
    fetchOffset: number,
    change: { readonly leaderEpoch?: number } = {}
  ): Message => ({
    _tag: "FollowerFetched",
    leaderEpoch: 6,
    fetch: { replicaId, brokerEpoch: 10 + replicaId, fetchOffset, logStartOffset: 0, atMs: 0 },
    ...change
  })
  const synced: Message = { _tag: "Synced", offset: 15, truncations: 0 }
  const leading = (isr?: ReadonlyArray<number>) =>
    run(follower(), [lead(6, 6, isr), append, { _tag: "Written", logEndOffset: 15 }])[0]

  it("acks=all is answered when every member has it and this disk too", () => {
    const [state, early] = run(leading(), [fetched(2, 15)])
    assert.deepStrictEqual(tags(early), [])
    const [unsynced, quiet] = run(state, [fetched(3, 15)])
    assert.deepStrictEqual([unsynced.highWatermark, tags(quiet)], [10, []])
    const [moved, out] = run(unsynced, [synced])
    assert.deepStrictEqual([moved.highWatermark, tags(out), errors(out)], [15, ["Complete", "Advanced"], [0]])
  })

  it("what the others have synced and it has not is not committed: its successor would take it for in sync", () => {
    const [state] = run(leading(), [fetched(2, 15), fetched(3, 15), follow(7)])
    assert.strictEqual(state.highWatermark, 10)
    const plain = { ...opened().settings, syncBeforeAck: false }
    const [unsynced] = run(leading(), [{ _tag: "Configured", settings: plain }, fetched(2, 15), fetched(3, 15)])
    assert.strictEqual(unsynced.highWatermark, 15)
  })

  it("it syncs also what nobody waits for, as its followers do, and at once what it has found un-synced", () => {
    const request = { ...append.request, acks: 1 }
    const [, out] = run(follower(), [lead(6), { _tag: "Append", request }, { _tag: "Written", logEndOffset: 15 }])
    assert.include(tags(out), "Sync")
    const started = Leader.start(opened({ syncedOffset: 8 }), assignmentOf(6), 0)
    assert.strictEqual(machine.wakeAt(started), Number.NEGATIVE_INFINITY)
    assert.deepStrictEqual(tags(machine.step(started, { _tag: "Wake" }, 0)[1]), ["Sync"])
  })

  it("behaviour 052: one that is committed when the ISR has become too small is answered 20, and stays", () => {
    const alone: Message = { _tag: "Lead", assignment: { ...assignmentOf(6, 6, [1]), replicas: [1] } }
    const grows = lead(6, 7, [1])
    const [state] = run(follower(), [alone, append, { _tag: "Written", logEndOffset: 15 }, grows])
    const [after, out] = run(state, [synced])
    assert.deepStrictEqual(errors(out), [ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND])
    assert.strictEqual(after.highWatermark, 15)
  })

  it("a fetch that was answered under an earlier epoch of its own does not count", () => {
    const [state] = run(leading(), [fetched(2, 15, { leaderEpoch: 5 }), fetched(3, 15)])
    assert.strictEqual(state.highWatermark, 10)
  })

  it("nothing is committed while the ISR is below its minimum (KIP-966)", () => {
    const [state] = run(leading([1]), [fetched(2, 15), synced])
    assert.strictEqual(state.highWatermark, 10)
  })

  it("a change whose outcome is open still counts, one that was refused does not", () => {
    const [asked, out] = run(leading([1, 2]), [fetched(3, 10)])
    assert.deepStrictEqual(tags(out), ["AlterIsr"])
    const altered = { _tag: "IsrAltered", leaderEpoch: 6, partitionEpoch: 6 } as const
    const [open] = run(asked, [{ ...altered, outcome: { _tag: "Overtaken" } }, fetched(2, 15), synced])
    assert.strictEqual(open.highWatermark, 10)
    const [refused] = run(asked, [{ ...altered, outcome: { _tag: "Refused" } }, fetched(2, 15), synced], 200)
    assert.strictEqual(refused.highWatermark, 15)
  })
})
