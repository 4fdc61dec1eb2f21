/**
 * Fetch: ranges, limits, long polls, sessions, ids, epochs, isolation. Behaviours 074-080, 086-090, 094. Neighbours: steps.ts.
 */
import { batch } from "../Batches.ts"
import { type Ask, ask, type Context, pause, type Scenario, type Step, scenario, take } from "../Scenario.ts"
import { numberAt, type Struct } from "../Value.ts"
import { DELETE_RECORDS, FETCH } from "./keys.ts"
import { at, type FetchOptions, fetch, fetchRequest, fill, produce, topic, UNKNOWN_ID, ZERO_ID } from "./steps.ts"

const VERSIONS = [4, 18] as const

/** Three batches: offsets 0-4, 5-7 and 8. */
const filled = (alias = "t"): ReadonlyArray<Step> => [
  fill(alias, batch({ size: 5 })),
  fill(alias, batch({ size: 3 })),
  fill(alias, batch())
]

const deleteBefore = (alias: string, offset: number): Step =>
  ask(
    `delete below ${offset}`,
    DELETE_RECORDS,
    (c) => ({
      topics: [{ name: c.name(alias), partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs: 5_000
    }),
    { version: 2, setup: true, until: (answer) => numberAt(answer, "topics.0.partitions.0.errorCode") === 0 }
  )

const ranges = scenario("fetch.ranges", FETCH, VERSIONS, () => [
  ...topic("t"),
  ...topic("empty"),
  ...filled(),
  fetch("from the start", [["t", [at(0, 0)]]]),
  fetch("inside a batch", [["t", [at(0, 6)]]]),
  fetch("the last record", [["t", [at(0, 8)]]]),
  fetch("at the end", [["t", [at(0, 9)]]]),
  fetch("beyond the end", [["t", [at(0, 10)]]]),
  fetch("far beyond the end", [["t", [at(0, Number.MAX_SAFE_INTEGER)]]]),
  fetch("at -1", [["t", [at(0, -1)]]]),
  fetch("at -2", [["t", [at(0, -2)]]]),
  fetch("an empty log", [["empty", [at(0, 0)]]]),
  fetch("an empty log beyond its end", [["empty", [at(0, 1)]]]),
  deleteBefore("t", 6),
  fetch("below the log start", [["t", [at(0, 2)]]]),
  fetch("at the log start", [["t", [at(0, 6)]]]),
  fetch("with read_committed", [["t", [at(0, 6)]]], { isolationLevel: 1 }),
  fetch("with an unknown isolation level", [["t", [at(0, 6)]]], { isolationLevel: 7 })
])

const places = scenario("fetch.places", FETCH, VERSIONS, () => [
  ...topic("t", { partitions: 2 }),
  ...filled(),
  fetch("nothing", []),
  fetch("an absent topic", [["absent", [at(0, 0)]]]),
  fetch("an absent partition", [["t", [at(2, 0)]]]),
  fetch("a negative partition", [["t", [at(-1, 0)]]]),
  fetch("an absent partition beside a good one", [["t", [at(9, 0), at(0, 0)]]]),
  fetch("an absent topic before a good one", [
    ["absent", [at(0, 0)]],
    ["t", [at(0, 5)]]
  ]),
  fetch("no partitions of a topic", [["t", []]]),
  fetch("the same partition twice", [["t", [at(0, 0), at(0, 5)]]]),
  ask("the topic's name or id is empty", FETCH, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [{ topic: "", topicId: ZERO_ID, partitions: [at(0, 0)] }]
  }),
  ask("an illegal name, an unknown id", FETCH, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [{ topic: "what/ever it is", topicId: UNKNOWN_ID, partitions: [at(0, 0)] }]
  }),
  fetch("as a replica that is none", [["t", [at(0, 0)]]], { replicaId: 77 }),
  fetch("as a debugging consumer", [["t", [at(0, 0)]]], { replicaId: -2 })
])

