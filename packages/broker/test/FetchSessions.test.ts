import { assert, describe, it } from "vitest"
import {
  type FetchNews,
  type FetchPartition,
  FetchSessions,
  sessionEvictionMs,
  type View
} from "../src/FetchSessions.ts"

const partition = (index: number, change: Partial<FetchPartition> = {}): FetchPartition => ({
  topic: "t",
  topicId: "id",
  partition: index,
  currentLeaderEpoch: -1,
  fetchOffset: 0,
  lastFetchedEpoch: -1,
  maxBytes: 1000,
  highWatermark: Number.POSITIVE_INFINITY,
  logStartOffset: -1,
  ...change
})

const news = (change: Partial<FetchNews> = {}): FetchNews => ({
  errorCode: 0,
  highWatermark: 5,
  logStartOffset: 0,
  records: new Uint8Array(0),
  divergingEpoch: undefined,
  preferredReadReplica: -1,
  ...change
})

const view: View = { reader: "Consumer", readCommitted: false, cluster: {} }

const makeSessions = (slots = 2) => {
  let id = 0
  return new FetchSessions(slots, () => {
    id += 1
    return id
  })
}

const request = (sessionId: number, sessionEpoch: number, partitions: ReadonlyArray<FetchPartition> = []) => ({
  sessionId,
  sessionEpoch,
  usesTopicIds: true,
  view,
  lookEachMs: 1000,
  partitions,
  forgotten: []
})

const begun = (sessions: FetchSessions, asked: Parameters<FetchSessions["begin"]>[0], nowMs = 0) => {
  const context = sessions.begin(asked, nowMs)
  if (context._tag !== "Open") throw new Error(`refused with ${context.errorCode}`)
  return context
}

/** What is looked at, as the answer would have it: the news of each, in turn. */
const told = (context: ReturnType<typeof begun>, ...latest: ReadonlyArray<FetchNews>) => {
  const turns = context.interest.turns()
  const { sessionId, included } = context.conclude(
    new Map(turns.map((member, index) => [member, { read: latest[index]! }]))
  )
  return { sessionId, included: turns.map(included) }
}

const turnsOf = (context: ReturnType<typeof begun>) => context.interest.turns().map(({ request: each }) => each)

const opened = (sessions: FetchSessions, count = 2) => {
  const asked = Array.from({ length: count }, (_, index) => partition(index))
  return told(begun(sessions, request(0, 0, asked)), ...asked.map(() => news())).sessionId
}

const refusal = (sessions: FetchSessions, asked: Parameters<FetchSessions["begin"]>[0]) => {
  const context = sessions.begin(asked, 0)
  return context._tag === "Refused" ? context.errorCode : 0
}

describe("behaviour 086: opening, counting and closing", () => {
  it("epoch 0 opens a session whose next epochs are 1, 2, …; any other is refused", () => {
    const sessions = makeSessions()
    const id = opened(sessions)
    assert.notStrictEqual(id, 0)
    assert.strictEqual(turnsOf(begun(sessions, request(id, 1))).length, 2)
    assert.strictEqual(turnsOf(begun(sessions, request(id, 2))).length, 2)
    assert.strictEqual(refusal(sessions, request(id, 2)), 71)
    assert.strictEqual(refusal(sessions, request(id, 4)), 71)
    assert.strictEqual(turnsOf(begun(sessions, request(id, 3))).length, 2)
  })

  it("epoch -1 closes a given session and is answered without one", () => {
    const sessions = makeSessions()
    const id = opened(sessions)
    const context = begun(sessions, request(id, -1, [partition(0)]))
    assert.strictEqual(told(context, news()).sessionId, 0)
    assert.strictEqual(sessions.size, 0)
  })
})

it("behaviour 087: unknown id 70, topic names in a session of ids 106", () => {
  const sessions = makeSessions()
  const id = opened(sessions)
  assert.strictEqual(refusal(sessions, request(99, 1)), 70)
  assert.strictEqual(refusal(sessions, { ...request(id, 1), usesTopicIds: false }), 106)
})

