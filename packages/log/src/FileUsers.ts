/**
 * Who works with the files of one log. A log may be deleted while it is read, and a file's number is another file's as soon as it is
 * closed. Invariant: when `end` is over nobody works with the files, and nobody begins any more. Neighbours: `Segment.ts` counts, `Log.ts`
 * ends it.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

export class FileUsers {
  private count = 0
  private ended = false
  private readonly gone = Deferred.makeUnsafe<void>()

  get isEnded(): boolean {
    return this.ended
  }

  begin(): void {
    this.count += 1
  }

  leave(): void {
    this.count -= 1
    this.tell()
  }

  /** Nobody begins from now on; over when all have left. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    this.ended = true
    this.tell()
    return Deferred.await(this.gone)
  })

  private tell(): void {
    if (this.ended && this.count === 0) Deferred.doneUnsafe(this.gone, Effect.void)
  }
}
