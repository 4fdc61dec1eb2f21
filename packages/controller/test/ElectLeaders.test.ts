import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import { maxElectionsPerLook } from "../src/LeaderElections.ts"
import { alterIsr, byHand, type Cluster, createTopics, lost, newClusterOf, partitionOf, topic } from "./support.ts"

const elect = (cluster: Cluster, electionType: number, partitions: ReadonlyArray<number> | null, name = "t") =>
  cluster.submit({
    _tag: "ElectLeaders",
    electionType,
    topicPartitions: partitions === null ? null : [{ topic: name, partitions }]
  }).topics[0]?.partitions

/** Partition 0 is led by 2 though 1 is back and in sync; partition 1 by 2, as it should be. */
const moved = (): Cluster => {
  const cluster = newClusterOf(3)
  cluster.submit(createTopics([byHand("t", [1, 2], [2, 1])]))
  cluster.submit(lost(cluster, 1))
  cluster.heartbeat(1)
  cluster.submit(alterIsr(cluster, "t", [2, 1]))
  return cluster
}

const code = (errorCode: number) => expect.objectContaining({ errorCode })

describe("ElectLeaders", () => {
  test("behaviour 184: the preferred replica leads; one that does already needs none", () => {
    const cluster = moved()
    expect(elect(cluster, 0, [0, 1])).toEqual([code(0), code(ErrorCode.ELECTION_NOT_NEEDED)])
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 1, isr: [2, 1], leaderEpoch: 2 })
  })

  test("behaviour 184: null is every partition, and tells of those that needed one", () => {
    expect(elect(moved(), 0, null)).toEqual([{ partitionId: 0, errorCode: 0, message: null }])
  })

  test("behaviour 184: a preferred replica that is not in the ISR can't lead", () => {
    const cluster = moved()
    cluster.submit(alterIsr(cluster, "t", [2]))
    expect(elect(cluster, 0, [0])).toEqual([code(ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE)])
  })

  test("behaviour 184: an unclean election takes whoever is alive, if anybody is", () => {
    const cluster = moved()
    cluster.submit(alterIsr(cluster, "t", [2]))
    cluster.submit(lost(cluster, 2))
    expect(partitionOf(cluster, "t").leader).toBe(-1)
    expect(elect(cluster, 1, [0])).toEqual([code(0)])
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 1 })
    expect(elect(cluster, 1, [0])).toEqual([code(ErrorCode.ELECTION_NOT_NEEDED)])
    cluster.submit(lost(cluster, 1))
    expect(elect(cluster, 1, [0])).toEqual([code(ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE)])
  })

  test("unknown topics, partitions and types are told", () => {
    const cluster = moved()
    expect(elect(cluster, 0, [9])).toEqual([code(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)])
    expect(elect(cluster, 0, [0], "u")).toEqual([code(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)])
    const strange = cluster.submit({ _tag: "ElectLeaders", electionType: 2, topicPartitions: null })
    expect(strange).toEqual({ errorCode: ErrorCode.INVALID_REQUEST, topics: [] })
  })
})

const balanceMs = 300_000
const uncleanMs = 300_000

describe("elections from time to time", () => {
  test("preferred leaders lead again after leader.imbalance.check.interval.seconds", () => {
    const cluster = moved()
    expect(cluster.wakeAt()).toBeLessThan(balanceMs)
    cluster.submit({ _tag: "BalanceLeaders" }, balanceMs)
    expect(partitionOf(cluster, "t").leader).toBe(1)
    expect(cluster.state.checks?.balanceAt).toBe(2 * balanceMs)
  })

  test("but not where auto.leader.rebalance.enable is false", () => {
    const cluster = newClusterOf(2, "auto.leader.rebalance.enable=false")
    cluster.submit(createTopics([byHand("t", [1, 2])]))
    cluster.submit(lost(cluster, 1))
    cluster.heartbeat(1)
    cluster.submit(alterIsr(cluster, "t", [2, 1]))
    cluster.submit({ _tag: "BalanceLeaders" }, balanceMs)
    expect(cluster.written).toEqual([])
  })

  test("so many at a time, and the rest at once", () => {
    const cluster = newClusterOf(2)
    cluster.submit(createTopics([topic("t", { numPartitions: 2_400, replicationFactor: 2 })]))
    cluster.submit(lost(cluster, 1))
    cluster.heartbeat(1)
    const { partitions } = alterIsr(cluster, "t", [2, 1]).topics[0]
    const [asked] = partitions
    const all = Array.from({ length: 2_400 }, (_, partitionIndex) => {
      const { leaderEpoch, partitionEpoch } = partitionOf(cluster, "t", partitionIndex)
      return { ...asked, partitionIndex, leaderEpoch, partitionEpoch }
    })
    const command = alterIsr(cluster, "t", [2, 1])
    cluster.submit({ ...command, topics: [{ ...command.topics[0], partitions: all }] })
    cluster.submit({ _tag: "BalanceLeaders" }, balanceMs)
    expect(cluster.written.length).toBe(maxElectionsPerLook)
    expect(cluster.state.checks?.balanceAt).toBe(balanceMs)
    cluster.submit({ _tag: "BalanceLeaders" }, balanceMs)
    expect(cluster.written.length).toBe(200)
    expect(cluster.state.checks?.balanceAt).toBe(2 * balanceMs)
  })

  test("unclean leaders only where the topic has come to allow them", () => {
    const cluster = newClusterOf(2)
    const allowed = { configs: [{ name: "unclean.leader.election.enable", value: "true" }] }
    cluster.submit(createTopics([byHand("no", [1, 2]), { ...byHand("yes", [1, 2]), ...allowed }]))
    for (const name of ["no", "yes"]) cluster.submit(alterIsr(cluster, name, [1]))
    cluster.submit(lost(cluster, 2))
    cluster.submit(lost(cluster, 1))
    expect([partitionOf(cluster, "no").leader, partitionOf(cluster, "yes").leader]).toEqual([-1, -1])
    cluster.heartbeat(2, {}, uncleanMs - 1)
    expect([partitionOf(cluster, "no").leader, partitionOf(cluster, "yes").leader]).toEqual([-1, 2])
    cluster.submit({ _tag: "ElectUncleanLeaders" }, uncleanMs)
    expect(cluster.written).toEqual([])
    expect(cluster.state.checks?.uncleanAt).toBe(2 * uncleanMs)
  })

  test("what is due is done when it is due", () => {
    const cluster = newClusterOf(0)
    expect(cluster.wakeAt()).toBe(balanceMs)
    cluster.wake(balanceMs)
    cluster.wake(balanceMs)
    expect(cluster.state.checks).toEqual({ balanceAt: 2 * balanceMs, uncleanAt: 2 * uncleanMs })
  })
})
