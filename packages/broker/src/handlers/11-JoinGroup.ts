/**
 * JoinGroup (key 11): the group coordinator's; answered when the group's round of joining is over.
 */
import { JoinGroupRequest, JoinGroupResponse } from "@klamm/protocol/api/11-JoinGroup"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

export const joinGroup = (services: Services): Handler =>
  handler(JoinGroupRequest, JoinGroupResponse, (request, context) =>
    services.coordinator.joinGroup(request, callerOf(context))
  )
