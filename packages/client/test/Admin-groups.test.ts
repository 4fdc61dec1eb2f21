/** The administrator's calls about groups of consumers. */
import { describe, it } from "@effect/vitest"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import * as Admin from "../src/Admin.ts"
import { type Case, check, ok, twoBrokers } from "./admin-support.ts"

const memberBase = { memberId: "m-1", memberEpoch: 4, clientId: "c-1", clientHost: "/h" }
const assigned = { topicPartitions: [{ topicId: ZERO, topicName: "orders", partitions: [0] }] }
const bytes = Uint8Array.of(1, 2, 3)

const cases: Readonly<Record<string, Case>> = {
  listGroups: {
    call: Admin.listGroups({ types: ["Consumer"] }),
    answers: {
      ...twoBrokers,
      ListGroups: [
        {
          errorCode: 0,
          groups: [{ groupId: "a", protocolType: "consumer", groupState: "Stable", groupType: "Consumer" }]
        },
        { errorCode: 0, groups: [] }
      ]
    },
    at: ["Broker 1", "Broker 2"],
    gives: [{ group: "a", type: "consumer", protocolType: "consumer", state: "Stable" }]
  },
  describeClassicGroups: {
    call: Effect.map(Admin.describeClassicGroups(["a"]), ([group]) =>
      group?.members.map((member) => [...member.metadata])
    ),
    answers: {
      DescribeGroups: {
        groups: [
          {
            ...ok,
            groupId: "a",
            groupState: "Stable",
            protocolType: "consumer",
            protocolData: "range",
            members: [{ ...memberBase, memberMetadata: bytes, memberAssignment: bytes }].map(
              ({ memberEpoch: _, ...member }) => member
            )
          }
        ]
      }
    },
    at: ["Coordinator group a"],
    gives: [[1, 2, 3]]
  },
  describeConsumerGroups: {
    call: Effect.map(Admin.describeConsumerGroups(["a"]), ([group]) => group?.members[0]?.assignment),
    answers: {
      ConsumerGroupDescribe: {
        groups: [
          {
            ...ok,
            groupId: "a",
            groupState: "Stable",
            groupEpoch: 4,
            assignmentEpoch: 4,
            assignorName: "uniform",
            members: [
              { ...memberBase, subscribedTopicNames: ["orders"], assignment: assigned, targetAssignment: assigned }
            ]
          }
        ]
      }
    },
    at: ["Coordinator group a"],
    gives: [{ topic: "orders", topicId: ZERO, partitions: [0] }]
  },
  deleteGroups: {
    call: Admin.deleteGroups(["a", "b"]),
    answers: { DeleteGroups: { results: [{ ...ok, groupId: "a" }] } },
    at: ["Coordinator group a", "Coordinator group b"],
    gives: undefined
  },
  removeMembers: {
    call: Admin.removeMembers("a", [{ instanceId: "i" }, { memberId: "m" }], "maintenance"),
    answers: { LeaveGroup: { errorCode: 0, members: [] } },
    at: ["Coordinator group a"],
    gives: undefined
  }
}

describe("a call of the administrator", () => {
  it.effect.each(Object.entries(cases))("%s", ([, each]) => check(each))
})
