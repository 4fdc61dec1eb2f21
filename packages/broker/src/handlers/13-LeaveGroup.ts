/**
 * LeaveGroup (key 13): the group coordinator's.
 */
import { LeaveGroupRequest, LeaveGroupResponse } from "@klamm/protocol/api/13-LeaveGroup"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

export const leaveGroup = (services: Services): Handler =>
  handler(LeaveGroupRequest, LeaveGroupResponse, (request, context) =>
    services.coordinator.leaveGroup(request, callerOf(context))
  )
