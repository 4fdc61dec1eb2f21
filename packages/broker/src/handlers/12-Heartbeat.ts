/**
 * Heartbeat (key 12): the group coordinator's.
 */
import { HeartbeatRequest, HeartbeatResponse } from "@klamm/protocol/api/12-Heartbeat"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

export const heartbeat = (services: Services): Handler =>
  handler(HeartbeatRequest, HeartbeatResponse, (request, context) =>
    services.coordinator.heartbeat(request, callerOf(context))
  )
