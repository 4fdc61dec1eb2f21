/** Where the batches lie in bytes that a broker gave or a log file holds; one that is cut at the end is left out. */
import * as Batch from "@klamm/protocol/RecordBatch"

export const batchesIn = (bytes: Uint8Array): ReadonlyArray<readonly [from: number, to: number]> => {
  const ranges: Array<readonly [number, number]> = []
  let from = 0
  while (from + Batch.headerBytes <= bytes.length) {
    const to = from + Batch.sizeInBytes(bytes, from)
    if (to > bytes.length || to <= from + Batch.headerBytes) break
    ranges.push([from, to])
    from = to
  }
  return ranges
}
