/** Groups of consumers: listed, described, deleted, and members sent away. */

import type { Message } from "@klamm/protocol/Api"
import { LeaveGroupRequest, LeaveGroupResponse } from "@klamm/protocol/api/13-LeaveGroup"
import { DescribeGroupsRequest, DescribeGroupsResponse } from "@klamm/protocol/api/15-DescribeGroups"
import { ListGroupsRequest, ListGroupsResponse } from "@klamm/protocol/api/16-ListGroups"
import { DeleteGroupsRequest, DeleteGroupsResponse } from "@klamm/protocol/api/42-DeleteGroups"
import { DescribeClusterRequest, DescribeClusterResponse } from "@klamm/protocol/api/60-DescribeCluster"
import {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse
} from "@klamm/protocol/api/69-ConsumerGroupDescribe"
import * as Effect from "effect/Effect"
import {
  type AclOperation,
  type Admin,
  anyBroker,
  ask,
  broker,
  type Call,
  type Coded,
  coordinator,
  failureOf,
  failuresOf,
  operationsIn,
  outcome
} from "./Call.ts"

/** The ids of all brokers. */
export const brokerIds = (operation: string): Admin<ReadonlyArray<number>> =>
  ask({
    operation,
    target: anyBroker,
    api: { request: DescribeClusterRequest, response: DescribeClusterResponse },
    body: { includeClusterAuthorizedOperations: false },
    read: (answer) =>
      outcome(
        answer.brokers.map(({ brokerId }) => brokerId),
        failureOf("", answer)
      )
  })

/** A group as its coordinator lists it. */
export interface ListedGroup {
  readonly group: string
  /** `classic`, `consumer`, `share`, `streams`; empty when the broker does not say. */
  readonly type: string
  readonly protocolType: string
  /** Such as `Stable`; empty when the broker does not say. */
  readonly state: string
}

/**
 * Only groups in these states and of these types, by Kafka's names such as `Stable` and `classic`; all when left out.
 */
export interface ListGroupsOptions {
  readonly states?: ReadonlyArray<string>
  readonly types?: ReadonlyArray<string>
}

const groupsOn = (id: number, { states = [], types = [] }: ListGroupsOptions): Admin<ReadonlyArray<ListedGroup>> =>
  ask({
    operation: "listGroups",
    target: broker(id),
    api: { request: ListGroupsRequest, response: ListGroupsResponse },
    minVersion: types.length > 0 ? 5 : states.length > 0 ? 4 : 0,
    body: (version) => ({
      ...(version >= 4 ? { statesFilter: states } : {}),
      ...(version >= 5 ? { typesFilter: types } : {})
    }),
    read: (answer) =>
      outcome(
        answer.groups.map(({ groupId, groupType, protocolType, groupState }) => ({
          group: groupId,
          type: groupType.toLowerCase(),
          protocolType,
          state: groupState
        })),
        failureOf(`broker ${id}`, answer)
      )
  })

/** Every broker knows the groups that it coordinates. */
export const listGroups = (options: ListGroupsOptions = {}): Admin<ReadonlyArray<ListedGroup>> =>
  Effect.flatMap(brokerIds("listGroups"), (ids) =>
    Effect.map(
      Effect.forEach(ids, (id) => groupsOn(id, options), { concurrency: "unbounded" }),
      (answers) => answers.flat()
    )
  )

/** A member of a classic group; `instanceId` is null for one that is not static. */
export interface ClassicMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** As the protocol of the group writes them. */
  readonly metadata: Uint8Array
  readonly assignment: Uint8Array
}

/**
 * A group of the classic protocol. `protocol` is the strategy that its members agreed on, empty while they have not.
 */
export interface ClassicGroup {
  readonly group: string
  readonly state: string
  readonly protocolType: string
  readonly protocol: string
  readonly members: ReadonlyArray<ClassicMember>
  readonly authorizedOperations: ReadonlyArray<AclOperation> | undefined
}

/** Each group is asked for at its coordinator. */
const eachGroup = <A>(groups: ReadonlyArray<string>, one: (group: string) => Admin<A>): Admin<ReadonlyArray<A>> =>
  Effect.forEach(groups, one, { concurrency: "unbounded" })

/** A group in an answer that describes groups. */
interface Described extends Coded {
  readonly groupId: string
}

/** Describes groups of one kind: what it is that their API says of each. */
export const describeEach = <Req, Res, Found extends Described, A>(
  groups: ReadonlyArray<string>,
  call: Pick<Call<Req, Res, unknown>, "operation" | "api"> & {
    readonly body: (group: string) => Message<Req>["Input"]
    readonly found: (answer: Message<Res>["Type"]) => ReadonlyArray<Found>
    readonly describe: (found: Found) => A
  }
): Admin<ReadonlyArray<A>> => {
  const { operation, api, body, found, describe } = call
  const one = (group: string) =>
    ask({
      operation,
      target: coordinator("group", group),
      api,
      body: body(group),
      read: (answer) => {
        const all = found(answer)
        return outcome(
          all.map(describe),
          failuresOf(all, ({ groupId }) => groupId)
        )
      }
    })
  return Effect.map(eachGroup(groups, one), (described) => described.flat())
}

