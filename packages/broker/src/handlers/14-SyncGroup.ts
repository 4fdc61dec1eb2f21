/**
 * SyncGroup (key 14): the group coordinator's; answered when the leader's assignment is committed.
 */
import { SyncGroupRequest, SyncGroupResponse } from "@klamm/protocol/api/14-SyncGroup"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

export const syncGroup = (services: Services): Handler =>
  handler(SyncGroupRequest, SyncGroupResponse, (request, context) =>
    services.coordinator.syncGroup(request, callerOf(context))
  )
