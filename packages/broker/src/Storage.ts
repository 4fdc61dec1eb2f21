/**
 * The log directories of a node and the metadata log in one of them, opened together. Invariant: all directories are of one
 * cluster and of this node, or none is used; a node without any data founds a cluster, with a new id, if it is the only controller,
 * and is refused otherwise: it has to be told first which cluster it belongs to (`Format.ts`).
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { logDirs, metadataLogDir } from "@klamm/config/Derived"
import { type FoundLog, type Log, type LogConfig, LogDirectory, nameOf } from "@klamm/log"
import { readIfPresent } from "@klamm/log/Checkpoint"
import { defaultLogConfig } from "@klamm/log/LogConfig"
import * as MetaProperties from "@klamm/log/MetaProperties"
import { Disk } from "@klamm/platform"
import * as Entropy from "@klamm/platform/Entropy"
import { MetadataLog } from "@klamm/raft"
import { ReplicaDirectory } from "@klamm/replica"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { isAlone } from "./QuorumConfig.ts"

/** There is no data, and this node can't know which cluster it belongs to. */
export class NotFormatted extends Data.TaggedError("NotFormatted")<{ readonly directories: ReadonlyArray<string> }> {
  override get message(): string {
    return `${this.directories.join(", ")}: not formatted`
  }
}

export interface Storage {
  readonly clusterId: string
  /** There was no data. */
  readonly fresh: boolean
  readonly directories: ReadonlyArray<ReplicaDirectory>
  readonly metadataLog: Log
  /** The directory that has the metadata log, and with it this node's vote. */
  readonly metadataDirectoryId: string
}

/** The directories of log.dirs and metadata.log.dir, and which of them has the metadata log. */
export const directoriesOf = ({ values }: StaticConfig) => {
  const home = metadataLogDir(values)
  const paths = [...new Set([...logDirs(values), ...(home === undefined ? [] : [home])])]
  return { paths, home: home ?? paths[0]! }
}

/** The cluster that the first directory with an identity belongs to; undefined when none has one. */
export const storedClusterId = (paths: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const disk = yield* Disk
    for (const path of paths) {
      const bytes = yield* readIfPresent(disk, `${path}/${MetaProperties.metaProperties}`)
      const meta = bytes === undefined ? undefined : MetaProperties.decode(bytes)
      if (meta !== undefined && typeof meta !== "string") return meta.clusterId
    }
    return undefined
  })

const metadataLogConfig = ({ values }: StaticConfig): LogConfig => ({
  ...defaultLogConfig,
  segmentBytes: values["metadata.log.segment.bytes"],
  segmentMs: values["metadata.log.segment.ms"],
  retentionMs: -1,
  retentionBytes: -1,
  cleanupPolicy: { compact: false, delete: true }
})

const openMetadataLog = (config: StaticConfig, directory: ReplicaDirectory) =>
  Effect.gen(function* () {
    const { topicName, partition, topicId } = MetadataLog
    const now = yield* Clock.currentTimeMillis
    const logConfig = metadataLogConfig(config)
    const name = nameOf({ topic: topicName, partition })
    const found: FoundLog | undefined = directory.found.get(name)
    directory.found.delete(name)
    const log =
      found === undefined
        ? yield* directory.log.create(topicName, partition, topicId, () => logConfig, now)
        : yield* directory.log.load(found, topicId, () => logConfig, now)
    /** The vote is kept in there, and may be the first thing that is. */
    yield* directory.log.syncNames
    return log
  })

/** Opens everything until the scope ends. */
export const open = (config: StaticConfig) =>
  Effect.gen(function* () {
    const { values } = config
    const { paths, home: metadataPath } = directoriesOf(config)
    const disk = yield* Disk
    for (const path of paths) yield* disk.makeDirectory(path)
    const stored = yield* storedClusterId(paths)
    if (stored === undefined && !isAlone(config)) return yield* Effect.fail(new NotFormatted({ directories: paths }))
    const clusterId = stored ?? (yield* Entropy.uuid)
    const now = yield* Clock.currentTimeMillis
    const directories = yield* Effect.forEach(paths, (path) =>
      Effect.gen(function* () {
        const newDirectoryId = yield* Entropy.uuid
        const log = yield* LogDirectory.open({
          path,
          clusterId,
          nodeId: values["node.id"],
          newDirectoryId,
          recoveryThreads: values["num.recovery.threads.per.data.dir"]
        })
        return new ReplicaDirectory(disk, log, yield* log.find(now))
      })
    )
    const home = directories.find(({ path }) => path === metadataPath) ?? directories[0]!
    const storage: Storage = {
      clusterId,
      fresh: stored === undefined,
      directories,
      metadataLog: yield* openMetadataLog(config, home),
      metadataDirectoryId: home.log.directoryId
    }
    return storage
  })
