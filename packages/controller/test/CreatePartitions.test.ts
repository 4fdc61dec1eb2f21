import { Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import { byHand, type Cluster, clusterOf, createPartitions, createTopics, morePartitions, topic } from "./support.ts"

const replicasOf = (cluster: Cluster, name: string) =>
  Topics.byName(cluster.state.image.topics, name)?.partitions.map(({ replicas }) => replicas)

/** Topics "one" with one partition of one replica, and "two" with two of two. */
const prepared = (): Cluster => {
  const cluster = clusterOf(3)
  cluster.submit(createTopics([byHand("one", [1]), byHand("two", [1, 2], [2, 1])]))
  return cluster
}

const asked = (
  cluster: Cluster,
  name: string,
  count: number,
  assignments: ReadonlyArray<ReadonlyArray<number>> | null
) => cluster.submit(createPartitions([morePartitions(name, count, assignments)]))[0]

describe("CreatePartitions", () => {
  test("behaviour 041: adds partitions of the topic's own replication factor, and leaves the others", () => {
    const cluster = prepared()
    expect(asked(cluster, "two", 5, null)).toEqual({ name: "two", errorCode: 0, message: null })
    const replicas = replicasOf(cluster, "two")!
    expect(replicas.slice(0, 2)).toEqual([
      [1, 2],
      [2, 1]
    ])
    expect(replicas.map((each) => new Set(each).size)).toEqual([2, 2, 2, 2, 2])
  })

  test("behaviour 041: adds what was assigned by hand", () => {
    const cluster = prepared()
    expect(
      asked(cluster, "two", 4, [
        [3, 1],
        [2, 3]
      ])?.errorCode
    ).toBe(0)
    expect(replicasOf(cluster, "two")?.slice(2)).toEqual([
      [3, 1],
      [2, 3]
    ])
    expect(Topics.byName(cluster.state.image.topics, "two")?.partitions[2]).toMatchObject({ index: 2, leader: 3 })
  })

  test.each([
    ["one", 1, "Topic already has 1 partition(s)."],
    ["two", 1, "The topic two currently has 2 partition(s); 1 would not be an increase."],
    ["two", 0, "The topic two currently has 2 partition(s); 0 would not be an increase."],
    ["two", -1, "The topic two currently has 2 partition(s); -1 would not be an increase."]
  ])("behaviour 041: %s may not be given %i partitions", (name, count, message) => {
    const cluster = prepared()
    expect(asked(cluster, name, count, null)).toEqual({ name, errorCode: ErrorCode.INVALID_PARTITIONS, message })
    expect(cluster.written).toEqual([])
  })

  test.each([
    ["one", 3, [[1]], "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified."],
    ["one", 2, [[1], [2]], "Attempted to add 1 additional partition(s), but only 2 assignment(s) were specified."],
    ["one", 2, [], "Attempted to add 1 additional partition(s), but only 0 assignment(s) were specified."],
    ["one", 2, [[7]], "The manual partition assignment includes broker 7, but no such broker is registered."],
    ["two", 3, [[1, 1]], "The manual partition assignment includes the broker 1 more than once."],
    ["two", 3, [[]], "The manual partition assignment includes an empty replica list."],
    [
      "two",
      3,
      [[1]],
      "The manual partition assignment includes a partition with 1 replica(s), but this is not consistent with previous " +
        "partitions, which have 2 replica(s)."
    ]
  ])("behaviour 041: %s to %i partitions on %j is refused", (name, count, assignments, message) => {
    const cluster = prepared()
    const errorCode = ErrorCode.INVALID_REPLICA_ASSIGNMENT
    expect(asked(cluster, name, count, assignments)).toEqual({ name, errorCode, message })
    expect(cluster.written).toEqual([])
  })

  test("an unknown topic has no message, as in Kafka; one named twice is refused once; the others go on", () => {
    const cluster = prepared()
    const topics = [
      morePartitions("no", 3),
      morePartitions("two", 3),
      morePartitions("one", 2),
      morePartitions("two", 4)
    ]
    expect(cluster.submit(createPartitions(topics))).toEqual([
      { name: "no", errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message: null },
      { name: "two", errorCode: ErrorCode.INVALID_REQUEST, message: "Duplicate topic name." },
      { name: "one", errorCode: ErrorCode.NONE, message: null }
    ])
    expect(replicasOf(cluster, "one")?.length).toBe(2)
    expect(replicasOf(cluster, "two")?.length).toBe(2)
  })

  test("validateOnly answers the same and writes nothing", () => {
    const cluster = prepared()
    const topics = [morePartitions("one", 4), morePartitions("two", 2), morePartitions("no", 2)]
    const before = cluster.state
    const validated = cluster.submit(createPartitions(topics, true))
    expect(cluster.state).toBe(before)
    expect(cluster.submit(createPartitions(topics))).toEqual(validated)
    expect(validated.map(({ errorCode }) => errorCode)).toEqual([0, 37, 3])
  })

  test("more partitions than a batch holds are refused before they are placed, and of several topics together too", () => {
    const cluster = prepared()
    const message = "Unable to perform excessively large batch operation."
    const errorCode = ErrorCode.POLICY_VIOLATION
    expect(asked(cluster, "one", 2 ** 31 - 1, null)).toEqual({ name: "one", errorCode, message })
    const both = cluster.submit(createPartitions([morePartitions("one", 6_000), morePartitions("two", 6_000)]))
    expect(both).toEqual([
      { name: "one", errorCode, message },
      { name: "two", errorCode, message }
    ])
    expect(cluster.written).toEqual([])
    expect(asked(cluster, "one", 10_001, null)?.errorCode).toBe(ErrorCode.NONE)
  })

  test("no broker in use: nothing can be placed", () => {
    const cluster = clusterOf(1)
    cluster.submit(createTopics([topic("t")]))
    cluster.heartbeat(1, { wantFence: true })
    expect(asked(cluster, "t", 2, null)).toMatchObject({ errorCode: ErrorCode.INVALID_REPLICATION_FACTOR })
    expect(asked(cluster, "t", 2, [[1]])).toEqual({
      name: "t",
      errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      message:
        "All brokers specified in the manual partition assignment for partition 1 are fenced or in controlled shutdown."
    })
  })
})
