/**
 * What the records of the compacted topic hold: the key, the number in a header, so that a tombstone has one too, and in the value again.
 * Invariant: a record that is not wholly as it was made has no number.
 */
import type { Record } from "@klamm/protocol/Record"
import type { RecordInput } from "@klamm/protocol/RecordBatch"
import type { KeyedRecord } from "../KeyedHistory.ts"
import { numberIn, type Place, payload } from "./Payload.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const headerName = "number"
const headerKey = encoder.encode(headerName)

export const keyedInput = (
  { key, value, isTombstone, timestamp }: Omit<KeyedRecord, "offset">,
  sizeBytes: number
): RecordInput => ({
  key: encoder.encode(key),
  value: isTombstone ? null : payload(value, sizeBytes),
  headers: [{ key: headerKey, value: payload(value, 0) }],
  timestamp
})

export const readKeyed = ({ key, value, headers }: Record, { offset, timestamp }: Place): KeyedRecord => {
  const [header, another] = headers
  const isSound = header !== undefined && another === undefined && decoder.decode(header.key) === headerName
  const number = isSound ? numberIn(header.value) : Number.NaN
  const isTombstone = value === null
  return {
    offset,
    key: key === null ? "" : decoder.decode(key),
    value: isTombstone || numberIn(value) === number ? number : Number.NaN,
    isTombstone,
    timestamp
  }
}
