/**
 * Who leads a partition and who has it, as administrators ask for it: ElectLeaders, AlterPartitionReassignments and
 * ListPartitionReassignments. Behaviours 184 and 185, as far as one node shows them. Neighbours: steps.ts, quorum.ts.
 */
import { alone, ask, type Context, type Scenario, type Step, scenario } from "../Scenario.ts"
import type { Struct, Value } from "../Value.ts"
import {
  ALTER_PARTITION_REASSIGNMENTS,
  DELETE_TOPICS,
  ELECT_LEADERS,
  LIST_PARTITION_REASSIGNMENTS,
  METADATA
} from "./keys.ts"
import { topic, ZERO_ID } from "./steps.ts"

type Places = ReadonlyArray<readonly [alias: string, partitions: ReadonlyArray<number>]>

const elect = (name: string, places: Places | null, more: Struct = {}): Step =>
  ask(name, ELECT_LEADERS, (c) => ({
    topicPartitions:
      places === null ? null : places.map(([alias, partitions]) => ({ topic: c.name(alias), partitions })),
    timeoutMs: 5_000,
    ...more
  }))

const PREFERRED = 0
const UNCLEAN = 1

const electing = scenario("elections.asked", ELECT_LEADERS, [0, 2], (version) => [
  ...topic("t", { partitions: 2 }),
  ...topic("u"),
  elect("the preferred one leads", [["t", [0]]]),
  elect("of two partitions", [["t", [0, 1]]]),
  elect("of two topics", [
    ["u", [0]],
    ["t", [1]]
  ]),
  elect("an unknown topic", [["absent", [0]]]),
  elect("an unknown partition", [["t", [2]]]),
  elect("a negative partition", [["t", [-1]]]),
  elect("unknown ones beside a good one", [
    ["t", [0, 9]],
    ["absent", [0]]
  ]),
  elect("no topics", []),
  elect("no partitions", [["t", []]]),
  elect("no partitions of an unknown topic", [["absent", []]]),
  elect("no time", [["t", [0]]], { timeoutMs: 0 }),
  elect("less than no time", [["t", [0]]], { timeoutMs: -1 }),
  ...(version >= 1
    ? [
        elect("unclean, and there is a leader", [["t", [0]]], { electionType: UNCLEAN }),
        elect("unclean of an unknown topic", [["absent", [0]]], { electionType: UNCLEAN }),
        elect("type 2", [["t", [0]]], { electionType: 2 }),
        elect("type -1", [["t", [0]]], { electionType: -1 }),
        elect("type 2 of no topics", [], { electionType: 2 })
      ]
    : [])
])

/** The same topic or partition twice: of each kind the answer has to say something about all that was asked. */
const electingTwice = scenario("elections.twice", ELECT_LEADERS, [0, 2], () => [
  ...topic("t", { partitions: 2 }),
  elect("the same partition twice", [["t", [0, 0]]]),
  elect("the same topic twice", [
    ["t", [0]],
    ["t", [1]]
  ]),
  elect("the same unknown partition twice", [["t", [7, 7]]])
])

const electingAll = alone(
  scenario("elections.all", ELECT_LEADERS, [0, 2], (version) => [
    ...topic("t", { partitions: 2 }),
    elect("null", null),
    ...(version >= 1 ? [elect("null, unclean", null, { electionType: UNCLEAN })] : []),
    ...(version >= 1 ? [elect("null, type 5", null, { electionType: 5 })] : []),
    elect("null, no time", null, { timeoutMs: 0, electionType: version >= 1 ? PREFERRED : 0 }),
    ask("delete it", DELETE_TOPICS, (c) => ({ topicNames: [c.name("t")], timeoutMs: 5_000 }), {
      version: 5,
      setup: true
    })
  ])
)

type Targets = ReadonlyArray<
  readonly [alias: string, partitions: ReadonlyArray<readonly [index: number, replicas: ReadonlyArray<number> | null]>]
>

const targets = (c: Context, wanted: Targets): ReadonlyArray<Value> =>
  wanted.map(([alias, partitions]) => ({
    name: c.name(alias),
    partitions: partitions.map(([partitionIndex, replicas]) => ({ partitionIndex, replicas }))
  }))

