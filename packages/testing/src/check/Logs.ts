/**
 * What lies on the disks: two logs that have a batch of the same epoch at the same offset have the same batch there (Raft's log
 * matching, and Kafka's since KIP-101), epochs and offsets rise, each epoch of the metadata quorum has one leader, and in the end every
 * replica holds what a consumer is given. Compacted topics are left out: their batches are rewritten on each node by itself.
 */

import { partitionMetadata } from "@klamm/log/Files"
import { decodePartitionMetadata } from "@klamm/log/LogDirectoryNames"
import type { Decompression } from "@klamm/protocol/Compression"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { keyedTopic } from "../KeyedHistory.ts"
import { dataDirectories } from "../Nodes.ts"
import type { SimNode } from "../SimCluster.ts"
import { type ReadBatch, readBatches } from "../workload/Payload.ts"
import type { Check, Violation } from "./Evidence.ts"

export interface StoredBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  readonly crc: number
  readonly sizeBytes: number
  readonly isControl: boolean
}

/** One replica as its files have it. */
export interface StoredLog {
  readonly nodeId: number
  /** Such as main-0. */
  readonly name: string
  /** Undefined where nothing was written yet. Topics of one name, one after another, have different ones. */
  readonly topicId: string | undefined
  readonly batches: ReadonlyArray<StoredBatch>
  /** With their records, for partitions of the workload's topic. */
  readonly read: ReadonlyArray<ReadBatch>
}

const isCompacted = (name: string): boolean =>
  name.startsWith("__consumer_offsets-") || name.startsWith(`${keyedTopic}-`)
const isLog = (name: string): boolean => /^(?!.*-delete$).+-\d+$/.test(name)

const batchesOf = (bytes: Uint8Array): ReadonlyArray<StoredBatch> => {
  const batches: Array<StoredBatch> = []
  RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at, sizeBytes) => {
    if (RecordBatch.verifyBatch(bytes, at, at + sizeBytes) !== undefined) return
    batches.push({
      baseOffset: RecordBatch.baseOffset(bytes, at),
      lastOffset: RecordBatch.lastOffset(bytes, at),
      epoch: RecordBatch.partitionLeaderEpoch(bytes, at),
      crc: RecordBatch.crc(bytes, at),
      sizeBytes,
      isControl: RecordBatch.isControl(bytes, at)
    })
  })
  return batches
}

const topicIdOf = (files: SimNode["disk"]["files"], directory: string): string | undefined => {
  const path = `${directory}/${partitionMetadata}`
  if (files.find(path) === undefined) return undefined
  const file = files.file(path)
  const bytes = new Uint8Array(file.size)
  file.read(0, bytes)
  return decodePartitionMetadata(bytes)
}

/** The logs on a node's disk, as written; `topic` names the one whose records are read too. */
export const logsOn = (node: SimNode, topic: string, decompression: Decompression): ReadonlyArray<StoredLog> => {
  const { files } = node.disk
  return dataDirectories
    .filter((parent) => files.find(parent) !== undefined)
    .flatMap((parent) => files.list(parent).map((entry) => ({ ...entry, directory: `${parent}/${entry.name}` })))
    .filter(({ name, kind }) => kind === "directory" && isLog(name) && !isCompacted(name))
    .map(({ name, directory }) => {
      const contents = files
        .list(directory)
        .filter((entry) => entry.name.endsWith(".log"))
        .map((entry) => {
          const file = files.file(`${directory}/${entry.name}`)
          const bytes = new Uint8Array(file.size)
          file.read(0, bytes)
          return bytes
        })
      const isRead = name.startsWith(`${topic}-`)
      return {
        nodeId: node.id,
        name,
        topicId: topicIdOf(files, directory),
        batches: contents.flatMap(batchesOf),
        read: isRead ? contents.flatMap((bytes) => readBatches(bytes, decompression)) : []
      }
    })
}

const told = (log: StoredLog, { epoch, baseOffset, lastOffset, crc }: StoredBatch): string =>
  `${log.name} on b${log.nodeId} has ${baseOffset} to ${lastOffset} of epoch ${epoch}, checksum ${crc.toString(16)}`

/**
 * Up to the first batch whose offset does not rise. Behind a power cut there may be one, until the log is recovered: a batch of which the
 * page with the first bytes was lost has offset 0, epoch 0 and a checksum that holds, as neither is covered by it.
 */
const risingPart = (batches: ReadonlyArray<StoredBatch>): ReadonlyArray<StoredBatch> => {
  const end = batches.findIndex(({ baseOffset }, index) => index > 0 && baseOffset <= batches[index - 1]!.lastOffset)
  return end === -1 ? batches : batches.slice(0, end)
}

/** The same epoch and offset, the same batch; for any two nodes, at any time. */
export const matching = (logs: ReadonlyArray<StoredLog>): ReadonlyArray<Violation> => {
  const seen = new Map<string, { readonly log: StoredLog; readonly batch: StoredBatch }>()
  const violations: Array<Violation> = []
  for (const log of logs) {
    for (const batch of risingPart(log.batches)) {
      const key = `${log.topicId} ${log.name} ${batch.epoch} ${batch.baseOffset}`
      const other = seen.get(key)
      if (other === undefined) seen.set(key, { log, batch })
      else if (other.batch.crc !== batch.crc || other.batch.lastOffset !== batch.lastOffset) {
        violations.push({ check: "matching", detail: `${told(other.log, other.batch)}; ${told(log, batch)}` })
      }
    }
  }
  return violations
}

/** Along a log, offsets follow one another and epochs never fall. */
export const rising = (logs: ReadonlyArray<StoredLog>): ReadonlyArray<Violation> =>
  logs.flatMap((log) =>
    log.batches.flatMap((batch, index): ReadonlyArray<Violation> => {
      const before = log.batches[index - 1]
      if (before === undefined) return []
      if (batch.baseOffset > before.lastOffset && batch.epoch >= before.epoch) return []
      return [{ check: "rising", detail: `${told(log, before)}; behind it ${told(log, batch)}` }]
    })
  )

/** In the end each replica holds what is read from the leader. */
export const replicated: Check = ({ drained, logs, promises, topic }) => {
  if (!promises.keepsAcksAll) return []
  return drained.flatMap(({ partition, records, end }) =>
    logs
      .filter(({ name }) => name === `${topic}-${partition}`)
      .flatMap(({ nodeId, read }): ReadonlyArray<Violation> => {
        const stored = new Map(
          read.flatMap((batch) =>
            batch.records.map(({ offset, epoch, value }) => [offset, `${value} of epoch ${epoch}`])
          )
        )
        const wrong = records.find(({ offset, epoch, value }) => stored.get(offset) !== `${value} of epoch ${epoch}`)
        if (wrong === undefined) return []
        const has = stored.get(wrong.offset) ?? "nothing"
        const detail = `b${nodeId} has ${has} at ${wrong.offset} of ${partition}, where ${wrong.value} of epoch ${wrong.epoch} is read; it ends at ${end}`
        return [{ check: "replicated", detail }]
      })
  )
}
