/** The administrator's calls about groups' offsets, other groups, access, users and transactions. */
import { describe, it } from "@effect/vitest"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import * as Admin from "../src/Admin.ts"
import { type Case, check, ledBy, ok, twoBrokers } from "./admin-support.ts"

const bytes = Uint8Array.of(1, 2, 3)
const orders = { topic: "orders", partition: 0 }
const leaders = ledBy(2)

const offsets: Readonly<Record<string, Case>> = {
  listGroupOffsets: {
    call: Admin.listGroupOffsets("a"),
    answers: {
      OffsetFetch: {
        groups: [
          {
            groupId: "a",
            topics: [
              {
                name: "orders",
                partitions: [
                  { partitionIndex: 0, committedOffset: 9n, committedLeaderEpoch: 1, metadata: "x", errorCode: 0 },
                  { partitionIndex: 1, committedOffset: -1n, metadata: null, errorCode: 0 }
                ]
              }
            ]
          }
        ]
      }
    },
    at: ["Coordinator group a"],
    gives: [{ ...orders, offset: 9, leaderEpoch: 1, metadata: "x" }]
  },
  alterGroupOffsets: {
    call: Admin.alterGroupOffsets("a", [{ ...orders, offset: 5 }]),
    answers: { OffsetCommit: { topics: [{ name: "orders", partitions: [{ partitionIndex: 0, errorCode: 0 }] }] } },
    at: ["Coordinator group a"],
    gives: undefined
  },
  deleteGroupOffsets: {
    call: Admin.deleteGroupOffsets("a", [orders]),
    answers: {
      OffsetDelete: { errorCode: 0, topics: [{ name: "orders", partitions: [{ partitionIndex: 0, errorCode: 0 }] }] }
    },
    at: ["Coordinator group a"],
    gives: undefined
  },
  describeShareGroups: {
    call: Effect.map(Admin.describeShareGroups(["s"]), ([group]) => group?.assignor),
    answers: {
      ShareGroupDescribe: {
        groups: [
          {
            ...ok,
            groupId: "s",
            groupState: "Stable",
            groupEpoch: 1,
            assignmentEpoch: 1,
            assignorName: "simple",
            members: []
          }
        ]
      }
    },
    at: ["Coordinator group s"],
    gives: "simple"
  },
  describeStreamsGroups: {
    call: Effect.map(Admin.describeStreamsGroups(["t"]), ([group]) => group?.subtopologies),
    answers: {
      StreamsGroupDescribe: {
        groups: [
          {
            ...ok,
            groupId: "t",
            groupState: "Stable",
            groupEpoch: 1,
            assignmentEpoch: 1,
            topology: {
              epoch: 0,
              subtopologies: [
                {
                  subtopologyId: "0",
                  sourceTopics: ["orders"],
                  repartitionSinkTopics: [],
                  stateChangelogTopics: [],
                  repartitionSourceTopics: []
                }
              ]
            },
            members: [],
            topologyDescriptionStatus: 0
          }
        ]
      }
    },
    at: ["Coordinator group t"],
    gives: [{ id: "0", sourceTopics: ["orders"] }]
  },
  listShareGroupOffsets: {
    call: Admin.listShareGroupOffsets("s"),
    answers: {
      DescribeShareGroupOffsets: {
        groups: [
          {
            ...ok,
            groupId: "s",
            topics: [
              {
                topicName: "orders",
                topicId: ZERO,
                partitions: [{ ...ok, partitionIndex: 0, startOffset: 4, leaderEpoch: 0, lag: 2 }]
              }
            ]
          }
        ]
      }
    },
    at: ["Coordinator group s"],
    gives: [{ ...orders, startOffset: 4, lag: 2 }]
  },
  alterShareGroupOffsets: {
    call: Admin.alterShareGroupOffsets("s", [{ ...orders, offset: 0 }]),
    answers: { AlterShareGroupOffsets: { ...ok, responses: [] } },
    at: ["Coordinator group s"],
    gives: undefined
  },
  deleteShareGroupOffsets: {
    call: Admin.deleteShareGroupOffsets("s", ["orders"]),
    answers: { DeleteShareGroupOffsets: { ...ok, responses: [] } },
    at: ["Coordinator group s"],
    gives: undefined
  }
}

