/**
 * Creating, growing and deleting topics; log directories and producers of a partition. Behaviours 027, 028, 033, 035-042,
 * 044. Neighbours: steps.ts, configs.ts.
 */
import { batch } from "../Batches.ts"
import { ask, type Context, type Scenario, type Step, scenario } from "../Scenario.ts"
import { listAt, numberAt, type Struct, type Value } from "../Value.ts"
import {
  CREATE_PARTITIONS,
  CREATE_TOPICS,
  DELETE_TOPICS,
  DESCRIBE_LOG_DIRS,
  DESCRIBE_PRODUCERS,
  INIT_PRODUCER_ID,
  METADATA
} from "./keys.ts"
import { at, fetch, fill, produce, topic, UNKNOWN_ID, ZERO_ID } from "./steps.ts"

interface Wanted {
  readonly name: string
  readonly fields?: Struct
}

const wanted = ({ name, fields = {} }: Wanted): Struct => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...fields
})

const create = (name: string, topics: (context: Context) => ReadonlyArray<Wanted>, more: Struct = {}): Step =>
  ask(name, CREATE_TOPICS, (c) => ({ topics: topics(c).map(wanted), timeoutMs: 5_000, ...more }))

const one = (name: string, alias: string, fields: Struct = {}, more: Struct = {}): Step =>
  create(name, (c) => [{ name: c.name(alias), fields }], more)

const config = (name: string, value: string | null): Struct => ({ configs: [{ name, value }] })
const assigned = (...lists: ReadonlyArray<readonly [number, ReadonlyArray<number>]>): Struct => ({
  numPartitions: -1,
  replicationFactor: -1,
  assignments: lists.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds }))
})

const creating = scenario("topics.create", CREATE_TOPICS, [2, 7], (version) => [
  one("plain", "a"),
  one("it exists", "a"),
  one("defaults", "defaults", { numPartitions: version >= 4 ? -1 : 1, replicationFactor: version >= 4 ? -1 : 1 }),
  one("no partitions", "b", { numPartitions: 0 }),
  one("-2 partitions", "b", { numPartitions: -2 }),
  one("factor 0", "b", { replicationFactor: 0 }),
  one("factor -2", "b", { replicationFactor: -2 }),
  one("factor 3", "b", { replicationFactor: 3 }),
  one("many partitions", "many", { numPartitions: 17 }),
  create("nothing", () => []),
  create("the same name twice", (c) => [{ name: c.name("b") }, { name: c.name("c") }, { name: c.name("b") }]),
  create("a good one beside bad ones", (c) => [
    { name: c.name("good") },
    { name: c.name("bad"), fields: { numPartitions: 0 } },
    { name: "no spaces" }
  ]),
  one("only validated", "validated", {}, { validateOnly: true }),
  one("only validated, and bad", "validated", { numPartitions: 0 }, { validateOnly: true }),
  one("only validated, and there", "a", {}, { validateOnly: true }),
  one("it was not created", "validated"),
  one("no time", "untimed", {}, { timeoutMs: 0 })
])

const names = scenario("topics.names", CREATE_TOPICS, [2, 7], () => [
  ...[
    "",
    ".",
    "..",
    "no spaces",
    "a/b",
    "n".repeat(250),
    "ünicode",
    "__cluster_metadata",
    "with\nnewline",
    "__consumer_offsets"
  ].map((name) => create(`"${name.length > 30 ? "250 letters" : name.replace("\n", "\\n")}"`, () => [{ name }])),
  one("dots and lines", "x"),
  create("collides with it", (c) => [{ name: c.name("x").replaceAll("-", ".") }]),
  create("does collide", (c) => [{ name: c.name("x").replaceAll("-", "_") }]),
  create("collides with the last", (c) => [{ name: c.name("x").replaceAll("-", ".") }])
])

