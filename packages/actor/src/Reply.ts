/**
 * A one-shot answer handle that travels inside messages. Completing is a plain call, so a machine's effects can be performed
 * without entering Effect; waiting is an Effect. Invariant: completed exactly once; a second completion is a defect.
 */
import * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

export class Reply<A> {
  private readonly deferred: Deferred.Deferred<A> = Deferred.makeUnsafe<A>()
  private result: { readonly value: A } | undefined

  complete(value: A): void {
    if (this.result !== undefined) throw new Error("Reply completed twice")
    this.result = { value }
    Deferred.doneUnsafe(this.deferred, Exit.succeed(value))
  }

  get isCompleted(): boolean {
    return this.result !== undefined
  }

  /** The answer, if it has been given. */
  get given(): { readonly value: A } | undefined {
    return this.result
  }

  /** Waits for the answer; resumes inline when the answer is given. */
  get await(): Effect.Effect<A> {
    return Deferred.await(this.deferred)
  }
}
