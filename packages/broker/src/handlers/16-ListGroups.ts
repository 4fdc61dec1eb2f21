/**
 * ListGroups (key 16): the groups of all shards that live here.
 */
import { ListGroupsRequest, ListGroupsResponse } from "@klamm/protocol/api/16-ListGroups"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

export const listGroups = (services: Services): Handler =>
  handler(ListGroupsRequest, ListGroupsResponse, (request, context) =>
    services.coordinator.listGroups(request, callerOf(context))
  )
