/**
 * How long a part of the client lives: as long as its scope. Invariant: work that somebody waits for is either begun and ends in a word
 * to him, or refused at once; a life that ends says so to everybody whose work it cuts off. Neighbours: `cluster/MetadataCache.ts`,
 * `connection/Connections.ts` and `producer/ProducerLive.ts`, whose work is done in fibers that outlive those who asked for it.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { ClosedError } from "./KlammError.ts"

export class Life {
  readonly scope: Scope.Scope
  private readonly what: string

  constructor(what: string, scope: Scope.Scope) {
    this.what = what
    this.scope = scope
  }

  get isOver(): boolean {
    return this.scope.state._tag === "Closed"
  }

  get ended(): ClosedError {
    return new ClosedError({ what: this.what })
  }

  /** Runs the work beside whoever asks; `cutOff` is called when it could not be begun any more or not ended. */
  run(work: Effect.Effect<unknown>, cutOff: (error: ClosedError) => void): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.isOver) return Effect.sync(() => cutOff(this.ended))
      // A fiber that is interrupted before its first step tells nobody: only what it does may be interrupted.
      const told = Effect.onExit(Effect.interruptible(work), (exit) =>
        Effect.sync(() => {
          if (Exit.hasInterrupts(exit)) cutOff(this.ended)
        })
      )
      return Effect.asVoid(Effect.forkIn(told, this.scope, { uninterruptible: true }))
    })
  }
}