const limits = scenario("fetch.limits", FETCH, VERSIONS, () => [
  ...topic("t", { partitions: 2 }),
  ...filled(),
  fill("t", batch({ size: 4 }), 1),
  fetch("partition limit 0", [["t", [at(0, 0, { partitionMaxBytes: 0 })]]]),
  fetch("partition limit 1", [["t", [at(0, 0, { partitionMaxBytes: 1 })]]]),
  fetch("partition limit within the second batch", [["t", [at(0, 0, { partitionMaxBytes: 220 })]]]),
  fetch("partition limit negative", [["t", [at(0, 0, { partitionMaxBytes: -1 })]]]),
  fetch("limit 0", [["t", [at(0, 0), at(1, 0)]]], { maxBytes: 0 }),
  fetch("limit 1", [["t", [at(0, 0), at(1, 0)]]], { maxBytes: 1 }),
  fetch("limit negative", [["t", [at(0, 0)]]], { maxBytes: -1 }),
  fetch("limit within the second partition", [["t", [at(0, 5), at(1, 0)]]], { maxBytes: 250 }),
  fetch("first partition empty, small limit", [["t", [at(0, 9), at(1, 0)]]], { maxBytes: 1 }),
  fetch("second partition first", [["t", [at(1, 0), at(0, 0)]]], { maxBytes: 1 }),
  fetch("everything", [["t", [at(0, 0), at(1, 0)]]])
])

const WAIT_MS = 700

const polls = scenario("fetch.polls", FETCH, VERSIONS, () => {
  const waits = { ask: { waitsMs: WAIT_MS }, maxWaitMs: WAIT_MS } as const
  const poll = (name: string, topics: Parameters<typeof fetch>[1], options: FetchOptions = {}): Ask =>
    fetch(name, topics, { ...waits, ...options })
  return [
    ...topic("t", { partitions: 2 }),
    ...filled(),
    poll("nothing there", [["t", [at(0, 9)]]]),
    poll("enough there", [["t", [at(0, 0)]]]),
    poll("not enough there", [["t", [at(0, 0)]]], { minBytes: 100_000 }),
    poll("no minimum", [["t", [at(0, 9)]]], { minBytes: 0 }),
    poll("a negative minimum", [["t", [at(0, 9)]]], { minBytes: -1 }),
    poll("an error ends the wait", [["t", [at(0, 9), at(5, 0)]]]),
    poll("out of range ends the wait", [["t", [at(0, 99)]]]),
    poll("no topics", []),
    poll("minimum above the limit", [["t", [at(0, 0)]]], { minBytes: 100_000, maxBytes: 50 }),
    ask("woken by a record", FETCH, (c) => fetchRequest(c, [["t", [at(1, 0)]]], { maxWaitMs: 3_000 }), {
      hold: true,
      waitsMs: 3_000,
      on: "poller"
    }),
    pause(150),
    fill("t", batch({ size: 2 }), 1),
    take("woken by a record"),
    ask(
      "woken when there is enough",
      FETCH,
      (c) => fetchRequest(c, [["t", [at(1, 2)]]], { maxWaitMs: 2_500, minBytes: 150 }),
      {
        hold: true,
        waitsMs: 2_500,
        on: "poller"
      }
    ),
    pause(150),
    fill("t", batch(), 1),
    pause(150),
    fill("t", batch({ size: 4 }), 1),
    take("woken when there is enough")
  ]
})

const SESSION = "session"
const sessionOf = (context: Context): number => context.number(SESSION)

/** A fetch in the session that `open` began. */
const inSession = (
  name: string,
  epoch: number,
  topics: ReadonlyArray<readonly [string, ReadonlyArray<Struct>]> = [],
  options: FetchOptions = {}
): Ask => fetch(name, topics, { session: [sessionOf, epoch], ...options })

const open = (name: string, topics: ReadonlyArray<readonly [string, ReadonlyArray<Struct>]>): Ask =>
  fetch(name, topics, {
    session: [0, 0],
    ask: { note: (answer, c) => c.keep(SESSION, numberAt(answer, "sessionId")) }
  })

