/**
 * What comes before the body of each request and response. The version of a header follows from the API key and version of
 * the message: flexible versions have header v2 and response header v1, with tagged fields, others v1 and v0; the response
 * to ApiVersions always has v0, since a client reads it before it knows what the broker speaks (KIP-511). Client id is
 * never compact (behaviour 011).
 */
import { firstFlexible } from "./FirstFlexible.ts"
import type { Reader } from "./Reader.ts"
import type { Writer } from "./Writer.ts"

/** Keys from here on are private to brokers of this kind; their messages have the headers of flexible versions. */
export const firstPrivateKey = 10_000
/** The only version of a private API: it evolves by fields with defaults. */
export const privateVersion = 0

const apiVersionsKey = 18

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  /** Chosen by the client, given back in the response. */
  readonly correlationId: number
  readonly clientId: string | null
  /** True when the body is in a flexible version. */
  readonly flexible: boolean
}

/**
 * True when the version is flexible, also for one above the highest (whose header has to be read to answer it); undefined
 * for a key that does not exist.
 */
const isFlexible = (apiKey: number, apiVersion: number): boolean | undefined => {
  const first = firstFlexible.get(apiKey)
  if (first !== undefined) return apiVersion >= first
  return apiKey >= firstPrivateKey ? true : undefined
}

const requireFlexible = (apiKey: number, apiVersion: number): boolean => {
  const flexible = isFlexible(apiKey, apiVersion)
  if (flexible === undefined) throw new RangeError(`no API key ${apiKey}`)
  return flexible
}

/**
 * Reads a request's header and leaves the reader at the body. Throws MalformedBytes, also for an unknown key, for without it
 * nobody knows how the header goes on. Whether the version is served is for the caller to say.
 */
export const decodeRequestHeader = (reader: Reader): RequestHeader => {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const flexible = isFlexible(apiKey, apiVersion)
  if (flexible === undefined) return reader.malformed(`unknown API key ${apiKey}`)
  const clientId = reader.nullableString()
  if (flexible) reader.skipTags()
  return { apiKey, apiVersion, correlationId, clientId, flexible }
}

/** Writes a request's header; the mirror of `decodeRequestHeader`, for clients. */
export const encodeRequestHeader = (
  writer: Writer,
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  clientId: string | null
): void => {
  writer.int16(apiKey)
  writer.int16(apiVersion)
  writer.int32(correlationId)
  writer.nullableString(clientId)
  if (requireFlexible(apiKey, apiVersion)) writer.uvarint(0)
}

const responseHasTags = (apiKey: number, apiVersion: number): boolean =>
  apiKey !== apiVersionsKey && requireFlexible(apiKey, apiVersion)

/** Writes a response's header. An unknown key is a RangeError: its request could not have been read. */
export const encodeResponseHeader = (
  writer: Writer,
  apiKey: number,
  apiVersion: number,
  correlationId: number
): void => {
  writer.int32(correlationId)
  if (responseHasTags(apiKey, apiVersion)) writer.uvarint(0)
}

/** Reads a response's header, which says nothing but the correlation id, and leaves the reader at the body. */
export const decodeResponseHeader = (reader: Reader, apiKey: number, apiVersion: number): number => {
  const correlationId = reader.int32()
  if (responseHasTags(apiKey, apiVersion)) reader.skipTags()
  return correlationId
}

/** The versions of the headers that go with a version of an API, for documentation. */
export const headerVersions = (
  apiKey: number,
  apiVersion: number
): { readonly request: number; readonly response: number } => ({
  request: requireFlexible(apiKey, apiVersion) ? 2 : 1,
  response: responseHasTags(apiKey, apiVersion) ? 1 : 0
})
