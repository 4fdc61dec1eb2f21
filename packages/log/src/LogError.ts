/**
 * How a log can fail besides the disk itself. `CorruptLog` says that bytes which had been made durable no longer read as
 * what was written: the log refuses to open rather than serve or drop them, because another replica may still have them.
 * A torn tail beyond the recovery point is no error; `Recovery.ts` cuts it.
 */
import * as Data from "effect/Data"

export class CorruptLog extends Data.TaggedError("CorruptLog")<{
  readonly path: string
  /** Byte position in the file, or -1 when the file as a whole is at fault. */
  readonly position: number
  readonly reason: string
}> {
  override get message(): string {
    return `${this.path} at ${this.position}: ${this.reason}`
  }
}
