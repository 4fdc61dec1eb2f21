/**
 * The group coordinator as the broker sees it: checks what can be said without a group, finds the shard, and gives the answers
 * their shape in each version. The rules are Kafka's GroupCoordinatorService. Neighbours: Shards.ts, Queries.ts.
 */
import type { OffsetFetchResponse } from "@klamm/protocol/api/09-OffsetFetch"
import type { LeaveGroupRequest, LeaveGroupResponse } from "@klamm/protocol/api/13-LeaveGroup"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Caller, GroupCoordinator as Contract, CoordinatorOptions } from "./Contract.ts"
import type { JoinAnswer } from "./Group.ts"
import type { LeaveAnswer } from "./Leave.ts"
import { newMemberId } from "./MemberId.ts"
import * as OffsetFetch from "./OffsetFetch.ts"
import * as Queries from "./Queries.ts"
import { joinError } from "./Rebalance.ts"
import { Shards } from "./Shards.ts"
import { syncError } from "./Sync.ts"

/** JoinGroup v0 has one timeout for both. */
const rebalanceTimeoutVersion = 1
/** From here on an answer may be without a protocol. */
const nullProtocolVersion = 7
/** From here on SyncGroup must name protocol type and protocol (KIP-559). */
const syncProtocolVersion = 5
/** From here on LeaveGroup takes many members (KIP-345). */
const manyMembersVersion = 3

const versionedJoin = (answer: JoinAnswer, { apiVersion }: Caller): JoinAnswer =>
  apiVersion < nullProtocolVersion && answer.protocolName === null ? { ...answer, protocolName: "" } : answer

const joinGroup =
  ({ config }: CoordinatorOptions, shards: Shards): Contract["joinGroup"] =>
  (body, caller) =>
    Effect.gen(function* () {
      const { groupId, sessionTimeoutMs, memberId } = body
      if (groupId === "") return versionedJoin(joinError(memberId, ErrorCode.INVALID_GROUP_ID), caller)
      const { minSessionTimeoutMs, maxSessionTimeoutMs } = config()
      if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
        return versionedJoin(joinError(memberId, ErrorCode.INVALID_SESSION_TIMEOUT), caller)
      }
      const rebalanceTimeoutMs =
        caller.apiVersion < rebalanceTimeoutVersion ? sessionTimeoutMs : body.rebalanceTimeoutMs
      const freshId = yield* newMemberId(body.groupInstanceId ?? caller.clientId ?? "")
      const answer = yield* shards.ask<JoinAnswer>(groupId, (complete) => ({
        _tag: "Join",
        body: { ...body, rebalanceTimeoutMs },
        caller,
        newMemberId: freshId,
        complete
      }))
      return versionedJoin(answer, caller)
    })

