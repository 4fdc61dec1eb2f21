/**
 * What nodes of this kind say to one another and nobody else: Kafka's frames and headers, a private API key, and a body that is
 * MessagePack under a Schema. Invariant: fields are only added, with defaults; a change of meaning is a new key. Neighbours:
 * `Channels.ts` calls them; the listener of controllers answers them.
 */
import { assert } from "@klamm/platform/Invariant"
import * as Msgpack from "@klamm/platform/Msgpack"
import { firstPrivateKey } from "@klamm/protocol/Header"
import type * as Schema from "effect/Schema"

export interface PeerApi<Request, Response> {
  readonly name: string
  /** 10,000 or above. */
  readonly key: number
  readonly request: Msgpack.Codec<Request>
  readonly response: Msgpack.Codec<Response>
}

/** Declares an API; once, at module level. */
export const peerApi = <Request, RequestWire, Response, ResponseWire>(
  name: string,
  key: number,
  request: Schema.Codec<Request, RequestWire>,
  response: Schema.Codec<Response, ResponseWire>
): PeerApi<Request, Response> => {
  assert(key >= firstPrivateKey, "the keys below are Kafka's")
  return { name, key, request: Msgpack.codec(request), response: Msgpack.codec(response) }
}
