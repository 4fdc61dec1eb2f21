/**
 * Gives the directories of a node their cluster before its first start (`klamm storage format`). Invariant: a directory that has a
 * cluster keeps it: formatting again changes nothing, and another cluster's is refused. Kafka: org.apache.kafka.metadata.storage.Formatter.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import type { LogDirectoryRefused } from "@klamm/log"
import * as Checkpoint from "@klamm/log/Checkpoint"
import * as MetaProperties from "@klamm/log/MetaProperties"
import { Disk, type DiskError } from "@klamm/platform"
import * as Entropy from "@klamm/platform/Entropy"
import * as Effect from "effect/Effect"
import { directoriesOf } from "./Storage.ts"

export interface Formatted {
  readonly path: string
  readonly directoryId: string
  /** It had its cluster already. */
  readonly before: boolean
}

/** Formats one directory; `directoryId` is for a new one. */
const formatOne = (path: string, wanted: MetaProperties.MetaProperties) =>
  Effect.gen(function* () {
    const disk = yield* Disk
    yield* disk.makeDirectory(path)
    const bytes = yield* Checkpoint.readIfPresent(disk, `${path}/${MetaProperties.metaProperties}`)
    if (bytes === undefined) {
      yield* Checkpoint.replaceFile(disk, path, MetaProperties.metaProperties, MetaProperties.encode(wanted))
      return { path, directoryId: wanted.directoryId, before: false }
    }
    const meta = MetaProperties.decode(bytes)
    const refused = (reason: LogDirectoryRefused["reason"], detail: string) =>
      Effect.fail(new MetaProperties.LogDirectoryRefused({ directory: path, reason, detail }))
    if (typeof meta === "string") return yield* refused("Malformed", `${MetaProperties.metaProperties}: ${meta}`)
    const refusal = MetaProperties.refusal([{ directory: path, meta }], wanted)
    if (refusal !== undefined) return yield* Effect.fail(refusal)
    return { path, directoryId: meta.directoryId, before: true }
  })

/** Every directory of the node. `directoryId` is that of the metadata log's, where it was fixed beforehand (initial controllers). */
export const format = (
  config: StaticConfig,
  clusterId: string,
  directoryId?: string
): Effect.Effect<ReadonlyArray<Formatted>, DiskError | LogDirectoryRefused, Disk> =>
  Effect.gen(function* () {
    const { paths, home } = directoriesOf(config)
    const nodeId = config.values["node.id"]
    return yield* Effect.forEach(paths, (path) =>
      Effect.gen(function* () {
        const chosen = path === home && directoryId !== undefined ? directoryId : yield* Entropy.uuid
        return yield* formatOne(path, { clusterId, nodeId, directoryId: chosen })
      })
    )
  })
