/** Reads: one value per offset for ever, no gaps while reading on, watermarks that never fall. */
import type { Read, Watermark } from "../History.ts"
import type { Check, Violation } from "./Evidence.ts"

/** Offset, value and who said so. */
interface Claim {
  readonly offset: number
  readonly value: number
  readonly by: string
  readonly atMs: number
}

/** Each offset has one value, whoever says so, whenever. */
export const oneValue: Check = ({ drained, history, promises }) => {
  if (!promises.keepsReads) return []
  return drained.flatMap(({ partition, records }) => {
    const values = new Map(records.map(({ offset, value }) => [offset, value]))
    const reads = history.reads.filter((read) => read.partition === partition)
    const claims = reads.map(({ offset, value, reader, atMs }): Claim => ({ offset, value, by: reader, atMs }))
    const told = new Set<number>()
    return claims.flatMap(({ offset, value, by, atMs }): ReadonlyArray<Violation> => {
      if (values.get(offset) === value || told.has(offset)) return []
      told.add(offset)
      const now = values.get(offset) ?? "nothing"
      const detail = `${by} read ${value} at ${offset} of ${partition} at ${atMs.toFixed(1)} ms; in the end it is ${now}`
      return [{ check: "oneValue", detail }]
    })
  })
}

const groupBy = <A>(all: ReadonlyArray<A>, key: (each: A) => string): ReadonlyArray<ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const each of all) {
    const name = key(each)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [each])
    else group.push(each)
  }
  return [...groups.values()]
}

/** A reader that reads on meets each offset once, one after another. */
export const gapless: Check = ({ history, promises }) =>
  promises.keepsReads
    ? groupBy(history.reads, ({ reader, life, partition }) => `${reader}/${life}/${partition}`).flatMap((reads) =>
        reads.flatMap((read: Read, index): ReadonlyArray<Violation> => {
          const before = reads[index - 1]
          if (before === undefined || read.offset === before.offset + 1) return []
          const detail = `${read.reader} read ${read.offset} behind ${before.offset} of partition ${read.partition}`
          return [{ check: "gapless", detail }]
        })
      )
    : []

/** Within an epoch what one client is told by one leader never falls; in the end nothing is below what was ever told. */
export const watermarks: Check = ({ history, drained, promises }) => {
  const falls = groupBy(
    history.watermarks,
    ({ reader, partition, nodeId, epoch }) => `${reader}/${partition}/${nodeId}/${epoch}`
  ).flatMap((told) =>
    told.flatMap((each: Watermark, index): ReadonlyArray<Violation> => {
      const before = told[index - 1]
      if (before === undefined || each.highWatermark >= before.highWatermark) return []
      const { partition, epoch, highWatermark, atMs } = each
      const detail = `fell from ${before.highWatermark} to ${highWatermark} in partition ${partition}, epoch ${epoch}, at ${atMs.toFixed(1)} ms`
      return [{ check: "watermarks", detail }]
    })
  )
  if (!promises.keepsReads) return []
  const lost = drained.flatMap(({ partition, end }) => {
    const highest = history.watermarks.reduce(
      (most, each) => (each.partition === partition ? Math.max(most, each.highWatermark) : most),
      0
    )
    return highest <= end
      ? []
      : [{ check: "watermarks", detail: `${highest} was told of partition ${partition}, which ends at ${end}` }]
  })
  return [...falls, ...lost]
}
