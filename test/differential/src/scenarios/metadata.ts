/**
 * Metadata, DescribeTopicPartitions, DescribeCluster and ApiVersions. Behaviours 001-006, 024-032. Neighbours: steps.ts.
 */
import { alone, ask, type Context, type Scenario, type Step, scenario } from "../Scenario.ts"
import { listAt, numberAt, type Struct, type Value } from "../Value.ts"
import { API_VERSIONS, DELETE_TOPICS, DESCRIBE_CLUSTER, DESCRIBE_TOPIC_PARTITIONS, METADATA } from "./keys.ts"
import { topic, UNKNOWN_ID, ZERO_ID } from "./steps.ts"

const metadata = (
  name: string,
  topics: (context: Context) => ReadonlyArray<Value> | null,
  more: Struct = {},
  options: Parameters<typeof ask>[3] = {}
): Step => ask(name, METADATA, (c) => ({ topics: topics(c), allowAutoTopicCreation: false, ...more }), options)

const named =
  (...aliases: ReadonlyArray<string>) =>
  (c: Context): ReadonlyArray<Value> =>
    aliases.map((alias) => ({ name: c.name(alias), topicId: ZERO_ID }))

const literally =
  (...names: ReadonlyArray<string>) =>
  (): ReadonlyArray<Value> =>
    names.map((name) => ({ name, topicId: ZERO_ID }))

const deleteTopics = (...aliases: ReadonlyArray<string>): Step =>
  ask("delete them", DELETE_TOPICS, (c) => ({ topicNames: aliases.map((alias) => c.name(alias)), timeoutMs: 5_000 }), {
    version: 5,
    setup: true,
    until: (answer) => listAt(answer, "responses").every((one) => [0, 3].includes(numberAt(one, "errorCode")))
  })

/** All topics: nothing else may be created meanwhile. */
const everything = alone(
  scenario("metadata.all", METADATA, [0, 13], (version) => [
    ...topic("a", { partitions: 2 }),
    ...topic("b"),
    metadata(
      "the empty list",
      () => [],
      {},
      { until: version === 0 ? (a) => listAt(a, "topics").length >= 2 : () => true }
    ),
    ...(version >= 1 ? [metadata("null", () => null)] : []),
    ...(version >= 1 ? [metadata("null, with auto creation", () => null, { allowAutoTopicCreation: true })] : []),
    deleteTopics("a", "b"),
    metadata(
      "after the deletion",
      named("a", "b"),
      {},
      {
        setup: true,
        version: 9,
        until: (answer) => listAt(answer, "topics").every((one) => numberAt(one, "errorCode") === 3)
      }
    )
  ])
)

const some = scenario("metadata.some", METADATA, [0, 13], (version) => [
  ...topic("t", { partitions: 3 }),
  ...topic("u"),
  metadata("one", named("t")),
  metadata("two", named("t", "u")),
  metadata("the same twice", named("t", "t")),
  ...(version >= 4 ? [metadata("absent", named("absent"))] : []),
  ...(version >= 4 ? [metadata("absent beside a good one", named("t", "absent"))] : []),
  metadata("illegal names", literally("", ".", "..", "no spaces", "a/b", "n".repeat(250), "é")),
  metadata("the longest legal name is absent", literally("n".repeat(249)), {}, { version: 9 }),
  metadata("internal", literally("__consumer_offsets")),
  metadata("with operations", named("t"), {
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: true
  }),
  ...(version >= 10
    ? [
        metadata("by id", (c) => [{ name: null, topicId: c.topicId("t") }]),
        metadata("by an unknown id", () => [{ name: null, topicId: UNKNOWN_ID }]),
        metadata("neither name nor id", () => [{ name: null, topicId: ZERO_ID }]),
        metadata("by id and name", (c) => [{ name: c.name("t"), topicId: c.topicId("t") }]),
        metadata("by id and another name", (c) => [{ name: c.name("u"), topicId: c.topicId("t") }]),
        metadata("by id beside a name", (c) => [
          { name: null, topicId: c.topicId("t") },
          { name: c.name("u"), topicId: ZERO_ID }
        ])
      ]
    : [])
])

const autoCreation = scenario("metadata.auto-creation", METADATA, [0, 13], (version) => [
  metadata("creates", named("created"), { allowAutoTopicCreation: true }),
  metadata(
    "created",
    named("created"),
    {},
    {
      version: 9,
      until: (answer) => numberAt(answer, "topics.0.errorCode") === 0
    }
  ),
  metadata("an illegal name", literally("no spaces"), { allowAutoTopicCreation: true }),
  metadata("an internal name", literally("__share_group_state"), { allowAutoTopicCreation: version < 4 }),
  metadata("a colliding name", (c) => [{ name: c.name("created").replaceAll("-", "."), topicId: ZERO_ID }], {
    allowAutoTopicCreation: true
  })
])

