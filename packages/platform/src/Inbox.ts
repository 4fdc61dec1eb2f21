/**
 * What has arrived on one connection and waits for its reader: the part of a connection that is the same on every network.
 *
 * Invariants: the reader is woken once for all that gathers until its fiber runs; frames come before the failure that ended
 * them; every frame is given to the reader or released; reading stops while as much as `gatherLimitBytes` waits for the reader, or the
 * frames that nobody has given back exceed the limit, or the arena is full, and `resume` is called when it may go on. Neighbours:
 * `ReceiveBuffer.ts` cuts the frames; `node/SocketConnection.ts` and `NetworkMemory.ts` bring the bytes.
 */
import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import { assert } from "./Invariant.ts"
import { type Address, type ConnectionOptions, type Frame, NetworkError, type NetworkErrorReason } from "./Network.ts"
import { ReceiveBuffer } from "./ReceiveBuffer.ts"
import type { ReceiveShare } from "./ReceiveShare.ts"

/**
 * So many bytes of frames are read before the reader takes them. libuv would read on for as long as the socket has something, 8 MiB and
 * more at once: out of the processor's caches before a byte of it was looked at, with all that its requests need in memory together,
 * and everybody else waiting.
 */
export const gatherLimitBytes = 512 * 1024

export const printAddress = ({ host, port }: Address): string => `${host}:${port}`

/** What the inbox asks of whoever brings the bytes. */
export interface Source {
  /** The connection's other end, for errors. */
  readonly remote: Address
  /** Reading may go on after it had to stop. */
  readonly resume: () => void
  /** The peer broke the framing: the connection is to be closed. Called before the memory it reads into is given back. */
  readonly abort: () => void
  /** Makes the platform read into the landing buffer next; leave out where bytes are always copied. */
  readonly toLanding?: () => void
}

export class Inbox {
  readonly read: Effect.Effect<NonEmptyReadonlyArray<Frame>, NetworkError>
  private readonly source: Source
  private readonly options: ConnectionOptions
  private readonly buffer: ReceiveBuffer
  private frames: Array<Frame> = []
  /** Of frames that were cut and have not been given back, taken or not. */
  private heldBytes = 0
  /** Of frames that the reader has not taken. */
  private untakenBytes = 0
  private failure: NetworkError | undefined
  private wake: (() => void) | undefined
  private asksForRoom = false

  constructor(source: Source, options: ConnectionOptions, share: ReceiveShare) {
    this.source = source
    this.options = options
    this.buffer = new ReceiveBuffer(options.arena, options.framing, share, this.released, source.toLanding)
    this.read = Effect.suspend(() => this.take() ?? Effect.andThen(this.arrival, this.read))
  }

  /** Where the next bytes go. */
  target(): Uint8Array {
    return this.buffer.target()
  }

  /** `count` bytes are in the target. False: stop reading until `resume`. */
  received(count: number): boolean {
    const known = this.frames.length
    this.buffer.received(count, this.frames)
    return this.arrived(known)
  }

  /** Takes bytes from elsewhere by copying them. False: stop reading until `resume`. */
  accept(bytes: Uint8Array): boolean {
    const known = this.frames.length
    this.buffer.accept(bytes, this.frames)
    return this.arrived(known)
  }

  /** Bytes may come. */
  get isOpen(): boolean {
    return this.failure === undefined && this.buffer.waitsForBytes === 0 && !this.hasGathered && !this.isFull
  }

  /**
   * Ends the reading: what has arrived can still be read, then every read fails with `failure`. The first one stays. The
   * platform must read no more.
   */
  fail(failure: NetworkError): void {
    if (this.failure !== undefined) return
    this.failure = failure
    this.buffer.close()
    this.tell()
  }

  failWith(reason: NetworkErrorReason, cause?: unknown): void {
    this.fail(new NetworkError({ reason, address: printAddress(this.source.remote), cause }))
  }

  /** Ends the reading at once: what has arrived is given back. The platform must read no more. */
  close(): void {
    this.failWith("Closed")
    for (const frame of this.frames.splice(0)) frame.release()
  }

  private get hasGathered(): boolean {
    return this.untakenBytes >= gatherLimitBytes
  }

  private get isFull(): boolean {
    return this.heldBytes > this.options.receiveLimitBytes
  }

  private arrived(known: number): boolean {
    const { frames, buffer } = this
    for (let index = known; index < frames.length; index++) {
      this.heldBytes += frames[index]!.bytes.byteLength
      this.untakenBytes += frames[index]!.bytes.byteLength
    }
    if (buffer.fault !== undefined) {
      this.source.abort()
      this.failWith(buffer.fault.reason, buffer.fault.cause)
    } else if (frames.length > known) this.tell()
    if (buffer.waitsForBytes > 0) this.askForRoom()
    return this.isOpen
  }

  private askForRoom(): void {
    if (this.asksForRoom) return
    this.asksForRoom = true
    this.options.arena.onRoom(() => {
      this.asksForRoom = false
      this.retry()
    }, this.buffer.waitsForBytes)
  }

  private retry(): void {
    if (this.failure !== undefined) return
    const known = this.frames.length
    this.buffer.retry(this.frames)
    if (this.arrived(known)) this.source.resume()
  }

  private tell(): void {
    const { wake } = this
    this.wake = undefined
    wake?.()
  }

  private take(): Effect.Effect<NonEmptyReadonlyArray<Frame>, NetworkError> | undefined {
    const { frames } = this
    if (!isReadonlyArrayNonEmpty(frames)) return this.failure === undefined ? undefined : Effect.fail(this.failure)
    this.frames = []
    const { hasGathered } = this
    this.untakenBytes = 0
    if (hasGathered && this.isOpen) this.source.resume()
    return Effect.succeed(frames)
  }

  private readonly released = (sizeBytes: number): void => {
    const wasFull = this.isFull
    this.heldBytes -= sizeBytes
    if (wasFull && this.isOpen) this.source.resume()
  }

  /**
   * Something can be taken. The reader goes on in its scheduler's next turn, so that one turn's frames come together. What came since it
   * last looked is seen here: a fiber may be made to yield between any two of its steps.
   */
  private readonly arrival: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.frames.length > 0 || this.failure !== undefined) return resume(Effect.void)
    assert(this.wake === undefined, "a connection has one reader at a time")
    this.wake = () => resume(Effect.yieldNow)
    return Effect.sync(() => {
      this.wake = undefined
    })
  })
}
