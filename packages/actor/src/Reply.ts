/**
 * A one-shot answer handle that travels inside messages. Completing is a plain call, so a machine's effects can be performed
 * without entering Effect; waiting is an Effect. Invariant: completed exactly once; a second completion is a defect.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

export class Reply<A> {
  /** Made for who waits: of the answers that leave together only the first is waited for. */
  private deferred: Deferred.Deferred<A> | undefined
  private result: { readonly value: A } | undefined

  complete(value: A): void {
    if (this.result !== undefined) throw new Error("Reply completed twice")
    this.result = { value }
    if (this.deferred !== undefined) Deferred.doneUnsafe(this.deferred, Exit.succeed(value))
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
    if (this.result !== undefined) return Effect.succeed(this.result.value)
    this.deferred ??= Deferred.makeUnsafe<A>()
    return Deferred.await(this.deferred)
  }
}
