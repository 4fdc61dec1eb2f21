/**
 * Membership of a share group (KIP-932): the new protocol's machine with a heartbeat of its own, and nothing to revoke. Neighbours:
 * `ModernGroup.ts` is the shell, `share/ShareSession.ts` reads what is assigned.
 */
import { ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse } from "@klamm/protocol"
import { type Cluster, coordinator } from "../../Cluster.ts"
import type { Settings } from "../Settings.ts"
import type { Host } from "./Host.ts"
import { type Heart, join } from "./ModernGroup.ts"
import { groupLane } from "./Shell.ts"

const shareHeart =
  (cluster: Cluster, group: string, settings: Settings): Heart =>
  (memberId, { memberEpoch, isFull, topics }) =>
    cluster.ask(
      coordinator("group", group),
      { request: ShareGroupHeartbeatRequest, response: ShareGroupHeartbeatResponse },
      {
        groupId: group,
        memberId,
        memberEpoch,
        rackId: isFull && settings.clientRack !== "" ? settings.clientRack : null,
        subscribedTopicNames: topics === null ? null : [...topics]
      },
      (body) => body,
      { timeoutMs: settings.requestTimeoutMs, lane: groupLane }
    )

export const make = (cluster: Cluster, group: string, settings: Settings, topics: ReadonlyArray<string>, host: Host) =>
  join({ cluster, group, settings, topics, host, heart: shareHeart(cluster, group, settings), isShare: true })