const acl: Admin.Acl = {
  resource: "topic",
  name: "orders",
  pattern: "prefixed",
  principal: "User:alice",
  host: "*",
  operation: "read",
  permission: "allow"
}
const aclOnWire = { principal: "User:alice", host: "*", operation: 3, permissionType: 3 }
const strange = { ...aclOnWire, operation: 99 }

const access: Readonly<Record<string, Case>> = {
  describeAcls: {
    call: Admin.describeAcls({ resource: "topic", pattern: "match", name: "orders-eu" }),
    answers: {
      DescribeAcls: {
        ...ok,
        resources: [{ resourceType: 2, resourceName: "orders", patternType: 4, acls: [aclOnWire, strange] }]
      }
    },
    at: ["Any"],
    gives: [acl]
  },
  createAcls: {
    call: Admin.createAcls([acl]),
    answers: { CreateAcls: { results: [ok] } },
    at: ["Controller"],
    gives: undefined
  },
  deleteAcls: {
    call: Admin.deleteAcls([{ principal: "User:alice" }]),
    answers: {
      DeleteAcls: {
        filterResults: [
          { ...ok, matchingAcls: [{ ...ok, ...aclOnWire, resourceType: 2, resourceName: "orders", patternType: 4 }] }
        ]
      }
    },
    at: ["Controller"],
    gives: [acl]
  },
  describeQuotas: {
    call: Admin.describeQuotas({ user: { name: "alice" }, "client-id": "default" }),
    answers: {
      DescribeClientQuotas: {
        ...ok,
        entries: [
          {
            entity: [
              { entityType: "user", entityName: "alice" },
              { entityType: "client-id", entityName: null }
            ],
            values: [{ key: "producer_byte_rate", value: 1024 }]
          }
        ]
      }
    },
    at: ["Any"],
    gives: [{ entity: { user: "alice", "client-id": null }, values: { producer_byte_rate: 1024 } }]
  },
  alterQuotas: {
    call: Admin.alterQuotas([
      { entity: { user: null }, values: { producer_byte_rate: 1, consumer_byte_rate: undefined } }
    ]),
    answers: { AlterClientQuotas: { entries: [{ ...ok, entity: [{ entityType: "user", entityName: null }] }] } },
    at: ["Controller"],
    gives: undefined
  },
  describeScramUsers: {
    call: Admin.describeScramUsers(["alice", "nobody"]),
    answers: {
      DescribeUserScramCredentials: {
        ...ok,
        results: [
          { ...ok, user: "alice", credentialInfos: [{ mechanism: 1, iterations: 4096 }] },
          { errorCode: ErrorCode.RESOURCE_NOT_FOUND, errorMessage: "", user: "nobody", credentialInfos: [] }
        ]
      }
    },
    at: ["Any"],
    gives: [{ user: "alice", credentials: [{ mechanism: "SCRAM-SHA-256", iterations: 4096 }] }]
  },
  alterScramUsers: {
    call: Admin.alterScramUsers([
      { user: "alice", mechanism: "SCRAM-SHA-512", password: "secret", iterations: 8192, salt: bytes },
      { user: "bob", mechanism: "SCRAM-SHA-256", delete: true }
    ]),
    answers: { AlterUserScramCredentials: { results: [{ ...ok, user: "alice" }] } },
    at: ["Controller"],
    gives: undefined
  },
  createToken: {
    call: Effect.map(Admin.createToken({ renewers: [{ type: "User", name: "bob" }] }), ({ id, hmac }) => [id, ...hmac]),
    answers: {
      CreateDelegationToken: {
        errorCode: 0,
        principalType: "User",
        principalName: "alice",
        tokenRequesterPrincipalType: "User",
        tokenRequesterPrincipalName: "alice",
        issueTimestampMs: 1,
        expiryTimestampMs: 2,
        maxTimestampMs: 3,
        tokenId: "t",
        hmac: bytes
      }
    },
    at: ["Controller"],
    gives: ["t", 1, 2, 3]
  },
  renewToken: {
    call: Admin.renewToken(bytes),
    answers: { RenewDelegationToken: { errorCode: 0, expiryTimestampMs: 7 } },
    at: ["Controller"],
    gives: 7
  },
  expireToken: {
    call: Admin.expireToken(bytes),
    answers: { ExpireDelegationToken: { errorCode: 0, expiryTimestampMs: 7 } },
    at: ["Controller"],
    gives: 7
  },
  describeTokens: {
    call: Admin.describeTokens(),
    answers: { DescribeDelegationToken: { errorCode: 0, tokens: [] } },
    at: ["Any"],
    gives: []
  }
}

