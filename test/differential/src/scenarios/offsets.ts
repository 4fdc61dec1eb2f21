/**
 * ListOffsets, OffsetForLeaderEpoch and DeleteRecords. Behaviours 096-106. Neighbours: steps.ts.
 */
import { batch } from "../Batches.ts"
import { ask, NOW_MS, type Scenario, type Step, scenario } from "../Scenario.ts"
import type { Struct } from "../Value.ts"
import { DELETE_RECORDS, LIST_OFFSETS, OFFSET_FOR_LEADER_EPOCH } from "./keys.ts"
import { fill, topic } from "./steps.ts"

type Part = readonly [number, number, Struct?]

const list = (name: string, alias: string, parts: ReadonlyArray<Part>, more: Struct = {}): Step =>
  ask(name, LIST_OFFSETS, (c) => ({
    replicaId: -1,
    isolationLevel: 0,
    timeoutMs: 1_000,
    topics: [
      {
        name: c.name(alias),
        partitions: parts.map(([partitionIndex, timestamp, fields]) => ({ partitionIndex, timestamp, ...fields }))
      }
    ],
    ...more
  }))

const timed = (...deltas: ReadonlyArray<number>): Uint8Array =>
  batch({ records: deltas.map((timestampDelta) => ({ key: "k", timestampDelta })) })

const specials = scenario("list-offsets.specials", LIST_OFFSETS, [1, 11], () => [
  ...topic("t"),
  ...topic("empty"),
  fill("t", timed(0, 10, 5_000)),
  fill("t", timed(20, 30)),
  ...[-1, -2, -3, -4, -5, -6, -7, -100].flatMap((timestamp) => [
    list(`timestamp ${timestamp}`, "t", [[0, timestamp]]),
    list(`timestamp ${timestamp}, empty log`, "empty", [[0, timestamp]])
  ]),
  list("read_committed latest", "t", [[0, -1]], { isolationLevel: 1 }),
  list("unknown isolation", "t", [[0, -1]], { isolationLevel: 9 }),
  list("as a replica", "t", [[0, -1]], { replicaId: 5 }),
  list("as a debugging consumer", "t", [[0, -1]], { replicaId: -2 })
])

const times = scenario("list-offsets.times", LIST_OFFSETS, [1, 11], () => [
  ...topic("t"),
  ...topic("empty"),
  ...topic("untimed"),
  fill("t", timed(0, 10, 5_000)),
  fill("t", timed(20, 30)),
  fill("t", timed(6_000)),
  fill("untimed", batch({ size: 2, baseTimestamp: -1, maxTimestamp: -1 })),
  ...[
    0,
    1,
    NOW_MS - 1,
    NOW_MS,
    NOW_MS + 1,
    NOW_MS + 10,
    NOW_MS + 11,
    NOW_MS + 5_000,
    NOW_MS + 5_001,
    NOW_MS + 6_000
  ].map((time) => list(time < 10 ? `time ${time}` : `time now ${time - NOW_MS}`, "t", [[0, time]])),
  list("after all", "t", [[0, NOW_MS + 6_001]]),
  list("the end of time", "t", [[0, Number.MAX_SAFE_INTEGER]]),
  list("empty log", "empty", [[0, NOW_MS]]),
  list("records without time, from 0", "untimed", [[0, 0]]),
  list("records without time, the largest", "untimed", [[0, -3]])
])

