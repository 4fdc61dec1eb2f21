/**
 * One connection to a broker for what no client of others does without colouring the figure: asking for topics, the first acknowledged
 * record, a thousand connections, the pause of a partition. Answers come in the order of the requests. Invariant: every call has its
 * answer or throws within its limit. Neighbours: Cluster.ts; @klamm/protocol (the tables).
 */
import { createConnection, type Socket } from "node:net"
import type { Message } from "@klamm/protocol/Api"
import { Reader, Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { FrameSplitter, lengthPrefixBytes } from "@klamm/protocol/Frame"
import { decodeResponseHeader, encodeRequestHeader } from "@klamm/protocol/Header"

const ANSWER_MAX_BYTES = 256 * 1024 * 1024
const ANSWER_WITHIN_MS = 30_000

interface Waiter {
  readonly give: (frame: Uint8Array) => void
  readonly fail: (cause: Error) => void
}

/** A request as it goes over the wire, length included. */
export const frameOf = <F>(request: Message<F>, version: number, input: Message<F>["Input"]): Uint8Array => {
  const writer = new Writer()
  encodeRequestHeader(writer, request.key, version, 0, "bench")
  codec(request, version).encode(writer, input)
  const body = writer.toBytes()
  const frame = new Uint8Array(lengthPrefixBytes + body.length)
  new DataView(frame.buffer).setInt32(0, body.length)
  frame.set(body, lengthPrefixBytes)
  return frame
}

export class Link {
  private readonly socket: Socket
  private readonly splitter = new FrameSplitter(ANSWER_MAX_BYTES)
  private readonly waiting: Array<Waiter> = []
  private ended: Error | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on("data", (chunk: Buffer) => {
      for (const frame of this.splitter.push(chunk)) this.waiting.shift()?.give(frame)
    })
    socket.on("error", (cause) => this.end(cause))
    socket.on("close", () => this.end(new Error("the broker closed the connection")))
  }

  static open(address: string, withinMs: number): Promise<Link> {
    const colon = address.lastIndexOf(":")
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) })
      const timer = setTimeout(() => {
        socket.destroy()
        reject(new Error(`no connection to ${address} within ${withinMs} ms`))
      }, withinMs)
      socket.once("error", (cause) => {
        clearTimeout(timer)
        reject(new Error(`no connection to ${address}`, { cause }))
      })
      socket.once("connect", () => {
        clearTimeout(timer)
        resolve(new Link(socket))
      })
    })
  }

  private end(cause: Error): void {
    this.ended ??= cause
    for (const waiter of this.waiting.splice(0)) waiter.fail(this.ended)
  }

  get isOpen(): boolean {
    return this.ended === undefined
  }

  close(): void {
    this.ended ??= new Error("the connection was closed here")
    this.socket.destroy()
    this.end(this.ended)
  }

  /** Sends bytes that are a request, and answers with the frame that answers it. */
  exchange(frame: Uint8Array, withinMs: number = ANSWER_WITHIN_MS): Promise<Uint8Array> {
    if (this.ended !== undefined) return Promise.reject(this.ended)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no answer within ${withinMs} ms`))
        this.close()
      }, withinMs)
      this.waiting.push({
        give: (answer) => {
          clearTimeout(timer)
          resolve(answer)
        },
        fail: (cause) => {
          clearTimeout(timer)
          reject(cause)
        }
      })
      this.socket.write(frame)
    })
  }

  async call<F, G>(
    request: Message<F>,
    response: Message<G>,
    version: number,
    input: Message<F>["Input"],
    withinMs?: number
  ): Promise<Message<G>["Type"]> {
    const answer = await this.exchange(frameOf(request, version, input), withinMs)
    return decodeAnswer(response, version, answer)
  }
}

export const decodeAnswer = <G>(response: Message<G>, version: number, frame: Uint8Array): Message<G>["Type"] => {
  const reader = new Reader(frame)
  decodeResponseHeader(reader, response.key, version)
  return codec(response, version).decode(reader)
}
