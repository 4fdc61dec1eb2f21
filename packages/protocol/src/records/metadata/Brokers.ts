/**
 * Brokers and their fencing in the metadata log. Each is stored behind a frame version, its type (the key here) and its
 * version.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const BrokerEndpoint = f.struct({
  name: f.string,
  host: f.string,
  port: f.uint16,
  securityProtocol: f.int16
})
export type BrokerEndpoint = typeof BrokerEndpoint.Type

export const BrokerFeature = f.struct({
  name: f.string,
  minSupportedVersion: f.int16,
  maxSupportedVersion: f.int16
})
export type BrokerFeature = typeof BrokerFeature.Type

export const RegisterBrokerRecord = message(
  "RegisterBrokerRecord",
  { key: 0, versions: "0-4", flexible: "0+" },
  {
    brokerId: f.int32,
    isMigratingZkBroker: f.bool.since("2+"),
    incarnationId: f.uuid,
    brokerEpoch: f.int64,
    endPoints: f.array(BrokerEndpoint),
    features: f.array(BrokerFeature),
    rack: f.string.nulls(),
    fenced: f.bool.default(true),
    inControlledShutdown: f.bool.since("1+"),
    logDirs: f.array(f.uuid).tagged(0, "3+"),
    cordonedLogDirs: f.array(f.uuid).nulls().default(null).tagged(1, "4+")
  }
)
export type RegisterBrokerRecord = typeof RegisterBrokerRecord.Type

export const UnregisterBrokerRecord = message(
  "UnregisterBrokerRecord",
  { key: 1, versions: "0", flexible: "0+" },
  {
    brokerId: f.int32,
    brokerEpoch: f.int64
  }
)
export type UnregisterBrokerRecord = typeof UnregisterBrokerRecord.Type

export const FenceBrokerRecord = message(
  "FenceBrokerRecord",
  { key: 7, versions: "0", flexible: "0+" },
  {
    id: f.int32,
    epoch: f.int64
  }
)
export type FenceBrokerRecord = typeof FenceBrokerRecord.Type

export const UnfenceBrokerRecord = message(
  "UnfenceBrokerRecord",
  { key: 8, versions: "0", flexible: "0+" },
  {
    id: f.int32,
    epoch: f.int64
  }
)
export type UnfenceBrokerRecord = typeof UnfenceBrokerRecord.Type

export const BrokerRegistrationChangeRecord = message(
  "BrokerRegistrationChangeRecord",
  { key: 17, versions: "0-3", flexible: "0+" },
  {
    brokerId: f.int32,
    brokerEpoch: f.int64,
    fenced: f.int8.tagged(0, "0+"),
    inControlledShutdown: f.int8.tagged(1, "1+"),
    logDirs: f.array(f.uuid).tagged(2, "2+"),
    cordonedLogDirs: f.array(f.uuid).nulls().default(null).tagged(3, "3+")
  }
)
export type BrokerRegistrationChangeRecord = typeof BrokerRegistrationChangeRecord.Type
