/**
 * What many measurements say together: percentiles, medians, spreads, ratios. Pure. Invariant: nothing is made up, so what was not
 * measured (an empty list) has no median and no ratio. Neighbours: Report.ts.
 */

/** The value below which `share` of all lie, by nearest rank; undefined of nothing. */
export const percentile = (values: ReadonlyArray<number>, share: number): number | undefined => {
  const sorted = values.toSorted((left, right) => left - right)
  const rank = Math.ceil(share * sorted.length)
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]
}

/** The middle one, or the mean of the two in the middle; undefined of nothing. */
export const median = (values: ReadonlyArray<number>): number | undefined => {
  const sorted = values.toSorted((left, right) => left - right)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

export interface Summary {
  readonly median: number
  readonly least: number
  readonly most: number
  readonly rounds: number
}

export const summarise = (values: ReadonlyArray<number>): Summary | undefined => {
  const middle = median(values)
  if (middle === undefined) return undefined
  return { median: middle, least: Math.min(...values), most: Math.max(...values), rounds: values.length }
}

/** The spread in halves of it around the median: 0.1 for values from 95 to 115 around 100. */
export const spreadOf = ({ median: middle, least, most }: Summary): number =>
  middle === 0 ? 0 : (most - least) / 2 / Math.abs(middle)

/**
 * How `ours` stands to `other`: the median of the ratios of the same rounds, in which the machine was most alike. Rounds that one of the
 * two lacks count for nothing.
 */
export const ratioOf = (
  ours: ReadonlyArray<number | undefined>,
  other: ReadonlyArray<number | undefined>
): number | undefined => {
  const ratios: Array<number> = []
  for (const [round, value] of ours.entries()) {
    const against = other[round]
    if (value !== undefined && against !== undefined && against !== 0) ratios.push(value / against)
  }
  return median(ratios)
}
