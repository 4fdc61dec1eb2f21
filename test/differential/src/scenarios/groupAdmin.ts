/**
 * Finding, describing, listing and deleting groups. Behaviours 107, 108, 126, 127. Neighbours: steps.ts, groups.ts.
 */
import { alone, ask, type Scenario, type Step, scenario } from "../Scenario.ts"
import { numberAt } from "../Value.ts"
import { DELETE_GROUPS, DESCRIBE_GROUPS, FIND_COORDINATOR, LIST_GROUPS, OFFSET_COMMIT } from "./keys.ts"
import { coordinated, join, leave, stableGroup, sync, topic } from "./steps.ts"

const find = (name: string, keyType: number, keys: ReadonlyArray<string>): Step =>
  ask(name, FIND_COORDINATOR, { key: keys[0] ?? "", keyType, coordinatorKeys: keys })

/** A fresh broker: the first question makes it create __consumer_offsets. Everything after this may rely on it. */
const cold = alone(
  scenario("coordinator.cold", FIND_COORDINATOR, [4, 4], () => [
    ask("before there is one", FIND_COORDINATOR, { keyType: 0, coordinatorKeys: ["first"] }),
    ...coordinated("g")
  ])
)

const coordinators = scenario("coordinator.all", FIND_COORDINATOR, [0, 6], () => [
  ...coordinated("g"),
  find("a group", 0, ["a"]),
  find("several groups", 0, ["a", "b", "a"]),
  find("no group", 0, []),
  find("an empty group", 0, [""]),
  find("a share group key", 2, ["group:AAAAAAAAAAAAAAAAAAAAAQ:0"]),
  find("a share group key that is none", 2, ["group"]),
  find("an unknown type", 7, ["a"]),
  find("a negative type", -1, ["a"])
])

/** A group with a commit but without members. */
const committed = (group: string): ReadonlyArray<Step> => [
  ask(
    `commit to ${group}`,
    OFFSET_COMMIT,
    (c) => ({
      groupId: c.name(group),
      topics: [{ name: c.name("t"), partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: "" }] }]
    }),
    {
      version: 8,
      setup: true,
      until: (answer) => numberAt(answer, "topics.0.partitions.0.errorCode") === 0
    }
  )
]

const describing = scenario("groups.describe", DESCRIBE_GROUPS, [0, 6], () => [
  ...topic("t"),
  ...committed("simple"),
  ...stableGroup("stable"),
  join("P asks for an id", "pending", "P", {}, { version: 9 }),
  join("Q asks for an id", "joined", "Q", {}, { version: 9 }),
  join("Q joins", "joined", "Q", { as: "Q" }, { version: 9 }),
  ...stableGroup("left", "L"),
  leave("L leaves", "left", "L", {}, { version: 5 }),
  ask("every state", DESCRIBE_GROUPS, (c) => ({
    groups: ["simple", "stable", "pending", "joined", "left", "nothing"].map((alias) => c.name(alias)),
    includeAuthorizedOperations: false
  })),
  ask("with operations", DESCRIBE_GROUPS, (c) => ({
    groups: [c.name("stable"), c.name("nothing")],
    includeAuthorizedOperations: true
  })),
  ask("none", DESCRIBE_GROUPS, { groups: [] }),
  ask("the same twice", DESCRIBE_GROUPS, (c) => ({ groups: [c.name("stable"), c.name("stable")] }))
])

const filters: ReadonlyArray<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]> = [
  ["all", [], []],
  ["stable", ["Stable"], []],
  ["stable in capitals", ["STABLE"], []],
  ["empty and completing", ["Empty", "CompletingRebalance"], []],
  ["an unknown state", ["Sleeping"], []],
  ["a state of other groups", ["Assigning"], []],
  ["classic", [], ["classic"]],
  ["consumer", [], ["consumer"]],
  ["Classic in another case", [], ["CLASSIC"]],
  ["an unknown type", [], ["private"]],
  ["both", ["Stable"], ["classic", "share"]]
]

const listing = alone(
  scenario("groups.list", LIST_GROUPS, [0, 5], () => [
    ...coordinated("g"),
    ...topic("t"),
    ...committed("simple"),
    ...stableGroup("stable"),
    join("Q asks for an id", "joined", "Q", {}, { version: 9 }),
    join("Q joins", "joined", "Q", { as: "Q", protocolType: "connect" }, { version: 9 }),
    ...filters.map(([name, statesFilter, typesFilter]) => ask(name, LIST_GROUPS, { statesFilter, typesFilter })),
    leave("A leaves", "stable", "A", {}, { version: 5 }),
    sync("Q syncs", "joined", "Q", [], { protocolType: "connect" }, { version: 5 }),
    leave("Q leaves", "joined", "Q", {}, { version: 5 }),
    ask("delete them", DELETE_GROUPS, (c) => ({ groupsNames: ["simple", "stable", "joined"].map((a) => c.name(a)) }), {
      version: 2
    }),
    ask("none left", LIST_GROUPS, { statesFilter: [], typesFilter: [] })
  ])
)

const deleting = scenario("groups.delete", DELETE_GROUPS, [0, 3], () => [
  ...topic("t"),
  ...committed("simple"),
  ...stableGroup("stable"),
  ...stableGroup("left", "L"),
  leave("L leaves", "left", "L", {}, { version: 5 }),
  ask("every kind", DELETE_GROUPS, (c) => ({
    groupsNames: ["simple", "stable", "left", "nothing"].map((alias) => c.name(alias))
  })),
  ask("again", DELETE_GROUPS, (c) => ({ groupsNames: ["simple", "left"].map((alias) => c.name(alias)) })),
  ask("none", DELETE_GROUPS, { groupsNames: [] }),
  ask("the same twice", DELETE_GROUPS, (c) => ({ groupsNames: [c.name("nothing"), c.name("nothing")] })),
  ask("what became of them", DESCRIBE_GROUPS, (c) => ({ groups: ["simple", "left"].map((alias) => c.name(alias)) }), {
    version: 6
  })
])

export const groupAdminScenarios: ReadonlyArray<Scenario> = [cold, coordinators, describing, listing, deleting]
