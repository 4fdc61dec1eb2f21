/**
 * A plain socket to a broker: frames out, frames in, and what became of them. Invariant: every wait has a limit, and a
 * limit, a close and an answer are three different outcomes. It knows frames and nothing of what is in them.
 * Neighbours: Tables.ts (what is in them), test/crash and test/fuzz (which use it too).
 */
import { createConnection, type Socket } from "node:net"
import { FrameSplitter, lengthPrefixBytes } from "@klamm/protocol/Frame"

export type FrameOutcome =
  | { readonly kind: "frame"; readonly bytes: Uint8Array }
  | { readonly kind: "closed" }
  | { readonly kind: "silent"; readonly ms: number }

/** How long a connection attempt may take. */
const CONNECT_WITHIN_MS = 5_000
/** The largest answer that is taken. */
const ANSWER_MAX_BYTES = 256 * 1024 * 1024

/** The four length bytes and the body. */
export const framed = (body: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(lengthPrefixBytes + body.length)
  new DataView(frame.buffer).setInt32(0, body.length)
  frame.set(body, lengthPrefixBytes)
  return frame
}

interface Waiter {
  readonly give: (outcome: FrameOutcome) => void
}

export class Wire {
  private readonly socket: Socket
  private readonly splitter = new FrameSplitter(ANSWER_MAX_BYTES)
  private readonly frames: Array<Uint8Array> = []
  private waiter: Waiter | undefined
  private over = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on("data", (chunk: Buffer) => this.receive(chunk))
    socket.on("error", () => this.end())
    socket.on("close", () => this.end())
    socket.on("end", () => this.end())
  }

  static open(address: string): Promise<Wire> {
    const [host, port] = [address.slice(0, address.lastIndexOf(":")), address.slice(address.lastIndexOf(":") + 1)]
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host, port: Number(port) })
      const timer = setTimeout(() => {
        socket.destroy()
        reject(new Error(`no connection to ${address} within ${CONNECT_WITHIN_MS} ms`))
      }, CONNECT_WITHIN_MS)
      socket.once("error", (cause) => {
        clearTimeout(timer)
        reject(new Error(`no connection to ${address}`, { cause }))
      })
      socket.once("connect", () => {
        clearTimeout(timer)
        resolve(new Wire(socket))
      })
    })
  }

  get closed(): boolean {
    return this.over
  }

  private end(): void {
    this.over = true
    this.waiter?.give({ kind: "closed" })
  }

  private receive(chunk: Buffer): void {
    this.frames.push(...this.splitter.push(chunk))
    if (this.waiter === undefined) return
    const first = this.frames.shift()
    if (first !== undefined) this.waiter.give({ kind: "frame", bytes: first })
  }

  /** Sends bytes as they are; on a closed connection they go nowhere, which the next `next` tells. */
  send(bytes: Uint8Array): void {
    if (!this.over) this.socket.write(bytes)
  }

  /** The next frame, or that there is none within `ms`, or that there will be none. */
  next(ms: number): Promise<FrameOutcome> {
    const ready = this.frames.shift()
    if (ready !== undefined) return Promise.resolve({ kind: "frame", bytes: ready })
    if (this.over) return Promise.resolve({ kind: "closed" })
    if (this.waiter !== undefined) throw new Error("two waits on one connection")
    return new Promise((resolve) => {
      const give = (outcome: FrameOutcome): void => {
        clearTimeout(timer)
        this.waiter = undefined
        resolve(outcome)
      }
      const timer = setTimeout(() => give({ kind: "silent", ms }), ms)
      this.waiter = { give }
    })
  }

  /** Takes nothing more from the socket: what the broker answers stays with the broker. */
  pause(): void {
    this.socket.pause()
  }

  close(): void {
    this.over = true
    this.socket.destroy()
  }
}
