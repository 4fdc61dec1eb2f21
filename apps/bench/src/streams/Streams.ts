/**
 * What streams of bytes between processes of this machine give without a broker: a sink that appends what it receives (the least of
 * producing), one that passes it on to two more (the least of three replicas), and a file that is read and sent (the least of consuming).
 * Invariant: what is told of the processors is of those alone that stand where brokers would; who sends to them or receives from them is a
 * process of its own. Neighbours: peer.ts (those processes), Appending.ts, Floors.ts.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { appendFrom } from "./Appending.ts"

export interface Streamed {
  readonly megabytesPerSecond: number
  /** Processor seconds per GB. */
  readonly secondsPerGb: number
}

const MIB = 1024 * 1024
/** Passed on and not yet in both other files: beyond, no more is read. */
const UNDER_WAY_BYTES = 16 * MIB
/** Memory that is read into and sent in turn. */
const SOURCE_BUFFERS = 4
const PEER = join(import.meta.dirname, "peer.ts")

const usedSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const streamed = (bytes: number, seconds: number, cpuSeconds: number): Streamed => ({
  megabytesPerSecond: bytes / 1e6 / seconds,
  secondsPerGb: cpuSeconds / (bytes / 1e9)
})

interface Peer {
  /** The next thing that it tells, of which this is the name. */
  readonly tells: (name: "port" | "cpuSeconds") => Promise<number>
}

interface Stage {
  readonly folder: string
  readonly start: (...words: ReadonlyArray<string | number>) => Peer
  /** Of a server of this process: a peer may connect to it. */
  readonly port: number
  readonly connection: () => Promise<net.Socket>
}

const peerOf = (child: ChildProcess): Peer => {
  const { stdout } = child
  if (stdout === null) throw new Error("a process without an output")
  const lines = createInterface({ input: stdout })
  const tells = (name: string): Promise<number> =>
    new Promise((resolve, reject) => {
      lines.once("line", (line) => resolve(JSON.parse(line)[name]))
      lines.once("close", () => reject(new Error(`a process ended before it told its ${name}`)))
    })
  return { tells }
}

const listening = (server: net.Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  )

/** A folder, a server and processes, gone when `use` is over. */
const onStage = async <A>(use: (stage: Stage) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), "klamm-floors-"))
  const server = net.createServer({ noDelay: true })
  const children: Array<ChildProcess> = []
  try {
    const port = await listening(server)
    const start = (...words: ReadonlyArray<string | number>): Peer => {
      const child = spawn(process.execPath, [PEER, ...words.map(String)], { stdio: ["ignore", "pipe", "inherit"] })
      children.push(child)
      return peerOf(child)
    }
    const connection = (): Promise<net.Socket> => new Promise((resolve) => server.once("connection", resolve))
    return await use({ folder, start, port, connection })
  } finally {
    for (const child of children) child.kill()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Another process writes chunks of a size as fast as it can; what comes is appended to a file. */
export const sink = (size: number, bytes: number): Promise<Streamed> =>
  onStage(async ({ folder, start }) => {
    const port = await start("send", size, bytes).tells("port")
    const before = usedSeconds()
    const seconds = await appendFrom({ port, path: join(folder, "0"), bytes })
    return streamed(bytes, seconds, usedSeconds() - before)
  })

/** The same, passed on to two processes that append it to files of their own and answer how much they have. */
export const chain = (size: number, bytes: number): Promise<Streamed> =>
  onStage(async ({ folder, start, port, connection }) => {
    const sockets: Array<net.Socket> = []
    const ends: Array<Promise<number>> = []
    for (const name of ["1", "2"]) {
      ends.push(start("follow", port, join(folder, name), bytes).tells("cpuSeconds"))
      sockets.push(await connection())
    }
    const arrived = sockets.map(() => 0)
    const path = join(folder, "0")
    const from = await start("send", size, bytes).tells("port")
    const [before, began] = [usedSeconds(), performance.now()]
    const passOn = (read: Uint8Array, length: number): boolean => {
      for (const socket of sockets) socket.write(read)
      return length - Math.min(...arrived) < UNDER_WAY_BYTES
    }
    const connected = (leading: net.Socket): void =>
      sockets.forEach((socket, index) => {
        socket.on("data", (answers: Buffer) => {
          arrived[index] = answers.readDoubleLE(answers.length - 8)
          leading.resume()
        })
      })
    const leading = appendFrom({ port: from, path, bytes, passOn, connected })
    const [, ...others] = await Promise.all([leading, ...ends])
    const seconds = (performance.now() - began) / 1000
    return streamed(
      bytes,
      seconds,
      others.reduce((sum, other) => sum + other, usedSeconds() - before)
    )
  })

const sendAll = (socket: net.Socket, fd: number, size: number, bytes: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const buffers = Array.from({ length: SOURCE_BUFFERS }, () => Buffer.alloc(size))
    let at = 0
    const next = (): void => {
      if (at >= bytes) {
        resolve()
        return
      }
      const buffer = buffers[(at / size) % SOURCE_BUFFERS]!
      at += readSync(fd, buffer, 0, size, at)
      socket.write(buffer, next)
    }
    socket.once("error", reject)
    next()
  })

/** A file that lies in the page cache is read in pieces of a size, each of which is sent to another process. */
export const source = (size: number, bytes: number): Promise<Streamed> =>
  onStage(async ({ folder, start, port, connection }) => {
    const fd = openSync(join(folder, "0"), "w+")
    try {
      const filler = Buffer.alloc(MIB, "a")
      for (let at = 0; at < bytes; at += MIB) writeSync(fd, filler, 0, MIB, at)
      start("receive", port)
      const socket = await connection()
      const [before, began] = [usedSeconds(), performance.now()]
      await sendAll(socket, fd, size, bytes)
      const seconds = (performance.now() - began) / 1000
      socket.destroy()
      return streamed(bytes, seconds, usedSeconds() - before)
    } finally {
      closeSync(fd)
    }
  })
