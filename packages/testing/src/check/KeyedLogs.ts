/**
 * The compacted topic's logs as they lie on the disks. Invariant: what a cleaning pass has finished counts from the moment at which the
 * log would be opened with it (`.swap`), though what it takes the place of is still there.
 */
import type { Decompression } from "@klamm/protocol/Compression"
import { type KeyedRecord, keyedTopic } from "../KeyedHistory.ts"
import { replicaDirectories } from "../Nodes.ts"
import type { SimNode } from "../SimCluster.ts"
import { readKeyed } from "../workload/KeyedRecords.ts"
import { readBatchesAs } from "../workload/Payload.ts"

/** One replica. */
export interface KeyedLog {
  readonly nodeId: number
  readonly partition: number
  /** Of sound batches, in any order. */
  readonly records: ReadonlyArray<KeyedRecord>
}

const isSegment = (name: string): boolean => name.endsWith(".log") || name.endsWith(".log.swap")

/** Those on a node's disk, as written. */
export const keyedLogsOn = (
  { id, disk: { files } }: SimNode,
  partitions: number,
  decompression: Decompression
): ReadonlyArray<KeyedLog> =>
  Array.from({ length: partitions }, (_, partition) => partition).flatMap((partition): ReadonlyArray<KeyedLog> => {
    const directories = replicaDirectories(`${keyedTopic}-${partition}`).filter(
      (path) => files.find(path) !== undefined
    )
    if (directories.length === 0) return []
    const records = directories.flatMap((directory) =>
      files
        .list(directory)
        .filter(({ name }) => isSegment(name))
        .flatMap(({ name }) => {
          const file = files.file(`${directory}/${name}`)
          const bytes = new Uint8Array(file.size)
          file.read(0, bytes)
          return readBatchesAs(bytes, decompression, readKeyed).flatMap((batch) => batch.records)
        })
    )
    return [{ nodeId: id, partition, records }]
  })
