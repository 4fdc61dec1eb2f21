/**
 * What one connection brings, received in place: frames come out of it where they lie, in the arena, where the checksum is made without a
 * copy. Invariant: a byte that was received is not written over before its frame is done with, and where it is passed on, not before it is
 * sent; what is held of either has a limit. Neighbours: Loop.ts and Following.ts (whose frames they are), Replicas.ts (passes them on).
 */
import * as net from "node:net"
import { Reader } from "@klamm/protocol/Bytes"
import { arenaMemory, reservedBytes } from "@klamm/protocol/Crc32c"
import { frameLength, lengthPrefixBytes } from "@klamm/protocol/Frame"

const MIB = 1024 * 1024
const FRAME_MAX_BYTES = 8 * MIB
/** Of each connection; what is not touched of it costs nothing. */
const AREA_BYTES = 2 * FRAME_MAX_BYTES
const READ_MAX_BYTES = MIB / 2
/** So much was parsed: the rest goes to the area's begin, for its pages are those that the processor's caches hold. */
const AGAIN_FROM_BYTES = 2 * MIB

/**
 * Where what is received is passed on, an area is gone through to here before it begins again. What then lies at its begin is so much
 * older than all that waits to be sent, which is at most `UNSENT_MAX_BYTES`, one frame and one read, that a frame goes there.
 */
const AGAIN_WHILE_SENDING_FROM_BYTES = FRAME_MAX_BYTES
const SHARED_FRAME_MAX_BYTES = 2 * MIB
/** With more than this that waits to be sent, nothing is received. */
export const UNSENT_MAX_BYTES = 2 * MIB

export const complain = (what: string): void => {
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

/** Who passes on what is received. */
export interface Onward {
  /** Bytes that wait to be sent where they were received. */
  readonly unsentBytes: number
}

export interface Receiving {
  /** Takes the frames that are there; false: receive no more until it is resumed. */
  readonly turn: () => boolean
  readonly ended: () => void
}

/** The memory of all connections of a process. */
export class Areas {
  private readonly free: Array<Uint8Array> = []

  constructor() {
    const memory = arenaMemory()
    for (let at = reservedBytes; at + AREA_BYTES <= memory.byteLength; at += AREA_BYTES) {
      this.free.push(new Uint8Array(memory, at, AREA_BYTES))
    }
  }

  /** Undefined, and the connection is closed, where there is none left. */
  take(shell: net.Socket): Uint8Array | undefined {
    const area = this.free.pop()
    if (area === undefined) {
      complain("no memory for another connection")
      shell.destroy()
    }
    return area
  }

  release(area: Uint8Array): void {
    this.free.push(area)
  }
}

export class Intake {
  readonly socket: net.Socket
  private readonly area: Uint8Array
  private readonly onward: Onward | undefined
  /** What was received and not yet parsed lies in [at, end) of the area. */
  private at = 0
  private end = 0

  /** `onward`: where what is received may be passed on to, as it lies. */
  constructor(shell: net.Socket, area: Uint8Array, onward: Onward | undefined, { turn, ended }: Receiving) {
    this.area = area
    this.onward = onward
    const received = (bytes: number): boolean => {
      this.end += bytes
      const goesOn = turn()
      // Nowhere else: from here to the next read the socket holds the place that it was told to read into.
      this.makeRoom()
      return goesOn
    }
    const options: net.SocketConstructorOpts = {
      onread: { buffer: () => area.subarray(this.end, this.end + READ_MAX_BYTES), callback: received }
    }
    Reflect.set(options, "handle", takeHandle(shell))
    this.socket = new net.Socket(options)
    this.socket.on("error", (error) => complain(`a connection failed: ${error.message}`))
    this.socket.on("close", ended)
    this.socket.resume()
  }

  /** The next frame that is there whole, without its length. Throws MalformedBytes for one that is too large. */
  next(): Reader | undefined {
    const { area, at, end } = this
    const bytes = frameLength(area, at, end, this.onward === undefined ? FRAME_MAX_BYTES : SHARED_FRAME_MAX_BYTES)
    if (bytes === 0 || at + bytes > end) return undefined
    this.at += bytes
    return new Reader(area, at + lengthPrefixBytes, at + bytes)
  }

  private makeRoom(): void {
    const isSending = this.onward !== undefined && this.onward.unsentBytes > 0
    const beginsAgain = this.at >= (isSending ? AGAIN_WHILE_SENDING_FROM_BYTES : AGAIN_FROM_BYTES)
    if (!beginsAgain && (isSending || this.at < this.end)) return
    this.area.copyWithin(0, this.at, this.end)
    this.end -= this.at
    this.at = 0
  }
}
