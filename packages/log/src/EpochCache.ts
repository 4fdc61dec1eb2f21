/**
 * Leader epoch → start offset, the history that truncation is decided on (KIP-101, KIP-279). A value: entries sorted by
 * epoch, start offsets rising with them; every change answers a new cache. `Log.ts` keeps the latest and writes it through
 * `Checkpoint.ts` in the layout of Kafka's `leader-epoch-checkpoint`.
 */
export interface EpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

export type EpochCache = ReadonlyArray<EpochEntry>

export interface EpochEndOffset {
  readonly epoch: number
  readonly endOffset: number
}

export const empty: EpochCache = []

/** Answer for an epoch nobody here has seen: OffsetForLeaderEpoch's (-1, -1). */
export const undefinedEpoch: EpochEndOffset = { epoch: -1, endOffset: -1 }

export const latestEpoch = (cache: EpochCache): number => cache[cache.length - 1]?.epoch ?? -1

/**
 * Notes that `epoch` starts at `startOffset`. The same cache comes back when the epoch is the latest already. Entries that
 * contradict the new one (a later epoch, or an offset at or above it) are dropped: the log was written by the newer leader.
 */
export const assign = (cache: EpochCache, epoch: number, startOffset: number): EpochCache => {
  if (epoch < 0 || epoch === latestEpoch(cache)) return cache
  return [...cache.filter((entry) => entry.epoch < epoch && entry.startOffset < startOffset), { epoch, startOffset }]
}

/**
 * The history once a batch of `epoch` has been found at `offset`: the same cache where that is what it says, though the batch that the epoch
 * began with may be gone from a compacted log; where it says something else, the batch is right.
 */
export const confirm = (cache: EpochCache, epoch: number, offset: number): EpochCache =>
  epoch < 0 || epochForOffset(cache, offset) === epoch
    ? cache
    : assign(
        cache.filter((entry) => entry.epoch <= epoch && entry.startOffset < offset),
        epoch,
        offset
      )

/** Drops what lies at or beyond `endOffset`, the new log end. */
export const truncateFromEnd = (cache: EpochCache, endOffset: number): EpochCache => {
  if (cache.length === 0 || cache[cache.length - 1]!.startOffset < endOffset) return cache
  return cache.filter((entry) => entry.startOffset < endOffset)
}

/** Moves the history to a new log start: the epoch that covers `startOffset` now begins there. */
export const truncateFromStart = (cache: EpochCache, startOffset: number): EpochCache => {
  const index = floorIndex(cache, startOffset)
  if (index < 0 || cache[index]!.startOffset === startOffset) return index <= 0 ? cache : cache.slice(index)
  return [{ epoch: cache[index]!.epoch, startOffset }, ...cache.slice(index + 1)]
}

const floorIndex = (cache: EpochCache, offset: number): number => {
  let index = cache.length - 1
  while (index >= 0 && cache[index]!.startOffset > offset) index--
  return index
}

/** The epoch of the batch at `offset`, or -1 when the history does not reach there. */
export const epochForOffset = (cache: EpochCache, offset: number): number =>
  cache[floorIndex(cache, offset)]?.epoch ?? -1

/**
 * Where `epoch` ends in this log (behaviour 104): the log end for the current epoch; for an older one the start of the next
 * known epoch, answered with the largest known epoch not above the one asked; for one older than any, that epoch and the
 * first known start; for a newer one, undefined.
 */
export const endOffsetFor = (cache: EpochCache, epoch: number, logEndOffset: number): EpochEndOffset => {
  if (epoch === -1 || cache.length === 0 || epoch > latestEpoch(cache)) return undefinedEpoch
  if (epoch === latestEpoch(cache)) return { epoch, endOffset: logEndOffset }
  const next = cache.findIndex((entry) => entry.epoch > epoch)
  const floor = next === 0 ? epoch : cache[next - 1]!.epoch
  return { epoch: floor, endOffset: cache[next]!.startOffset }
}
