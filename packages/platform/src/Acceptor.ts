/**
 * Serving what a listener accepts: the same on every network. Invariants: each connection has a fiber and a scope of its own
 * and is closed when that fiber ends, in whatever way; whatever goes wrong on one connection ends that one alone; a listener
 * that closes leaves no connection behind, accepted or not. Neighbours: `node/NodeNetwork.ts` and `NetworkMemory.ts`.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import type { Connection, NetworkError } from "./Network.ts"

export type Accept = (connection: Connection) => Effect.Effect<void, NetworkError, Scope.Scope>

/** What a listener reports: a connection, or why one could not be accepted. */
export type Accepted =
  | { readonly _tag: "Accepted"; readonly connection: Connection }
  | { readonly _tag: "Refused"; readonly error: NetworkError }

const serve = (connection: Connection, accept: Accept): Effect.Effect<void> =>
  Effect.scoped(accept(connection)).pipe(
    Effect.catch((error) => (error.reason === "Closed" ? Effect.void : Effect.logDebug("connection ended", error))),
    Effect.catchDefect((defect) => Effect.logError("a connection's fiber failed", defect)),
    Effect.ensuring(connection.close)
  )

/** Makes a place to offer what is accepted; until the scope ends, each connection offered there is served. */
export const makeAcceptor = (accept: Accept): Effect.Effect<Queue.Queue<Accepted>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const accepted = yield* Effect.acquireRelease(Queue.unbounded<Accepted>(), (queue) =>
      Effect.gen(function* () {
        for (const each of yield* Queue.clear(queue)) if (each._tag === "Accepted") yield* each.connection.close
        yield* Queue.shutdown(queue)
      })
    )
    const connections = yield* Scope.fork(yield* Effect.scope)
    /** Not to be interrupted between the queue and the fork, where the connection would belong to nobody. */
    const next = Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(Queue.take(accepted)), (each) =>
        each._tag === "Accepted"
          ? Effect.forkIn(serve(each.connection, accept), connections, { startImmediately: true })
          : Effect.logWarning("a connection was not accepted", each.error)
      )
    )
    yield* Effect.forkIn(Effect.forever(next), connections, { startImmediately: true })
    return accepted
  })
