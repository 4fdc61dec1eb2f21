/** A disk of one's own: in memory, but a sync takes its time, and after so many bytes the volume is full. */
import { Disk } from "@klamm/testing"
import { Effect, Layer } from "effect"

export interface SlowDiskOptions {
  readonly sync: number
  readonly roomBytes: number
}

export const layer = ({ sync, roomBytes }: SlowDiskOptions): Layer.Layer<Disk.Disk> =>
  Layer.effect(
    Disk.Disk,
    Effect.gen(function* () {
      const disk = yield* Disk.Disk // the one below, which does the work
      let left = roomBytes
      const slow = (file: Disk.DiskFile): Disk.DiskFile => ({
        ...file,
        sync: Effect.andThen(Effect.sleep(sync), file.sync),
        write: (position, chunks) =>
          Effect.suspend(() => {
            left -= chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
            return left >= 0
              ? file.write(position, chunks)
              : Effect.fail(new Disk.DiskError({ reason: "Full", operation: "write", path: file.path }))
          })
      })
      return Disk.Disk.of({ ...disk, open: (path, mode) => Effect.map(disk.open(path, mode), slow) })
    })
  ).pipe(Layer.provide(Layer.fresh(Disk.layerMemory)))
