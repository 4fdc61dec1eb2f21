/**
 * How far a consumer is behind: of each partition the records between what is done and the end of its log. Fetches bring the ends along; of
 * partitions that have not been fetched from the leaders are asked. Invariant: an end that cannot be had now leaves its partition out, and
 * is no failure. Neighbours: `Feed.ts` counts, `Asking.ts` asks.
 */
import * as Effect from "effect/Effect"
import type { Cluster } from "../Cluster.ts"
import * as Asking from "./Asking.ts"
import type { Feed } from "./Feed.ts"
import type { Settings } from "./Settings.ts"
import { keyOf, type TopicPartition } from "./TopicPartition.ts"

/** How far a consumer is behind in a partition. */
export interface PartitionLag extends TopicPartition {
  /** Records between what is done and the end of the log. */
  readonly lag: number
}

/** Asks one leader for the ends of these, and notes them where no fetch has been faster. */
const askEnds = (
  cluster: Cluster,
  { requestTimeoutMs }: Settings,
  leader: number,
  feeds: ReadonlyArray<Feed>,
  isCommittedOnly: boolean
): Effect.Effect<void> => {
  const asked = feeds.map(({ topic, partition, state }) => ({
    topic,
    partition,
    timestamp: Asking.latest,
    leaderEpoch: state.leaderEpoch
  }))
  return Effect.match(Asking.offsetsAt(cluster, leader, asked, isCommittedOnly, requestTimeoutMs), {
    onFailure: () => undefined,
    onSuccess: (answers) => {
      for (const feed of feeds) feed.noteEnd(answers.get(keyOf(feed))?.value?.offset ?? -1, isCommittedOnly)
    }
  })
}

export const lagOf = (
  cluster: Cluster,
  settings: Settings,
  feeds: ReadonlyArray<Feed>
): Effect.Effect<ReadonlyArray<PartitionLag>> =>
  Effect.suspend(() => {
    const isCommittedOnly = settings.isolationLevel === "read_committed"
    const unknown = feeds.filter((feed) => feed.endFor(isCommittedOnly) < 0 && feed.state.leaderId >= 0)
    const asking = Effect.forEach(
      Map.groupBy(unknown, ({ state }) => state.leaderId),
      ([leader, led]) => askEnds(cluster, settings, leader, led, isCommittedOnly),
      { concurrency: "unbounded", discard: true }
    )
    return Effect.map(asking, () =>
      feeds.flatMap((feed) => {
        const lag = feed.lag(isCommittedOnly)
        return lag < 0 ? [] : [{ topic: feed.topic, partition: feed.partition, lag }]
      })
    )
  })
