/**
 * Requests to frames and frames to answers, by the protocol's tables. Requests are forged (Forge.ts), since some are meant
 * to be wrong; answers go through the protocol's codec, which takes nothing that the table does not say. Invariant: an
 * answer with bytes left over, or of another correlation id, is not taken for the answer. Neighbours: Wire.ts, Run.ts.
 */
import type { Api } from "@klamm/protocol/Api"
import { apiByKey } from "@klamm/protocol/api/index"
import { MalformedBytes, Reader, Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { includes } from "@klamm/protocol/Field"
import { decodeResponseHeader } from "@klamm/protocol/Header"
import { forge } from "./Forge.ts"
import { Raw, type Struct, structOf } from "./Value.ts"

export const apiOf = (key: number): Api => {
  const api = apiByKey.get(key)
  if (api === undefined) throw new Error(`no API has the key ${key}`)
  return api
}

export interface RequestOptions {
  readonly api: number
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly body: Struct | Raw
  /** Tagged fields of the header, by tag. */
  readonly headerTags?: ReadonlyArray<readonly [number, Uint8Array]>
  /** The version whose table the body is written by: another than `version` for those that no table has. */
  readonly writeAs: number
}

/** Header and body of a request, without the length before them. */
export const requestBytes = (options: RequestOptions): Uint8Array => {
  const { request } = apiOf(options.api)
  const shape = options.writeAs
  const writer = new Writer()
  writer.int16(options.api)
  writer.int16(options.version)
  writer.int32(options.correlationId)
  writer.nullableString(options.clientId)
  if (includes(request.flexible, shape)) {
    const tags = options.headerTags ?? []
    writer.uvarint(tags.length)
    for (const [tag, bytes] of tags) {
      writer.uvarint(tag)
      writer.uvarint(bytes.length)
      writer.view(bytes)
    }
  }
  if (options.body instanceof Raw) writer.view(options.body.bytes)
  else forge(writer, request, shape, options.body)
  return writer.toBytes()
}

export type Decoded =
  | { readonly kind: "answer"; readonly answer: Struct; readonly left: number }
  | { readonly kind: "undecodable"; readonly why: string }

/** The answer in a frame; `undecodable` when it is not one to this request in this version. */
export const decodeAnswer = (api: number, version: number, correlationId: number, frame: Uint8Array): Decoded => {
  const reader = new Reader(frame)
  try {
    const given = decodeResponseHeader(reader, api, version)
    if (given !== correlationId) return { kind: "undecodable", why: "another correlation id" }
    const answer = structOf(codec(apiOf(api).response, version).decode(reader))
    return { kind: "answer", answer, left: reader.remaining }
  } catch (cause) {
    if (cause instanceof MalformedBytes) return { kind: "undecodable", why: cause.reason }
    throw cause
  }
}
