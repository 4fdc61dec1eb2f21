/**
 * When a snapshot of the metadata is due, and writing it: after so many bytes of log, or so long after the last (KIP-630); and when old
 * ones are looked for that are kept no longer. Invariant: a snapshot is of a committed image; nothing in the log is given up before its
 * snapshot is on the disk.
 */
import { encodeBatch, type Image, Snapshot } from "@klamm/metadata"
import type { DiskError } from "@klamm/platform"
import * as Moment from "@klamm/platform/Moment"
import type { RetentionLimits } from "@klamm/raft"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ControllerNode } from "./ControllerNode.ts"

export interface SnapshotSettings {
  /** metadata.log.max.record.bytes.between.snapshots. */
  readonly maxBytes: number
  /** metadata.log.max.snapshot.interval.ms; 0 for never by time. */
  readonly maxIntervalMs: number
  /** Of all snapshots and the log between them. */
  readonly retention: RetentionLimits
}

/** How often the generator looks, in milliseconds. */
const checkIntervalMs = 1_000

/** How often it looks for snapshots that have become too old, in milliseconds (Kafka's raft client: the same). */
const retentionIntervalMs = 60_000

interface Last {
  readonly offset: number
  readonly sizeBytes: number
  readonly atMs: number
}

/** Whether the image is worth a snapshot now. */
export const isDue = (
  last: Last,
  offset: number,
  sizeBytes: number,
  now: number,
  settings: Pick<SnapshotSettings, "maxBytes" | "maxIntervalMs">
): boolean =>
  offset > last.offset &&
  (sizeBytes - last.sizeBytes >= settings.maxBytes ||
    (settings.maxIntervalMs > 0 && now - last.atMs >= settings.maxIntervalMs))

const store = (node: ControllerNode, image: Image.Image, now: number): Effect.Effect<void, DiskError> => {
  const batches = Snapshot.toBatches(image).map((records) => encodeBatch(records, now))
  return node.raft.storeSnapshot({ endOffset: image.offset + 1, epoch: image.epoch, batches }, now)
}

/** The same, with a log that has been made smaller since. */
const noMoreThan = (last: Last, sizeBytes: number): Last => (sizeBytes < last.sizeBytes ? { ...last, sizeBytes } : last)

/** Looks once a second, for as long as it runs. */
export const run = (node: ControllerNode, settings: () => SnapshotSettings): Effect.Effect<never, DiskError> =>
  Effect.gen(function* () {
    const { log, retain } = node.raft
    let last: Last = { offset: -1, sizeBytes: log.sizeBytes, atMs: yield* Clock.currentTimeMillis }
    let retainedAtMs = yield* Moment.monotonicMs
    while (true) {
      yield* Effect.sleep(checkIntervalMs)
      const now = yield* Clock.currentTimeMillis
      const image = node.image()
      last = noMoreThan(last, log.sizeBytes)
      const isStored = isDue(last, image.offset, log.sizeBytes, now, settings())
      if (isStored) yield* store(node, image, now)
      if (isStored) last = { offset: image.offset, sizeBytes: log.sizeBytes, atMs: now }
      const monotonicMs = yield* Moment.monotonicMs
      if (!isStored && monotonicMs - retainedAtMs < retentionIntervalMs) continue
      yield* retain(settings().retention)
      retainedAtMs = monotonicMs
    }
  })
