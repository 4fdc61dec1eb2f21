/**
 * AlterClientQuotas (key 49): sets and removes client quotas. Flexible from v1.
 *
 * - v0: the first supported
 * - v1: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const EntityData = f.struct({
  entityType: f.string,
  entityName: f.string.nulls()
})
export type EntityData = typeof EntityData.Type

export const OpData = f.struct({
  key: f.string,
  value: f.float64,
  remove: f.bool
})
export type OpData = typeof OpData.Type

export const EntryData = f.struct({
  entity: f.array(EntityData),
  ops: f.array(OpData)
})
export type EntryData = typeof EntryData.Type

export const AlterClientQuotasRequest = message(
  "AlterClientQuotasRequest",
  { key: 49, versions: "0-1", flexible: "1+" },
  {
    entries: f.array(EntryData),
    validateOnly: f.bool
  }
)
export type AlterClientQuotasRequest = typeof AlterClientQuotasRequest.Type

export const AlterClientQuotasResponseEntryData = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.nulls(),
  entity: f.array(EntityData)
})
export type AlterClientQuotasResponseEntryData = typeof AlterClientQuotasResponseEntryData.Type

export const AlterClientQuotasResponse = message(
  "AlterClientQuotasResponse",
  { key: 49, versions: "0-1", flexible: "1+" },
  {
    throttleTimeMs: f.int32.default(0),
    entries: f.array(AlterClientQuotasResponseEntryData)
  }
)
export type AlterClientQuotasResponse = typeof AlterClientQuotasResponse.Type
