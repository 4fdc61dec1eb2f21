/**
 * DescribeClientQuotas (key 48): lists client quotas that match a filter. Flexible from v1.
 *
 * - v0: the first supported
 * - v1: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ComponentData = f.struct({
  entityType: f.string,
  matchType: f.int8,
  match: f.string.nulls()
})
export type ComponentData = typeof ComponentData.Type

export const DescribeClientQuotasRequest = message(
  "DescribeClientQuotasRequest",
  { key: 48, versions: "0-1", flexible: "1+" },
  {
    components: f.array(ComponentData),
    strict: f.bool
  }
)
export type DescribeClientQuotasRequest = typeof DescribeClientQuotasRequest.Type

export const EntityData = f.struct({
  entityType: f.string,
  entityName: f.string.nulls()
})
export type EntityData = typeof EntityData.Type

export const ValueData = f.struct({
  key: f.string,
  value: f.float64
})
export type ValueData = typeof ValueData.Type

export const EntryData = f.struct({
  entity: f.array(EntityData),
  values: f.array(ValueData)
})
export type EntryData = typeof EntryData.Type

export const DescribeClientQuotasResponse = message(
  "DescribeClientQuotasResponse",
  { key: 48, versions: "0-1", flexible: "1+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls(),
    entries: f.array(EntryData).nulls()
  }
)
export type DescribeClientQuotasResponse = typeof DescribeClientQuotasResponse.Type
