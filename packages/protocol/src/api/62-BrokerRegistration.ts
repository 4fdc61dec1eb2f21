/**
 * BrokerRegistration (key 62): registers a broker with the controller. Flexible in every version.
 *
 * - v0: the first supported
 * - v1: KRaft migration flag
 * - v2: log directories (KIP-858)
 * - v3: request +previousBrokerEpoch (KIP-966)
 * - v4: lets a broker name features whose minimum is 0 (KAFKA-17011)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const Listener = f.struct({
  name: f.string,
  host: f.string,
  port: f.uint16,
  securityProtocol: f.int16
})
export type Listener = typeof Listener.Type

export const Feature = f.struct({
  name: f.string,
  minSupportedVersion: f.int16,
  maxSupportedVersion: f.int16
})
export type Feature = typeof Feature.Type

export const BrokerRegistrationRequest = message(
  "BrokerRegistrationRequest",
  { key: 62, versions: "0-4", flexible: "0+" },
  {
    brokerId: f.int32,
    clusterId: f.string,
    incarnationId: f.uuid,
    listeners: f.array(Listener),
    features: f.array(Feature),
    rack: f.string.nulls(),
    isMigratingZkBroker: f.bool.since("1+"),
    logDirs: f.array(f.uuid).since("2+").ignorable(),
    previousBrokerEpoch: f.int64.since("3+").default(-1).ignorable()
  }
)
export type BrokerRegistrationRequest = typeof BrokerRegistrationRequest.Type

export const BrokerRegistrationResponse = message(
  "BrokerRegistrationResponse",
  { key: 62, versions: "0-4", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    brokerEpoch: f.int64.default(-1)
  }
)
export type BrokerRegistrationResponse = typeof BrokerRegistrationResponse.Type