/** How all but classic groups are asked for. */
export const describing = (group: string) => ({ groupIds: [group], includeAuthorizedOperations: false })

/**
 * Groups of the classic protocol and their members. A group that is not there has state `Dead`, or is
 * GROUP_ID_NOT_FOUND, as the cluster has it. Fails with AdminError.
 */
export const describeClassicGroups = (groups: ReadonlyArray<string>): Admin<ReadonlyArray<ClassicGroup>> =>
  describeEach(groups, {
    operation: "describeClassicGroups",
    api: { request: DescribeGroupsRequest, response: DescribeGroupsResponse },
    body: (group) => ({ groups: [group] }),
    found: (answer) => answer.groups,
    describe: (found): ClassicGroup => ({
      group: found.groupId,
      state: found.groupState,
      protocolType: found.protocolType,
      protocol: found.protocolData,
      authorizedOperations: operationsIn(found.authorizedOperations),
      members: found.members.map((member) => ({
        memberId: member.memberId,
        instanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        metadata: member.memberMetadata.slice(),
        assignment: member.memberAssignment.slice()
      }))
    })
  })

/** Partitions of topics, as members of groups have them. */
export interface AssignedTopic {
  readonly topic: string
  readonly topicId: string
  readonly partitions: ReadonlyArray<number>
}

export const assignedTopics = (
  parts: ReadonlyArray<{
    readonly topicId: string
    readonly topicName: string
    readonly partitions: ReadonlyArray<number>
  }>
): ReadonlyArray<AssignedTopic> =>
  parts.map(({ topicId, topicName, partitions }) => ({ topic: topicName, topicId, partitions: [...partitions] }))

/** A member of a group of KIP-848: what it has, and what it is to have (`target`). */
export interface ConsumerMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rack: string | null
  readonly epoch: number
  readonly clientId: string
  readonly clientHost: string
  readonly topics: ReadonlyArray<string>
  readonly topicRegex: string | null
  readonly assignment: ReadonlyArray<AssignedTopic>
  readonly target: ReadonlyArray<AssignedTopic>
}

/** A group of the protocol of KIP-848. */
export interface ConsumerGroup {
  readonly group: string
  readonly state: string
  readonly epoch: number
  readonly assignmentEpoch: number
  readonly assignor: string
  readonly members: ReadonlyArray<ConsumerMember>
  readonly authorizedOperations: ReadonlyArray<AclOperation> | undefined
}

/** Groups of KIP-848 and their members. Fails with AdminError, GROUP_ID_NOT_FOUND among them. */
export const describeConsumerGroups = (groups: ReadonlyArray<string>): Admin<ReadonlyArray<ConsumerGroup>> =>
  describeEach(groups, {
    operation: "describeConsumerGroups",
    api: { request: ConsumerGroupDescribeRequest, response: ConsumerGroupDescribeResponse },
    body: describing,
    found: (answer) => answer.groups,
    describe: (found): ConsumerGroup => ({
      group: found.groupId,
      state: found.groupState,
      epoch: found.groupEpoch,
      assignmentEpoch: found.assignmentEpoch,
      assignor: found.assignorName,
      authorizedOperations: operationsIn(found.authorizedOperations),
      members: found.members.map((member) => ({
        memberId: member.memberId,
        instanceId: member.instanceId,
        rack: member.rackId,
        epoch: member.memberEpoch,
        clientId: member.clientId,
        clientHost: member.clientHost,
        topics: [...member.subscribedTopicNames],
        topicRegex: member.subscribedTopicRegex,
        assignment: assignedTopics(member.assignment.topicPartitions),
        target: assignedTopics(member.targetAssignment.topicPartitions)
      }))
    })
  })

/** Groups without members, of whatever type. */
export const deleteGroups = (groups: ReadonlyArray<string>): Admin<void> =>
  Effect.asVoid(
    eachGroup(groups, (group) =>
      ask({
        operation: "deleteGroups",
        target: coordinator("group", group),
        api: { request: DeleteGroupsRequest, response: DeleteGroupsResponse },
        body: { groupsNames: [group] },
        read: ({ results }) =>
          outcome(
            undefined,
            failuresOf(results, ({ groupId }) => groupId)
          )
      })
    )
  )

/** A static member by its instance id, or any by its member id. */
export type MemberToRemove = { readonly instanceId: string } | { readonly memberId: string }

/** Sends members away; static ones do not come back by themselves (KIP-345). */
export const removeMembers = (group: string, members: ReadonlyArray<MemberToRemove>, reason?: string): Admin<void> =>
  ask({
    operation: "removeMembers",
    target: coordinator("group", group),
    api: { request: LeaveGroupRequest, response: LeaveGroupResponse },
    minVersion: 3,
    body: {
      groupId: group,
      members: members.map((member) => ({
        memberId: "memberId" in member ? member.memberId : "",
        groupInstanceId: "instanceId" in member ? member.instanceId : null,
        reason: reason ?? null
      }))
    },
    read: (answer) =>
      outcome(
        undefined,
        [
          ...failureOf(group, answer),
          ...failuresOf(answer.members, ({ memberId, groupInstanceId }) => groupInstanceId ?? memberId)
        ],
        Math.max(1, answer.members.length)
      )
  })
