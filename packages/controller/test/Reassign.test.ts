import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import { alterIsr, byHand, type Cluster, createTopics, lost, newClusterOf, partitionOf } from "./support.ts"

const reassign = (
  cluster: Cluster,
  replicas: ReadonlyArray<number> | null,
  allowReplicationFactorChange = true,
  name = "t",
  partitionIndex = 0
) =>
  cluster.submit({
    _tag: "AlterPartitionReassignments",
    topics: [{ name, partitions: [{ partitionIndex, replicas }] }],
    allowReplicationFactorChange
  }).topics[0]?.partitions[0]

/** Partition t-0 on 1 and 2 of five brokers. */
const clusterWithTopic = (...settings: ReadonlyArray<string>): Cluster => {
  const cluster = newClusterOf(5, ...settings)
  cluster.submit(createTopics([byHand("t", [1, 2])]))
  return cluster
}

describe("AlterPartitionReassignments", () => {
  test("behaviour 185: adds, and removes only when all new ones are in the ISR", () => {
    const cluster = clusterWithTopic()
    expect(reassign(cluster, [3, 4])).toEqual({ partitionIndex: 0, errorCode: 0, message: null })
    expect(partitionOf(cluster, "t")).toMatchObject({
      replicas: [3, 4, 1, 2],
      addingReplicas: [3, 4],
      removingReplicas: [1, 2],
      leader: 1,
      leaderEpoch: 0
    })
    cluster.submit(alterIsr(cluster, "t", [1, 2, 3]))
    expect(partitionOf(cluster, "t")).toMatchObject({ isr: [1, 2, 3], addingReplicas: [3, 4], leader: 1 })
    const { topics } = cluster.submit(alterIsr(cluster, "t", [1, 2, 3, 4]))
    expect(topics[0]?.partitions[0]?.errorCode).toBe(ErrorCode.NEW_LEADER_ELECTED)
    expect(partitionOf(cluster, "t")).toMatchObject({
      replicas: [3, 4],
      isr: [3, 4],
      addingReplicas: [],
      removingReplicas: [],
      leader: 3,
      leaderEpoch: 1
    })
  })

  test("a leader that stays is told the outcome, in a new epoch where a replica goes", () => {
    const cluster = clusterWithTopic()
    reassign(cluster, [1, 3])
    const { topics } = cluster.submit(alterIsr(cluster, "t", [1, 2, 3]))
    expect(topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, leaderId: 1, leaderEpoch: 1, isr: [1, 3] })
  })

  test("fewer replicas, or another order, is done at once", () => {
    const cluster = clusterWithTopic()
    reassign(cluster, [2, 1])
    expect(partitionOf(cluster, "t")).toMatchObject({ replicas: [2, 1], addingReplicas: [], leader: 1 })
    reassign(cluster, [2])
    expect(partitionOf(cluster, "t")).toMatchObject({ replicas: [2], isr: [2], removingReplicas: [], leader: 2 })
    expect(reassign(cluster, [2])?.errorCode).toBe(0)
    expect(cluster.written).toEqual([])
  })

  test("behaviour 185: null cancels, and is refused where there is nothing to cancel", () => {
    const cluster = clusterWithTopic()
    expect(reassign(cluster, null)).toEqual({
      partitionIndex: 0,
      errorCode: ErrorCode.NO_REASSIGNMENT_IN_PROGRESS,
      message: "No partition reassignment is in progress."
    })
    reassign(cluster, [3, 4])
    cluster.submit(alterIsr(cluster, "t", [1, 2, 3]))
    expect(reassign(cluster, null)?.errorCode).toBe(0)
    expect(partitionOf(cluster, "t")).toMatchObject({
      replicas: [1, 2],
      isr: [1, 2],
      addingReplicas: [],
      removingReplicas: []
    })
  })

  test("a later reassignment takes the place of an earlier, and a cancel leads back to before both", () => {
    const cluster = clusterWithTopic()
    reassign(cluster, [3, 4])
    reassign(cluster, [3, 5])
    expect(partitionOf(cluster, "t")).toMatchObject({
      replicas: [3, 5, 1, 2],
      addingReplicas: [3, 5],
      removingReplicas: [1, 2]
    })
    reassign(cluster, null)
    expect(partitionOf(cluster, "t")).toMatchObject({ replicas: [1, 2], isr: [1, 2] })
  })

  test.each([
    ["nobody", [], "The manual partition assignment includes an empty replica list."],
    ["a broker twice", [3, 3], "The manual partition assignment includes the broker 3 more than once."],
    ["a stranger", [3, 9], "The manual partition assignment includes broker 9, but no such broker is registered."]
  ])("behaviour 185: %s is refused", (_, replicas, message) => {
    const cluster = clusterWithTopic()
    expect(reassign(cluster, replicas)).toMatchObject({ errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT, message })
    expect(cluster.written).toEqual([])
  })

  test("unknown topics and partitions are told", () => {
    const cluster = clusterWithTopic()
    expect(reassign(cluster, [3], true, "u")?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    expect(reassign(cluster, [3], true, "t", 4)?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test("KIP-860: the replication factor stays where it must", () => {
    const cluster = clusterWithTopic()
    expect(reassign(cluster, [3], false)).toMatchObject({
      errorCode: ErrorCode.INVALID_REPLICATION_FACTOR,
      message: "The replication factor is changed from 2 to 1"
    })
    reassign(cluster, [3, 4], false)
    expect(reassign(cluster, [3, 5], false)?.errorCode).toBe(0)
  })

  test("a cancel that would need an unclean election is refused, unless the topic allows it", () => {
    for (const [allowed, errorCode] of [
      ["false", ErrorCode.INVALID_REPLICA_ASSIGNMENT],
      ["true", 0]
    ] as const) {
      const cluster = clusterWithTopic(`unclean.leader.election.enable=${allowed}`)
      reassign(cluster, [3, 4])
      cluster.submit(alterIsr(cluster, "t", [1, 2, 3]))
      for (const id of [1, 2]) cluster.submit(lost(cluster, id))
      expect(partitionOf(cluster, "t")).toMatchObject({ leader: 3, isr: [3] })
      expect(reassign(cluster, null)?.errorCode).toBe(errorCode)
    }
  })
})
