/** The ways in which replication has lost data or diverged elsewhere, each as a story on the model. */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { assert, describe, it } from "vitest"
import { Model } from "./support/model.ts"
import { fetchOnce, recordOf, settle, think, write } from "./support/scenario.ts"

const model = (
  nodes: ReadonlyArray<number>,
  change: { readonly syncBeforeAck?: boolean; readonly min?: number } = {}
) => {
  const { syncBeforeAck = true, min: minInsyncReplicas = 1 } = change
  const made = new Model({ nodes, syncBeforeAck, minInsyncReplicas })
  settle(made)
  return made
}

const valuesOf = (made: Model, id: number) =>
  made.node(id).log.batches.map((batch) => new TextDecoder().decode(batch).replace(/^.*?([a-z]+\d+).*$/s, "$1"))

const kept = Number.POSITIVE_INFINITY

describe("truncation by leader epoch", () => {
  it("behaviour 179: KIP-101, scenario 1: a follower that restarts before it has heard of the watermark keeps what was committed", () => {
    const made = model([1, 2])
    write(made, 1, recordOf("m1"))
    const second = write(made, 1, recordOf("m2"))
    fetchOnce(made, 2)
    fetchOnce(made, 2)
    think(made, 1)
    assert.strictEqual(second.result?.errorCode, 0)
    made.node(2).checkpointedWatermark = 0
    made.kill(made.node(2), 0)
    made.restart(made.node(2))
    made.decide({ isr: [1, 2] })
    think(made, 2)
    made.kill(made.node(1), 0)
    settle(made)
    assert.strictEqual(made.latest.leader, 2)
    assert.deepStrictEqual(valuesOf(made, 2), ["m1", "m2"])
  })

  it("behaviour 179: KIP-101, scenario 2: two replicas that wrote different records at one offset agree on the new leader's", () => {
    const made = model([1, 2], { syncBeforeAck: false })
    write(made, 1, recordOf("m1"))
    settle(made)
    write(made, 1, recordOf("m2"))
    made.kill(made.node(1), kept)
    settle(made)
    assert.strictEqual(made.latest.leader, 2)
    write(made, 2, recordOf("m3"))
    settle(made)
    made.restart(made.node(1))
    settle(made)
    assert.deepStrictEqual(valuesOf(made, 1), ["m1", "m3"])
    assert.deepStrictEqual(made.node(1).log.lines(), made.node(2).log.lines())
    assert.deepStrictEqual([...made.latest.isr].sort(), [1, 2])
  })

  it("behaviour 179: KIP-279: after two quick changes of the leader a replica is cut where the histories really part", () => {
    const made = model([1, 2, 3], { syncBeforeAck: false })
    write(made, 1, recordOf("m1"))
    settle(made)
    write(made, 1, recordOf("lost1"))
    write(made, 1, recordOf("lost2"))
    made.kill(made.node(1), kept)
    settle(made)
    write(made, 2, recordOf("other1"))
    made.kill(made.node(2), kept)
    for (const node of [3]) while (made.node(node).known < made.metadata.length - 1) made.inform(made.node(node))
    think(made, 3)
    write(made, 3, recordOf("m2"))
    write(made, 3, recordOf("m3"))
    write(made, 3, recordOf("m4"))
    made.restart(made.node(1))
    made.restart(made.node(2))
    settle(made)
    for (const id of [1, 2, 3]) assert.deepStrictEqual(valuesOf(made, id), ["m1", "m2", "m3", "m4"], `node ${id}`)
  })

  it("a leader that wrote nothing in its epoch is not taken to have a history of its own", () => {
    const made = model([1, 2, 3])
    write(made, 1, recordOf("m1"))
    settle(made)
    for (const leader of [2, 3, 1, 2]) {
      made.decide({ leader })
      settle(made)
    }
    write(made, 2, recordOf("m2"))
    settle(made)
    for (const id of [1, 2, 3]) assert.deepStrictEqual(valuesOf(made, id), ["m1", "m2"])
    assert.strictEqual(made.latest.isr.length, 3)
  })
})

describe("handing over", () => {
  it("the new leader recognises what the old one was sent", () => {
    const made = model([1, 2, 3], { min: 2 })
    const producer = { producerId: 5, producerEpoch: 0, baseSequence: 0 }
    write(made, 1, recordOf("m1", producer))
    fetchOnce(made, 2)
    made.kill(made.node(1), kept)
    settle(made)
    const repeated = write(made, 2, recordOf("m1", producer))
    settle(made)
    assert.deepStrictEqual([repeated.result?.errorCode, repeated.result?.baseOffset], [0, 0])
    assert.deepStrictEqual(valuesOf(made, 3), ["m1"])
  })

  it("a leader that is cut off acknowledges nothing, and says so when it hears of the next", () => {
    const made = model([1, 2, 3], { min: 2 })
    const first = write(made, 1, recordOf("m1"))
    settle(made)
    assert.strictEqual(first.result?.errorCode, 0)
    made.decide({ leader: 2, isr: [2, 3] })
    for (const id of [2, 3]) made.inform(made.node(id))
    think(made, 2)
    const cutOff = write(made, 1, recordOf("lost1"))
    fetchOnce(made, 3)
    fetchOnce(made, 3)
    assert.strictEqual(cutOff.result, undefined)
    const next = write(made, 2, recordOf("m2"))
    fetchOnce(made, 3)
    fetchOnce(made, 3)
    think(made, 2)
    assert.strictEqual(next.result?.errorCode, 0)
    settle(made)
    assert.strictEqual(cutOff.result?.errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER)
    assert.deepStrictEqual(valuesOf(made, 1), ["m1", "m2"])
  })

  it("a broker's former life does not bring it into the ISR (KIP-903)", () => {
    const made = model([1, 2])
    made.kill(made.node(2), kept)
    settle(made)
    made.restart(made.node(2))
    while (made.node(1).known < made.metadata.length - 1) made.inform(made.node(1))
    think(made, 1)
    const ghost = { replicaId: 2, brokerEpoch: 2, fetchOffset: 0, logStartOffset: 0, atMs: made.now }
    const leader = made.node(1)
    leader.mailbox = [{ _tag: "FollowerFetched", leaderEpoch: made.latest.leaderEpoch, fetch: ghost }]
    think(made, 1)
    made.judgeQuestion(false)
    assert.deepStrictEqual(made.latest.isr, [1])
    settle(made)
    assert.deepStrictEqual([...made.latest.isr].sort(), [1, 2])
  })
})
