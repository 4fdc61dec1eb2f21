/**
 * A lag watch: how far each group is behind, seen from outside, and a warning when one does not catch up.
 *
 * Lag is the end of a partition minus what the group has committed. Both are asked of the brokers, so nothing has to run inside of the
 * group. A group that is behind is no news; one that has been behind at every look for a while is.
 */
import { Admin } from "@klamm/client"
import { Effect, Schedule, Stream } from "effect"

export interface Lag {
  readonly topic: string
  readonly partition: number
  readonly lag: number
}

/** Of all partitions for which the group has committed something. */
export const lagOf = (group: string) =>
  Effect.gen(function* () {
    const committed = yield* Admin.listGroupOffsets(group)
    const ends = yield* Admin.listOffsets(
      committed.map(({ topic, partition }) => ({ topic, partition, at: "latest" as const }))
    )
    return committed.map(({ topic, partition, offset }): Lag => {
      const end = ends.find((each) => each.topic === topic && each.partition === partition)
      return { topic, partition, lag: Math.max(0, (end?.offset ?? offset) - offset) }
    })
  })

export interface WatchOptions {
  /** Records behind, over all partitions, from which on it counts. */
  readonly threshold: number
  /** Looks in a row before it is told. */
  readonly looks: number
}

export interface News {
  readonly group: string
  readonly total: number
  readonly state: "behind" | "caught up"
}

interface Seen {
  readonly inARow: number
  readonly told: boolean
}

/** "behind" when a group has not caught up for so many looks, ten seconds apart, and "caught up" when it has. */
export const watchLag = (group: string, { threshold, looks }: WatchOptions) =>
  Stream.fromEffectRepeat(lagOf(group)).pipe(
    Stream.schedule(Schedule.spaced("10 seconds")),
    Stream.map((lags) => lags.reduce((sum, { lag }) => sum + lag, 0)),
    Stream.mapAccum(
      (): Seen => ({ inARow: 0, told: false }),
      ({ inARow, told }, total): readonly [Seen, ReadonlyArray<News>] => {
        if (total < threshold) return [{ inARow: 0, told: false }, told ? [{ group, total, state: "caught up" }] : []]
        const isTime = !told && inARow + 1 >= looks
        return [{ inARow: inARow + 1, told: told || isTime }, isTime ? [{ group, total, state: "behind" }] : []]
      }
    )
  )
