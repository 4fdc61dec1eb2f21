import { Configs, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import { maxPartitionsPerRequest } from "../src/CreateTopics.ts"
import { illegalTopicName } from "../src/index.ts"
import { byHand, type Cluster, clusterOf, createTopics, idOf, registration, topic, zeroId } from "./support.ts"

/** Asked for alone, a topic's answer. */
const created = (cluster: Cluster, asked: ReturnType<typeof topic>) => cluster.submit(createTopics([asked]))[0]!

const names = (cluster: Cluster): ReadonlyArray<string> =>
  Topics.all(cluster.state.image.topics).map(({ name }) => name)

const replicasOf = (cluster: Cluster, name: string) =>
  Topics.byName(cluster.state.image.topics, name)?.partitions.map(({ replicas }) => replicas)

describe("names of topics", () => {
  test.each([
    ["", "Topic name is invalid: the empty string is not allowed"],
    [".", "Topic name is invalid: '.' is not allowed"],
    ["..", "Topic name is invalid: '..' is not allowed"],
    [
      "x".repeat(250),
      `Topic name is invalid: the length of '${"x".repeat(250)}' is longer than the max allowed length 249`
    ],
    [
      "a b",
      "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
    ]
  ])("behaviour 026: the illegal name %j is an invalid topic, with Kafka's words", (name, message) => {
    const cluster = clusterOf(1)
    expect(illegalTopicName(name)).toBe(message)
    expect(created(cluster, topic(name))).toMatchObject({
      errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION,
      message,
      topicId: zeroId
    })
    expect(cluster.written).toEqual([])
  })

  test("behaviour 027: up to 249 letters, digits, dots, underscores and dashes", () => {
    const cluster = clusterOf(1)
    for (const name of ["x".repeat(249), "a", "...", "A-Z_0.9", "-"]) {
      expect(illegalTopicName(name)).toBeUndefined()
      expect(created(cluster, topic(name)).errorCode).toBe(ErrorCode.NONE)
    }
    for (const name of ["é", "a\n", "a/b", "x".repeat(250)]) expect(illegalTopicName(name)).toBeDefined()
  })

  test("behaviour 028: a name that differs from a topic's in dots and underscores only collides with it", () => {
    const cluster = clusterOf(1)
    created(cluster, topic("a.b_c"))
    for (const name of ["a_b_c", "a.b.c", "a_b.c"]) {
      expect(created(cluster, topic(name))).toMatchObject({
        errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION,
        message: `Topic '${name}' collides with existing topic: a.b_c`
      })
    }
    expect(created(cluster, topic("a-b-c")).errorCode).toBe(ErrorCode.NONE)
    expect(names(cluster)).toEqual(["a-b-c", "a.b_c"])
  })

  test("behaviour 044: the metadata's own topic can't be created", () => {
    const cluster = clusterOf(1)
    expect(created(cluster, topic("__cluster_metadata"))).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      message: "Creation of internal topic __cluster_metadata is prohibited."
    })
    expect(names(cluster)).toEqual([])
  })
})

