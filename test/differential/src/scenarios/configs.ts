/**
 * Describing and altering configurations of topics, brokers, groups and loggers. Behaviours 190-193. Neighbours: topics.ts.
 */
import { alone, ask, type Context, type Scenario, type Step, scenario } from "../Scenario.ts"
import { at, listAt, type Struct, type Value } from "../Value.ts"
import { ALTER_CONFIGS, DESCRIBE_CONFIGS, INCREMENTAL_ALTER_CONFIGS, LIST_CONFIG_RESOURCES } from "./keys.ts"
import { topic } from "./steps.ts"

const TOPIC = 2
const BROKER = 4
const LOGGER = 8
const CLIENT_METRICS = 16
const GROUP = 32

const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

type Named = string | ((context: Context) => string)
const nameOf = (named: Named, c: Context): string => (typeof named === "function" ? named(c) : named)
const alias =
  (text: string): Named =>
  (c) =>
    c.name(text)
const node: Named = (c) => String(c.nodeId)

const describeOne = (
  name: string,
  type: number,
  named: Named,
  keys: ReadonlyArray<string> | null = null,
  more: Struct = {},
  options: Parameters<typeof ask>[3] = {}
): Step =>
  ask(
    name,
    DESCRIBE_CONFIGS,
    (c) => ({
      resources: [{ resourceType: type, resourceName: nameOf(named, c), configurationKeys: keys }],
      ...more
    }),
    options
  )

const describing = scenario("configs.describe", DESCRIBE_CONFIGS, [1, 4], () => [
  ...topic("t", { configs: { "retention.ms": "60000", "cleanup.policy": "compact" } }),
  describeOne("a topic", TOPIC, alias("t")),
  describeOne("a topic with synonyms", TOPIC, alias("t"), null, { includeSynonyms: true }),
  describeOne("a topic with documentation", TOPIC, alias("t"), ["retention.ms"], { includeDocumentation: true }),
  describeOne("some keys", TOPIC, alias("t"), ["retention.ms", "segment.bytes"]),
  describeOne("an unknown key", TOPIC, alias("t"), ["no.such.key", "segment.ms"]),
  describeOne("no keys", TOPIC, alias("t"), []),
  describeOne("an absent topic", TOPIC, alias("absent")),
  describeOne("an illegal topic", TOPIC, "no spaces"),
  describeOne("no topic", TOPIC, ""),
  describeOne("an unknown group", GROUP, alias("g")),
  describeOne("no group", GROUP, ""),
  describeOne("client metrics that are not there", CLIENT_METRICS, alias("m")),
  describeOne("a logger of another broker", LOGGER, "77"),
  describeOne("type 0", 0, alias("t")),
  describeOne("type 3", 3, alias("t")),
  describeOne("type 99", 99, alias("t")),
  describeOne("another broker", BROKER, "77"),
  describeOne("a broker that is no number", BROKER, "one"),
  ask("nothing", DESCRIBE_CONFIGS, { resources: [] }),
  ask("the same twice", DESCRIBE_CONFIGS, (c) => ({
    resources: [TOPIC, TOPIC].map((resourceType) => ({
      resourceType,
      resourceName: c.name("t"),
      configurationKeys: ["segment.ms"]
    }))
  }))
])

/** Every broker key: names, types, sources, flags and values. */
const brokers = alone(
  scenario("configs.broker", DESCRIBE_CONFIGS, [1, 4], () => [
    describeOne("this broker", BROKER, node),
    describeOne("this broker with synonyms", BROKER, node, null, { includeSynonyms: true }),
    describeOne("the cluster's defaults", BROKER, ""),
    describeOne("some keys", BROKER, node, ["log.retention.ms", "log.retention.hours", "num.partitions", "no.such"])
  ])
)

type Change = readonly [string, number, string | null]

const alterRequest = (
  c: Context,
  type: number,
  named: Named,
  changes: ReadonlyArray<Change>,
  more: Struct
): Struct => ({
  resources: [
    {
      resourceType: type,
      resourceName: nameOf(named, c),
      configs: changes.map(([name, configOperation, value]) => ({ name, configOperation, value }))
    }
  ],
  validateOnly: false,
  ...more
})

const alter = (name: string, type: number, named: Named, changes: ReadonlyArray<Change>, more: Struct = {}): Step =>
  ask(name, INCREMENTAL_ALTER_CONFIGS, (c) => alterRequest(c, type, named, changes, more))

const fieldIn = (answer: Struct, key: string, field: string): Value | undefined =>
  listAt(answer, "results.0.configs")
    .filter((one) => at(one, "name") === key)
    .map((one) => at(one, field))[0]

/** Describes until the change is seen: an answer may come before every part of the broker knows. */
const until = (name: string, type: number, named: Named, key: string, value: string): Step =>
  describeOne(
    name,
    type,
    named,
    null,
    { includeSynonyms: true },
    {
      version: 4,
      until: (answer) => fieldIn(answer, key, "value") === value
    }
  )