const partitionsOf = (
  name: string,
  aliases: ReadonlyArray<string>,
  more: Struct | ((context: Context) => Struct) = {}
): Step =>
  ask(name, DESCRIBE_TOPIC_PARTITIONS, (c) => ({
    topics: aliases.map((alias) => ({ name: c.name(alias) })),
    responsePartitionLimit: 2_000,
    ...(typeof more === "function" ? more(c) : more)
  }))

const topicPartitions = scenario("topic-partitions.all", DESCRIBE_TOPIC_PARTITIONS, [0, 0], () => [
  ...topic("a", { partitions: 3 }),
  ...topic("b", { partitions: 4 }),
  ...topic("c"),
  partitionsOf("one", ["a"]),
  partitionsOf("three, out of order", ["c", "a", "b"]),
  partitionsOf("absent", ["absent"]),
  partitionsOf("absent between", ["a", "absent", "c"]),
  partitionsOf("the same twice", ["a", "a"]),
  partitionsOf("limit 2", ["a", "b", "c"], { responsePartitionLimit: 2 }),
  partitionsOf("limit 3, all of the first", ["a", "b", "c"], { responsePartitionLimit: 3 }),
  partitionsOf("limit 5", ["a", "b", "c"], { responsePartitionLimit: 5 }),
  partitionsOf("limit 0", ["a", "b"], { responsePartitionLimit: 0 }),
  partitionsOf("limit -1", ["a", "b"], { responsePartitionLimit: -1 }),
  partitionsOf("from a cursor", ["a", "b", "c"], (c) => ({ cursor: { topicName: c.name("b"), partitionIndex: 1 } })),
  partitionsOf("from a cursor, limited", ["a", "b", "c"], (c) => ({
    cursor: { topicName: c.name("b"), partitionIndex: 1 },
    responsePartitionLimit: 2
  })),
  partitionsOf("cursor beyond the topic", ["a", "b", "c"], (c) => ({
    cursor: { topicName: c.name("b"), partitionIndex: 44 }
  })),
  partitionsOf("cursor at a topic not asked for", ["a", "c"], (c) => ({
    cursor: { topicName: c.name("b"), partitionIndex: 0 }
  })),
  partitionsOf("cursor at an absent topic", ["a", "absent", "c"], (c) => ({
    cursor: { topicName: c.name("absent"), partitionIndex: 0 }
  })),
  partitionsOf("a negative cursor", ["a", "b"], (c) => ({ cursor: { topicName: c.name("b"), partitionIndex: -1 } })),
  partitionsOf("illegal name", [], { topics: [{ name: "no spaces" }] }),
  partitionsOf("an empty name", [], { topics: [{ name: "" }] })
])

const cluster = scenario("cluster.describe", DESCRIBE_CLUSTER, [0, 2], () => [
  ask("brokers", DESCRIBE_CLUSTER, {}),
  ask("with operations", DESCRIBE_CLUSTER, { includeClusterAuthorizedOperations: true }),
  ask("with fenced brokers", DESCRIBE_CLUSTER, { includeFencedBrokers: true })
])

const clusterEndpoints = scenario("cluster.endpoints", DESCRIBE_CLUSTER, [1, 2], () => [
  ask("controllers", DESCRIBE_CLUSTER, { endpointType: 2 }),
  ask("of an unknown type", DESCRIBE_CLUSTER, { endpointType: 9 }),
  ask("of type 0", DESCRIBE_CLUSTER, { endpointType: 0 })
])

const NAMES: ReadonlyArray<readonly [string, string]> = [
  ["a client", "1.0"],
  ["client", "1 0"],
  ["", ""],
  ["-client", "1.0"],
  ["client-", "1.0"],
  ["client", "1.0-"],
  ["c", "1"],
  ["cl.ie-nt9", "1.0-beta.2"],
  ["clïent", "1.0"],
  ["client/1", "1.0"]
]

const softwareNames = NAMES.map(([clientSoftwareName, clientSoftwareVersion]) =>
  ask(`name "${clientSoftwareName}" version "${clientSoftwareVersion}"`, API_VERSIONS, {
    clientSoftwareName,
    clientSoftwareVersion
  })
)

const apiVersions = scenario("api-versions.all", API_VERSIONS, [0, 4], (version) => [
  ask("plain", API_VERSIONS, { clientSoftwareName: "client", clientSoftwareVersion: "1.0" }),
  ask("again", API_VERSIONS, { clientSoftwareName: "client", clientSoftwareVersion: "1.0" }),
  ...(version >= 3 ? softwareNames : [])
])

export const metadataScenarios: ReadonlyArray<Scenario> = [
  everything,
  some,
  autoCreation,
  topicPartitions,
  cluster,
  clusterEndpoints,
  apiVersions
]
