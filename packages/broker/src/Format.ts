/**
 * Gives the directories of a node their cluster before its first start (`klamm storage format`). Invariant: a directory that has a
 * cluster keeps it: formatting again changes nothing, and another cluster's is refused. Kafka: org.apache.kafka.metadata.storage.Formatter.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import type { LogDirectoryRefused } from "@klamm/log"
import * as Checkpoint from "@klamm/log/Checkpoint"
import { syncParents } from "@klamm/log/LogDirectory"
import * as MetaProperties from "@klamm/log/MetaProperties"
import { Disk, type DiskError } from "@klamm/platform"
import * as Entropy from "@klamm/platform/Entropy"
import { MetadataLog, type VoterSet, writeBootstrapSnapshot } from "@klamm/raft"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { directoriesOf } from "./Storage.ts"

export type FormatError = DiskError | LogDirectoryRefused

/** What one directory of the node is at present. */
export type DirectoryState =
  | { readonly _tag: "Absent" | "NotADirectory" | "Unformatted" }
  | { readonly _tag: "Malformed"; readonly detail: string }
  | { readonly _tag: "Formatted"; readonly meta: MetaProperties.MetaProperties }

export interface Found {
  readonly path: string
  readonly state: DirectoryState
}

const absent: DirectoryState = { _tag: "Absent" }
const notADirectory: DirectoryState = { _tag: "NotADirectory" }

const stateOf = (path: string): Effect.Effect<DirectoryState, DiskError, Disk> =>
  Effect.gen(function* () {
    const disk = yield* Disk
    yield* disk.list(path)
    const bytes = yield* Checkpoint.readIfPresent(disk, `${path}/${MetaProperties.metaProperties}`)
    if (bytes === undefined) return { _tag: "Unformatted" } as const
    const meta = MetaProperties.decode(bytes)
    return typeof meta === "string"
      ? ({ _tag: "Malformed", detail: meta } as const)
      : ({ _tag: "Formatted", meta } as const)
  }).pipe(
    Effect.catch((error) => {
      if (error.reason === "NotFound") return Effect.succeed(absent)
      return error.reason === "NotADirectory" ? Effect.succeed(notADirectory) : Effect.fail(error)
    })
  )

/** Every directory of the node as it is; nothing is changed. */
export const inspect = (config: StaticConfig): Effect.Effect<ReadonlyArray<Found>, DiskError, Disk> =>
  Effect.forEach(directoriesOf(config).paths, (path) => Effect.map(stateOf(path), (state) => ({ path, state })))

export interface Formatted {
  readonly path: string
  /** The metadata log lies in it. */
  readonly isHome: boolean
  readonly directoryId: string
  /** It had its cluster already. */
  readonly before: boolean
}

/** Formats one directory; `directoryId` is for a new one. */
const formatOne = (path: string, isHome: boolean, wanted: MetaProperties.MetaProperties) =>
  Effect.gen(function* () {
    const disk = yield* Disk
    yield* disk.makeDirectory(path)
    const bytes = yield* Checkpoint.readIfPresent(disk, `${path}/${MetaProperties.metaProperties}`)
    if (bytes === undefined) {
      yield* syncParents(disk, path)
      yield* Checkpoint.replaceFile(disk, path, MetaProperties.metaProperties, MetaProperties.encode(wanted))
      return { path, isHome, directoryId: wanted.directoryId, before: false }
    }
    const meta = MetaProperties.decode(bytes)
    const refused = (reason: LogDirectoryRefused["reason"], detail: string) =>
      Effect.fail(new MetaProperties.LogDirectoryRefused({ directory: path, reason, detail }))
    if (typeof meta === "string") return yield* refused("Malformed", `${MetaProperties.metaProperties}: ${meta}`)
    const refusal = MetaProperties.refusal([{ directory: path, meta }], wanted)
    if (refusal !== undefined) return yield* Effect.fail(refusal)
    return { path, isHome, directoryId: meta.directoryId, before: true }
  })

/** How the quorum of a new cluster begins, where its voters are recorded in the metadata log (KIP-853). */
export interface InitialQuorum {
  readonly voters: VoterSet.VoterSet
  /** Of this node's metadata log, if the node is one of the voters. */
  readonly directoryId: string | undefined
}

/** The snapshot that names the first voters; written before the directory counts as formatted. */
const recordVoters = (home: string, { voters }: InitialQuorum) =>
  Effect.gen(function* () {
    const disk = yield* Disk
    const directory = `${home}/${MetadataLog.topicName}-${MetadataLog.partition}`
    yield* disk.makeDirectory(directory)
    yield* writeBootstrapSnapshot(disk, directory, voters, yield* Clock.currentTimeMillis)
  })

/** Every directory of the node. `initial` is left out where the configuration names the voters or others found the cluster. */
export const format = (
  config: StaticConfig,
  clusterId: string,
  initial?: InitialQuorum
): Effect.Effect<ReadonlyArray<Formatted>, FormatError, Disk> =>
  Effect.gen(function* () {
    const { paths, home } = directoriesOf(config)
    const nodeId = config.values["node.id"]
    return yield* Effect.forEach(paths, (path) =>
      Effect.gen(function* () {
        const isHome = path === home
        if (isHome && initial !== undefined && (yield* stateOf(path))._tag !== "Formatted") {
          yield* recordVoters(path, initial)
        }
        const directoryId = (isHome ? initial?.directoryId : undefined) ?? (yield* Entropy.uuid)
        return yield* formatOne(path, isHome, { clusterId, nodeId, directoryId })
      })
    )
  })
