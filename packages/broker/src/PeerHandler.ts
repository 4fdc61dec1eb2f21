/**
 * The handler of an API that only nodes of this kind speak: a MessagePack body under a Schema (`@klamm/channel/PeerApi`). Invariant: a
 * body that is none cuts the connection, as for Kafka's APIs; the next request of the connection may begin before this one is
 * answered, so that a question that waits for a commit holds up none behind it.
 */
import { Reply } from "@klamm/actor"
import type { PeerApi } from "@klamm/channel/PeerApi"
import { privateVersion } from "@klamm/protocol/Header"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { type Handler, hangup, type Outcome } from "./Handler.ts"

/** The answers are made in `scope`. */
export const peerHandler = <Request, Response>(
  api: PeerApi<Request, Response>,
  scope: Scope.Scope,
  handle: (request: Request) => Effect.Effect<Response>
): Handler => ({
  key: api.key,
  name: api.name,
  minVersion: privateVersion,
  maxVersion: privateVersion,
  pipelined: true,
  begin: (body, frame) => {
    const reply = new Reply<Outcome>()
    const decoded = api.request.decode(body.view(body.remaining))
    frame.release()
    if (Result.isFailure(decoded)) {
      reply.complete(hangup(`malformed ${api.name}: ${decoded.failure.message}`))
      return reply
    }
    const answering = Effect.map(handle(decoded.success), (response) => {
      const bytes = api.response.encode(response)
      reply.complete({ _tag: "Answer", encode: (writer) => writer.view(bytes) })
    })
    const failed = Effect.sync(() => {
      if (!reply.isCompleted) reply.complete(hangup(`${api.name} failed`))
    })
    return Effect.as(Effect.forkIn(Effect.ensuring(answering, failed), scope), reply)
  }
})
