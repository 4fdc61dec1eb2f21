/**
 * Numbers at the ends of their ranges, in requests that are well-formed otherwise. Neighbours: wire.ts, steps.ts.
 */
import { batch } from "../Batches.ts"
import { ask, type Scenario, type Step, scenario } from "../Scenario.ts"
import {
  DELETE_RECORDS,
  FETCH,
  LIST_OFFSETS,
  OFFSET_COMMIT,
  OFFSET_FETCH,
  OFFSET_FOR_LEADER_EPOCH,
  PRODUCE
} from "./keys.ts"
import { at, coordinated, fetch, fill, produce, topic } from "./steps.ts"

const LONG_MAX = 9223372036854775807n
const LONG_MIN = -9223372036854775808n
const INT_MAX = 2147483647
const INT_MIN = -2147483648

const longs = [
  ["the largest", LONG_MAX],
  ["the smallest", LONG_MIN],
  ["beyond 2^53", 9007199254740993n]
] as const
const ints = [
  ["the largest", INT_MAX],
  ["the smallest", INT_MIN]
] as const

const fetching = scenario("extremes.fetch", FETCH, [12, 13], () => [
  ...topic("t"),
  fill("t", batch({ size: 2 })),
  ...longs.map(([name, offset]) =>
    ask(`${name} offset`, FETCH, (c) => ({
      maxWaitMs: 0,
      minBytes: 0,
      topics: [
        {
          topic: c.name("t"),
          topicId: c.topicId("t"),
          partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1_000 }]
        }
      ]
    }))
  ),
  ...ints.flatMap(
    ([name, value]): ReadonlyArray<Step> => [
      fetch(`${name} partition`, [["t", [at(value, 0)]]]),
      fetch(`${name} partition limit`, [["t", [at(0, 0, { partitionMaxBytes: value })]]]),
      fetch(`${name} limit`, [["t", [at(0, 0)]]], { maxBytes: value }),
      fetch(`${name} minimum`, [["t", [at(0, 0)]]], { minBytes: value }),
      fetch(`${name} leader epoch`, [["t", [at(0, 0, { currentLeaderEpoch: value })]]]),
      fetch(`${name} session`, [["t", [at(0, 0)]]], { session: [value, 1] }),
      fetch(`${name} session epoch`, [["t", [at(0, 0)]]], { session: [0, value] })
    ]
  )
])

const offsets = scenario("extremes.offsets", LIST_OFFSETS, [7, 7], () => [
  ...topic("t"),
  fill("t", batch({ size: 2 })),
  ...longs.flatMap(
    ([name, value]): ReadonlyArray<Step> => [
      ask(`list ${name} time`, LIST_OFFSETS, (c) => ({
        replicaId: -1,
        topics: [{ name: c.name("t"), partitions: [{ partitionIndex: 0, timestamp: value }] }]
      })),
      ask(
        `delete to ${name} offset`,
        DELETE_RECORDS,
        (c) => ({
          topics: [{ name: c.name("t"), partitions: [{ partitionIndex: 0, offset: value }] }],
          timeoutMs: 1_000
        }),
        { version: 2 }
      )
    ]
  ),
  ...ints.flatMap(
    ([name, value]): ReadonlyArray<Step> => [
      ask(
        `${name} leader epoch`,
        OFFSET_FOR_LEADER_EPOCH,
        (c) => ({
          topics: [{ topic: c.name("t"), partitions: [{ partition: 0, leaderEpoch: value }] }]
        }),
        { version: 4 }
      ),
      ask(
        `delete with ${name} timeout`,
        DELETE_RECORDS,
        (c) => ({
          topics: [{ name: c.name("t"), partitions: [{ partitionIndex: 0, offset: 0 }] }],
          timeoutMs: value
        }),
        { version: 2 }
      )
    ]
  )
])

const commits = scenario("extremes.commits", OFFSET_COMMIT, [9, 9], () => [
  ...coordinated("g"),
  ...topic("t"),
  ...longs.flatMap(
    ([name, value]): ReadonlyArray<Step> => [
      ask(`commit ${name}`, OFFSET_COMMIT, (c) => ({
        groupId: c.name("g"),
        topics: [{ name: c.name("t"), partitions: [{ partitionIndex: 0, committedOffset: value }] }]
      })),
      ask(`after ${name}`, OFFSET_FETCH, (c) => ({ groups: [{ groupId: c.name("g"), topics: null }] }))
    ]
  ),
  ...ints.map(
    ([name, value]): Step =>
      ask(`${name} leader epoch`, OFFSET_COMMIT, (c) => ({
        groupId: c.name("g"),
        topics: [
          { name: c.name("t"), partitions: [{ partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: value }] }
        ]
      }))
  ),
  ask("in the end", OFFSET_FETCH, (c) => ({ groups: [{ groupId: c.name("g"), topics: null }] }))
])

const producing = scenario("extremes.produce", PRODUCE, [9, 9], () => [
  ...topic("t"),
  produce("the largest time", "t", batch({ baseTimestamp: 9.2e18, maxTimestamp: 9.2e18 })),
  produce("the smallest time", "t", batch({ baseTimestamp: -9.2e18, maxTimestamp: -9.2e18 })),
  produce("the largest base offset", "t", batch({ baseOffset: 9.2e18 })),
  produce("the largest producer id", "t", batch({ producerId: 9.2e18, producerEpoch: 0, baseSequence: 0 })),
  produce("the smallest producer id", "t", batch({ producerId: -9.2e18, producerEpoch: 0, baseSequence: 0 })),
  produce("the largest epoch", "t", batch({ producerId: 44, producerEpoch: 32767, baseSequence: 0 })),
  produce("the largest count", "t", batch({ count: INT_MAX, lastOffsetDelta: INT_MAX - 1 })),
  produce("the smallest count", "t", batch({ count: INT_MIN, lastOffsetDelta: INT_MAX })),
  produce("the largest timeout", "t", batch(), { timeoutMs: INT_MAX }),
  produce("the smallest timeout", "t", batch(), { timeoutMs: INT_MIN }),
  produce("the largest partition", "t", batch(), { partition: INT_MAX }),
  produce("the smallest partition", "t", batch(), { partition: INT_MIN }),
  produce("the largest acks", "t", batch(), { acks: 32767 }),
  fetch("what is there", [["t", [at(0, 0)]]], { ask: { version: 12 } })
])

export const hostileScenarios: ReadonlyArray<Scenario> = [fetching, offsets, commits, producing]
