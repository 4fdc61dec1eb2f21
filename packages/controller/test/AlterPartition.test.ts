import { Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import { alterIsr, byHand, type Cluster, createTopics, idOf, lost, newClusterOf, partitionOf } from "./support.ts"

/** Broker 1 leads; 3 has left the ISR. */
const shrunk = (): Cluster => {
  const cluster = newClusterOf(4)
  cluster.submit(createTopics([byHand("t", [1, 2, 3])]))
  cluster.submit(alterIsr(cluster, "t", [1, 2]))
  return cluster
}

const answerOf = (cluster: Cluster, command: ReturnType<typeof alterIsr>) =>
  cluster.submit(command).topics[0]?.partitions[0]

const codeOf = (cluster: Cluster, command: ReturnType<typeof alterIsr>) => answerOf(cluster, command)?.errorCode

describe("AlterPartition", () => {
  test("behaviour 177: the ISR becomes what the leader says; the partition epoch rises, the leader's does not", () => {
    const cluster = shrunk()
    expect(partitionOf(cluster, "t")).toMatchObject({ isr: [1, 2], leaderEpoch: 0, partitionEpoch: 1 })
    expect(answerOf(cluster, alterIsr(cluster, "t", [1, 2, 3]))).toEqual({
      partitionIndex: 0,
      errorCode: 0,
      leaderId: 1,
      leaderEpoch: 0,
      isr: [1, 2, 3],
      leaderRecoveryState: 0,
      partitionEpoch: 2
    })
    expect(partitionOf(cluster, "t")).toMatchObject({ isr: [1, 2, 3], partitionEpoch: 2 })
  })

  test("what is so already is answered as it is, and writes nothing", () => {
    const cluster = shrunk()
    expect(answerOf(cluster, alterIsr(cluster, "t", [1, 2]))).toMatchObject({ errorCode: 0, partitionEpoch: 1 })
    expect(cluster.written).toEqual([])
  })

  test.each([
    ["a stale partition epoch", { partitionEpoch: 0 }, ErrorCode.INVALID_UPDATE_VERSION],
    ["one from the future", { partitionEpoch: 2 }, ErrorCode.NOT_CONTROLLER],
    ["a stale leader epoch", { leaderEpoch: -1 }, ErrorCode.FENCED_LEADER_EPOCH],
    ["one from the future", { leaderEpoch: 1 }, ErrorCode.NOT_CONTROLLER],
    ["no partition", { partitionIndex: 7 }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ["nobody in sync", { newIsr: [] }, ErrorCode.INVALID_REQUEST],
    ["not the leader itself", { newIsr: [{ brokerId: 2, brokerEpoch: -1 }] }, ErrorCode.INVALID_REQUEST],
    ["a leader that begins to recover", { leaderRecoveryState: 1 }, ErrorCode.INVALID_REQUEST],
    ["an unknown state", { leaderRecoveryState: 7 }, ErrorCode.INVALID_REQUEST]
  ])("behaviour 177: %s is refused", (_, change, errorCode) => {
    const cluster = shrunk()
    expect(codeOf(cluster, alterIsr(cluster, "t", [1, 2, 3], change))).toBe(errorCode)
    expect(cluster.written).toEqual([])
  })

  test("behaviour 177: nobody joins who is no replica, or is there twice", () => {
    const cluster = shrunk()
    expect(codeOf(cluster, alterIsr(cluster, "t", [1, 4]))).toBe(ErrorCode.INVALID_REQUEST)
    expect(codeOf(cluster, alterIsr(cluster, "t", [1, 2, 2]))).toBe(ErrorCode.INVALID_REQUEST)
  })

  test("behaviour 177: nobody joins who is fenced, on its way out, or of an earlier registration", () => {
    const cluster = shrunk()
    const members = (brokerEpoch: number) => ({ newIsr: [1, 3].map((brokerId) => ({ brokerId, brokerEpoch })) })
    expect(codeOf(cluster, alterIsr(cluster, "t", [], members(1)))).toBe(ErrorCode.INELIGIBLE_REPLICA)
    cluster.submit(lost(cluster, 3))
    expect(codeOf(cluster, alterIsr(cluster, "t", [1, 2, 3]))).toBe(ErrorCode.INELIGIBLE_REPLICA)
    cluster.heartbeat(3)
    expect(codeOf(cluster, alterIsr(cluster, "t", [], members(-1)))).toBe(0)
    cluster.submit(createTopics([byHand("u", [3, 1])]))
    cluster.heartbeat(3, { wantShutDown: true })
    expect(codeOf(cluster, alterIsr(cluster, "t", [1, 2, 3]))).toBe(ErrorCode.INELIGIBLE_REPLICA)
  })

  test("behaviour 177: only the leader is heard, under its registration; unknown topic ids are told", () => {
    const cluster = shrunk()
    const asked = alterIsr(cluster, "t", [1])
    expect(cluster.submit({ ...asked, brokerEpoch: 0 })).toEqual({
      errorCode: ErrorCode.STALE_BROKER_EPOCH,
      topics: []
    })
    const other = { ...asked, brokerId: 2, brokerEpoch: cluster.heartbeat(2).errorCode === 0 ? 5 : -1 }
    expect(cluster.submit(other).topics[0]?.partitions[0]?.errorCode).toBe(ErrorCode.INVALID_REQUEST)
    const { partitions } = asked.topics[0]
    const unknown = { ...asked, topics: [{ topicId: idOf(77_777), partitions }] }
    expect(cluster.submit(unknown).topics[0]?.partitions[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID)
  })

  test("a leader that recovers says so alone; then it has recovered", () => {
    const cluster = newClusterOf(2, "unclean.leader.election.enable=true")
    cluster.submit(createTopics([byHand("t", [1, 2])]))
    cluster.submit(alterIsr(cluster, "t", [1]))
    cluster.submit(lost(cluster, 1))
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 2, isr: [2], leaderRecoveryState: 1 })
    const recovering = { leaderRecoveryState: Topics.recovery.recovering }
    cluster.heartbeat(1)
    expect(codeOf(cluster, alterIsr(cluster, "t", [2, 1], recovering))).toBe(ErrorCode.INVALID_REQUEST)
    expect(codeOf(cluster, alterIsr(cluster, "t", [2], recovering))).toBe(0)
    expect(codeOf(cluster, alterIsr(cluster, "t", [2, 1]))).toBe(0)
    expect(partitionOf(cluster, "t").leaderRecoveryState).toBe(Topics.recovery.recovered)
  })
})
