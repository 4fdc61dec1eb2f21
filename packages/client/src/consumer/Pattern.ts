/**
 * Topics by a pattern for their names. Pure. Invariant: a pattern has to match a whole name, and never an internal topic's. With the new
 * protocol the coordinator matches (KIP-848), in RE2/J's dialect; here it is JavaScript's.
 */
import type { ClusterMetadata } from "../Cluster.ts"

/** Undefined for what is no pattern. */
export const compile = (pattern: string): RegExp | undefined => {
  try {
    return new RegExp(`^(?:${pattern})$`, "u")
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The topics that are there now and match, by name. */
export const matching = (pattern: RegExp, { topics }: ClusterMetadata): ReadonlyArray<string> =>
  [...topics.values()]
    .filter(({ name, isInternal, partitions }) => !isInternal && partitions.length > 0 && pattern.test(name))
    .map(({ name }) => name)
    .toSorted()