const assignments = scenario("topics.assignments", CREATE_TOPICS, [2, 7], () => [
  create("assigned", (c) => [{ name: c.name("a"), fields: assigned([0, [c.nodeId]], [1, [c.nodeId]]) }]),
  create("with a count", (c) => [{ name: c.name("b"), fields: { ...assigned([0, [c.nodeId]]), numPartitions: 1 } }]),
  create("with a factor", (c) => [
    { name: c.name("b"), fields: { ...assigned([0, [c.nodeId]]), replicationFactor: 1 } }
  ]),
  one("an unknown broker", "b", assigned([0, [777]])),
  one("a negative broker", "b", assigned([0, [-1]])),
  create("a broker twice", (c) => [{ name: c.name("b"), fields: assigned([0, [c.nodeId, c.nodeId]]) }]),
  one("no brokers", "b", assigned([0, []])),
  create("a gap", (c) => [{ name: c.name("b"), fields: assigned([0, [c.nodeId]], [2, [c.nodeId]]) }]),
  create("not from 0", (c) => [{ name: c.name("b"), fields: assigned([1, [c.nodeId]]) }]),
  create("a partition twice", (c) => [{ name: c.name("b"), fields: assigned([0, [c.nodeId]], [0, [c.nodeId]]) }]),
  create("a negative partition", (c) => [{ name: c.name("b"), fields: assigned([-1, [c.nodeId]]) }]),
  create("lists of two sizes", (c) => [{ name: c.name("b"), fields: assigned([0, [c.nodeId]], [1, [c.nodeId, 2]]) }])
])

const BAD_CONFIGS: ReadonlyArray<readonly [string, string | null]> = [
  ["no.such.key", "1"],
  ["retention.ms", "soon"],
  ["retention.ms", "-2"],
  ["retention.ms", "1.5"],
  ["retention.ms", ""],
  ["retention.ms", null],
  ["cleanup.policy", "shred"],
  ["cleanup.policy", "compact,delete"],
  ["cleanup.policy", ""],
  ["cleanup.policy", "delete,delete"],
  ["compression.type", "rar"],
  ["segment.bytes", "1"],
  ["segment.bytes", "99999999999"],
  ["min.insync.replicas", "0"],
  ["min.insync.replicas", "2"],
  ["max.message.bytes", "-1"],
  ["message.timestamp.type", "Whenever"],
  ["unclean.leader.election.enable", "maybe"],
  ["min.cleanable.dirty.ratio", "1.1"],
  ["remote.storage.enable", "true"],
  ["local.retention.ms", "5"],
  ["leader.replication.throttled.replicas", "0:1,1:2"],
  ["leader.replication.throttled.replicas", "nonsense"],
  ["message.format.version", "2.8"]
]

const topicConfigs = scenario("topics.configs", CREATE_TOPICS, [2, 7], () => [
  one("a good one", "good", config("retention.ms", "60000")),
  one("several", "several", {
    configs: [
      { name: "retention.ms", value: "60000" },
      { name: "cleanup.policy", value: "compact" },
      { name: "segment.bytes", value: "1048576" }
    ]
  }),
  ...BAD_CONFIGS.map(([name, value], index) => one(`${name}=${value}`, `c${index}`, config(name, value))),
  one("the same key twice", "twice", {
    configs: [
      { name: "retention.ms", value: "1000" },
      { name: "retention.ms", value: "2000" }
    ]
  }),
  one("lag the wrong way round", "lag", {
    configs: [
      { name: "min.compaction.lag.ms", value: "1000" },
      { name: "max.compaction.lag.ms", value: "10" }
    ]
  }),
  one("segment smaller than a message", "small", {
    configs: [
      { name: "segment.bytes", value: "1048576" },
      { name: "max.message.bytes", value: "2000000" }
    ]
  })
])

const grow = (name: string, topics: (context: Context) => ReadonlyArray<Struct>, more: Struct = {}): Step =>
  ask(name, CREATE_PARTITIONS, (c) => ({ topics: topics(c), timeoutMs: 5_000, ...more }))

