/** Every call of the administrator: encoded in all its versions, sent to whom it belongs, its answer read, its refusals told. */
import { describe, it } from "@effect/vitest"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import * as Admin from "../src/Admin.ts"
import { type Case, check, ledBy, ok, twoBrokers } from "./admin-support.ts"

const replica = { errorCode: 0, leaderEpoch: 3, replicaNodes: [1, 2], isrNodes: [1], offlineReplicas: [] }
const leaders = ledBy(1, 2)

const both = [
  { topic: "orders", partition: 0 },
  { topic: "orders", partition: 1 }
]

const cases: Readonly<Record<string, Case>> = {
  createTopics: {
    call: Admin.createTopics([{ topic: "orders", partitions: 3, configs: { "cleanup.policy": "compact" } }]),
    answers: {
      CreateTopics: {
        topics: [{ ...ok, name: "orders", topicId: ZERO, numPartitions: 3, replicationFactor: 2, configs: [] }]
      }
    },
    at: ["Controller"],
    gives: [{ name: "orders", id: ZERO, partitions: 3, replicationFactor: 2, configs: {} }]
  },
  deleteTopics: {
    call: Admin.deleteTopics(["orders"]),
    answers: { DeleteTopics: { responses: [{ ...ok, name: "orders", topicId: ZERO }] } },
    at: ["Controller"],
    gives: undefined
  },
  createPartitions: {
    call: Admin.createPartitions([{ topic: "orders", partitions: 4, assignments: [[2, 1]] }]),
    answers: { CreatePartitions: { results: [{ ...ok, name: "orders" }] } },
    at: ["Controller"],
    gives: undefined
  },
  listTopics: {
    call: Admin.listTopics(),
    answers: leaders,
    at: ["Any"],
    gives: [{ name: "orders", id: ZERO, isInternal: false }]
  },
  describeTopics: {
    call: Effect.map(Admin.describeTopics(["orders"]), ([topic]) =>
      topic?.partitions.map(({ partition }) => partition)
    ),
    answers: {
      DescribeTopicPartitions: [
        {
          topics: [
            {
              errorCode: 0,
              name: "orders",
              topicId: ZERO,
              partitions: [{ ...replica, partitionIndex: 0, leaderId: 1 }]
            }
          ],
          nextCursor: { topicName: "orders", partitionIndex: 1 }
        },
        {
          topics: [
            {
              errorCode: 0,
              name: "orders",
              topicId: ZERO,
              partitions: [{ ...replica, partitionIndex: 1, leaderId: 2 }]
            }
          ]
        }
      ]
    },
    at: ["Any", "Any"],
    gives: [0, 1]
  },
  listOffsets: {
    call: Admin.listOffsets(both.map((each) => ({ ...each, at: "latest" as const }))),
    answers: {
      ...leaders,
      ListOffsets: [0, 1].map((partitionIndex) => ({
        topics: [
          { name: "orders", partitions: [{ partitionIndex, errorCode: 0, timestamp: 5, offset: 9, leaderEpoch: 3 }] }
        ]
      }))
    },
    at: ["Broker 1", "Broker 2"],
    gives: both.map((each) => ({ ...each, offset: 9, timestamp: 5, leaderEpoch: 3 }))
  },
  deleteRecords: {
    call: Admin.deleteRecords([{ topic: "orders", partition: 1, beforeOffset: -1 }]),
    answers: {
      ...leaders,
      DeleteRecords: {
        topics: [{ name: "orders", partitions: [{ partitionIndex: 1, lowWatermark: 7, errorCode: 0 }] }]
      }
    },
    at: ["Broker 2"],
    gives: [{ topic: "orders", partition: 1, lowWatermark: 7 }]
  },
  describeConfigs: {
    call: Effect.map(
      Admin.describeConfigs([
        { type: "topic", name: "orders" },
        { type: "broker", name: "2" }
      ]),
      (found) => found.flatMap(({ configs }) => configs.map(({ name, value, source }) => [name, value, source]))
    ),
    answers: {
      DescribeConfigs: {
        results: [
          {
            ...ok,
            resourceType: 2,
            resourceName: "orders",
            configs: [
              { name: "retention.ms", value: "1", readOnly: false, configSource: 1, isSensitive: false, synonyms: [] }
            ]
          }
        ]
      }
    },
    at: ["Any", "Broker 2"],
    gives: [
      ["retention.ms", "1", "topic"],
      ["retention.ms", "1", "topic"]
    ]
  },
  alterConfigs: {
    call: Admin.alterConfigs([
      {
        type: "topic",
        name: "orders",
        changes: [
          { name: "retention.ms", set: "1" },
          { name: "a", delete: true },
          { name: "b", append: "x" },
          { name: "c", subtract: "y" }
        ]
      }
    ]),
    answers: { IncrementalAlterConfigs: { responses: [{ ...ok, resourceType: 2, resourceName: "orders" }] } },
    at: ["Any"],
    gives: undefined
  },
  listConfigResources: {
    call: Admin.listConfigResources(["group"]),
    answers: {
      ListConfigResources: { errorCode: 0, configResources: [{ resourceName: "billing", resourceType: 32 }] }
    },
    at: ["Any"],
    gives: [{ type: "group", name: "billing" }]
  },
  electLeaders: {
    call: Admin.electLeaders("preferred", both),
    answers: {
      ElectLeaders: {
        errorCode: 0,
        replicaElectionResults: [
          {
            topic: "orders",
            partitionResult: [
              { ...ok, partitionId: 0 },
              { ...ok, partitionId: 1, errorCode: ErrorCode.ELECTION_NOT_NEEDED }
            ]
          }
        ]
      }
    },
    at: ["Controller"],
    gives: [
      { topic: "orders", partition: 0, elected: true },
      { topic: "orders", partition: 1, elected: false }
    ]
  },
  alterReassignments: {
    call: Admin.alterReassignments([
      { topic: "orders", partition: 0, replicas: [2, 3] },
      { topic: "orders", partition: 1, replicas: undefined }
    ]),
    answers: { AlterPartitionReassignments: { ...ok, responses: [] } },
    at: ["Controller"],
    gives: undefined
  },
  listReassignments: {
    call: Admin.listReassignments(both),
    answers: {
      ListPartitionReassignments: {
        ...ok,
        topics: [
          {
            name: "orders",
            partitions: [{ partitionIndex: 0, replicas: [1, 2, 3], addingReplicas: [3], removingReplicas: [1] }]
          }
        ]
      }
    },
    at: ["Controller"],
    gives: [{ topic: "orders", partition: 0, replicas: [1, 2, 3], adding: [3], removing: [1] }]
  },
  describeLogDirs: {
    call: Effect.map(Admin.describeLogDirs([1, 2]), (found) => found.map(({ broker: id, path }) => `${id} ${path}`)),
    answers: { DescribeLogDirs: { errorCode: 0, results: [{ errorCode: 0, logDir: "/data", topics: [] }] } },
    at: ["Broker 1", "Broker 2"],
    gives: ["1 /data", "2 /data"]
  },
  describeReplicaLogDirs: {
    call: Admin.describeReplicaLogDirs([{ topic: "orders", partition: 0, broker: 2 }]),
    answers: {
      DescribeLogDirs: {
        errorCode: 0,
        results: ["/data", "/other"].map((logDir) => ({
          errorCode: 0,
          logDir,
          topics: [
            {
              name: "orders",
              partitions: [{ partitionIndex: 0, partitionSize: 9, offsetLag: 0, isFutureKey: logDir === "/other" }]
            }
          ]
        }))
      }
    },
    at: ["Broker 2"],
    gives: [{ topic: "orders", partition: 0, broker: 2, current: "/data", future: "/other" }]
  },
  alterReplicaLogDirs: {
    call: Admin.alterReplicaLogDirs([{ topic: "orders", partition: 0, broker: 2, path: "/other" }]),
    answers: {
      AlterReplicaLogDirs: { results: [{ topicName: "orders", partitions: [{ partitionIndex: 0, errorCode: 0 }] }] }
    },
    at: ["Broker 2"],
    gives: undefined
  },
  describeCluster: {
    call: Effect.map(Admin.describeCluster(), ({ controller, nodes }) => [controller, nodes.map(({ id }) => id)]),
    answers: twoBrokers,
    at: ["Any"],
    gives: [2, [1, 2]]
  },
  unregisterBroker: {
    call: Admin.unregisterBroker(3),
    answers: { UnregisterBroker: ok },
    at: ["Controller"],
    gives: undefined
  },
  unregisterController: {
    call: Admin.unregisterController(3),
    answers: { UnregisterController: ok },
    at: ["Controller"],
    gives: undefined
  },
  describeQuorum: {
    call: Effect.map(Admin.describeQuorum, ({ leader, voters }) => [leader, voters.map(({ id }) => id)]),
    answers: {
      DescribeQuorum: {
        ...ok,
        topics: [
          {
            topicName: "__cluster_metadata",
            partitions: [
              {
                ...ok,
                partitionIndex: 0,
                leaderId: 1,
                leaderEpoch: 2,
                highWatermark: 30,
                currentVoters: [{ replicaId: 1, replicaDirectoryId: ZERO, logEndOffset: 30 }],
                observers: []
              }
            ]
          }
        ],
        nodes: []
      }
    },
    at: ["Any"],
    gives: [1, [1]]
  },
  addVoter: {
    call: Admin.addVoter({ id: 4, directoryId: ZERO, listeners: [{ name: "CONTROLLER", host: "b4", port: 9093 }] }),
    answers: { AddRaftVoter: ok },
    at: ["Controller"],
    gives: undefined
  },
  removeVoter: {
    call: Admin.removeVoter({ id: 4, directoryId: ZERO }),
    answers: { RemoveRaftVoter: ok },
    at: ["Controller"],
    gives: undefined
  },
  describeFeatures: {
    call: Effect.map(Admin.describeFeatures, ({ finalized }) => [...finalized]),
    answers: {
      ApiVersions: {
        errorCode: 0,
        apiKeys: [],
        finalizedFeatures: [{ name: "kraft.version", minVersionLevel: 0, maxVersionLevel: 1 }]
      }
    },
    at: ["Any"],
    gives: [["kraft.version", { min: 0, max: 1 }]]
  },
  updateFeatures: {
    call: Admin.updateFeatures([{ feature: "kraft.version", level: 1 }]),
    answers: { UpdateFeatures: ok },
    at: ["Controller"],
    gives: undefined
  }
}

describe("a call of the administrator", () => {
  it.effect.each(Object.entries(cases))("%s", ([, each]) => check(each))
})