const places = scenario("list-offsets.places", LIST_OFFSETS, [1, 11], () => [
  ...topic("t", { partitions: 2 }),
  fill("t", timed(0)),
  list("absent topic", "absent", [[0, -1]]),
  list("absent partition", "t", [[7, -1]]),
  list("negative partition", "t", [[-1, -1]]),
  list("a duplicate", "t", [
    [0, -1],
    [0, -2],
    [1, -1]
  ]),
  ask("nothing", LIST_OFFSETS, { replicaId: -1, topics: [] }),
  list("no partitions", "t", []),
  list("the current epoch", "t", [[0, -1, { currentLeaderEpoch: 0 }]]),
  list("a newer epoch", "t", [[0, -1, { currentLeaderEpoch: 3 }]]),
  list("a negative epoch", "t", [[0, -1, { currentLeaderEpoch: -7 }]]),
  ask("an illegal name", LIST_OFFSETS, {
    replicaId: -1,
    topics: [{ name: "what/ ever", partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
  })
])

const forEpoch = (name: string, alias: string, leaderEpoch: number, more: Struct = {}): Step =>
  ask(name, OFFSET_FOR_LEADER_EPOCH, (c) => ({
    replicaId: -1,
    topics: [{ topic: c.name(alias), partitions: [{ partition: 0, leaderEpoch, ...more }] }]
  }))

const leaderEpochs = scenario("leader-epoch.all", OFFSET_FOR_LEADER_EPOCH, [2, 4], () => [
  ...topic("t"),
  ...topic("empty"),
  fill("t", timed(0, 1, 2)),
  forEpoch("current", "t", 0),
  forEpoch("newer", "t", 1),
  forEpoch("undefined", "t", -1),
  forEpoch("negative", "t", -5),
  forEpoch("empty log", "empty", 0),
  forEpoch("absent topic", "absent", 0),
  forEpoch("absent partition", "t", 0, { partition: 3 }),
  forEpoch("fenced", "t", 0, { currentLeaderEpoch: -3 }),
  forEpoch("current leader epoch", "t", 0, { currentLeaderEpoch: 0 }),
  forEpoch("unknown leader epoch", "t", 0, { currentLeaderEpoch: 9 }),
  ask("nothing", OFFSET_FOR_LEADER_EPOCH, { topics: [] })
])

const remove = (name: string, alias: string, offset: number, more: Struct = {}): Step =>
  ask(name, DELETE_RECORDS, (c) => ({
    topics: [{ name: c.name(alias), partitions: [{ partitionIndex: 0, offset, ...more }] }],
    timeoutMs: 2_000
  }))

const deleteRecords = scenario("delete-records.all", DELETE_RECORDS, [0, 2], () => [
  ...topic("t"),
  ...topic("compacted", { configs: { "cleanup.policy": "compact" } }),
  ...topic("both", { configs: { "cleanup.policy": "compact,delete" } }),
  ...topic("empty"),
  fill("t", timed(0, 1, 2, 3, 4)),
  fill("t", timed(5, 6, 7)),
  fill("compacted", timed(0)),
  fill("both", timed(0, 1)),
  remove("to 3", "t", 3),
  remove("to 3 again", "t", 3),
  remove("back to 1", "t", 1),
  remove("to 0", "t", 0),
  remove("beyond the end", "t", 9),
  remove("to -2", "t", -2),
  remove("to the high watermark", "t", -1),
  remove("when empty", "t", -1),
  remove("an empty log", "empty", -1),
  remove("an empty log to 1", "empty", 1),
  remove("compacted", "compacted", 1),
  remove("compact and delete", "both", 1),
  remove("absent topic", "absent", 1),
  remove("absent partition", "t", 1, { partitionIndex: 4 }),
  ask("nothing", DELETE_RECORDS, { topics: [], timeoutMs: 1_000 }),
  ask("the same partition twice", DELETE_RECORDS, (c) => ({
    topics: [
      {
        name: c.name("both"),
        partitions: [
          { partitionIndex: 0, offset: 1 },
          { partitionIndex: 0, offset: 2 }
        ]
      }
    ],
    timeoutMs: 1_000
  })),
  ask("an internal topic", DELETE_RECORDS, {
    topics: [{ name: "__consumer_offsets", partitions: [{ partitionIndex: 0, offset: 0 }] }],
    timeoutMs: 1_000
  }),
  ask(
    "where the log starts now",
    LIST_OFFSETS,
    (c) => ({
      replicaId: -1,
      topics: [{ name: c.name("t"), partitions: [{ partitionIndex: 0, timestamp: -2 }] }]
    }),
    { version: 7 }
  ),
  fill("t", timed(8)),
  ask(
    "the largest timestamp now",
    LIST_OFFSETS,
    (c) => ({
      replicaId: -1,
      topics: [{ name: c.name("t"), partitions: [{ partitionIndex: 0, timestamp: -3 }] }]
    }),
    { version: 7 }
  )
])

export const offsetScenarios: ReadonlyArray<Scenario> = [specials, times, places, leaderEpochs, deleteRecords]
