/**
 * DeleteGroups (key 42, KIP-229): the group coordinator's.
 */
import { DeleteGroupsRequest, DeleteGroupsResponse } from "@klamm/protocol/api/42-DeleteGroups"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

export const deleteGroups = (services: Services): Handler =>
  handler(DeleteGroupsRequest, DeleteGroupsResponse, (request, context) =>
    // A group named twice is deleted and answered once.
    services.coordinator.deleteGroups({ ...request, groupsNames: [...new Set(request.groupsNames)] }, callerOf(context))
  )