const sessions = scenario("fetch.sessions", FETCH, [7, 18], () => [
  ...topic("t", { partitions: 3 }),
  ...topic("u"),
  ...filled(),
  open("open", [["t", [at(0, 0), at(1, 0)]]]),
  inSession("nothing new but the offset stays", 1),
  inSession("moved on", 2, [["t", [at(0, 9)]]]),
  inSession("still nothing", 3),
  fill("t", batch({ size: 2 }), 1),
  inSession("news of the other partition", 4),
  inSession("add a partition and a topic", 5, [
    ["t", [at(1, 2), at(2, 0)]],
    ["u", [at(0, 0)]]
  ]),
  fill("u", batch()),
  inSession("news of the added topic", 6),
  inSession("forget one", 7, [["u", [at(0, 1)]]], {
    forgotten: (c) => [{ topic: c.name("t"), topicId: c.topicId("t"), partitions: [1] }]
  }),
  fill("t", batch(), 1),
  inSession("no news of the forgotten one", 8),
  inSession("wrong epoch", 5),
  inSession("epoch too high", 99),
  inSession("the right one still goes", 9),
  inSession("an error is told every time", 10, [["t", [at(0, 500)]]]),
  inSession("told again", 11),
  inSession("an absent partition", 12, [["t", [at(0, 9), at(44, 0)]]]),
  inSession("an absent partition again", 13),
  fetch("unknown session", [["t", [at(0, 0)]]], { session: [123456789, 3] }),
  fetch("session 0 at epoch 5", [["t", [at(0, 0)]]], { session: [0, 5] }),
  fetch("negative session", [["t", [at(0, 0)]]], { session: [-5, 1] }),
  inSession("close", -1, [["t", [at(0, 8)]]]),
  inSession("closed", 14),
  open("open again", [["t", [at(0, 8)]]]),
  inSession("reopened in place", 0, [["t", [at(0, 9)]]]),
  inSession("a full one opened with an old id is gone", 1),
  open("without partitions", [])
])

const sessionVersions = scenario("fetch.session-versions", FETCH, [12, 13], (version) => [
  ...topic("t"),
  ...filled(),
  open("open", [["t", [at(0, 0)]]]),
  fetch("by names after ids, or the other way round", [["t", [at(0, 0)]]], {
    session: [sessionOf, 1],
    ask: { version: version === 12 ? 13 : 12 }
  })
])

const epochs = scenario("fetch.epochs", FETCH, [9, 18], () => [
  ...topic("t"),
  ...filled(),
  fetch("the current epoch", [["t", [at(0, 0, { currentLeaderEpoch: 0 })]]]),
  fetch("a newer epoch", [["t", [at(0, 0, { currentLeaderEpoch: 5 })]]]),
  fetch("an older epoch", [["t", [at(0, 0, { currentLeaderEpoch: -2 })]]]),
  fetch("last fetched epoch", [["t", [at(0, 9, { lastFetchedEpoch: 0 })]]]),
  fetch("last fetched epoch, beyond its end", [["t", [at(0, 12, { lastFetchedEpoch: 0 })]]]),
  fetch("last fetched epoch of the future", [["t", [at(0, 9, { lastFetchedEpoch: 3 })]]]),
  fetch("last fetched epoch negative", [["t", [at(0, 9, { lastFetchedEpoch: -2 })]]]),
  fetch("rack", [["t", [at(0, 8)]]])
])

const replica = scenario("fetch.odd-fields", FETCH, [12, 18], () => [
  ...topic("t"),
  ...filled(),
  ask("cluster id of another cluster", FETCH, (c) => ({
    ...fetchRequest(c, [["t", [at(0, 8)]]]),
    clusterId: "another"
  })),
  ask("a rack", FETCH, (c) => ({ ...fetchRequest(c, [["t", [at(0, 8)]]]), rackId: "r1" })),
  ask("a replica state", FETCH, (c) => ({
    ...fetchRequest(c, [["t", [at(0, 8)]]]),
    replicaState: { replicaId: 55, replicaEpoch: 3 }
  })),
  ask("a high watermark", FETCH, (c) => fetchRequest(c, [["t", [at(0, 8, { highWatermark: 3 })]]])),
  ask("a negative wait", FETCH, (c) => ({ ...fetchRequest(c, [["t", [at(0, 9)]]]), maxWaitMs: -5 })),
  produce("one more", "t", batch(), { ask: { version: 12 } })
])

export const fetchScenarios: ReadonlyArray<Scenario> = [
  ranges,
  places,
  limits,
  polls,
  sessions,
  sessionVersions,
  epochs,
  replica
]
