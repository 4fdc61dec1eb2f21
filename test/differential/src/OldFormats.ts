/**
 * Message sets of magic 0 and 1, which Kafka 4 no longer takes: only to see how they are refused. Neighbours: Batches.ts.
 */
import { crc32 } from "node:zlib"
import { Writer } from "@klamm/protocol/Bytes"
import { NOW_MS } from "./Scenario.ts"

/** One message of the old formats, with its offset and size before it. */
export const oldMessage = (magic: 0 | 1): Uint8Array => {
  const body = new Writer()
  body.int8(magic)
  body.int8(0)
  if (magic === 1) body.int64(NOW_MS)
  body.nullableBytes(null)
  body.bytes(new TextEncoder().encode("old"))
  const content = body.toBytes()
  const writer = new Writer()
  writer.int64(0)
  writer.int32(content.length + 4)
  writer.uint32(crc32(content))
  writer.view(content)
  return writer.toBytes()
}
