/** A bell that one fiber waits at: rung before or during the wait it ends the wait, and rung many times it counts once. */
import * as Effect from "effect/Effect"

export class Bell {
  private hasRung = false
  private wake: (() => void) | undefined

  ring(): void {
    this.hasRung = true
    this.wake?.()
  }

  /** Done at the next ring since the last wait, or when the time is over. */
  wait(limitMs: number): Effect.Effect<void> {
    const rung = Effect.callback<void>((resume) => {
      if (this.hasRung) return resume(Effect.void)
      this.wake = () => resume(Effect.void)
      return Effect.sync(() => {
        this.wake = undefined
      })
    })
    const waited = Number.isFinite(limitMs) ? Effect.timeoutOption(rung, Math.max(0, limitMs)) : rung
    return Effect.map(waited, () => {
      this.wake = undefined
      this.hasRung = false
    })
  }
}
