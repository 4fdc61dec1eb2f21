/**
 * A stream that is received in place and appended to a file read by read: the least that a broker does for each byte that is produced.
 * Neighbours: Streams.ts, peer.ts.
 */
import { closeSync, openSync, writeSync } from "node:fs"
import * as net from "node:net"

/** What a broker of ours reads at once, at most. */
const READ_MAX_BYTES = 512 * 1024
/** What was read is passed on while the next reads go elsewhere. Should all be under way, one is written over: only the bytes' number counts. */
const BUFFERS = 64

export interface Appending {
  readonly port: number
  readonly path: string
  readonly bytes: number
  /** Gets each read once it is in the file, and the length of the file; false: read no more until the socket is resumed. */
  readonly passOn?: (read: Uint8Array, length: number, socket: net.Socket) => boolean
  readonly connected?: (socket: net.Socket) => void
}

/** Connects and appends until `bytes` have come; answers the seconds from the first byte to the last. */
export const appendFrom = ({ port, path, bytes, passOn, connected }: Appending): Promise<number> =>
  new Promise((resolve, reject) => {
    const fd = openSync(path, "w")
    const buffers = Array.from({ length: BUFFERS }, () => new Uint8Array(READ_MAX_BYTES))
    let [turn, length, from] = [0, 0, 0]
    const received = (count: number, buffer: Uint8Array): boolean => {
      if (from === 0) from = performance.now()
      const read = buffer.subarray(0, count)
      length += writeSync(fd, read, 0, count, length)
      const goesOn = passOn?.(read, length, socket) ?? true
      if (length >= bytes) {
        closeSync(fd)
        resolve((performance.now() - from) / 1000)
      }
      return goesOn
    }
    const onread = { buffer: () => buffers[turn++ % BUFFERS]!, callback: received }
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true, onread })
    socket.once("error", reject)
    connected?.(socket)
  })
