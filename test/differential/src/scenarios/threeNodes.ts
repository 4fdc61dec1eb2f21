/**
 * What three nodes tell when all are there, when the third has been killed, and when it is back, asked of the first. Behaviours 029,
 * 031, 184 and 185. Invariant: they are played in this order on fresh clusters, so that ids, epochs and replicas are the same in both.
 * Neighbours: test/cluster/differential.ts (starts, kills and plays), steps.ts.
 */
import { batch } from "../Batches.ts"
import { type Ask, ask, type Scenario, type Step, scenario } from "../Scenario.ts"
import { listAt, numberAt, type Struct, type Value } from "../Value.ts"
import {
  ALTER_PARTITION_REASSIGNMENTS,
  CREATE_TOPICS,
  DESCRIBE_CLUSTER,
  DESCRIBE_QUORUM,
  DESCRIBE_TOPIC_PARTITIONS,
  ELECT_LEADERS,
  LIST_PARTITION_REASSIGNMENTS,
  METADATA,
  PRODUCE
} from "./keys.ts"
import { ZERO_ID } from "./steps.ts"

type Assignment = ReadonlyArray<ReadonlyArray<number>>

const ASSIGNMENTS: Readonly<Record<string, Assignment>> = {
  "three-all": [
    [1, 2, 3],
    [2, 3, 1],
    [3, 1, 2]
  ],
  "three-two": [
    [3, 2],
    [1, 2]
  ],
  "three-one": [[3]]
}
const TOPICS = Object.keys(ASSIGNMENTS)

const create = (name: string): Ask =>
  ask(
    `create ${name}`,
    CREATE_TOPICS,
    {
      topics: [
        {
          name,
          numPartitions: -1,
          replicationFactor: -1,
          assignments: ASSIGNMENTS[name]!.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
          configs: []
        }
      ],
      timeoutMs: 10_000
    },
    { version: 6, setup: true, until: (answer) => [0, 36].includes(numberAt(answer, "topics.0.errorCode")) }
  )

const allPartitions = (answer: Struct): ReadonlyArray<Value> =>
  listAt(answer, "topics").flatMap((topic) => listAt(topic, "partitions"))

const metadata = (name: string, until?: (answer: Struct) => boolean): Ask =>
  ask(
    name,
    METADATA,
    { topics: TOPICS.map((topic) => ({ name: topic, topicId: ZERO_ID })), allowAutoTopicCreation: false },
    { version: 9, ...(until === undefined ? {} : { until, setup: true }) }
  )

const everyLeader = (holds: (leader: number) => boolean) => (answer: Struct) =>
  allPartitions(answer).every((partition) => holds(numberAt(partition, "leaderId")))

const inSync = (answer: Struct): boolean =>
  allPartitions(answer).every(
    (partition) => listAt(partition, "isrNodes").length === listAt(partition, "replicaNodes").length
  )

const areThere = (answer: Struct): boolean =>
  listAt(answer, "topics").every((topic) => numberAt(topic, "errorCode") === 0)

const elect = (name: string, electionType: number, places: ReadonlyArray<readonly [string, number]> | null): Step =>
  ask(
    name,
    ELECT_LEADERS,
    {
      electionType,
      topicPartitions: places === null ? null : places.map(([topic, one]) => ({ topic, partitions: [one] })),
      timeoutMs: 10_000
    },
    { version: 2 }
  )

const PREFERRED = 0
const UNCLEAN = 1

const reassign = (name: string, topic: string, partitionIndex: number, replicas: ReadonlyArray<number> | null): Step =>
  ask(
    name,
    ALTER_PARTITION_REASSIGNMENTS,
    { topics: [{ name: topic, partitions: [{ partitionIndex, replicas }] }], timeoutMs: 10_000 },
    { version: 0 }
  )

const ongoing = (name: string, until?: (answer: Struct) => boolean): Step =>
  ask(name, LIST_PARTITION_REASSIGNMENTS, { topics: null, timeoutMs: 10_000 }, until === undefined ? {} : { until })

const isDone = (answer: Struct): boolean => listAt(answer, "topics").length === 0

