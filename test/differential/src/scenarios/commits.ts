/**
 * Committing, fetching and deleting a group's offsets. Behaviours 129-138. Neighbours: steps.ts, groups.ts.
 */
import { alone, ask, type Context, pause, type Scenario, type Step, scenario, take } from "../Scenario.ts"
import { numberAt, type Struct, type Value } from "../Value.ts"
import { DELETE_GROUPS, DESCRIBE_GROUPS, JOIN_GROUP, OFFSET_COMMIT, OFFSET_DELETE, OFFSET_FETCH } from "./keys.ts"
import {
  coordinated,
  idOrUnknown,
  join,
  joinRequest,
  leave,
  stableGroup,
  sync,
  topic,
  UNKNOWN_ID,
  ZERO_ID
} from "./steps.ts"

interface CommitOptions {
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly metadata?: string | null
  readonly fields?: (context: Context) => Struct
}

const topicCommit = (context: Context, options: CommitOptions): Struct => ({
  name: context.name(options.topic ?? "t"),
  topicId: idOrUnknown(context, options.topic ?? "t"),
  partitions: [
    {
      partitionIndex: options.partition ?? 0,
      committedOffset: options.offset ?? 5,
      committedLeaderEpoch: 0,
      committedMetadata: options.metadata === undefined ? "noted" : options.metadata
    }
  ]
})

const commit = (name: string, group: string, options: CommitOptions = {}, version?: number): Step =>
  ask(
    name,
    OFFSET_COMMIT,
    (c) => ({ groupId: c.name(group), topics: [topicCommit(c, options)], ...options.fields?.(c) }),
    version === undefined ? {} : { version }
  )

/** Commits so that it can be relied on; not compared. */
const prepared = (group: string, offset: number, alias = "t", partition = 0): Step =>
  ask(
    `prepare ${group} ${alias} ${partition}`,
    OFFSET_COMMIT,
    (c) => ({ groupId: c.name(group), topics: [topicCommit(c, { topic: alias, offset, partition })] }),
    { version: 9, setup: true, until: (answer) => numberAt(answer, "topics.0.partitions.0.errorCode") === 0 }
  )

type Wanted = ReadonlyArray<readonly [string, ReadonlyArray<number>]> | null

const wantedTopics = (context: Context, wanted: Wanted): Value =>
  wanted === null
    ? null
    : wanted.map(([alias, partitionIndexes]) => ({
        name: context.name(alias),
        topicId: idOrUnknown(context, alias),
        partitionIndexes
      }))

const fetchRequest = (context: Context, group: string, wanted: Wanted, more: Struct = {}): Struct => ({
  groupId: context.name(group),
  topics: wantedTopics(context, wanted),
  groups: [{ groupId: context.name(group), topics: wantedTopics(context, wanted), ...more }]
})

const fetched = (name: string, group: string, wanted: Wanted, more: Struct = {}, version?: number): Step =>
  ask(name, OFFSET_FETCH, (c) => fetchRequest(c, group, wanted, more), version === undefined ? {} : { version })

const simple = scenario("commits.simple", OFFSET_COMMIT, [2, 10], () => [
  ...coordinated("g"),
  ...topic("t", { partitions: 2 }),
  commit("into nothing", "g"),
  commit("lower than before", "g", { offset: 2 }),
  commit("far beyond the end", "g", { offset: 1_000_000_000_000 }),
  commit("offset -1", "g", { offset: -1 }),
  commit("offset -5", "g", { offset: -5 }),
  commit("no metadata", "g", { metadata: null }),
  commit("empty metadata", "g", { metadata: "" }),
  commit("metadata as long as it may be", "g", { metadata: "m".repeat(4_096) }),
  commit("metadata too long", "g", { metadata: "m".repeat(4_097) }),
  commit("an absent topic", "g", { topic: "absent" }),
  commit("an absent partition", "g", { partition: 6 }),
  commit("a negative partition", "g", { partition: -1 }),
  commit("another partition", "g", { partition: 1, offset: 8 }),
  commit("a member without a group", "new", { fields: () => ({ memberId: "nobody" }) }),
  commit("a generation without a group", "new", { fields: () => ({ generationIdOrMemberEpoch: 3 }) }),
  commit("member and generation without a group", "new", {
    fields: () => ({ memberId: "nobody", generationIdOrMemberEpoch: 1 })
  }),
  commit("a negative generation", "new", { fields: () => ({ generationIdOrMemberEpoch: -2 }) }),
  commit("an instance without a group", "new", { fields: () => ({ groupInstanceId: "i" }) }),
  commit("no topics", "g", { fields: () => ({ topics: [] }) }),
  commit("an empty topic name, no id", "g", {
    fields: () => ({
      topics: [{ name: "", topicId: ZERO_ID, partitions: [{ partitionIndex: 0, committedOffset: 1 }] }]
    })
  }),
  ask("good and bad ones", OFFSET_COMMIT, (c) => ({
    groupId: c.name("g"),
    topics: [
      topicCommit(c, { topic: "absent" }),
      topicCommit(c, { offset: 3 }),
      { name: c.name("absent too"), topicId: UNKNOWN_ID, partitions: [] }
    ]
  })),
  fetched("what is committed", "g", null, {}, 9),
  fetched("to the other group", "new", null, {}, 9)
])

