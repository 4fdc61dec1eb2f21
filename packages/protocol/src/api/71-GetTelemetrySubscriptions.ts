/**
 * GetTelemetrySubscriptions (key 71): asks which metrics a client should push (KIP-714). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const GetTelemetrySubscriptionsRequest = message(
  "GetTelemetrySubscriptionsRequest",
  { key: 71, versions: "0", flexible: "0+" },
  {
    clientInstanceId: f.uuid
  }
)
export type GetTelemetrySubscriptionsRequest = typeof GetTelemetrySubscriptionsRequest.Type

export const GetTelemetrySubscriptionsResponse = message(
  "GetTelemetrySubscriptionsResponse",
  { key: 71, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    clientInstanceId: f.uuid,
    subscriptionId: f.int32,
    acceptedCompressionTypes: f.array(f.int8),
    pushIntervalMs: f.int32,
    telemetryMaxBytes: f.int32,
    deltaTemporality: f.bool,
    requestedMetrics: f.array(f.string)
  }
)
export type GetTelemetrySubscriptionsResponse = typeof GetTelemetrySubscriptionsResponse.Type
