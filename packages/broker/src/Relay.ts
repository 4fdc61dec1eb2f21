/**
 * Requests that only the leader of the quorum can answer, in whatever node they arrive: asked of it in Kafka's own words. Invariant: a
 * request is relayed once; a node that is asked as the leader and is not one answers so.
 */
import type { Message } from "@klamm/protocol/Api"
import * as Effect from "effect/Effect"
import type { QuorumAccess } from "./Services.ts"

/** The leader's answer; undefined while none is known or it can't be reached. */
export const relay = <Request, Response>(
  { node, channels }: QuorumAccess,
  api: { readonly request: Message<Request>; readonly response: Message<Response> },
  version: number,
  body: Message<Request>["Input"],
  timeoutMs: number
): Effect.Effect<Message<Response>["Type"] | undefined> =>
  Effect.suspend(() => {
    const { endpoint } = node.leader()
    if (endpoint === undefined) return Effect.succeed(undefined)
    return channels.request(endpoint, api, version, body, timeoutMs).pipe(
      Effect.map(({ body: answer, release }) => {
        release()
        return answer
      }),
      Effect.catch((error) =>
        Effect.as(
          Effect.logDebug(`${api.request.name} could not be relayed to the leader: ${error.message}`),
          undefined
        )
      )
    )
  })
