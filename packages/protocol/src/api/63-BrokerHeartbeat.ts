/**
 * BrokerHeartbeat (key 63): keeps a broker's registration alive; the answer says whether it is fenced. Flexible in every
 * version.
 *
 * - v0: the first supported
 * - v1: offline log directories (KIP-858)
 * - v2: cordoned log directories
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const BrokerHeartbeatRequest = message(
  "BrokerHeartbeatRequest",
  { key: 63, versions: "0-2", flexible: "0+" },
  {
    brokerId: f.int32,
    brokerEpoch: f.int64.default(-1),
    currentMetadataOffset: f.int64,
    wantFence: f.bool,
    wantShutDown: f.bool,
    offlineLogDirs: f.array(f.uuid).tagged(0, "1+"),
    cordonedLogDirs: f.array(f.uuid).nulls().default(null).tagged(1, "2+")
  }
)
export type BrokerHeartbeatRequest = typeof BrokerHeartbeatRequest.Type

export const BrokerHeartbeatResponse = message(
  "BrokerHeartbeatResponse",
  { key: 63, versions: "0-2", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    isCaughtUp: f.bool.default(false),
    isFenced: f.bool.default(true),
    shouldShutDown: f.bool
  }
)
export type BrokerHeartbeatResponse = typeof BrokerHeartbeatResponse.Type