const syncGroup =
  (shards: Shards): Contract["syncGroup"] =>
  (body, { apiVersion }) => {
    const isNamed = body.protocolType !== null && body.protocolName !== null
    if (apiVersion >= syncProtocolVersion && !isNamed) {
      return Effect.succeed(syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
    }
    if (body.groupId === "") return Effect.succeed(syncError(ErrorCode.INVALID_GROUP_ID))
    return shards.ask(body.groupId, (complete) => ({ _tag: "Sync", body, complete }))
  }

/** Before v3 there is one member, and its error is the answer's. */
const versionedLeave = (answer: LeaveAnswer, { apiVersion }: Caller): typeof LeaveGroupResponse.Input => {
  if (apiVersion >= manyMembersVersion) return answer
  const { errorCode, members } = answer
  return { errorCode: errorCode === ErrorCode.NONE ? (members?.[0]?.errorCode ?? errorCode) : errorCode }
}

const leavingMembers = (body: typeof LeaveGroupRequest.Type, { apiVersion }: Caller) =>
  apiVersion >= manyMembersVersion ? body.members : [{ memberId: body.memberId, groupInstanceId: null, reason: null }]

const leaveGroup =
  (shards: Shards): Contract["leaveGroup"] =>
  (body, caller) => {
    const { groupId } = body
    if (groupId === "")
      return Effect.succeed(versionedLeave({ errorCode: ErrorCode.INVALID_GROUP_ID, members: [] }, caller))
    const members = leavingMembers(body, caller)
    return Effect.map(
      shards.ask<LeaveAnswer>(groupId, (complete) => ({ _tag: "Leave", body: { groupId, members }, complete })),
      (answer) => versionedLeave(answer, caller)
    )
  }

const offsetFetch =
  (shards: Shards): Contract["offsetFetch"] =>
  (body, { apiVersion }) =>
    Effect.gen(function* () {
      const fetch = (group: Queries.FetchGroup) => OffsetFetch.fetchGroup(shards, group, body.requireStable)
      if (apiVersion >= OffsetFetch.manyGroupsVersion) {
        const groups = yield* Effect.forEach(body.groups, fetch, { concurrency: "unbounded" })
        return { groups } satisfies typeof OffsetFetchResponse.Input
      }
      return OffsetFetch.oneGroup(yield* fetch(OffsetFetch.onlyGroup(body)), body, apiVersion)
    })

const describeGroups =
  ({ groupOperations }: CoordinatorOptions, shards: Shards): Contract["describeGroups"] =>
  ({ groups, includeAuthorizedOperations }, { apiVersion }) =>
    Effect.sync(() => ({
      groups: groups.map((groupId) => {
        const snapshot = shards.snapshot(groupId)
        if ("errorCode" in snapshot) return Queries.describeError(groupId, snapshot.errorCode)
        const described = Queries.describe(snapshot.table, groupId, apiVersion)
        const isTold = includeAuthorizedOperations && described.errorCode === ErrorCode.NONE
        return isTold ? { ...described, authorizedOperations: groupOperations } : described
      })
    }))

/** Shards led elsewhere are left out; one that is loading makes the list incomplete, which is an error. */
const listGroups =
  (shards: Shards): Contract["listGroups"] =>
  (body) =>
    Effect.sync(() => {
      const groups: Array<Queries.ListedGroup> = []
      for (const snapshot of shards.snapshots()) {
        if ("table" in snapshot) groups.push(...Queries.list(snapshot.table, body))
        else if (snapshot.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) {
          return { errorCode: snapshot.errorCode, groups: [] }
        }
      }
      return { errorCode: ErrorCode.NONE, groups }
    })

/** A group that is named twice is answered once. */
const deleteGroups =
  (shards: Shards): Contract["deleteGroups"] =>
  ({ groupsNames }) =>
    Effect.map(
      Effect.forEach(
        new Set(groupsNames),
        (groupId) =>
          Effect.map(
            shards.ask<number>(groupId, (complete) => ({ _tag: "DeleteGroup", groupId, complete })),
            (errorCode) => ({ groupId, errorCode })
          ),
        { concurrency: "unbounded" }
      ),
      (results) => ({ results })
    )

/** Without a partition to lead it answers NOT_COORDINATOR; shards end with the scope. */
export const make = (options: CoordinatorOptions): Effect.Effect<Contract, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const shards = new Shards(options, scope)
    const invalidGroup = ErrorCode.INVALID_GROUP_ID
    return {
      partitionFor: (groupId) => shards.partitionFor(groupId),
      joinGroup: joinGroup(options, shards),
      syncGroup: syncGroup(shards),
      heartbeat: (body) =>
        body.groupId === ""
          ? Effect.succeed({ errorCode: invalidGroup })
          : shards.ask(body.groupId, (complete) => ({ _tag: "Heartbeat", body, complete })),
      leaveGroup: leaveGroup(shards),
      offsetCommit: (body, { apiVersion }) =>
        shards.ask(body.groupId, (complete) => ({ _tag: "Commit", body, apiVersion, complete })),
      offsetFetch: offsetFetch(shards),
      offsetDelete: (body) =>
        body.groupId === ""
          ? Effect.succeed({ errorCode: invalidGroup, topics: [] })
          : shards.ask(body.groupId, (complete) => ({ _tag: "DeleteOffsets", body, complete })),
      describeGroups: describeGroups(options, shards),
      listGroups: listGroups(shards),
      deleteGroups: deleteGroups(shards),
      onLeader: (partition, leaderEpoch, log) => shards.start(partition, leaderEpoch, log),
      onResigned: (partition) => shards.end(partition),
      partitions: () => shards.partitions(),
      onTopicsDeleted: (names) => Effect.sync(() => shards.tellAll({ _tag: "RemoveTopics", names }))
    }
  })
