/**
 * What logs need besides appends and reads: retention, compaction, forgetting idle producers, checkpoints, removal of what was
 * deleted. Each is a loop with an interval of its own, Kafka's keys.
 *
 * Invariant: a directory that fails here is told once and left alone from then on; one log's trouble never stops another's care.
 */
import type { Log } from "@klamm/log"
import type { CorruptLog } from "@klamm/log/LogError"
import type { DiskError } from "@klamm/platform"
import { hasBug } from "@klamm/platform/Bugs"
import type { Decompression } from "@klamm/protocol/Compression"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { lastStableOffset } from "./LocalLog.ts"
import type { PartitionActor } from "./PartitionActor.ts"
import type { ReplicaDirectory } from "./ReplicaDirectory.ts"

export interface Settings {
  /** log.retention.check.interval.ms. */
  readonly retentionCheckMs: number
  /** replica.high.watermark.checkpoint.interval.ms: all offset checkpoints are written together. */
  readonly checkpointMs: number
  /** log.segment.delete.delay.ms. */
  readonly fileDeleteDelayMs: number
  /** producer.id.expiration.check.interval.ms and producer.id.expiration.ms. */
  readonly producerCheckMs: number
  readonly producerExpirationMs: number
  /** log.cleaner.enable, log.cleaner.backoff.ms and log.cleaner.dedupe.buffer.size. */
  readonly cleanerEnabled: boolean
  readonly cleanerBackoffMs: number
  readonly dedupeBufferBytes: number
}

export interface HousekeepingOptions {
  readonly settings: () => Settings
  readonly directories: ReadonlyArray<ReplicaDirectory>
  readonly otherLogs: ReadonlyArray<Log>
  readonly decompression: () => Decompression
  readonly onDiskError: (directory: ReplicaDirectory, error: DiskError | CorruptLog) => Effect.Effect<void>
}

/** Waits first, then does the work in every healthy directory, for ever. */
const everyDirectory = (
  options: HousekeepingOptions,
  intervalMs: () => number,
  work: (directory: ReplicaDirectory, now: number) => Effect.Effect<void, DiskError | CorruptLog>
): Effect.Effect<never> =>
  Effect.gen(function* () {
    yield* Effect.suspend(() => Effect.sleep(intervalMs()))
    const now = yield* Clock.currentTimeMillis
    for (const directory of options.directories.filter((each) => !each.failed)) {
      yield* Effect.catch(work(directory, now), (error) => options.onDiskError(directory, error))
    }
  }).pipe(Effect.forever)

/** Retention is the partition's own doing, in its turn. */
const retain = (options: HousekeepingOptions) =>
  everyDirectory(
    options,
    () => options.settings().retentionCheckMs,
    (directory) =>
      Effect.sync(() => {
        for (const { actor } of directory.partitions) actor.tell({ _tag: "Retain" })
      })
  )

/**
 * Between two looks at what was renamed to be deleted: so much later than its delay a file goes at most, and with it the space that it
 * takes. Kafka's LogSegment and LogManager schedule each for its time. Milliseconds.
 */
const removalCheckMs = 1_000

const remove = (options: HousekeepingOptions) =>
  everyDirectory(
    options,
    () => removalCheckMs,
    (directory, now) =>
      Effect.gen(function* () {
        for (const { log } of directory.partitions) if (log.hasDeleted) yield* log.removeDeleted(now)
        yield* directory.log.removeDeleted(now, options.settings().fileDeleteDelayMs)
      })
  )

const checkpoint = (options: HousekeepingOptions) =>
  everyDirectory(
    options,
    () => options.settings().checkpointMs,
    (directory) => directory.checkpoint(options.otherLogs)
  )

/** Between two looks at how old what is stored has become; milliseconds. */
const ageMs = 600_000

const age = (options: HousekeepingOptions) =>
  everyDirectory(
    options,
    () => ageMs,
    (directory) =>
      Effect.sync(() => {
        for (const { log } of directory.partitions) log.age()
      })
  )

const expireProducers = (options: HousekeepingOptions) =>
  everyDirectory(
    options,
    () => options.settings().producerCheckMs,
    (directory, now) =>
      Effect.sync(() => {
        const olderThanMs = now - options.settings().producerExpirationMs
        for (const { actor } of directory.partitions) actor.tell({ _tag: "ExpireProducers", olderThanMs })
      })
  )

const cleanOne = (options: HousekeepingOptions, { actor, log }: PartitionActor, now: number) =>
  Effect.suspend(() => {
    const state = actor.state()
    if (state._tag === "Offline") return Effect.void
    const end = hasBug("cleaned-above-the-watermark") ? log.logEndOffset : lastStableOffset(state)
    const cleaning = log.clean(now, end, {
      producers: state.producers,
      decompression: options.decompression(),
      dedupeBufferBytes: options.settings().dedupeBufferBytes
    })
    // The log has told of it: damage in one is no reason to give up the directory.
    return Effect.catchTag(cleaning, "CorruptLog", () => Effect.void)
  })

const clean = (options: HousekeepingOptions) =>
  everyDirectory(
    options,
    () => options.settings().cleanerBackoffMs,
    (directory, now) =>
      options.settings().cleanerEnabled
        ? Effect.forEach(directory.partitions, (partition) => cleanOne(options, partition, now), { discard: true })
        : Effect.void
  )

/** Starts the loops; they end with the scope. */
export const run = (options: HousekeepingOptions): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    yield* Effect.forkScoped(retain(options))
    yield* Effect.forkScoped(remove(options))
    yield* Effect.forkScoped(checkpoint(options))
    yield* Effect.forkScoped(age(options))
    yield* Effect.forkScoped(expireProducers(options))
    yield* Effect.forkScoped(clean(options))
  })