const transactions: Readonly<Record<string, Case>> = {
  describeProducers: {
    call: Effect.map(Admin.describeProducers([orders]), ([producer]) => [
      producer?.producerId,
      producer?.transactionStartOffset
    ]),
    answers: {
      ...leaders,
      DescribeProducers: {
        topics: [
          {
            name: "orders",
            partitions: [
              { ...ok, partitionIndex: 0, activeProducers: [{ producerId: 8, producerEpoch: 1, coordinatorEpoch: 0 }] }
            ]
          }
        ]
      }
    },
    at: ["Broker 2"],
    gives: [8, undefined]
  },
  describeTransactions: {
    call: Effect.map(Admin.describeTransactions(["t"]), ([found]) => [found?.state, found?.startMs, found?.partitions]),
    answers: {
      DescribeTransactions: {
        transactionStates: [
          {
            errorCode: 0,
            transactionalId: "t",
            transactionState: "Ongoing",
            transactionTimeoutMs: 1,
            transactionStartTimeMs: 5,
            producerId: 8,
            producerEpoch: 1,
            topics: [{ topic: "orders", partitions: [0] }]
          }
        ]
      }
    },
    at: ["Coordinator transaction t"],
    gives: ["Ongoing", 5, [orders]]
  },
  listTransactions: {
    call: Admin.listTransactions({ states: ["Ongoing"] }),
    answers: {
      ...twoBrokers,
      ListTransactions: [
        {
          errorCode: 0,
          unknownStateFilters: [],
          transactionStates: [{ transactionalId: "t", producerId: 8, transactionState: "Ongoing" }]
        },
        { errorCode: 0, unknownStateFilters: [], transactionStates: [] }
      ]
    },
    at: ["Broker 1", "Broker 2"],
    gives: [{ transactionalId: "t", producerId: 8, state: "Ongoing" }]
  },
  abortTransaction: {
    call: Admin.abortTransaction({ ...orders, producerId: 8, producerEpoch: 1, coordinatorEpoch: 0 }),
    answers: {
      ...leaders,
      WriteTxnMarkers: {
        markers: [{ producerId: 8, topics: [{ name: "orders", partitions: [{ partitionIndex: 0, errorCode: 0 }] }] }]
      }
    },
    at: ["Broker 2"],
    gives: undefined
  },
  fenceProducers: {
    call: Admin.fenceProducers(["t"]),
    answers: { InitProducerId: { errorCode: 0, producerId: 8, producerEpoch: 2 } },
    at: ["Coordinator transaction t"],
    gives: [{ transactionalId: "t", producerId: 8, producerEpoch: 2 }]
  }
}

describe("a call of the administrator", () => {
  it.effect.each(Object.entries({ ...offsets, ...access, ...transactions }))("%s", ([, each]) => check(each))
})
