/**
 * The four files in which a log directory keeps offsets of its logs: recovery points, log starts, high watermarks, and how far logs are
 * cleaned. Kafka's names and format.
 *
 * Invariant: they are kept by the names of logs, and a name may come to belong to another log: whoever begins one asks first whether
 * anything is said of the name (`claims`), and has the files written without it. A crash would otherwise leave that log cut to where the
 * former one began, or taken for damaged. Neighbour: `LogDirectory.ts`.
 */
import type { Disk, DiskError } from "@klamm/platform"
import * as Effect from "effect/Effect"
import * as Checkpoint from "./Checkpoint.ts"
import type { Log } from "./Log.ts"
import { type LogName, nameOf } from "./LogDirectoryNames.ts"

const recoveryPointFile = "recovery-point-offset-checkpoint"
const logStartFile = "log-start-offset-checkpoint"
const highWatermarkFile = "replication-offset-checkpoint"
const cleanedFile = "cleaner-offset-checkpoint"

/** Offsets that go into the directory's checkpoints with the next `write`. */
export interface CheckpointedLog {
  readonly log: Log
  readonly highWatermark: number
}

/** What a file says, by the names of logs. */
type Offsets = ReadonlyMap<string, number>

type OffsetOf = (entry: CheckpointedLog) => number

const offsetsOf = (entries: ReadonlyArray<CheckpointedLog>, offsetOf: OffsetOf) =>
  entries.map((entry) => ({ topic: entry.log.topic, partition: entry.log.partition, offset: offsetOf(entry) }))

const kept = (before: Offsets, unopened: ReadonlyArray<LogName>) =>
  unopened.flatMap(({ topic, partition }) => {
    const offset = before.get(nameOf({ topic, partition }))
    return offset === undefined ? [] : [{ topic, partition, offset }]
  })

const byName = (entries: ReadonlyArray<Checkpoint.PartitionOffset>): Offsets =>
  new Map(entries.map((entry) => [nameOf(entry), entry.offset]))

/** A missing or damaged checkpoint counts as empty: recovery then looks at everything, and nothing is lost. */
const readOffsets = (disk: Disk["Service"], path: string, name: string): Effect.Effect<Offsets, DiskError> =>
  Effect.gen(function* () {
    const bytes = yield* Checkpoint.readIfPresent(disk, `${path}/${name}`)
    if (bytes === undefined || bytes.byteLength === 0) return new Map()
    const offsets = Checkpoint.decodeOffsets(bytes)
    if (offsets === undefined) yield* Effect.logWarning(`${path}/${name} is damaged and taken as empty`)
    return byName(offsets ?? [])
  })

export class OffsetCheckpoints {
  private readonly disk: Disk["Service"]
  private readonly path: string
  private recoveryPoints: Offsets
  private logStarts: Offsets
  private highWatermarks: Offsets
  private cleanedOffsets: Offsets

  private constructor(
    disk: Disk["Service"],
    path: string,
    [recoveryPoints, logStarts, highWatermarks, cleanedOffsets]: readonly [Offsets, Offsets, Offsets, Offsets]
  ) {
    this.disk = disk
    this.path = path
    this.recoveryPoints = recoveryPoints
    this.logStarts = logStarts
    this.highWatermarks = highWatermarks
    this.cleanedOffsets = cleanedOffsets
  }

  /** Those of the directory at `path`. */
  static readonly read = (disk: Disk["Service"], path: string): Effect.Effect<OffsetCheckpoints, DiskError> =>
    Effect.gen(function* () {
      const offsets = [
        yield* readOffsets(disk, path, recoveryPointFile),
        yield* readOffsets(disk, path, logStartFile),
        yield* readOffsets(disk, path, highWatermarkFile),
        yield* readOffsets(disk, path, cleanedFile)
      ] as const
      return new OffsetCheckpoints(disk, path, offsets)
    })

  /** Each 0 where nothing is said. */
  recoveryPoint(name: LogName): number {
    return this.recoveryPoints.get(nameOf(name)) ?? 0
  }

  logStart(name: LogName): number {
    return this.logStarts.get(nameOf(name)) ?? 0
  }

  highWatermark(name: LogName): number {
    return this.highWatermarks.get(nameOf(name)) ?? 0
  }

  cleanedOffset(name: LogName): number {
    return this.cleanedOffsets.get(nameOf(name)) ?? 0
  }

  /** Whether anything is said of the name that a log without a record is not. */
  claims(name: LogName): boolean {
    const said = [this.recoveryPoint(name), this.logStart(name), this.highWatermark(name), this.cleanedOffset(name)]
    return said.some((offset) => offset > 0)
  }

  /** For these logs, as they are now; for those that were found and have not been opened yet, as they were; for no others. */
  write(logs: ReadonlyArray<CheckpointedLog>, unopened: ReadonlyArray<LogName> = []): Effect.Effect<void, DiskError> {
    return Effect.gen({ self: this }, function* () {
      const put = (name: string, before: Offsets, entries: ReadonlyArray<CheckpointedLog>, of: OffsetOf) =>
        this.put(name, [...offsetsOf(entries, of), ...kept(before, unopened)])
      this.recoveryPoints = yield* put(recoveryPointFile, this.recoveryPoints, logs, ({ log }) => log.recoveryPoint)
      const moved = logs.filter(({ log }) => log.logStartOffset > (log.segmentBaseOffsets[0] ?? 0))
      this.logStarts = yield* put(logStartFile, this.logStarts, moved, ({ log }) => log.logStartOffset)
      const watermarkOf: OffsetOf = ({ highWatermark }) => highWatermark
      this.highWatermarks = yield* put(highWatermarkFile, this.highWatermarks, logs, watermarkOf)
      const cleaned = logs.filter(({ log }) => log.cleanedOffset > 0)
      this.cleanedOffsets = yield* put(cleanedFile, this.cleanedOffsets, cleaned, ({ log }) => log.cleanedOffset)
    })
  }

  /** What the file says from now on. */
  private put(name: string, entries: ReadonlyArray<Checkpoint.PartitionOffset>): Effect.Effect<Offsets, DiskError> {
    return Effect.map(Checkpoint.replaceFile(this.disk, this.path, name, Checkpoint.encodeOffsets(entries)), () =>
      byName(entries)
    )
  }
}
