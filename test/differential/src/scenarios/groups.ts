/**
 * Classic groups: joining, syncing, heartbeats, leaving, static members, rebalances over two connections. Behaviours
 * 110-123. Neighbours: steps.ts, groupAdmin.ts (describing, listing, deleting), commits.ts.
 */
import { ask, hangup, pause, type Scenario, scenario, take } from "../Scenario.ts"
import { numberAt } from "../Value.ts"
import { HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, SYNC_GROUP } from "./keys.ts"
import { describe, heartbeat, join, joinRequest, leave, stableGroup, sync } from "./steps.ts"

const joined = {
  version: 9,
  setup: true,
  until: (answer: Parameters<typeof numberAt>[0]) => numberAt(answer, "errorCode") === 0
} as const

const WHOLE_LIFE = scenario("groups.life", JOIN_GROUP, [0, 9], () => [
  join("asks for an id", "g", "A"),
  join("joins", "g", "A", { as: "A" }),
  describe("joined, not synced", "g"),
  heartbeat("heartbeat before the sync", "g", "A", {}, { version: 4 }),
  sync("syncs", "g", "A", ["A"], {}, { version: 5 }),
  heartbeat("heartbeat", "g", "A", {}, { version: 4 }),
  describe("stable", "g"),
  join("joins again with the same metadata", "g", "A", { as: "A" }),
  sync("syncs again", "g", "A", ["A"], {}, { version: 5 }),
  join("joins with other metadata", "g", "A", { as: "A", protocols: [["range", "other"]] }),
  sync("syncs the third time", "g", "A", ["A"], {}, { version: 5 }),
  leave("leaves", "g", "A", {}, { version: 5 }),
  leave("leaves again", "g", "A", {}, { version: 5 }),
  describe("empty", "g"),
  heartbeat("heartbeat after leaving", "g", "A", {}, { version: 4 }),
  join("joins with the old id", "g", "A", { as: "A" })
])

const oddJoins = scenario("groups.odd-joins", JOIN_GROUP, [0, 9], (version) => [
  ask("an empty group id", JOIN_GROUP, (c) => ({ ...joinRequest(c, "g", {}), groupId: "" })),
  join("session timeout too short", "g", "A", { sessionTimeoutMs: 999 }),
  join("session timeout too long", "g", "A", { sessionTimeoutMs: 1_800_001 }),
  join("session timeout negative", "g", "A", { sessionTimeoutMs: -1 }),
  join("rebalance timeout negative", "negative", "A", { rebalanceTimeoutMs: -7 }),
  join("an unknown member id", "g", "A", { memberId: "nobody" }),
  join("no protocols", "g", "B", { protocols: [] }),
  join("no protocol type", "g", "B", { protocolType: "" }),
  join("an empty protocol name", "unnamed", "B", { protocols: [["", "m"]] }),
  join("first of a group of another type", "connect", "C", { protocolType: "connect" }),
  join("second try of it", "connect", "C", { protocolType: "connect", as: "C" }),
  ...(version >= 5
    ? [
        join("an unknown id with an instance", "static", "S", { memberId: "nobody", instance: "i" }),
        join("an empty instance id", "static", "S", { instance: "" }),
        join("an illegal instance id", "illegal", "S", { instance: "no spaces/slashes" }),
        join("an instance", "instance", "S", { instance: "i" })
      ]
    : [])
])

