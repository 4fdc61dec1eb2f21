/**
 * From a frame to the handler of its API key. Invariant: a key or version that is not served never reaches a handler: the
 * connection is closed without a reply (behaviour 008), except that ApiVersions above our range is answered with our range
 * in its first schema, so that the client can ask again (KIP-511, behaviour 001).
 */
import type { Frame } from "@klamm/platform/Network"
import { MalformedBytes, Reader } from "@klamm/protocol/Bytes"
import { lengthPrefixBytes } from "@klamm/protocol/Frame"
import { decodeRequestHeader, type RequestHeader } from "@klamm/protocol/Header"
import type { Handler } from "./Handler.ts"

const apiVersionsKey = 18

export interface Router {
  readonly handlers: ReadonlyMap<number, Handler>
}

export const makeRouter = (handlers: ReadonlyArray<Handler>): Router => ({
  handlers: new Map(handlers.map((handler) => [handler.key, handler]))
})

export type Route =
  | { readonly _tag: "Refused"; readonly reason: string }
  | {
      readonly _tag: "Found"
      readonly header: RequestHeader
      readonly handler: Handler
      /** Stands at the start of the body. */
      readonly body: Reader
    }

const refused = (reason: string): Route => ({ _tag: "Refused", reason })

const find = (router: Router, header: RequestHeader, body: Reader): Route => {
  const handler = router.handlers.get(header.apiKey)
  if (handler === undefined) return refused(`API key ${header.apiKey} is not served`)
  const served = header.apiVersion >= handler.minVersion && header.apiVersion <= handler.maxVersion
  if (!served && header.apiKey !== apiVersionsKey) {
    return refused(`version ${header.apiVersion} of API key ${header.apiKey} is not served`)
  }
  return { _tag: "Found", header, handler, body }
}

/**
 * Reads the header. Bytes of a pipelined handler's body stay where they were received; all others are copied out here, so
 * that what a handler keeps of its request does not pin receive memory.
 */
export const route = (router: Router, frame: Frame): Route => {
  try {
    const reader = new Reader(frame.bytes, lengthPrefixBytes)
    const key = (frame.bytes[lengthPrefixBytes]! << 8) | frame.bytes[lengthPrefixBytes + 1]!
    if (router.handlers.get(key)?.pipelined === true) return find(router, decodeRequestHeader(reader), reader)
    const copy = new Reader(frame.bytes.slice(), lengthPrefixBytes)
    return find(router, decodeRequestHeader(copy), copy)
  } catch (error) {
    if (error instanceof MalformedBytes) return refused(`malformed request header: ${error.message}`)
    throw error
  }
}
