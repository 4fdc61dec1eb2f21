/**
 * How a log directory becomes ours: a new one is given its identity, once its own name is durable. Invariant: a directory without
 * `meta.properties` holds nothing yet. Neighbours: `LogDirectory.ts` opens it, `MetaProperties.ts` is the file.
 */
import type { Disk, DiskError } from "@klamm/platform"
import { hasBug } from "@klamm/platform/Bugs"
import * as Effect from "effect/Effect"
import * as Checkpoint from "./Checkpoint.ts"
import type { LogDirectoryOptions } from "./LogDirectory.ts"
import * as Meta from "./MetaProperties.ts"

/** The directories that the path lies in, nearest first. */
const parentsOf = (path: string): ReadonlyArray<string> => {
  const names = path.split("/").filter((name) => name !== "" && name !== ".")
  const start = path.startsWith("/") ? "/" : "./"
  return names.map((_, index) => start + names.slice(0, index).join("/")).reverse()
}

/**
 * A power cut must not take the directory itself, which may be as new as its parents: their names are durable before anything says
 * that the directory is ours. A parent that we may not read is none that we have made.
 */
export const syncParents = (disk: Disk["Service"], path: string): Effect.Effect<void, DiskError> => {
  const sync = (parent: string) =>
    Effect.catch(disk.syncDirectory(parent), (error) =>
      error.reason === "PermissionDenied" ? Effect.void : Effect.fail(error)
    )
  return hasBug("new-directory-not-synced") ? Effect.void : Effect.forEach(parentsOf(path), sync, { discard: true })
}

/** Whose the directory is; ours from now on when it is new. */
export const readOrFormat = (disk: Disk["Service"], options: LogDirectoryOptions) =>
  Effect.gen(function* () {
    const bytes = yield* Checkpoint.readIfPresent(disk, `${options.path}/${Meta.metaProperties}`)
    if (bytes !== undefined) {
      const meta = Meta.decode(bytes)
      if (typeof meta !== "string") return meta
      const detail = `${Meta.metaProperties}: ${meta}`
      return yield* Effect.fail(new Meta.LogDirectoryRefused({ directory: options.path, reason: "Malformed", detail }))
    }
    const { clusterId, nodeId, newDirectoryId: directoryId } = options
    const meta = { clusterId, nodeId, directoryId }
    yield* syncParents(disk, options.path)
    yield* Checkpoint.replaceFile(disk, options.path, Meta.metaProperties, Meta.encode(meta))
    return meta
  })