const protocols = scenario("groups.protocols", JOIN_GROUP, [2, 9], () => [
  join(
    "A gets an id",
    "g",
    "A",
    {
      protocols: [
        ["x", "1"],
        ["y", "1"]
      ]
    },
    { version: 9 }
  ),
  join("A joins", "g", "A", {
    as: "A",
    protocols: [
      ["x", "1"],
      ["y", "1"]
    ]
  }),
  sync("A syncs", "g", "A", ["A"], { protocolName: "x" }, { version: 5 }),
  join("another type", "g", "B", { protocolType: "connect", protocols: [["x", "1"]] }),
  join("no protocol in common", "g", "B", { protocols: [["z", "1"]] }),
  join("none at all", "g", "B", { protocols: [] }),
  ask("B would like y", JOIN_GROUP, (c) => joinRequest(c, "g", { protocols: [["y", "2"]] }), {
    on: "B",
    hold: true,
    version: 3,
    note: (answer, c) => c.keep("member B", String(answer.memberId))
  }),
  pause(150),
  heartbeat("A hears of it", "g", "A", {}, { version: 4 }),
  join("A joins again", "g", "A", {
    as: "A",
    protocols: [
      ["x", "1"],
      ["y", "1"]
    ]
  }),
  take("B would like y"),
  sync("A syncs with the wrong protocol", "g", "A", ["A", "B"], { protocolName: "x" }, { version: 5 }),
  sync(
    "A syncs with the wrong type",
    "g",
    "A",
    ["A", "B"],
    { protocolName: "y", protocolType: "connect" },
    { version: 5 }
  ),
  sync("A syncs with y", "g", "A", ["A", "B"], { protocolName: "y" }, { version: 5 }),
  sync("B syncs", "g", "B", [], { protocolName: "y" }, { version: 5 }),
  describe("two members", "g")
])

/** B asks to join A's stable group: the answer waits for A. */
const rebalance = scenario("groups.rebalance", JOIN_GROUP, [0, 9], (version) => [
  ...stableGroup("g"),
  ...(version >= 4 ? [join("B asks for an id", "g", "B")] : []),
  ask("B joins", JOIN_GROUP, (c) => joinRequest(c, "g", version >= 4 ? { as: "B" } : {}), {
    on: "B",
    hold: true,
    note: (answer, c) => c.keep("member B", String(answer.memberId))
  }),
  pause(150),
  describe("while B waits", "g"),
  heartbeat("A is told to rejoin", "g", "A", {}, { version: 4 }),
  sync("A syncs in between", "g", "A", ["A"], {}, { version: 5 }),
  join("A rejoins", "g", "A", { as: "A" }),
  take("B joins"),
  ask(
    "B waits for its assignment",
    SYNC_GROUP,
    (c) => ({
      groupId: c.name("g"),
      generationId: c.number("generation"),
      memberId: c.text("member B"),
      protocolType: "consumer",
      protocolName: "range",
      assignments: []
    }),
    { on: "B", hold: true, version: 5 }
  ),
  pause(100),
  describe("while the assignment is awaited", "g"),
  heartbeat("A while it is the leader's turn", "g", "A", {}, { version: 4 }),
  sync("A assigns", "g", "A", ["A", "B"], {}, { version: 5 }),
  take("B waits for its assignment"),
  describe("two members", "g"),
  sync("A asks once more", "g", "A", [], {}, { version: 5 }),
  join("B joins again, follower, same metadata", "g", "B", { as: "B" }),
  heartbeat("A is not disturbed", "g", "A", {}, { version: 4 }),
  leave("B leaves", "g", "B", {}, { version: 5 }),
  heartbeat("A is told again", "g", "A", {}, { version: 4 }),
  join("A is alone", "g", "A", { as: "A" }),
  sync("A syncs alone", "g", "A", ["A"], {}, { version: 5 }),
  describe("one member", "g")
])