const growing = scenario("topics.partitions", CREATE_PARTITIONS, [0, 3], () => {
  const to =
    (alias: string, count: number, brokers: ReadonlyArray<ReadonlyArray<number>> | null = null) =>
    (c: Context) => [
      { name: c.name(alias), count, assignments: brokers === null ? null : brokers.map((brokerIds) => ({ brokerIds })) }
    ]
  return [
    ...topic("t"),
    grow("to 3", to("t", 3)),
    ask("three of them", METADATA, (c) => ({ topics: [{ name: c.name("t") }], allowAutoTopicCreation: false }), {
      version: 9,
      until: (answer) => {
        const partitions = answer.topics
        return Array.isArray(partitions) && JSON.stringify(partitions).split("partitionIndex").length === 4
      }
    }),
    grow("to 3 again", to("t", 3)),
    grow("to 2", to("t", 2)),
    grow("to 0", to("t", 0)),
    grow("to -1", to("t", -1)),
    grow("absent", to("absent", 3)),
    grow("nothing", () => []),
    grow("an illegal name", () => [{ name: "no spaces", count: 3, assignments: null }]),
    grow("twice", (c) => [
      { name: c.name("t"), count: 4, assignments: null },
      { name: c.name("t"), count: 5, assignments: null }
    ]),
    grow("only validated", to("t", 6), { validateOnly: true }),
    grow("only validated, and bad", to("t", 1), { validateOnly: true }),
    grow("assigned, too few", (c) => to("t", 6, [[c.nodeId]])(c)),
    grow("assigned, too many", (c) => to("t", 4, [[c.nodeId], [c.nodeId]])(c)),
    grow("assigned to nobody", to("t", 4, [[]])),
    grow("assigned to a stranger", to("t", 4, [[99]])),
    grow("assigned to one twice", (c) => to("t", 4, [[c.nodeId, c.nodeId]])(c)),
    grow("assigned", (c) => to("t", 4, [[c.nodeId]])(c)),
    grow("an internal topic to fewer", () => [{ name: "__consumer_offsets", count: 1, assignments: null }])
  ]
})

const deleting = scenario("topics.delete", DELETE_TOPICS, [1, 6], (version) => {
  const remove = (
    name: string,
    aliases: ReadonlyArray<string>,
    topics: (context: Context) => ReadonlyArray<Value> = (c) =>
      aliases.map((alias) => ({ name: c.name(alias), topicId: ZERO_ID }))
  ): Step =>
    ask(name, DELETE_TOPICS, (c) => ({
      topics: topics(c),
      topicNames: aliases.map((alias) => c.name(alias)),
      timeoutMs: 5_000
    }))
  return [
    ...topic("a"),
    ...topic("b"),
    ...topic("c"),
    ...topic("again"),
    fill("again", batch({ size: 2 })),
    remove("one", ["a"]),
    remove("it is gone", ["a"]),
    remove("absent beside a good one", ["absent", "b"]),
    remove("nothing", []),
    remove("the same twice", ["c", "c"]),
    ask("an illegal name", DELETE_TOPICS, {
      topics: [{ name: "no spaces", topicId: ZERO_ID }],
      topicNames: ["no spaces"],
      timeoutMs: 5_000
    }),
    ...(version >= 6
      ? [
          remove("by an unknown id", [], () => [{ name: null, topicId: UNKNOWN_ID }]),
          remove("by neither", [], () => [{ name: null, topicId: ZERO_ID }]),
          remove("by both", [], (c) => [{ name: c.name("c"), topicId: c.topicId("c") }]),
          remove("by id", [], (c) => [{ name: null, topicId: c.topicId("c") }]),
          remove("by id twice", [], (c) => [
            { name: null, topicId: c.topicId("again") },
            { name: c.name("again"), topicId: ZERO_ID }
          ])
        ]
      : []),
    remove("to be made anew", ["again"]),
    ask("its id is gone", METADATA, (c) => ({ topics: [{ name: null, topicId: c.topicId("again") }] }), {
      version: 12,
      // While the topic goes, Kafka may name none at all.
      until: (answer) => listAt(answer, "topics").some((one) => numberAt(one, "errorCode") === 100)
    }),
    produce("produce by the old id", "again", batch(), { ask: { version: 13 } }),
    fetch("fetch by the old id", [["again", [at(0, 0)]]], { ask: { version: 13 } }),
    ...topic("again"),
    fetch("the new one is empty", [["again", [at(0, 0)]]], {
      ask: { version: 13, until: (answer) => numberAt(answer, "responses.0.partitions.0.errorCode") === 0 }
    })
  ]
})

