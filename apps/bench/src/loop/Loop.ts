/**
 * The plain loop: the least that a broker of Node can be, beside which ours is measured by the same load generator. Bytes are received in
 * place, batches checked and given their offsets where they lie, and each turn, which is what one read brought, ends with one write to
 * each partition's file and one answer. There is no replication, no recovery, no group and no limit. Invariants: the requests of a
 * connection are answered in their order, so that nothing behind a fetch that waits is looked at; a disk that fails ends the process.
 * Neighbours: Answers.ts, Partitions.ts, Serve.ts.
 */
import { mkdtempSync, rmSync } from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MalformedBytes, Reader, Writer } from "@klamm/protocol/Bytes"
import { arenaMemory, reservedBytes } from "@klamm/protocol/Crc32c"
import { frameLength, lengthPrefixBytes } from "@klamm/protocol/Frame"
import { Answers, type Fetch, Refused } from "./Answers.ts"
import { Topics } from "./Partitions.ts"

const MIB = 1024 * 1024
const FRAME_MAX_BYTES = 8 * MIB
/** Of each connection, in the arena, where the checksum is made in place; what is not touched of it costs nothing. */
const AREA_BYTES = 2 * FRAME_MAX_BYTES
const READ_MAX_BYTES = MIB / 2
/** So much was parsed: the rest goes to the area's begin, for its pages are those that the processor's caches hold. */
const AGAIN_FROM_BYTES = 2 * MIB

const complain = (what: string): void => {
  process.stderr.write(`the plain loop: ${what}\n`)
}

/** An accepted socket cannot be told where to receive; one that is made of its handle, which no type names, can (decision 0001). */
const takeHandle = (shell: net.Socket): object => {
  const handle: unknown = Reflect.get(shell, "_handle")
  if (typeof handle !== "object" || handle === null) throw new Error("this Node keeps the handle of a socket elsewhere")
  Reflect.set(shell, "_handle", null)
  shell.destroy()
  return handle
}

/** What all connections share. */
class Loop {
  readonly topics: Topics
  readonly answers: Answers
  readonly connections = new Set<Connection>()
  /** Those whose fetch waits. */
  readonly waiting = new Set<Connection>()
  private readonly areas: Array<Uint8Array> = []

  constructor(folder: string, port: number) {
    this.topics = new Topics(folder)
    this.answers = new Answers(this.topics, port)
    const memory = arenaMemory()
    for (let at = reservedBytes; at + AREA_BYTES <= memory.byteLength; at += AREA_BYTES) {
      this.areas.push(new Uint8Array(memory, at, AREA_BYTES))
    }
  }

  accept(shell: net.Socket): void {
    const area = this.areas.pop()
    if (area !== undefined) this.connections.add(new Connection(this, takeHandle(shell), area))
    else {
      complain(`no memory for more than ${this.connections.size} connections`)
      shell.destroy()
    }
  }

  release(connection: Connection, area: Uint8Array): void {
    this.connections.delete(connection)
    this.waiting.delete(connection)
    this.areas.push(area)
  }
}

class Connection {
  private readonly loop: Loop
  private readonly area: Uint8Array
  private readonly socket: net.Socket
  private readonly writer = new Writer()
  /** What was received and not yet parsed lies in [at, end) of the area. */
  private at = 0
  private end = 0
  private fetch: Fetch | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(loop: Loop, handle: object, area: Uint8Array) {
    this.loop = loop
    this.area = area
    const options: net.SocketConstructorOpts = {
      onread: {
        buffer: () => area.subarray(this.end, this.end + READ_MAX_BYTES),
        callback: (bytes) => this.received(bytes)
      }
    }
    Reflect.set(options, "handle", handle)
    this.socket = new net.Socket(options)
    this.socket.on("error", (error) => complain(`a connection failed: ${error.message}`))
    this.socket.on("close", () => {
      clearTimeout(this.timer)
      loop.release(this, area)
    })
    this.socket.resume()
  }

  close(): void {
    this.socket.destroy()
  }

  private received(bytes: number): boolean {
    this.end += bytes
    this.turn()
    // Nowhere else: from here to the next read the socket holds the place that it was told to read into.
    if (this.at === this.end) {
      this.at = 0
      this.end = 0
    } else if (this.at >= AGAIN_FROM_BYTES) {
      this.area.copyWithin(0, this.at, this.end)
      this.end -= this.at
      this.at = 0
    }
    return true
  }

  /** Takes the requests that are there whole, up to a fetch; writes and answers at their end. */
  private turn(): void {
    const refusal = this.takeRequests()
    const { topics, waiting } = this.loop
    topics.flush()
    if (this.writer.size > 0) {
      // Copied, for the kernel may not take it at once; it is small.
      this.socket.write(this.writer.toBytes())
      this.writer.reset()
    }
    if (refusal !== undefined) {
      complain(`a connection is closed: ${refusal.message}`)
      this.close()
    } else if (this.fetch !== undefined) this.hold(this.fetch)
    for (const connection of waiting) connection.look()
  }

  private takeRequests(): Refused | MalformedBytes | undefined {
    try {
      while (this.fetch === undefined) {
        const bytes = frameLength(this.area, this.at, this.end, FRAME_MAX_BYTES)
        if (bytes === 0 || this.at + bytes > this.end) break
        const reader = new Reader(this.area, this.at + lengthPrefixBytes, this.at + bytes)
        this.at += bytes
        this.fetch = this.loop.answers.take(reader, this.writer)
      }
      return undefined
    } catch (error) {
      if (error instanceof Refused || error instanceof MalformedBytes) return error
      throw error
    }
  }

  private hold(fetch: Fetch): void {
    if (fetch.hasNews || fetch.maxWaitMs <= 0) this.answer(fetch)
    else {
      this.loop.waiting.add(this)
      this.timer = setTimeout(() => this.answer(fetch), fetch.maxWaitMs)
    }
  }

  /** Whether what was written meanwhile is what its fetch waits for. */
  private look(): void {
    if (this.fetch?.hasNews === true) this.answer(this.fetch)
  }

  private answer(fetch: Fetch): void {
    clearTimeout(this.timer)
    this.loop.waiting.delete(this)
    this.fetch = undefined
    const writer = new Writer()
    fetch.write(writer)
    this.socket.cork()
    for (const chunk of writer.finish()) this.socket.write(chunk)
    this.socket.uncork()
    this.turn()
  }
}

export interface PlainLoop {
  readonly port: number
  /** Ends its connections and removes its data. */
  readonly close: () => void
}

/** Serves at a port of this machine, 0 for a free one, with data in a temporary folder. */
export const startLoop = (port: number): Promise<PlainLoop> =>
  new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true, pauseOnConnect: true })
    server.once("error", reject)
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject)
      const bound = server.address()
      const listening = typeof bound === "object" && bound !== null ? bound.port : port
      const folder = mkdtempSync(join(tmpdir(), "klamm-loop-"))
      const loop = new Loop(folder, listening)
      server.on("connection", (shell) => loop.accept(shell))
      const close = (): void => {
        server.close()
        for (const connection of loop.connections) connection.close()
        loop.topics.close()
        rmSync(folder, { recursive: true, force: true })
      }
      resolve({ port: listening, close })
    })
  })
