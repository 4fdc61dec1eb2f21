/**
 * PushTelemetry (key 72): pushes a client's metrics (KIP-714). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PushTelemetryRequest = message(
  "PushTelemetryRequest",
  { key: 72, versions: "0", flexible: "0+" },
  {
    clientInstanceId: f.uuid,
    subscriptionId: f.int32,
    terminating: f.bool,
    compressionType: f.int8,
    metrics: f.bytes
  }
)
export type PushTelemetryRequest = typeof PushTelemetryRequest.Type

export const PushTelemetryResponse = message(
  "PushTelemetryResponse",
  { key: 72, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16
  }
)
export type PushTelemetryResponse = typeof PushTelemetryResponse.Type
