/**
 * Small files that are replaced whole: written beside, synced, renamed over the old one, directory synced (behaviour 172).
 * Invariant: a reader sees the old content or the new, never a mixture. The text layouts are Kafka's: a version line, a
 * count line, one line per entry.
 */
import type { Disk, DiskError } from "@klamm/platform"
import { hasBug } from "@klamm/platform/Bugs"
import * as Effect from "effect/Effect"
import type { EpochCache, EpochEntry } from "./EpochCache.ts"

type DiskService = Disk["Service"]

const currentVersion = 0
const temporarySuffix = ".tmp"

/** A checkpoint file's name while it is being written; left over after a crash and then of no use. */
export const isTemporary = (name: string): boolean => name.endsWith(temporarySuffix)

/** The content is durable, its name only once the directory is synced. */
export const putFile = (
  disk: DiskService,
  directory: string,
  name: string,
  bytes: Uint8Array
): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const path = `${directory}/${name}`
    const temporary = `${path}${temporarySuffix}`
    yield* Effect.scoped(
      Effect.gen(function* () {
        const file = yield* disk.open(temporary, "write")
        yield* file.truncate(0)
        yield* file.write(0, [bytes])
        if (!hasBug("checkpoint-not-synced")) yield* file.sync
      })
    )
    yield* disk.rename(temporary, path)
  })

export const replaceFile = (
  disk: DiskService,
  directory: string,
  name: string,
  bytes: Uint8Array
): Effect.Effect<void, DiskError> =>
  Effect.andThen(putFile(disk, directory, name, bytes), disk.syncDirectory(directory))

/** The whole file, or undefined when there is none. */
export const readIfPresent = (disk: DiskService, path: string): Effect.Effect<Uint8Array | undefined, DiskError> =>
  disk
    .readFile(path)
    .pipe(Effect.catch((error) => (error.reason === "NotFound" ? Effect.succeed(undefined) : Effect.fail(error))))

const encodeLines = (lines: ReadonlyArray<string>): Uint8Array =>
  new TextEncoder().encode([currentVersion, lines.length, ...lines].map((line) => `${line}\n`).join(""))

/** The entry lines, or undefined when version or count are not what they should be. */
const decodeLines = (bytes: Uint8Array): ReadonlyArray<string> | undefined => {
  const [version, count, ...rest] = new TextDecoder().decode(bytes).split("\n")
  const lines = rest[rest.length - 1] === "" ? rest.slice(0, -1) : rest
  return version === String(currentVersion) && count === String(lines.length) ? lines : undefined
}

const safeInteger = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^-?\d+$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

/** `leader-epoch-checkpoint`. */
export const encodeEpochs = (cache: EpochCache): Uint8Array =>
  encodeLines(cache.map((entry) => `${entry.epoch} ${entry.startOffset}`))

/** Undefined when damaged, rising order included. */
export const decodeEpochs = (bytes: Uint8Array): EpochCache | undefined => {
  const lines = decodeLines(bytes)
  if (lines === undefined) return undefined
  const entries: Array<EpochEntry> = []
  for (const line of lines) {
    const [first, second, ...more] = line.split(/\s+/)
    const epoch = safeInteger(first)
    const startOffset = safeInteger(second)
    const last = entries[entries.length - 1]
    if (epoch === undefined || startOffset === undefined || more.length > 0) return undefined
    if (last !== undefined && (epoch <= last.epoch || startOffset <= last.startOffset)) return undefined
    entries.push({ epoch, startOffset })
  }
  return entries
}

export interface PartitionOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** The four `…-offset-checkpoint` files of a log directory. */
export const encodeOffsets = (offsets: ReadonlyArray<PartitionOffset>): Uint8Array =>
  encodeLines(offsets.map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`))

/** Undefined when damaged. */
export const decodeOffsets = (bytes: Uint8Array): ReadonlyArray<PartitionOffset> | undefined => {
  const lines = decodeLines(bytes)
  if (lines === undefined) return undefined
  const offsets: Array<PartitionOffset> = []
  for (const line of lines) {
    const [topic, second, third, ...more] = line.split(/\s+/)
    const partition = safeInteger(second)
    const offset = safeInteger(third)
    if (topic === undefined || partition === undefined || offset === undefined || more.length > 0) return undefined
    offsets.push({ topic, partition, offset })
  }
  return offsets
}