const incremental = scenario("configs.incremental", INCREMENTAL_ALTER_CONFIGS, [0, 1], () => [
  ...topic("t"),
  alter("set", TOPIC, alias("t"), [["retention.ms", SET, "60000"]]),
  until("after the set", TOPIC, alias("t"), "retention.ms", "60000"),
  alter("set two, delete one", TOPIC, alias("t"), [
    ["segment.ms", SET, "70000"],
    ["max.message.bytes", SET, "2000"],
    ["retention.ms", DELETE, null]
  ]),
  until("after set and delete", TOPIC, alias("t"), "retention.ms", "604800000"),
  alter("append", TOPIC, alias("t"), [["cleanup.policy", APPEND, "compact"]]),
  until("after append", TOPIC, alias("t"), "cleanup.policy", "delete,compact"),
  alter("append what is there", TOPIC, alias("t"), [["cleanup.policy", APPEND, "compact"]]),
  alter("subtract", TOPIC, alias("t"), [["cleanup.policy", SUBTRACT, "delete"]]),
  until("after subtract", TOPIC, alias("t"), "cleanup.policy", "compact"),
  alter("subtract what is not there", TOPIC, alias("t"), [["cleanup.policy", SUBTRACT, "delete"]]),
  alter("append to no list", TOPIC, alias("t"), [["segment.ms", APPEND, "1"]]),
  alter("subtract from no list", TOPIC, alias("t"), [["segment.ms", SUBTRACT, "1"]]),
  alter("append null", TOPIC, alias("t"), [["cleanup.policy", APPEND, null]]),
  alter("set null", TOPIC, alias("t"), [["segment.ms", SET, null]]),
  alter("delete with a value", TOPIC, alias("t"), [["segment.ms", DELETE, "5"]]),
  alter("delete what is not set", TOPIC, alias("t"), [["flush.ms", DELETE, null]]),
  alter("delete an unknown key", TOPIC, alias("t"), [["no.such.key", DELETE, null]]),
  alter("set an unknown key", TOPIC, alias("t"), [["no.such.key", SET, "1"]]),
  alter("set a bad value", TOPIC, alias("t"), [["segment.ms", SET, "soon"]]),
  alter("an unknown operation", TOPIC, alias("t"), [["segment.ms", 9, "1"]]),
  alter("the same key twice", TOPIC, alias("t"), [
    ["segment.ms", SET, "80000"],
    ["segment.ms", SET, "90000"]
  ]),
  alter("a good and a bad key", TOPIC, alias("t"), [
    ["segment.ms", SET, "80000"],
    ["retention.ms", SET, "soon"]
  ]),
  alter("only validated", TOPIC, alias("t"), [["flush.ms", SET, "5000"]], { validateOnly: true }),
  alter("only validated, and bad", TOPIC, alias("t"), [["flush.ms", SET, "x"]], { validateOnly: true }),
  alter("an absent topic", TOPIC, alias("absent"), [["flush.ms", SET, "5000"]]),
  alter("an illegal topic", TOPIC, "no spaces", [["flush.ms", SET, "5000"]]),
  alter("no topic", TOPIC, "", [["flush.ms", SET, "5000"]]),
  alter("no keys", TOPIC, alias("t"), []),
  alter("type 0", 0, alias("t"), [["flush.ms", SET, "5000"]]),
  alter("type 99", 99, alias("t"), [["flush.ms", SET, "5000"]]),
  ask("nothing", INCREMENTAL_ALTER_CONFIGS, { resources: [], validateOnly: false }),
  ask("the same resource twice", INCREMENTAL_ALTER_CONFIGS, (c) => ({
    resources: ["flush.ms", "segment.ms"].map((name) => ({
      resourceType: TOPIC,
      resourceName: c.name("t"),
      configs: [{ name, configOperation: SET, value: "95000" }]
    })),
    validateOnly: false
  })),
  describeOne("in the end", TOPIC, alias("t"), null, { includeSynonyms: true }, { version: 4 })
])

/** The default of segment.ms. */
const SEGMENT_MS = "604800000"

const whole = scenario("configs.alter", ALTER_CONFIGS, [0, 2], () => {
  const replace = (
    name: string,
    type: number,
    named: Named,
    configs: ReadonlyArray<readonly [string, string | null]>,
    more: Struct = {}
  ): Step =>
    ask(name, ALTER_CONFIGS, (c) => ({
      resources: [
        {
          resourceType: type,
          resourceName: nameOf(named, c),
          configs: configs.map(([key, value]) => ({ name: key, value }))
        }
      ],
      validateOnly: false,
      ...more
    }))
  return [
    ...topic("t", { configs: { "flush.ms": "7000" } }),
    replace("two keys", TOPIC, alias("t"), [
      ["retention.ms", "60000"],
      ["segment.ms", "70000"]
    ]),
    until("after the first", TOPIC, alias("t"), "retention.ms", "60000"),
    replace("one key: the others go", TOPIC, alias("t"), [["segment.ms", "80000"]]),
    until("after the second", TOPIC, alias("t"), "segment.ms", "80000"),
    replace("a bad value", TOPIC, alias("t"), [["segment.ms", "soon"]]),
    replace("null", TOPIC, alias("t"), [["segment.ms", null]]),
    replace("an unknown key", TOPIC, alias("t"), [["no.such.key", "1"]]),
    replace("the same key twice", TOPIC, alias("t"), [
      ["segment.ms", "1000"],
      ["segment.ms", "2000"]
    ]),
    replace("only validated", TOPIC, alias("t"), [["segment.ms", "1000"]], { validateOnly: true }),
    replace("an absent topic", TOPIC, alias("absent"), [["segment.ms", "1000"]]),
    replace("another broker", BROKER, "77", [["log.cleaner.threads", "1"]]),
    replace("type 99", 99, "x", [["a", "b"]]),
    replace("none: all go", TOPIC, alias("t"), []),
    until("in the end", TOPIC, alias("t"), "segment.ms", SEGMENT_MS)
  ]
})

