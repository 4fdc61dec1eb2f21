/**
 * Configuration, quotas and features in the metadata log. Each is stored behind a frame version, its type (the key here)
 * and its version.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const ConfigRecord = message(
  "ConfigRecord",
  { key: 4, versions: "0", flexible: "0+" },
  {
    resourceType: f.int8,
    resourceName: f.string,
    name: f.string,
    value: f.string.nulls()
  }
)
export type ConfigRecord = typeof ConfigRecord.Type

export const EntityData = f.struct({
  entityType: f.string,
  entityName: f.string.nulls()
})
export type EntityData = typeof EntityData.Type

export const ClientQuotaRecord = message(
  "ClientQuotaRecord",
  { key: 14, versions: "0", flexible: "0+" },
  {
    entity: f.array(EntityData),
    key: f.string,
    value: f.float64,
    remove: f.bool
  }
)
export type ClientQuotaRecord = typeof ClientQuotaRecord.Type

export const FeatureLevelRecord = message(
  "FeatureLevelRecord",
  { key: 12, versions: "0", flexible: "0+" },
  {
    name: f.string,
    featureLevel: f.int16
  }
)
export type FeatureLevelRecord = typeof FeatureLevelRecord.Type
