/**
 * What a test's client and the brokers say to each other, a line for each request and each answer: the timeline that a failed test
 * prints. Invariant: it only listens; what passes through is passed on as it is, and bytes that it does not understand are no fault of
 * its own. Neighbour: `TestCluster.ts`, which puts it between the client and the world's network.
 */
import { type Connection, type Frame, Network, type NetworkError } from "@klamm/platform/Network"
import type { Api } from "@klamm/protocol/Api"
import { apis } from "@klamm/protocol/api/index"
import { MalformedBytes, Reader } from "@klamm/protocol/Bytes"
import { compile } from "@klamm/protocol/Compile"
import { errorByCode } from "@klamm/protocol/ErrorCode"
import { decodeResponseHeader } from "@klamm/protocol/Header"
import * as Effect from "effect/Effect"

const lengthBytes = 4
/** Length, key, version and correlation id of a request. */
const headBytes = 12

const apiOf = new Map<number, Api>(apis.map((each) => [each.key, each]))

/** Cuts what is written, chunk by chunk, into requests, and keeps of each what names it. */
class Requests {
  private readonly head = new Uint8Array(headBytes)
  private filled = 0
  /** Bytes of the present request that are still to come behind its head. */
  private left = 0
  private readonly found: (key: number, version: number, correlationId: number) => void

  constructor(found: (key: number, version: number, correlationId: number) => void) {
    this.found = found
  }

  add(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.byteLength) {
      if (this.left > 0) {
        const skipped = Math.min(this.left, chunk.byteLength - at)
        this.left -= skipped
        at += skipped
        continue
      }
      const taken = Math.min(headBytes - this.filled, chunk.byteLength - at)
      this.head.set(chunk.subarray(at, at + taken), this.filled)
      this.filled += taken
      at += taken
      if (this.filled === headBytes) this.name()
    }
  }

  private name(): void {
    const head = new DataView(this.head.buffer)
    this.filled = 0
    this.left = Math.max(0, head.getInt32(0) + lengthBytes - headBytes)
    this.found(head.getInt16(4), head.getInt16(6), head.getInt32(8))
  }
}

/** The names of the errors anywhere in an answer, each once. */
const errorsIn = (value: unknown, found: Set<string> = new Set()): ReadonlySet<string> => {
  if (Array.isArray(value)) for (const each of value) errorsIn(each, found)
  else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    for (const [name, each] of Object.entries(value)) {
      if (name === "errorCode" && typeof each === "number" && each !== 0) {
        found.add(errorByCode(each)?.name ?? String(each))
      } else errorsIn(each, found)
    }
  }
  return found
}

const told = ({ response }: Api, version: number, { bytes }: Frame): string => {
  const reader = new Reader(bytes, lengthBytes)
  try {
    decodeResponseHeader(reader, response.key, version)
    const errors = errorsIn(compile(response, version).decode(reader))
    return errors.size === 0 ? "" : `: ${[...errors].join(", ")}`
  } catch (error) {
    if (error instanceof MalformedBytes) return ": cannot be read"
    throw error
  }
}

interface Asked {
  readonly api: Api
  readonly version: number
  readonly atMs: number
}

/** Listens to one connection. */
const listening = (connection: Connection, nowMs: () => number, tell: (text: string) => void): Connection => {
  const { host } = connection.remote
  const asked = new Map<number, Asked>()
  const requests = new Requests((key, version, correlationId) => {
    const api = apiOf.get(key)
    if (api === undefined) return
    asked.set(correlationId, { api, version, atMs: nowMs() })
    tell(`${api.name} v${version} → ${host}`)
  })
  const hear = (frame: Frame): void => {
    const { bytes } = frame
    if (bytes.byteLength < 2 * lengthBytes) return
    const correlationId = new DataView(bytes.buffer, bytes.byteOffset).getInt32(lengthBytes)
    const question = asked.get(correlationId)
    if (question === undefined) return
    asked.delete(correlationId)
    const { api, version, atMs } = question
    tell(`${api.name} ← ${host} after ${(nowMs() - atMs).toFixed(1)} ms${told(api, version, frame)}`)
  }
  return {
    remote: connection.remote,
    local: connection.local,
    close: connection.close,
    read: Effect.tap(connection.read, (frames) => Effect.sync(() => frames.forEach(hear))),
    write: (chunks) =>
      Effect.suspend(() => {
        for (const chunk of chunks) requests.add(chunk)
        return connection.write(chunks)
      })
  }
}

/** The same network; `tell` is told of every request, answer and failed connection on what is connected from here. */
export const overheard = (
  network: Network["Service"],
  nowMs: () => number,
  tell: (text: string) => void
): Network["Service"] =>
  Network.of({
    listen: network.listen,
    connect: (address, options) =>
      network.connect(address, options).pipe(
        Effect.tapError((error: NetworkError) =>
          Effect.sync(() => tell(`no connection to ${address.host}: ${error.reason}`))
        ),
        Effect.map((connection) => listening(connection, nowMs, tell))
      )
  })