const reassign = (name: string, wanted: Targets, more: Struct = {}): Step =>
  ask(name, ALTER_PARTITION_REASSIGNMENTS, (c) => ({ topics: targets(c, wanted), timeoutMs: 5_000, ...more }))

const replicasNow = (name: string, alias: string): Step =>
  ask(name, METADATA, (c) => ({ topics: [{ name: c.name(alias), topicId: ZERO_ID }] }), { version: 12 })

const reassigning = scenario("reassignments.alter", ALTER_PARTITION_REASSIGNMENTS, [0, 1], (version) => [
  ...topic("t", { partitions: 3 }),
  ...topic("u"),
  reassign("to where it is", [["t", [[0, [1]]]]]),
  reassign("cancel what is not", [["t", [[0, null]]]]),
  reassign("no replicas", [["t", [[0, []]]]]),
  reassign("the same replica twice", [["t", [[0, [1, 1]]]]]),
  reassign("an unknown broker", [["t", [[0, [99]]]]]),
  reassign("an unknown broker beside a known one", [["t", [[0, [1, 99]]]]]),
  reassign("two unknown brokers", [["t", [[0, [98, 99]]]]]),
  reassign("a negative broker", [["t", [[0, [-1]]]]]),
  reassign("a negative broker beside a known one", [["t", [[0, [1, -1]]]]]),
  reassign("an unknown topic", [["absent", [[0, [1]]]]]),
  reassign("an unknown partition", [["t", [[3, [1]]]]]),
  reassign("a negative partition", [["t", [[-1, [1]]]]]),
  reassign("cancel on an unknown topic", [["absent", [[0, null]]]]),
  reassign("cancel on an unknown partition", [["t", [[3, null]]]]),
  reassign("good and bad ones", [
    [
      "t",
      [
        [0, [1]],
        [1, [99]],
        [2, null]
      ]
    ],
    ["u", [[0, [1]]]],
    ["absent", [[0, [1]]]]
  ]),
  reassign("no topics", []),
  reassign("no partitions", [["t", []]]),
  reassign("no partitions of an unknown topic", [["absent", []]]),
  reassign("no time", [["t", [[0, [1]]]]], { timeoutMs: 0 }),
  reassign("the same partition twice", [
    [
      "t",
      [
        [0, [1]],
        [0, null]
      ]
    ]
  ]),
  reassign("the same topic twice", [
    ["t", [[0, [1]]]],
    ["t", [[1, null]]]
  ]),
  ...(version >= 1
    ? [
        reassign("the factor stays", [["t", [[0, [1]]]]], { allowReplicationFactorChange: false }),
        reassign("the factor may not change", [["t", [[0, [1, 99]]]]], { allowReplicationFactorChange: false }),
        reassign("the factor may not become nothing", [["t", [[0, []]]]], { allowReplicationFactorChange: false }),
        reassign("cancel, and the factor may not change", [["t", [[0, null]]]], { allowReplicationFactorChange: false })
      ]
    : []),
  replicasNow("where it is in the end", "t")
])

const list = (name: string, places: Places | null, more: Struct = {}): Step =>
  ask(name, LIST_PARTITION_REASSIGNMENTS, (c) => ({
    topics:
      places === null ? null : places.map(([alias, partitionIndexes]) => ({ name: c.name(alias), partitionIndexes })),
    timeoutMs: 5_000,
    ...more
  }))

const listing = scenario("reassignments.list", LIST_PARTITION_REASSIGNMENTS, [0, 0], () => [
  ...topic("t", { partitions: 2 }),
  list("null", null),
  list("no topics", []),
  list("one partition", [["t", [0]]]),
  list("two partitions", [["t", [0, 1]]]),
  list("no partitions", [["t", []]]),
  list("an unknown partition", [["t", [5]]]),
  list("a negative partition", [["t", [-1]]]),
  list("an unknown topic", [["absent", [0]]]),
  list("known and unknown", [
    ["absent", [0]],
    ["t", [0]]
  ]),
  list("the same twice", [
    ["t", [0, 0]],
    ["t", [0]]
  ]),
  list("no time", null, { timeoutMs: 0 })
])

export const partitionScenarios: ReadonlyArray<Scenario> = [electingAll, electing, electingTwice, reassigning, listing]
