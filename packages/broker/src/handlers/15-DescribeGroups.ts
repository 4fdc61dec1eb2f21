/**
 * DescribeGroups (key 15): the group coordinator's.
 */
import { DescribeGroupsRequest, DescribeGroupsResponse } from "@klamm/protocol/api/15-DescribeGroups"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

export const describeGroups = (services: Services): Handler =>
  handler(DescribeGroupsRequest, DescribeGroupsResponse, (request, context) =>
    services.coordinator.describeGroups(request, callerOf(context))
  )