const syncs = scenario("groups.syncs", SYNC_GROUP, [0, 5], () => [
  sync("an unknown group", "nothing", "A", [], { memberId: "nobody", generation: 1 }),
  ask("an empty group id", SYNC_GROUP, { groupId: "", generationId: 1, memberId: "nobody", assignments: [] }),
  join("A gets an id", "g", "A", {}, { version: 9 }),
  sync("a pending member", "g", "A", [], { generation: 0 }),
  join("A joins", "g", "A", { as: "A" }, joined),
  sync("an unknown member", "g", "A", [], { memberId: "nobody" }),
  sync("a wrong generation", "g", "A", [], { generation: 77 }),
  sync("generation -1", "g", "A", [], { generation: -1 }),
  sync("an instance that is none", "g", "A", [], { instance: "nobody" }),
  ask(
    "no assignments",
    SYNC_GROUP,
    (c) => ({
      groupId: c.name("g"),
      generationId: c.number("generation"),
      memberId: c.text("member A"),
      protocolType: null,
      protocolName: null,
      assignments: []
    }),
    { on: "A" }
  ),
  sync("again, with one", "g", "A", ["A"]),
  join("A rejoins with other metadata", "g", "A", { as: "A", protocols: [["range", "more"]] }, joined),
  ask(
    "an assignment for a stranger",
    SYNC_GROUP,
    (c) => ({
      groupId: c.name("g"),
      generationId: c.number("generation"),
      memberId: c.text("member A"),
      protocolType: "consumer",
      protocolName: "range",
      assignments: [
        { memberId: "stranger", assignment: Uint8Array.of(1) },
        { memberId: c.text("member A"), assignment: Uint8Array.of(2) },
        { memberId: c.text("member A"), assignment: Uint8Array.of(3) }
      ]
    }),
    { on: "A" }
  ),
  describe("what was assigned", "g")
])

const heartbeats = scenario("groups.heartbeats", HEARTBEAT, [0, 4], () => [
  heartbeat("an unknown group", "nothing", "A", { memberId: "nobody", generation: 1 }),
  ask("an empty group id", HEARTBEAT, { groupId: "", generationId: 1, memberId: "nobody" }),
  ...stableGroup("g"),
  heartbeat("right", "g", "A"),
  heartbeat("an unknown member", "g", "A", { memberId: "nobody" }),
  heartbeat("an empty member", "g", "A", { memberId: "" }),
  heartbeat("an older generation", "g", "A", { generation: 0 }),
  heartbeat("a newer generation", "g", "A", { generation: 9 }),
  heartbeat("an instance that is none", "g", "A", { instance: "nobody" })
])

const leaves = scenario("groups.leaves", LEAVE_GROUP, [0, 5], (version) => [
  leave("an unknown group", "nothing", "A", { memberId: "nobody" }),
  ask("an empty group id", LEAVE_GROUP, { groupId: "", memberId: "nobody", members: [{ memberId: "nobody" }] }),
  ...stableGroup("g"),
  leave("an unknown member", "g", "A", { memberId: "nobody" }),
  leave("an empty member", "g", "A", { memberId: "" }),
  ...(version >= 3
    ? [
        ask("nobody at all", LEAVE_GROUP, (c) => ({ groupId: c.name("g"), members: [] }), { on: "A" }),
        ask(
          "several",
          LEAVE_GROUP,
          (c) => ({
            groupId: c.name("g"),
            members: [
              { memberId: "nobody" },
              { memberId: "", groupInstanceId: "no instance" },
              { memberId: c.text("member A"), groupInstanceId: "no instance" },
              { memberId: c.text("member A") },
              { memberId: c.text("member A") }
            ]
          }),
          { on: "A" }
        )
      ]
    : [leave("the right one", "g", "A")]),
  describe("empty", "g"),
  join("a pending member asks for an id", "pending", "P", {}, { version: 9 }),
  leave("the pending member leaves", "pending", "P"),
  describe("after the pending member left", "pending")
])

