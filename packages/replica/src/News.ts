/**
 * What a partition's readers and followers are told of a pass of its actor. Invariant: readers are told once the machine has moved the
 * watermark, of the bytes of all writes since they were told last; followers, who see the log to its end, of every write. Neighbours:
 * `PartitionActor.ts`, `Watchers.ts`.
 */
import type { Out } from "./Partition.ts"
import { Watchers } from "./Watchers.ts"

export class News {
  readonly readers = new Watchers()
  readonly followers = new Watchers()
  /** Bytes written since readers were last told. */
  private unseenBytes = 0
  private unfetchedBytes = 0

  /** These effects have been performed. */
  tell(effects: ReadonlyArray<Out>): void {
    let writtenBytes = 0
    let advanced = false
    let longer = false
    for (const effect of effects) {
      if (effect._tag === "Write") writtenBytes += effect.entry.request.batch.byteLength
      else if (effect._tag === "Replicate") for (const { bytes } of effect.entries) writtenBytes += bytes.byteLength
      else if (effect._tag === "Advanced") advanced = true
      else if (effect._tag === "LogEndMoved") longer = true
    }
    this.unseenBytes += writtenBytes
    this.unfetchedBytes += writtenBytes
    if (advanced || longer) {
      const { unfetchedBytes } = this
      this.unfetchedBytes = 0
      this.followers.tell(advanced ? 0 : unfetchedBytes)
    }
    if (!advanced) return
    const { unseenBytes } = this
    this.unseenBytes = 0
    this.readers.tell(unseenBytes)
  }
}
