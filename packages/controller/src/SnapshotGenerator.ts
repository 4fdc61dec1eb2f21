/**
 * When a snapshot of the metadata is due, and writing it: after so many bytes of log, or so long after the last (KIP-630). Invariant: a
 * snapshot is of a committed image; nothing in the log is given up before its snapshot is on the disk.
 */
import { encodeBatch, type Image, Snapshot } from "@klamm/metadata"
import type { DiskError } from "@klamm/platform"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ControllerNode } from "./ControllerNode.ts"

export interface SnapshotSettings {
  /** metadata.log.max.record.bytes.between.snapshots. */
  readonly maxBytes: number
  /** metadata.log.max.snapshot.interval.ms; 0 for never by time. */
  readonly maxIntervalMs: number
}

/** How often the generator looks, in milliseconds. */
const checkIntervalMs = 1_000

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
  settings: SnapshotSettings
): boolean =>
  offset > last.offset &&
  (sizeBytes - last.sizeBytes >= settings.maxBytes ||
    (settings.maxIntervalMs > 0 && now - last.atMs >= settings.maxIntervalMs))

const store = (node: ControllerNode, image: Image.Image, now: number): Effect.Effect<void, DiskError> => {
  const batches = Snapshot.toBatches(image).map((records) => encodeBatch(records, now))
  return node.raft.storeSnapshot({ endOffset: image.offset + 1, epoch: image.epoch, batches }, now)
}

/** Looks once a second, for as long as it runs. */
export const run = (node: ControllerNode, settings: () => SnapshotSettings): Effect.Effect<never, DiskError> =>
  Effect.gen(function* () {
    let last: Last = { offset: -1, sizeBytes: node.raft.log.sizeBytes, atMs: yield* Clock.currentTimeMillis }
    while (true) {
      yield* Effect.sleep(checkIntervalMs)
      const now = yield* Clock.currentTimeMillis
      const image = node.image()
      if (!isDue(last, image.offset, node.raft.log.sizeBytes, now, settings())) continue
      yield* store(node, image, now)
      last = { offset: image.offset, sizeBytes: node.raft.log.sizeBytes, atMs: now }
    }
  })
