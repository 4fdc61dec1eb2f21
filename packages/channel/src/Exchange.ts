/**
 * One exchange as bytes: a request's whole frame, and the body of the answer's. Pure. Neighbours: `Channels.ts` for calls between
 * brokers, the client's connections for those of clients; `Link.ts` carries both.
 */
import type { Frame } from "@klamm/platform/Network"
import { Reader, type Writer } from "@klamm/protocol/Bytes"
import { lengthPrefixBytes } from "@klamm/protocol/Frame"
import { decodeResponseHeader, encodeRequestHeader } from "@klamm/protocol/Header"

export interface RequestHead {
  readonly key: number
  readonly version: number
  readonly correlationId: number
  readonly clientId: string
}

/** A request's whole frame, in memory of its own; the writer is left empty. */
export const requestFrame = (
  writer: Writer,
  { key, version, correlationId, clientId }: RequestHead,
  writeBody: (writer: Writer) => void
): Uint8Array => {
  try {
    const frame = writer.beginFrame()
    encodeRequestHeader(writer, key, version, correlationId, clientId)
    writeBody(writer)
    writer.endFrame(frame)
    return writer.toBytes()
  } finally {
    writer.reset()
  }
}

/** A reader at the body of an answer. */
export const bodyReader = (frame: Frame, key: number, version: number): Reader => {
  const reader = new Reader(frame.bytes, lengthPrefixBytes)
  decodeResponseHeader(reader, key, version)
  return reader
}
