/**
 * The metadata quorum and what belongs to the whole cluster: DescribeQuorum, UpdateFeatures, UnregisterBroker, AddRaftVoter and
 * RemoveRaftVoter, and which of them controllers are asked for. Behaviour 189, as far as one node shows it. Neighbours: steps.ts,
 * metadata.ts (DescribeCluster), partitions.ts.
 */
import { alone, ask, type Scenario, type Step, scenario } from "../Scenario.ts"
import type { Struct, Value } from "../Value.ts"
import { ADD_RAFT_VOTER, DESCRIBE_QUORUM, REMOVE_RAFT_VOTER, UNREGISTER_BROKER, UPDATE_FEATURES } from "./keys.ts"
import { UNKNOWN_ID, ZERO_ID } from "./steps.ts"

type Places = ReadonlyArray<readonly [topic: string, partitions: ReadonlyArray<number>]>

const METADATA_LOG = "__cluster_metadata"

const quorum = (name: string, places: Places): Step =>
  ask(name, DESCRIBE_QUORUM, {
    topics: places.map(([topicName, partitions]) => ({
      topicName,
      partitions: partitions.map((partitionIndex) => ({ partitionIndex }))
    }))
  })

const describing = scenario("quorum.describe", DESCRIBE_QUORUM, [0, 2], () => [
  quorum("the metadata log", [[METADATA_LOG, [0]]]),
  quorum("another partition of it", [[METADATA_LOG, [1]]]),
  quorum("a negative partition of it", [[METADATA_LOG, [-1]]]),
  quorum("two partitions of it", [[METADATA_LOG, [0, 1]]]),
  quorum("the same partition twice", [[METADATA_LOG, [0, 0]]]),
  quorum("no partition of it", [[METADATA_LOG, []]]),
  quorum("no topic", []),
  quorum("another topic", [["absent", [0]]]),
  quorum("an empty name", [["", [0]]]),
  quorum("another topic beside it", [
    [METADATA_LOG, [0]],
    ["absent", [0]]
  ]),
  quorum("twice", [
    [METADATA_LOG, [0]],
    [METADATA_LOG, [0]]
  ])
])

const UPGRADE = 1
const SAFE_DOWNGRADE = 2
const UNSAFE_DOWNGRADE = 3

interface Level {
  readonly feature: string
  readonly level: number
  readonly type?: number
}

const METADATA_VERSION = "metadata.version"
const ELR = "eligible.leader.replicas.version"
const KRAFT_VERSION = "kraft.version"

/** In version 0 a request can only say whether the level may fall. */
const updates = (levels: ReadonlyArray<Level>): ReadonlyArray<Value> =>
  levels.map(({ feature, level, type = UPGRADE }) => ({
    feature,
    maxVersionLevel: level,
    upgradeType: type,
    allowDowngrade: type !== UPGRADE
  }))

const update = (name: string, levels: ReadonlyArray<Level>, more: Struct = {}): Step =>
  ask(name, UPDATE_FEATURES, { featureUpdates: updates(levels), timeoutMs: 5_000, ...more })

const refusedLevels: ReadonlyArray<Step> = [
  update("an unknown feature", [{ feature: "no.such.feature", level: 1 }]),
  update("an unknown feature to 0", [{ feature: "no.such.feature", level: 0, type: SAFE_DOWNGRADE }]),
  update("an unknown feature, may fall", [{ feature: "no.such.feature", level: 1, type: SAFE_DOWNGRADE }]),
  update("an empty name", [{ feature: "", level: 1 }]),
  update("metadata.version out of range", [{ feature: METADATA_VERSION, level: 1_000 }]),
  update("metadata.version below all", [{ feature: METADATA_VERSION, level: 6, type: SAFE_DOWNGRADE }]),
  update("metadata.version to 0", [{ feature: METADATA_VERSION, level: 0, type: SAFE_DOWNGRADE }]),
  update("metadata.version to -1", [{ feature: METADATA_VERSION, level: -1, type: SAFE_DOWNGRADE }]),
  update("metadata.version falls unasked", [{ feature: METADATA_VERSION, level: 7 }]),
  update("metadata.version falls far, safely", [{ feature: METADATA_VERSION, level: 7, type: SAFE_DOWNGRADE }]),
  update("an ELR version out of range", [{ feature: ELR, level: 9 }]),
  update("an ELR version of -1", [{ feature: ELR, level: -1, type: SAFE_DOWNGRADE }]),
  update("ELRs go unasked", [{ feature: ELR, level: 0 }]),
  update("kraft.version out of range", [{ feature: KRAFT_VERSION, level: 9 }]),
  update("kraft.version to -1", [{ feature: KRAFT_VERSION, level: -1, type: SAFE_DOWNGRADE }]),
  update("nothing", []),
  update("the same feature twice", [
    { feature: ELR, level: 1 },
    { feature: ELR, level: 1 }
  ]),
  update("a good one and a bad one", [
    { feature: ELR, level: 1 },
    { feature: "no.such.feature", level: 1 }
  ]),
  update("where it is", [{ feature: ELR, level: 1 }]),
  update("where it is, may fall", [{ feature: ELR, level: 1, type: SAFE_DOWNGRADE }]),
  update("no time", [{ feature: ELR, level: 1 }], { timeoutMs: 0 })
]