const statics = scenario("groups.static", JOIN_GROUP, [5, 9], () => [
  join("joins", "g", "A", { instance: "one" }),
  sync("syncs", "g", "A", ["A"], { instance: "one" }, { version: 5 }),
  heartbeat("heartbeat", "g", "A", { instance: "one" }, { version: 4 }),
  hangup("A"),
  join("comes back without an id", "g", "B", { instance: "one" }),
  heartbeat("the old id is fenced: heartbeat", "g", "A", { instance: "one" }, { version: 4 }),
  sync("the old id is fenced: sync", "g", "A", [], { instance: "one" }, { version: 5 }),
  leave("the old id is fenced: leave", "g", "A", { instance: "one" }, { version: 5 }),
  join("the old id is fenced: join", "g", "A", { instance: "one", as: "A" }, { on: "A" }),
  sync("the new one syncs", "g", "B", ["B"], { instance: "one" }, { version: 5 }),
  describe("described", "g"),
  join("comes back with other metadata", "g", "C", { instance: "one", protocols: [["range", "changed"]] }),
  sync("and syncs", "g", "C", ["C"], { instance: "one" }, { version: 5 }),
  ask(
    "leaves by instance",
    LEAVE_GROUP,
    (c) => ({
      groupId: c.name("g"),
      members: [{ memberId: "", groupInstanceId: "one" }]
    }),
    { version: 5 }
  ),
  describe("empty", "g")
])

const full = scenario("groups.full", JOIN_GROUP, [3, 3], () => [
  ...["A", "B", "C", "D", "E"].flatMap((who) => [
    ask(`${who} joins`, JOIN_GROUP, (c) => joinRequest(c, "g", {}), {
      on: who,
      hold: true,
      note: (answer, c) => c.keep(`member ${who}`, String(answer.memberId))
    }),
    pause(100)
  ]),
  take("A joins"),
  join("one more than the four that may wait", "g", "F", {}, { version: 3 }),
  join("the first one comes back", "g", "A", { as: "A" }, { version: 3 })
])

/** Members that fall silent are removed after their time, which the others notice. */
const timeouts = scenario("groups.timeouts", HEARTBEAT, [4, 4], () => [
  join("A asks for an id", "g", "A", { sessionTimeoutMs: 1_000 }, { version: 9 }),
  join("A joins", "g", "A", { as: "A", sessionTimeoutMs: 1_000 }, { version: 9 }),
  sync("A syncs", "g", "A", ["A"], {}, { version: 5 }),
  pause(500),
  heartbeat("A in time", "g", "A"),
  pause(700),
  heartbeat("A in time again", "g", "A"),
  pause(2_000),
  heartbeat("A too late", "g", "A"),
  describe("empty after the timeout", "g"),
  join("P asks for an id", "pending", "P", { sessionTimeoutMs: 1_000 }, { version: 9 }),
  pause(1_800),
  join("P too late", "pending", "P", { as: "P", sessionTimeoutMs: 1_000 }, { version: 9 }),
  join("S asks for an id", "unsynced", "S", { rebalanceTimeoutMs: 1_000 }, { version: 9 }),
  join("S joins", "unsynced", "S", { as: "S", rebalanceTimeoutMs: 1_000 }, { version: 9 }),
  pause(1_800),
  sync("S syncs too late", "unsynced", "S", ["S"], {}, { version: 5 }),
  describe("after no sync", "unsynced")
])

/** One that does not rejoin in time is left behind. */
const leftBehind = scenario("groups.left-behind", JOIN_GROUP, [9, 9], () => [
  join("A asks for an id", "g", "A", { rebalanceTimeoutMs: 1_000 }),
  join("A joins", "g", "A", { as: "A", rebalanceTimeoutMs: 1_000 }),
  sync("A syncs", "g", "A", ["A"], {}, { version: 5 }),
  join("B asks for an id", "g", "B", { rebalanceTimeoutMs: 1_000 }),
  join("B joins without A", "g", "B", { as: "B", rebalanceTimeoutMs: 1_000 }, { waitsMs: 1_000 }),
  sync("B syncs", "g", "B", ["B"], {}, { version: 5 }),
  heartbeat("A was left behind", "g", "A", {}, { version: 4 }),
  describe("B alone", "g")
])

export const groupScenarios: ReadonlyArray<Scenario> = [
  WHOLE_LIFE,
  oddJoins,
  protocols,
  rebalance,
  syncs,
  heartbeats,
  leaves,
  statics,
  full,
  timeouts,
  leftBehind
]