const members = scenario("commits.members", OFFSET_COMMIT, [2, 10], () => {
  const by = (who: string, generation?: number) => (c: Context) => ({
    memberId: c.text(`member ${who}`),
    generationIdOrMemberEpoch: generation ?? c.number("generation")
  })
  return [
    ...topic("t"),
    ...stableGroup("g"),
    commit("a member", "g", { fields: by("A") }),
    commit("a wrong generation", "g", { fields: by("A", 9) }),
    commit("generation -1", "g", { fields: by("A", -1) }),
    commit("an unknown member", "g", { fields: (c) => ({ ...by("A")(c), memberId: "nobody" }) }),
    commit("no member", "g"),
    commit("an instance that is none", "g", { fields: (c) => ({ ...by("A")(c), groupInstanceId: "nobody" }) }),
    ask("B would like to join", JOIN_GROUP, (c) => joinRequest(c, "g", {}), {
      on: "B",
      hold: true,
      version: 3,
      note: (answer, c) => c.keep("member B", String(answer.memberId))
    }),
    pause(150),
    commit("while preparing a rebalance", "g", { fields: by("A") }),
    join("A rejoins", "g", "A", { as: "A" }, { version: 9 }),
    take("B would like to join"),
    commit("while completing a rebalance", "g", { fields: by("A") }),
    sync("A syncs", "g", "A", ["A", "B"], {}, { version: 5 }),
    commit("the other member", "g", { fields: by("B") }),
    leave("A leaves", "g", "A", {}, { version: 5 }),
    leave("B leaves", "g", "B", {}, { version: 5 }),
    commit("no member, empty group", "g", { offset: 77 }),
    commit("a member that left", "g", { fields: by("A") }),
    fetched("what is committed", "g", null, {}, 9)
  ]
})

const fetching = scenario("commits.fetch", OFFSET_FETCH, [1, 10], (version) => [
  ...coordinated("g"),
  ...topic("t", { partitions: 3 }),
  ...topic("u"),
  prepared("g", 4),
  prepared("g", 6, "t", 2),
  prepared("g", 1, "u"),
  fetched("committed and not", "g", [["t", [0, 1, 2]]]),
  fetched("an absent partition", "g", [["t", [0, 44, -1]]]),
  fetched("an absent topic", "g", [["absent", [0]]]),
  fetched("two topics", "g", [
    ["t", [0]],
    ["u", [0]]
  ]),
  fetched("no partitions", "g", [["t", []]]),
  fetched("no topics", "g", []),
  ...(version >= 2 ? [fetched("all", "g", null)] : []),
  fetched("an unknown group", "nothing", [["t", [0]]]),
  ...(version >= 2 ? [fetched("all of an unknown group", "nothing", null)] : []),
  ask("stable only", OFFSET_FETCH, (c) => ({ ...fetchRequest(c, "g", [["t", [0]]]), requireStable: version >= 7 })),
  ...(version >= 8
    ? [
        ask("several groups", OFFSET_FETCH, (c) => ({
          groups: [
            { groupId: c.name("g"), topics: wantedTopics(c, [["t", [0]]]) },
            { groupId: c.name("nothing"), topics: wantedTopics(c, [["t", [0]]]) },
            { groupId: c.name("g"), topics: null }
          ]
        })),
        ask("no groups", OFFSET_FETCH, { groups: [] }),
        fetched("a member that is none", "g", [["t", [0]]], { memberId: "nobody", memberEpoch: 1 }),
        fetched("a member epoch alone", "g", [["t", [0]]], { memberEpoch: 4 })
      ]
    : [])
])

