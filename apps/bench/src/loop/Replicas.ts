/**
 * What a process of the plain loop passes on to the others: which topics there are, and each batch that it leads, from where it was
 * received. All of it is one stream, the same to each; who has written it to its files answers how far it has come. Invariant: `written` is
 * what every other one has. Neighbours: Following.ts (the other end), Partitions.ts, Intake.ts (whose memory it sends from).
 */
import * as net from "node:net"
import { Reader, Writer } from "@klamm/protocol/Bytes"
import { FrameSplitter, lengthPrefixBytes } from "@klamm/protocol/Frame"
import { complain, type Onward } from "./Intake.ts"
import { HOST } from "./Members.ts"

/** What a frame between them says; each begins with this, then a topic's name and a number. */
export const SAYS = { create: 0, remove: 1, append: 2 } as const

/** What it says, a number, and the length of a name. */
const HEAD_BYTES = 1 + 4 + 2
/** How far the stream is written, an int64. */
const ANSWER_BYTES = 8
const CONNECT_WITHIN_MS = 20_000
const AGAIN_AFTER_MS = 20

const connectOnce = (port: number): Promise<net.Socket> =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: HOST, noDelay: true })
    socket.once("error", reject)
    socket.once("connect", () => resolve(socket.off("error", reject)))
  })

/** The others may not have started yet. */
const connectTo = async (port: number): Promise<net.Socket> => {
  const giveUp = performance.now() + CONNECT_WITHIN_MS
  for (;;) {
    try {
      return await connectOnce(port)
    } catch (cause) {
      if (performance.now() > giveUp) throw cause
      await new Promise((wake) => setTimeout(wake, AGAIN_AFTER_MS))
    }
  }
}

interface Follower {
  readonly socket: net.Socket
  written: number
}

export class Replicas implements Onward {
  /** The length of the stream, and how much of it all others have in their files. */
  position = 0
  written = 0
  private followers: ReadonlyArray<Follower> = []
  private writer = new Writer()
  private readonly progressed: () => void

  constructor(progressed: () => void) {
    this.progressed = progressed
  }

  async connect(ports: ReadonlyArray<number>): Promise<void> {
    const sockets = await Promise.all(ports.map(connectTo))
    this.followers = sockets.map((socket) => this.followed(socket))
  }

  private followed(socket: net.Socket): Follower {
    const follower = { socket, written: 0 }
    const answers = new FrameSplitter(ANSWER_BYTES)
    socket.on("data", (bytes: Uint8Array) => {
      const last = answers.push(bytes).at(-1)
      if (last === undefined) return
      follower.written = new Reader(last).int64()
      this.written = Math.min(...this.followers.map(({ written }) => written))
      this.progressed()
    })
    socket.on("drain", this.progressed)
    socket.on("error", (error) => complain(`a replica is gone: ${error.message}`))
    return follower
  }

  get unsentBytes(): number {
    let most = 0
    for (const { socket } of this.followers) most = Math.max(most, socket.writableLength)
    return most
  }

  create(topic: string, partitions: number): void {
    this.say(SAYS.create, topic, partitions)
  }

  remove(topic: string): void {
    this.say(SAYS.remove, topic, 0)
  }

  append(topic: string, partition: number, batch: Uint8Array): void {
    this.say(SAYS.append, topic, partition, batch)
  }

  private say(what: number, topic: string, number: number, batch?: Uint8Array): void {
    if (this.followers.length === 0) return
    const { writer } = this
    // Its length first, for nothing that lies before a view can be written over.
    writer.int32(HEAD_BYTES + Buffer.byteLength(topic) + (batch?.length ?? 0))
    writer.int8(what)
    writer.int32(number)
    writer.string(topic)
    if (batch !== undefined) writer.view(batch)
  }

  /** Sends what was said in this turn. */
  flush(): void {
    if (this.writer.size === 0) return
    this.position += this.writer.size
    const chunks = this.writer.finish()
    this.writer = new Writer()
    for (const { socket } of this.followers) {
      socket.cork()
      for (const chunk of chunks) socket.write(chunk)
      socket.uncork()
    }
  }

  close(): void {
    for (const { socket } of this.followers) socket.destroy()
  }
}

/** Of the answer, which is a frame as well. */
export const writeAnswer = (writer: Writer, written: number): void => {
  writer.int32(ANSWER_BYTES)
  writer.int64(written)
}

/** What a frame adds to the stream. */
export const streamBytes = (frame: Reader): number => lengthPrefixBytes + frame.remaining
