/**
 * SyncGroup (key 14): the group coordinator's; answered when the leader's assignment is committed.
 */
import { SyncGroupRequest, SyncGroupResponse } from "@klamm/protocol/api/14-SyncGroup"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

/** From here a member has to say which protocol it means (KIP-559). */
const protocolVersion = 5

export const syncGroup = (services: Services): Handler =>
  handler(SyncGroupRequest, SyncGroupResponse, (request, context) =>
    context.apiVersion >= protocolVersion && (request.protocolType === null || request.protocolName === null)
      ? Effect.succeed({ errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL, assignment: new Uint8Array(0) })
      : services.coordinator.syncGroup(request, callerOf(context))
  )
