/**
 * What can be asked of a shard, and who decides it. Invariant: a command is answered once, by its rule or by `refuse`.
 */
import type { OffsetCommitRequest } from "@klamm/protocol/api/08-OffsetCommit"
import type { HeartbeatRequest } from "@klamm/protocol/api/12-Heartbeat"
import type { SyncGroupRequest } from "@klamm/protocol/api/14-SyncGroup"
import type { OffsetDeleteRequest } from "@klamm/protocol/api/47-OffsetDelete"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { fetchError, operationError } from "./AppendError.ts"
import { deleteGroup, removeTopics } from "./Expiry.ts"
import type { Complete, Group, SyncAnswer } from "./Group.ts"
import { newGroupRecord } from "./GroupRecords.ts"
import type { Groups } from "./Groups.ts"
import { type HeartbeatAnswer, heartbeat } from "./Heartbeat.ts"
import { join } from "./Join.ts"
import type { JoinCommand } from "./JoinCommand.ts"
import { type LeaveAnswer, type LeaveBody, leave } from "./Leave.ts"
import * as Offsets from "./Offsets.ts"
import { joinError } from "./Rebalance.ts"
import { sync, syncError } from "./Sync.ts"
import { answer, type Turn, type Write } from "./Turn.ts"

interface Asked<Body, Answer> {
  readonly body: Body
  readonly complete: Complete<Answer>
}

export type Command =
  | ({ readonly _tag: "Join" } & JoinCommand)
  | ({ readonly _tag: "Sync" } & Asked<typeof SyncGroupRequest.Type, SyncAnswer>)
  | ({ readonly _tag: "Heartbeat" } & Asked<typeof HeartbeatRequest.Type, HeartbeatAnswer>)
  | ({ readonly _tag: "Leave" } & Asked<LeaveBody, LeaveAnswer>)
  | ({ readonly _tag: "Commit"; readonly apiVersion: number } & Asked<
      typeof OffsetCommitRequest.Type,
      Offsets.CommitAnswer
    >)
  | ({ readonly _tag: "DeleteOffsets" } & Asked<typeof OffsetDeleteRequest.Type, Offsets.OffsetDeleteAnswer>)
  /** Answered with an error code. */
  | { readonly _tag: "DeleteGroup"; readonly groupId: string; readonly complete: Complete<number> }
  /** Answered with an error code once everything written for the group before is committed, or has failed. */
  | { readonly _tag: "Stabilize"; readonly groupId: string; readonly complete: Complete<number> }
  | { readonly _tag: "RemoveTopics"; readonly names: ReadonlyArray<string> }

/** From this version on a commit into a group that is not there is told so. */
const groupIdNotFoundVersion = 9

/** Answers a command that is not decided here. */
export const refuse = (command: Command, errorCode: number): void => {
  switch (command._tag) {
    case "Join":
      command.complete(joinError("", errorCode))
      return
    case "Sync":
      command.complete(syncError(errorCode))
      return
    case "Heartbeat": {
      // A member must not lose its session because the coordinator has not come that far yet.
      const isLoading = errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
      command.complete({ errorCode: isLoading ? ErrorCode.NONE : errorCode })
      return
    }
    case "Leave":
      command.complete({ errorCode, members: [] })
      return
    case "Commit":
      command.complete(Offsets.refuseCommit(command.body, errorCode))
      return
    case "DeleteOffsets":
      command.complete({ errorCode, topics: [] })
      return
    case "DeleteGroup":
    case "Stabilize":
      command.complete(errorCode)
      return
    case "RemoveTopics":
      return
  }
}

/** A first join makes the group, and the group its record, whatever becomes of the join. */
const decideJoin = (turn: Turn, groups: Groups, command: JoinCommand): void => {
  const { groupId, memberId } = command.body
  const existing = groups.live(groupId)
  if (existing === undefined && memberId !== "") {
    answer(turn, command.complete, joinError(memberId, ErrorCode.UNKNOWN_MEMBER_ID))
    return
  }
  const joined = join(turn, existing ?? groups.create(groupId, turn.wallMs), command)
  groups.put(joined)
  if (existing !== undefined) return
  turn.writes.push({
    groupId,
    records: [newGroupRecord(joined, turn.wallMs)],
    settlement: { _tag: "Created", newMemberId: command.newMemberId },
    done: null
  })
}

const decideCommit = (turn: Turn, groups: Groups, command: Extract<Command, { readonly _tag: "Commit" }>): void => {
  const { body, complete, apiVersion } = command
  const existing = groups.live(body.groupId)
  if (existing === undefined && body.generationIdOrMemberEpoch >= 0) {
    const errorCode = apiVersion >= groupIdNotFoundVersion ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION
    answer(turn, complete, Offsets.refuseCommit(body, errorCode))
    return
  }
  groups.put(Offsets.commit(turn, existing ?? groups.create(body.groupId, turn.wallMs), body, complete))
}

/** Behaviour 127. */
const decideDeleteGroup = (
  turn: Turn,
  groups: Groups,
  group: Group | undefined,
  complete: Complete<number>,
  pending: ReadonlyArray<Write>
): void => {
  if (group === undefined) answer(turn, complete, ErrorCode.GROUP_ID_NOT_FOUND)
  else if (group.state !== "Empty") answer(turn, complete, ErrorCode.NON_EMPTY_GROUP)
  else {
    const changes = Offsets.deletionsOf(Offsets.known(group, pending), () => true)
    deleteGroup(turn, groups, group, changes, (errorCode) => complete(operationError(errorCode)))
  }
}

const decideStabilize = (
  turn: Turn,
  groupId: string,
  complete: Complete<number>,
  pending: ReadonlyArray<Write>
): void => {
  if (pending.every((write) => write.groupId !== groupId)) answer(turn, complete, ErrorCode.NONE)
  else {
    const done = (errorCode: number): void => complete(fetchError(errorCode))
    turn.writes.push({ groupId, records: [], settlement: { _tag: "Told" }, done })
  }
}

const putIfAny = (groups: Groups, group: Group | undefined): void => {
  if (group !== undefined) groups.put(group)
}

/** `pending` gives what is written and not settled yet, in order. */
export const decide = (turn: Turn, groups: Groups, command: Command, pending: () => ReadonlyArray<Write>): void => {
  switch (command._tag) {
    case "Join":
      decideJoin(turn, groups, command)
      return
    case "Sync":
      putIfAny(groups, sync(turn, groups.live(command.body.groupId), command.body, command.complete))
      return
    case "Heartbeat":
      putIfAny(groups, heartbeat(turn, groups.live(command.body.groupId), command.body, command.complete))
      return
    case "Leave":
      putIfAny(groups, leave(turn, groups.live(command.body.groupId), command.body, command.complete))
      return
    case "Commit":
      decideCommit(turn, groups, command)
      return
    case "DeleteOffsets": {
      const { body, complete } = command
      const group = groups.live(body.groupId)
      Offsets.deleteOffsets(turn, group, Offsets.known(group, pending()), body, complete)
      return
    }
    case "DeleteGroup":
      decideDeleteGroup(turn, groups, groups.live(command.groupId), command.complete, pending())
      return
    case "Stabilize":
      decideStabilize(turn, command.groupId, command.complete, pending())
      return
    case "RemoveTopics":
      removeTopics(turn, groups, command.names, pending())
      return
  }
}