const remove = (name: string, group: string, wanted: ReadonlyArray<readonly [string, ReadonlyArray<number>]>): Step =>
  ask(name, OFFSET_DELETE, (c) => ({
    groupId: c.name(group),
    topics: wanted.map(([alias, partitions]) => ({
      name: c.name(alias),
      partitions: partitions.map((partitionIndex) => ({ partitionIndex }))
    }))
  }))

const deleting = scenario("commits.delete", OFFSET_DELETE, [0, 0], () => [
  ...topic("t", { partitions: 2 }),
  ...topic("u"),
  prepared("g", 4),
  prepared("g", 5, "t", 1),
  remove("one", "g", [["t", [0]]]),
  remove("one again", "g", [["t", [0]]]),
  remove("never committed", "g", [["u", [0]]]),
  remove("absent ones", "g", [
    ["absent", [0]],
    ["t", [77, 1]]
  ]),
  remove("an unknown group", "nothing", [["t", [0]]]),
  remove("nothing", "g", []),
  ...stableGroup("other"),
  remove("a live group that subscribes to nothing", "other", [["t", [0]]]),
  join("C asks for an id", "consuming", "C", {}, { version: 9 }),
  ask("C joins", JOIN_GROUP, (c) => joinRequest(c, "consuming", { as: "C", topics: ["t"] }), {
    on: "C",
    version: 9,
    note: (answer, c) => c.keep("generation", numberAt(answer, "generationId"))
  }),
  sync("C syncs", "consuming", "C", ["C"], {}, { version: 5 }),
  ask(
    "C commits",
    OFFSET_COMMIT,
    (c) => ({
      groupId: c.name("consuming"),
      memberId: c.text("member C"),
      generationIdOrMemberEpoch: c.number("generation"),
      topics: [topicCommit(c, {}), topicCommit(c, { topic: "u" })]
    }),
    { version: 9 }
  ),
  remove("subscribed and not", "consuming", [
    ["t", [0]],
    ["u", [0]]
  ]),
  join("D asks for an id", "connect", "D", { protocolType: "connect" }, { version: 9 }),
  join("D joins", "connect", "D", { protocolType: "connect", as: "D" }, { version: 9 }),
  remove("a live group of another kind", "connect", [["t", [0]]]),
  fetched("what is left", "g", null, {}, 9),
  fetched("what is left of the live group", "consuming", null, {}, 9)
])

/** The group whose id is empty is one that all share. */
const nameless = alone(
  scenario("commits.nameless", OFFSET_COMMIT, [2, 10], () => {
    const described = (name: string): Step => ask(name, DESCRIBE_GROUPS, { groups: [""] }, { version: 6 })
    const removed = (name: string): Step => ask(name, DELETE_GROUPS, { groupsNames: [""] }, { version: 2 })
    const read = (name: string, version: number): Step =>
      ask(
        name,
        OFFSET_FETCH,
        (c) => ({
          groupId: "",
          topics: wantedTopics(c, [["t", [0]]]),
          groups: [{ groupId: "", topics: wantedTopics(c, [["t", [0]]]) }]
        }),
        { version }
      )
    return [
      ...coordinated("g"),
      ...topic("t"),
      described("described before"),
      read("read before", 7),
      removed("deleted before"),
      commit("committed", "g", { fields: () => ({ groupId: "" }) }),
      described("described after"),
      read("read after", 7),
      read("read in a batch", 9),
      ask("an offset deleted", OFFSET_DELETE, { groupId: "", topics: [] }, { version: 0 }),
      removed("deleted after"),
      described("described in the end")
    ]
  })
)

export const commitScenarios: ReadonlyArray<Scenario> = [nameless, simple, members, fetching, deleting]