const typedLevels: ReadonlyArray<Step> = [
  update("metadata.version falls far, unsafely", [{ feature: METADATA_VERSION, level: 7, type: UNSAFE_DOWNGRADE }]),
  update("upgrade type 0", [{ feature: ELR, level: 1, type: 0 }]),
  update("upgrade type 4", [{ feature: ELR, level: 1, type: 4 }]),
  update("upgrade type -1", [{ feature: ELR, level: 0, type: -1 }]),
  update("only validated: ELRs go", [{ feature: ELR, level: 0, type: SAFE_DOWNGRADE }], { validateOnly: true }),
  update("only validated: ELRs go, unsafely", [{ feature: ELR, level: 0, type: UNSAFE_DOWNGRADE }], {
    validateOnly: true
  }),
  update("only validated, and bad", [{ feature: ELR, level: 9 }], { validateOnly: true }),
  update("only validated: nothing", [], { validateOnly: true }),
  update("only validated: where it is", [{ feature: ELR, level: 1 }], { validateOnly: true }),
  update("only validated: kraft.version to 1", [{ feature: KRAFT_VERSION, level: 1 }], { validateOnly: true })
]

const features = alone(
  scenario("features.update", UPDATE_FEATURES, [0, 2], (version) => [
    ...refusedLevels,
    ...(version >= 1 ? typedLevels : []),
    update("ELRs go", [{ feature: ELR, level: 0, type: SAFE_DOWNGRADE }]),
    update("ELRs go again", [{ feature: ELR, level: 0, type: SAFE_DOWNGRADE }]),
    update("ELRs come, and may fall", [{ feature: ELR, level: 1, type: SAFE_DOWNGRADE }]),
    update("ELRs come", [{ feature: ELR, level: 1 }])
  ])
)

const unregister = (name: string, brokerId: number): Step => ask(name, UNREGISTER_BROKER, { brokerId })

const unregistering = scenario("cluster.unregister", UNREGISTER_BROKER, [0, 0], () => [
  unregister("an unknown broker", 77),
  unregister("broker -1", -1),
  unregister("the largest id", 2147483647)
])

const CONTROLLER: Value = { name: "CONTROLLER", host: "127.0.0.1", port: 9 }

const add = (name: string, more: Struct = {}): Step =>
  ask(name, ADD_RAFT_VOTER, {
    clusterId: null,
    timeoutMs: 1_000,
    voterId: 77,
    voterDirectoryId: UNKNOWN_ID,
    listeners: [CONTROLLER],
    ...more
  })

const adding = scenario("quorum.add-voter", ADD_RAFT_VOTER, [0, 1], (version) => [
  add("a node that nobody knows"),
  add("of another cluster", { clusterId: "another-cluster-------" }),
  add("of an empty cluster id", { clusterId: "" }),
  add("the node itself", { voterId: 1 }),
  add("node -1", { voterId: -1 }),
  add("without a directory", { voterDirectoryId: ZERO_ID }),
  add("without a listener", { listeners: [] }),
  add("with a listener of another name", { listeners: [{ name: "OTHER", host: "127.0.0.1", port: 9 }] }),
  add("with the same listener twice", { listeners: [CONTROLLER, CONTROLLER] }),
  add("no time", { timeoutMs: 0 }),
  ...(version >= 1 ? [add("not waiting for the commit", { ackWhenCommitted: false })] : [])
])

const remove = (name: string, more: Struct = {}): Step =>
  ask(name, REMOVE_RAFT_VOTER, { clusterId: null, voterId: 77, voterDirectoryId: UNKNOWN_ID, ...more })

const removing = scenario("quorum.remove-voter", REMOVE_RAFT_VOTER, [0, 0], () => [
  remove("a node that nobody knows"),
  remove("of another cluster", { clusterId: "another-cluster-------" }),
  remove("of an empty cluster id", { clusterId: "" }),
  remove("the node itself, of another directory", { voterId: 1 }),
  remove("node -1", { voterId: -1 }),
  remove("without a directory", { voterDirectoryId: ZERO_ID }),
  remove("the node itself, without a directory", { voterId: 1, voterDirectoryId: ZERO_ID })
])

export const quorumScenarios: ReadonlyArray<Scenario> = [features, describing, unregistering, adding, removing]