describe("CreateTopics", () => {
  test("behaviour 035: a name twice in one request is refused once, and the others go on", () => {
    const cluster = clusterOf(1)
    const reply = cluster.submit(createTopics([topic("twice"), topic("once"), topic("twice")]))
    expect(reply.map(({ name, errorCode, message }) => ({ name, errorCode, message }))).toEqual([
      { name: "twice", errorCode: ErrorCode.INVALID_REQUEST, message: "Duplicate topic name." },
      { name: "once", errorCode: ErrorCode.NONE, message: null }
    ])
    expect(names(cluster)).toEqual(["once"])
  })

  test("behaviour 036: -1 takes num.partitions and default.replication.factor", () => {
    const cluster = clusterOf(3, "num.partitions=4", "default.replication.factor=2")
    const reply = created(cluster, topic("t", { numPartitions: -1, replicationFactor: -1 }))
    expect(reply).toMatchObject({ errorCode: 0, numPartitions: 4, replicationFactor: 2 })
    expect(replicasOf(cluster, "t")?.map((replicas) => replicas.length)).toEqual([2, 2, 2, 2])
  })

  test.each([
    [
      { numPartitions: 0 },
      ErrorCode.INVALID_PARTITIONS,
      /^Number of partitions was set to an invalid non-positive value\.$/
    ],
    [
      { numPartitions: -2 },
      ErrorCode.INVALID_PARTITIONS,
      /^Number of partitions was set to an invalid non-positive value\.$/
    ],
    [
      { replicationFactor: 0 },
      ErrorCode.INVALID_REPLICATION_FACTOR,
      /^Replication factor must be larger than 0, or -1 to use the default value\.$/
    ],
    [
      { replicationFactor: -2 },
      ErrorCode.INVALID_REPLICATION_FACTOR,
      /^Replication factor must be larger than 0, or -1 to use the default value\.$/
    ],
    [
      { replicationFactor: 3 },
      ErrorCode.INVALID_REPLICATION_FACTOR,
      /target replication factor of 3 cannot be reached because only 2 broker\(s\) are registered or some brokers have all their log directories cordoned\.$/
    ],
    [{ replicationFactor: 0, numPartitions: 0 }, ErrorCode.INVALID_REPLICATION_FACTOR, /^Replication factor/]
  ])("behaviour 036: %j is refused", (change, errorCode, message) => {
    const cluster = clusterOf(2)
    const reply = created(cluster, topic("t", change))
    expect(reply).toMatchObject({ errorCode, numPartitions: -1, replicationFactor: -1, topicId: zeroId })
    expect(reply.message).toMatch(message)
    expect(names(cluster)).toEqual([])
  })

  test("behaviour 037: an assignment by hand is taken as it is", () => {
    const cluster = clusterOf(3)
    expect(created(cluster, byHand("t", [2, 3], [3, 1]))).toMatchObject({
      errorCode: 0,
      numPartitions: 2,
      replicationFactor: 2
    })
    const partitions = Topics.byName(cluster.state.image.topics, "t")?.partitions
    expect(
      partitions?.map(({ replicas, isr, leader, leaderEpoch }) => ({ replicas, isr, leader, leaderEpoch }))
    ).toEqual([
      { replicas: [2, 3], isr: [2, 3], leader: 2, leaderEpoch: 0 },
      { replicas: [3, 1], isr: [3, 1], leader: 3, leaderEpoch: 0 }
    ])
  })

  test.each([
    [{ numPartitions: 1 }, "numPartitions"],
    [{ replicationFactor: 1 }, "replication factor"]
  ])("behaviour 037: an assignment by hand beside %j is an invalid request", (change, what) => {
    expect(created(clusterOf(1), { ...byHand("t", [1]), ...change })).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      message: `A manual partition assignment was specified, but ${what} was not set to -1.`
    })
  })

  test.each([
    [[[]], "The manual partition assignment includes an empty replica list."],
    [[[1, 1]], "The manual partition assignment includes the broker 1 more than once."],
    [[[1], [7]], "The manual partition assignment includes broker 7, but no such broker is registered."],
    [
      [[1], [1, 2]],
      "The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with previous " +
        "partitions, which have 1 replica(s)."
    ]
  ])("behaviour 037: the replicas %j are refused", (replicas, message) => {
    const cluster = clusterOf(2)
    expect(created(cluster, byHand("t", ...replicas))).toMatchObject({
      errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      message
    })
    expect(names(cluster)).toEqual([])
  })

  test.each([
    [[0, 2], "partitions should be a consecutive 0-based integer sequence"],
    [[1, 2], "partitions should be a consecutive 0-based integer sequence"],
    [[0, 0], "Found multiple manual partition assignments for partition 0"]
  ])("behaviour 037: the partition ids %j are refused", (ids, message) => {
    const assignments = ids.map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }))
    const asked = topic("t", { numPartitions: -1, replicationFactor: -1, assignments })
    expect(created(clusterOf(1), asked)).toMatchObject({ errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT, message })
  })

  test("behaviour 037: a partition whose brokers are all fenced is refused; a fenced one beside others is no ISR", () => {
    const cluster = clusterOf(1)
    cluster.register(2)
    expect(created(cluster, byHand("t", [1], [2]))).toMatchObject({
      errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      message:
        "All brokers specified in the manual partition assignment for partition 1 are fenced or in controlled shutdown."
    })
    expect(created(cluster, byHand("t", [2, 1])).errorCode).toBe(0)
    expect(Topics.byName(cluster.state.image.topics, "t")?.partitions[0]).toMatchObject({ isr: [1], leader: 1 })
  })

  test("behaviour 038: validateOnly answers the same and writes nothing", () => {
    const cluster = clusterOf(2)
    cluster.submit(createTopics([topic("there")]))
    const asked = [topic("t", { numPartitions: 3 }), topic("there"), topic("none", { replicationFactor: 5 })]
    const before = cluster.state
    const validated = cluster.submit(createTopics(asked, true))
    expect(cluster.written).toEqual([])
    expect(cluster.state).toBe(before)
    expect(cluster.submit(createTopics(asked))).toEqual(validated)
    expect(validated.map(({ errorCode }) => errorCode)).toEqual([0, 36, 38])
  })

  test("behaviour 039: an existing topic, and configs that are unknown, ill-typed or null", () => {
    const cluster = clusterOf(1)
    created(cluster, topic("there"))
    expect(created(cluster, topic("there"))).toMatchObject({ errorCode: 36, message: "Topic 'there' already exists." })
    const withConfigs = (...configs: ReadonlyArray<{ name: string; value: string | null }>) =>
      created(cluster, topic("t", { configs }))
    expect(withConfigs({ name: "no.such", value: "1" })).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      message: "Unknown topic config name: no.such"
    })
    expect(withConfigs({ name: "retention.ms", value: "soon" })).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      message: "Invalid value soon for configuration retention.ms: Not a number of type LONG"
    })
    expect(withConfigs({ name: "retention.ms", value: null }, { name: "segment.bytes", value: null })).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      message: "Null value not supported for topic configs: retention.ms,segment.bytes"
    })
    expect(names(cluster)).toEqual(["there"])
  })

  test("behaviour 040: the answer has the id, the counts and the topic's configs, and all of it is in the image", () => {
    const cluster = clusterOf(2)
    const asked = topic("t", {
      numPartitions: 2,
      replicationFactor: 2,
      configs: [{ name: "retention.ms", value: "5" }]
    })
    expect(created(cluster, asked)).toEqual({
      errorCode: 0,
      message: null,
      name: "t",
      topicId: asked.topicId,
      numPartitions: 2,
      replicationFactor: 2,
      configs: new Map([["retention.ms", "5"]])
    })
    expect(Topics.byId(cluster.state.image.topics, asked.topicId)?.name).toBe("t")
    expect(Configs.get(cluster.state.image.configs, 2, "t")).toEqual(new Map([["retention.ms", "5"]]))
  })

  test("each replica is put into its broker's directory if that has one only", () => {
    const cluster = clusterOf(1)
    cluster.register(2, { logDirs: [idOf(902), idOf(903)] })
    cluster.heartbeat(2)
    created(cluster, byHand("t", [1, 2]))
    const directories = Topics.byName(cluster.state.image.topics, "t")?.partitions[0]?.directories
    const chosenByTheBroker = "AAAAAAAAAAAAAAAAAAAAAQ"
    expect(directories).toEqual([registration(1).logDirs[0], chosenByTheBroker])
  })

  test("more partitions than a request may ask for refuse all of it, before anything is placed", () => {
    const cluster = clusterOf(1)
    const over = [topic("."), topic("twice"), topic("twice"), topic("many", { numPartitions: 2 ** 31 - 1 })]
    for (const { name, errorCode, message, topicId } of cluster.submit(createTopics(over))) {
      expect({ errorCode, message, topicId }, name).toEqual({
        errorCode: ErrorCode.POLICY_VIOLATION,
        message: "Excessively large number of partitions per request.",
        topicId: zeroId
      })
    }
    const byDefault = clusterOf(1, "num.partitions=2")
    const asked = [topic("a", { numPartitions: -1 }), topic("b", { numPartitions: maxPartitionsPerRequest - 1 })]
    expect(byDefault.submit(createTopics(asked)).map(({ errorCode }) => errorCode)).toEqual([44, 44])
  })

  test.each([true, false])(
    "a decision of more records than a batch holds changes nothing (validateOnly %s)",
    (validateOnly) => {
      const cluster = clusterOf(1)
      const before = cluster.state
      const asked = [topic("many", { numPartitions: maxPartitionsPerRequest - 2 }), topic("one")]
      expect(cluster.submit(createTopics(asked, validateOnly))).toEqual(
        asked.map(({ name }) => ({
          name,
          errorCode: ErrorCode.POLICY_VIOLATION,
          message: "Unable to perform excessively large batch operation.",
          topicId: zeroId,
          numPartitions: -1,
          replicationFactor: -1,
          configs: new Map()
        }))
      )
      expect(cluster.state).toBe(before)
      const most = topic("most", { numPartitions: maxPartitionsPerRequest - 1 })
      expect(created(cluster, most)).toMatchObject({ errorCode: 0, numPartitions: maxPartitionsPerRequest - 1 })
    }
  )
})