const logDirs = scenario("log-dirs.all", DESCRIBE_LOG_DIRS, [1, 5], () => {
  const directories = (name: string, topics: (context: Context) => Value): Step =>
    ask(name, DESCRIBE_LOG_DIRS, (c) => ({ topics: topics(c) }))
  return [
    ...topic("t", { partitions: 2 }),
    fill("t", batch({ size: 3 })),
    directories("a partition", (c) => [{ topic: c.name("t"), partitions: [0] }]),
    directories("two partitions", (c) => [{ topic: c.name("t"), partitions: [0, 1] }]),
    directories("an absent partition", (c) => [{ topic: c.name("t"), partitions: [8] }]),
    directories("an absent topic", (c) => [{ topic: c.name("absent"), partitions: [0] }]),
    directories("no partitions", (c) => [{ topic: c.name("t"), partitions: [] }]),
    directories("nothing", () => [])
  ]
})

const producers = scenario("producers.describe", DESCRIBE_PRODUCERS, [0, 0], () => {
  const describe = (name: string, alias: string, partitionIndexes: ReadonlyArray<number>): Step =>
    ask(name, DESCRIBE_PRODUCERS, (c) => ({ topics: [{ name: c.name(alias), partitionIndexes }] }))
  return [
    ...topic("t", { partitions: 2 }),
    describe("none yet", "t", [0, 1]),
    ask(
      "an id",
      INIT_PRODUCER_ID,
      { transactionalId: null, transactionTimeoutMs: 1_000 },
      {
        version: 4,
        setup: true,
        until: (answer) => numberAt(answer, "errorCode") === 0,
        note: (answer, c) => c.keep("producer", numberAt(answer, "producerId"))
      }
    ),
    produce(
      "by a producer",
      "t",
      (c) => batch({ size: 3, producerId: c.number("producer"), producerEpoch: 0, baseSequence: 0 }),
      {
        ask: { version: 9 }
      }
    ),
    describe("one", "t", [0, 1]),
    describe("an absent partition", "t", [4]),
    describe("an absent topic", "absent", [0]),
    ask("an illegal name", DESCRIBE_PRODUCERS, { topics: [{ name: "no spaces", partitionIndexes: [0] }] }),
    ask("nothing", DESCRIBE_PRODUCERS, { topics: [] })
  ]
})

const initProducerId = scenario("producers.init", INIT_PRODUCER_ID, [0, 5], (version) => [
  ask("an id", INIT_PRODUCER_ID, { transactionalId: null, transactionTimeoutMs: 60_000 }),
  ask("another", INIT_PRODUCER_ID, { transactionalId: null, transactionTimeoutMs: 60_000 }),
  ask("no timeout", INIT_PRODUCER_ID, { transactionalId: null, transactionTimeoutMs: 0 }),
  ask("a negative timeout", INIT_PRODUCER_ID, { transactionalId: null, transactionTimeoutMs: -1 }),
  ask("an endless timeout", INIT_PRODUCER_ID, { transactionalId: null, transactionTimeoutMs: 2147483647 }),
  ask("an empty transactional id", INIT_PRODUCER_ID, { transactionalId: "", transactionTimeoutMs: 60_000 }),
  ...(version >= 3
    ? [
        ask("with an id and an epoch", INIT_PRODUCER_ID, {
          transactionalId: null,
          transactionTimeoutMs: 60_000,
          producerId: 4,
          producerEpoch: 1
        }),
        ask("with an epoch only", INIT_PRODUCER_ID, {
          transactionalId: null,
          transactionTimeoutMs: 60_000,
          producerEpoch: 1
        })
      ]
    : [])
])

export const topicScenarios: ReadonlyArray<Scenario> = [
  creating,
  names,
  assignments,
  topicConfigs,
  growing,
  deleting,
  logDirs,
  producers,
  initProducerId
]
