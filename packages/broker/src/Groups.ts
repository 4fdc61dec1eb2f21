/**
 * Who asks the group coordinator, and the topic the coordinators keep their groups in.
 */
import type { Caller } from "@klamm/coordinator"
import type { RequestContext } from "./RequestContext.ts"

/** As DescribeGroups prints it: Java's InetAddress with its leading slash. */
export const callerOf = ({ apiVersion, clientId, clientHost }: RequestContext): Caller => ({
  apiVersion,
  clientId,
  clientHost: `/${clientHost}`
})