describe("behaviour 088: an incremental answer holds only news", () => {
  it("says nothing of a partition without change, and remembers what it told", () => {
    const sessions = makeSessions()
    const id = opened(sessions)
    const quiet = told(begun(sessions, request(id, 1)), news(), news({ highWatermark: 6 }))
    assert.deepStrictEqual(quiet.included, [false, true])
    const after = told(begun(sessions, request(id, 2)), news(), news({ highWatermark: 6 }))
    assert.deepStrictEqual(after.included, [false, false])
  })

  it("tells an error each time, and its end", () => {
    const sessions = makeSessions()
    const id = opened(sessions, 1)
    const failing = news({ errorCode: 6 })
    for (const epoch of [1, 2]) {
      assert.deepStrictEqual(told(begun(sessions, request(id, epoch)), failing).included, [true])
    }
    assert.deepStrictEqual(told(begun(sessions, request(id, 3)), news()).included, [true])
    assert.deepStrictEqual(told(begun(sessions, request(id, 4)), news()).included, [false])
  })

  it("a changed offset is taken over, a forgotten partition is gone, and one with records goes last", () => {
    const sessions = makeSessions()
    const id = opened(sessions, 3)
    const changed = { ...request(id, 1, [partition(1, { fetchOffset: 9 })]), forgotten: [partition(0)] }
    const context = begun(sessions, changed)
    assert.deepStrictEqual(
      turnsOf(context).map((each) => [each.partition, each.fetchOffset]),
      [
        [1, 9],
        [2, 0]
      ]
    )
    told(context, news({ records: new Uint8Array(10) }), news())
    assert.deepStrictEqual(
      turnsOf(begun(sessions, request(id, 2))).map((each) => each.partition),
      [2, 1]
    )
  })

  it("a session that has forgotten all its partitions ends", () => {
    const sessions = makeSessions()
    const id = opened(sessions, 1)
    begun(sessions, { ...request(id, 1), forgotten: [partition(0)] })
    assert.strictEqual(sessions.size, 0)
  })
})

it.each([
  ["without a session", -1],
  ["by what opens one", 0],
  ["in a session", 1]
])("of a partition named twice the last word counts, %s", (_, epoch) => {
  const sessions = makeSessions()
  const id = epoch === 1 ? opened(sessions, 1) : 0
  const twice = [partition(1, { fetchOffset: 3 }), partition(2), partition(1, { fetchOffset: 9 })]
  const turns = turnsOf(begun(sessions, request(id, epoch, twice))).filter((each) => each.partition > 0)
  assert.deepStrictEqual(
    turns.map((each) => [each.partition, each.fetchOffset]),
    [
      [1, 9],
      [2, 0]
    ]
  )
})

it("behaviour 089: without a free slot the answer carries session 0; an idle session makes room", () => {
  const sessions = makeSessions(1)
  const first = opened(sessions)
  assert.strictEqual(opened(sessions), 0)
  const later = told(begun(sessions, request(0, 0, [partition(0)]), sessionEvictionMs + 1), news())
  assert.notStrictEqual(later.sessionId, 0)
  assert.strictEqual(refusal(sessions, request(first, 1)), 70)
})

describe("a session looks at what may have news", () => {
  const quietPartition = { watch: () => () => undefined, watchLogEnd: () => () => undefined }

  const quiet = (sessions: FetchSessions) => {
    const id = opened(sessions, 3)
    const context = begun(sessions, request(id, 1))
    for (const member of context.interest.turns()) context.interest.quieten(member, quietPartition)
    assert.deepStrictEqual(told(context).included, [])
    return id
  }

  it("at what the request names, and at nothing else that is quiet", () => {
    const sessions = makeSessions()
    const id = quiet(sessions)
    const context = begun(sessions, request(id, 2, [partition(1, { fetchOffset: 4 })]))
    assert.deepStrictEqual(
      turnsOf(context).map((each) => [each.partition, each.fetchOffset]),
      [[1, 4]]
    )
  })

  it("at all when its time has come, and when they may look different", () => {
    const sessions = makeSessions()
    const id = quiet(sessions)
    assert.strictEqual(turnsOf(begun(sessions, request(id, 2), 999)).length, 0)
    assert.strictEqual(turnsOf(begun(sessions, request(id, 3), 1000)).length, 3)
    const other = makeSessions()
    const otherId = quiet(other)
    assert.strictEqual(turnsOf(begun(other, { ...request(otherId, 2), view: { ...view, cluster: {} } })).length, 3)
  })

  it("tells a follower a watermark that it does not know, though it was told", () => {
    const sessions = makeSessions()
    const id = opened(sessions, 1)
    const behind = request(id, 1, [partition(0, { highWatermark: 4 })])
    assert.deepStrictEqual(told(begun(sessions, behind), news()).included, [true])
  })
})