/** The broker keys that are altered, and the source of a key that is not set. */
const CHANGED = ["log.retention.ms", "log.cleaner.io.buffer.size", "log.cleanup.policy"]
const DEFAULT = 5

/** Broker keys: whoever changes them puts them back. */
const brokerKeys = alone(
  scenario("configs.broker-alter", INCREMENTAL_ALTER_CONFIGS, [0, 1], () => [
    alter("a per-broker key", BROKER, node, [["log.cleaner.io.buffer.size", SET, "600000"]]),
    alter("a cluster-wide key on this broker", BROKER, node, [["log.retention.ms", SET, "900000"]]),
    until("on this broker", BROKER, node, "log.retention.ms", "900000"),
    alter("a cluster-wide key for all", BROKER, "", [["log.retention.ms", SET, "800000"]]),
    until("for all", BROKER, "", "log.retention.ms", "800000"),
    alter("a per-broker key for all", BROKER, "", [["listeners", SET, "PLAINTEXT://:1"]]),
    alter("a read-only key", BROKER, node, [["node.id", SET, "9"]]),
    alter("another read-only key", BROKER, node, [["auto.create.topics.enable", SET, "false"]]),
    alter("an unknown key", BROKER, node, [["no.such.key", SET, "1"]]),
    alter("a bad value", BROKER, node, [["log.cleaner.threads", SET, "many"]]),
    alter("a value out of range", BROKER, node, [["log.cleaner.threads", SET, "-1"]]),
    alter("append to no list", BROKER, node, [["log.cleaner.threads", APPEND, "1"]]),
    alter("append to a list", BROKER, node, [["log.cleanup.policy", APPEND, "compact"]]),
    until("after append", BROKER, node, "log.cleanup.policy", "delete,compact"),
    alter("another broker", BROKER, "77", [["log.cleaner.threads", SET, "1"]]),
    alter("a broker that is no number", BROKER, "one", [["log.cleaner.threads", SET, "1"]]),
    alter("put back", BROKER, node, [
      ["log.retention.ms", DELETE, null],
      ["log.cleaner.io.buffer.size", DELETE, null],
      ["log.cleanup.policy", DELETE, null]
    ]),
    alter("put back for all", BROKER, "", [["log.retention.ms", DELETE, null]]),
    describeOne(
      "put back and seen",
      BROKER,
      node,
      null,
      { includeSynonyms: true },
      {
        version: 4,
        until: (answer) =>
          CHANGED.every((key) => fieldIn(answer, key, "configSource") === DEFAULT) &&
          fieldIn(answer, "log.retention.ms", "value") === null
      }
    ),
    alter("a logger", LOGGER, node, [["no.such.Logger", SET, "DEBUG"]]),
    alter("a logger, a bad level", LOGGER, node, [["root", SET, "LOUD"]])
  ])
)

const groups = scenario("configs.groups", INCREMENTAL_ALTER_CONFIGS, [0, 1], () => [
  alter("set", GROUP, alias("g"), [["consumer.session.timeout.ms", SET, "50000"]]),
  until("after the set", GROUP, alias("g"), "consumer.session.timeout.ms", "50000"),
  alter("out of range", GROUP, alias("g"), [["consumer.session.timeout.ms", SET, "1"]]),
  alter("unknown", GROUP, alias("g"), [["no.such.key", SET, "1"]]),
  alter("no group", GROUP, "", [["consumer.session.timeout.ms", SET, "50000"]]),
  alter("delete", GROUP, alias("g"), [["consumer.session.timeout.ms", DELETE, null]])
])

const listing = alone(
  scenario("configs.list", LIST_CONFIG_RESOURCES, [0, 1], (version) => [
    ...topic("t", { configs: { "retention.ms": "60000" } }),
    ...(version === 0
      ? [ask("client metrics", LIST_CONFIG_RESOURCES, {})]
      : [
          ...[[TOPIC], [GROUP], [CLIENT_METRICS], [LOGGER], [BROKER], [99], [0], [TOPIC, 99]].map((types) =>
            ask(`types ${types.join(" ")}`, LIST_CONFIG_RESOURCES, { resourceTypes: types })
          ),
          ask("all", LIST_CONFIG_RESOURCES, { resourceTypes: [] })
        ])
  ])
)

export const configScenarios: ReadonlyArray<Scenario> = [
  brokers,
  brokerKeys,
  listing,
  describing,
  incremental,
  whole,
  groups
]