const produce = (name: string, topic: string, index: number, acks: number): Step =>
  ask(
    name,
    PRODUCE,
    {
      acks,
      timeoutMs: 3_000,
      topicData: [{ name: topic, partitionData: [{ index, records: batch() }] }]
    },
    { version: 9 }
  )

/** What the nodes tell of themselves, whoever leads the quorum. */
const nodes = (when: string): ReadonlyArray<Step> => [
  ask(`brokers ${when}`, DESCRIBE_CLUSTER, {}, { version: 2 }),
  ask(`brokers ${when}, fenced ones too`, DESCRIBE_CLUSTER, { includeFencedBrokers: true }, { version: 2 }),
  ask(
    `the quorum ${when}`,
    DESCRIBE_QUORUM,
    { topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }] },
    { version: 0, until: (answer) => numberAt(answer, "errorCode") === 0 }
  ),
  ask(
    `partitions ${when}`,
    DESCRIBE_TOPIC_PARTITIONS,
    { topics: TOPICS.toSorted().map((name) => ({ name })), responsePartitionLimit: 2_000 },
    { version: 0 }
  )
]

const whole = scenario("three.whole", METADATA, [9, 9], () => [
  ...TOPICS.map(create),
  metadata(
    "all are led",
    (answer) => areThere(answer) && everyLeader((leader) => leader > 0)(answer) && inSync(answer)
  ),
  metadata("all are there"),
  ...nodes("when all are there"),
  elect("nobody else is preferred", PREFERRED, [["three-all", 2]]),
  elect("nobody else is preferred anywhere", PREFERRED, null),
  reassign("a broker that nobody knows", "three-two", 0, [1, 9]),
  reassign("from 2 to 1", "three-two", 0, [3, 1]),
  ongoing("until it is done", isDone),
  metadata("moved", inSync),
  metadata("where it is now"),
  produce("to all", "three-all", 0, -1)
])

const oneDead = scenario("three.one-dead", METADATA, [9, 9], () => [
  metadata("it is gone", (answer) => listAt(answer, "brokers").length === 2 && everyLeader((id) => id !== 3)(answer)),
  metadata("without it"),
  ...nodes("without it"),
  elect("the preferred one is dead", PREFERRED, [["three-all", 2]]),
  elect("there is a leader", UNCLEAN, [["three-all", 0]]),
  elect("nobody is alive", UNCLEAN, [["three-one", 0]]),
  elect("nobody is alive, nor preferred", PREFERRED, [["three-one", 0]]),
  elect("all that may be", PREFERRED, null),
  produce("to the two that are left", "three-all", 0, -1),
  produce("to too few", "three-two", 0, -1),
  produce("to the leader alone", "three-two", 0, 1),
  produce("to nobody", "three-one", 0, -1),
  reassign("to the one that is dead", "three-two", 1, [1, 3]),
  ongoing("it waits for the one that is dead"),
  metadata("while it waits"),
  reassign("elsewhere meanwhile", "three-two", 1, [2, 1]),
  ongoing("until that is done", isDone),
  metadata("after the first"),
  reassign("to the one that is dead again", "three-two", 1, [2, 3]),
  reassign("cancelled", "three-two", 1, null),
  reassign("cancelled twice", "three-two", 1, null),
  ongoing("nothing is left of it"),
  metadata("after all that")
])

const back = scenario("three.back", METADATA, [9, 9], () => [
  metadata("it is back", (answer) => everyLeader((leader) => leader > 0)(answer) && inSync(answer)),
  metadata("with it"),
  ...nodes("with it"),
  elect("the preferred one", PREFERRED, [["three-all", 2]]),
  elect("the preferred one again", PREFERRED, [["three-all", 2]]),
  metadata("in the end", (answer) => numberAt(answer, "topics.0.partitions.2.leaderId") > 0),
  metadata("in the very end"),
  produce("to all again", "three-all", 0, -1)
])

/** What is played before which node is killed, and before it is started again. */
export const THREE_NODES: {
  readonly whole: ReadonlyArray<Scenario>
  readonly oneDead: ReadonlyArray<Scenario>
  readonly back: ReadonlyArray<Scenario>
} = { whole: [whole], oneDead: [oneDead], back: [back] }
