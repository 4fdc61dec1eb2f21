/**
 * What a log needs to know of its topic's configuration, as plain numbers. Invariant: a limit that the topic leaves open is
 * `Number.POSITIVE_INFINITY` or the sentinel named on the field, never undefined, so that the rules can compare without
 * asking. Neighbours: the broker maps topic keys (`retention.ms` and the rest) to this; `Log.ts` reads it anew for each
 * operation, so a dynamic change acts on the next one (behaviour 193).
 */
export interface CleanupPolicy {
  readonly compact: boolean
  readonly delete: boolean
}

export interface LogConfig {
  /** `segment.bytes`: a segment is rolled before it would grow beyond this. */
  readonly segmentBytes: number
  /** `segment.ms`: measured on record timestamps from the segment's first batch. */
  readonly segmentMs: number
  /** `segment.jitter.ms`: each segment is rolled earlier by a random share of this. */
  readonly segmentJitterMs: number
  /** `segment.index.bytes`: the size at which an index counts as full. */
  readonly segmentIndexBytes: number
  /** `index.interval.bytes`: log bytes between two index entries. */
  readonly indexIntervalBytes: number
  /** `file.delete.delay.ms`: how long a `.deleted` file stays for readers that still hold it. */
  readonly fileDeleteDelayMs: number
  /** `retention.ms`; -1 keeps for ever. */
  readonly retentionMs: number
  /** `retention.bytes`; -1 keeps all. */
  readonly retentionBytes: number
  /** `cleanup.policy`; neither set means keep for ever (behaviour 169). */
  readonly cleanupPolicy: CleanupPolicy
  /** `min.compaction.lag.ms`. */
  readonly minCompactionLagMs: number
  /** `max.compaction.lag.ms`; infinity when unbounded. */
  readonly maxCompactionLagMs: number
  /** `delete.retention.ms`: how long tombstones and markers stay after the first pass that could drop them. */
  readonly deleteRetentionMs: number
  /** `min.cleanable.dirty.ratio`, 0 to 1. */
  readonly minCleanableDirtyRatio: number
  /** `max.message.bytes`: bound of one stored batch; also bounds the buffer of a cleaning pass. */
  readonly maxMessageBytes: number
  /** `producer.id.expiration.ms`: an idle producer is forgotten after this. */
  readonly producerIdExpirationMs: number
}

/** Kafka's defaults, in one place for tests and tools. */
export const defaultLogConfig: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  fileDeleteDelayMs: 60_000,
  retentionMs: 604_800_000,
  retentionBytes: -1,
  cleanupPolicy: { compact: false, delete: true },
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.POSITIVE_INFINITY,
  deleteRetentionMs: 86_400_000,
  minCleanableDirtyRatio: 0.5,
  maxMessageBytes: 1_048_588,
  producerIdExpirationMs: 86_400_000
}
