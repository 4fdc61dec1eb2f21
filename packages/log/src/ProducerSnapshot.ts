/**
 * Producer state as a file: `<offset>.snapshot` is the state before the batch at that offset. Layout of Kafka's version 1:
 * int16 version, uint32 CRC-32C of all that follows, int32 count, then 46 bytes a producer with its last batch only. A
 * snapshot that fails its checks is no error: recovery takes an older one and replays more of the log.
 */
import type { Disk, DiskError } from "@klamm/platform"
import { crc32c } from "@klamm/protocol/Crc32c"
import * as Effect from "effect/Effect"
import { fileName } from "./Files.ts"
import * as ProducerState from "./ProducerState.ts"

const currentVersion = 1
const crcPosition = 2
const countPosition = 6
const entriesPosition = 10
const entryBytes = 46

export const encode = (state: ProducerState.ProducerState): Uint8Array => {
  const entries = [...ProducerState.entries(state)].sort((one, other) => one.producerId - other.producerId)
  const bytes = new Uint8Array(entriesPosition + entries.length * entryBytes)
  const view = new DataView(bytes.buffer)
  view.setInt16(0, currentVersion)
  view.setInt32(countPosition, entries.length)
  let at = entriesPosition
  for (const entry of entries) {
    const last = entry.batches[entry.batches.length - 1]
    view.setBigInt64(at, BigInt(entry.producerId))
    view.setInt16(at + 8, entry.producerEpoch)
    view.setInt32(at + 10, last?.lastSequence ?? -1)
    view.setBigInt64(at + 14, BigInt(last?.lastOffset ?? -1))
    view.setInt32(at + 22, last?.offsetDelta ?? 0)
    view.setBigInt64(at + 26, BigInt(entry.lastTimestamp))
    view.setInt32(at + 34, entry.coordinatorEpoch)
    view.setBigInt64(at + 38, BigInt(entry.currentTransactionFirstOffset))
    at += entryBytes
  }
  view.setUint32(crcPosition, crc32c(bytes, 0, countPosition))
  return bytes
}

/** Undefined when version, CRC or count are wrong. */
export const decode = (bytes: Uint8Array): ProducerState.ProducerState | undefined => {
  if (bytes.byteLength < entriesPosition) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = view.getInt32(countPosition)
  if (view.getInt16(0) !== currentVersion) return undefined
  if (bytes.byteLength !== entriesPosition + count * entryBytes) return undefined
  const crc = crc32c(bytes, 0, countPosition)
  if (view.getUint32(crcPosition) !== crc) return undefined
  const entries: Array<ProducerState.ProducerEntry> = []
  for (let at = entriesPosition; at < bytes.byteLength; at += entryBytes) {
    const lastOffset = Number(view.getBigInt64(at + 14))
    const lastTimestamp = Number(view.getBigInt64(at + 26))
    const batch = {
      lastSequence: view.getInt32(at + 10),
      lastOffset,
      offsetDelta: view.getInt32(at + 22),
      timestamp: lastTimestamp
    }
    entries.push({
      producerId: Number(view.getBigInt64(at)),
      producerEpoch: view.getInt16(at + 8),
      batches: lastOffset < 0 ? [] : [batch],
      coordinatorEpoch: view.getInt32(at + 34),
      lastTimestamp,
      currentTransactionFirstOffset: Number(view.getBigInt64(at + 38))
    })
  }
  return ProducerState.fromEntries(entries)
}

/** Writes the state as of `offset`; durable only once synced (a flush does). */
export const write = (
  disk: Disk["Service"],
  directory: string,
  offset: number,
  state: ProducerState.ProducerState
): Effect.Effect<void, DiskError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* disk.open(`${directory}/${fileName(offset, ".snapshot")}`, "write")
      yield* file.truncate(0)
      yield* file.write(0, [encode(state)])
    })
  )
