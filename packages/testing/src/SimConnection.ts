/**
 * One TCP connection of a simulated network: two ends, and a pipe in each direction in which parcels travel.
 *
 * Invariants: bytes arrive in the order in which they were written, cut anywhere; the end of a stream comes behind its bytes, a reset
 * may overtake them; a write has ended when the sender's buffer has taken it, so its memory may be used again although nothing has
 * arrived; what can't get through waits and is sent again, until the sender gives up. Whatever wakes a fiber does so in a step of that
 * fiber's own process. Neighbour: `SimNetwork.ts`, which decides what gets through and when.
 */
import type { Arena } from "@klamm/platform/Arena"
import { Inbox, printAddress, type Source } from "@klamm/platform/Inbox"
import { assert } from "@klamm/platform/Invariant"
import {
  type Address,
  type Connection,
  type ConnectionOptions,
  NetworkError,
  type NetworkErrorReason
} from "@klamm/platform/Network"
import { landingBytes, ReceiveShare } from "@klamm/platform/ReceiveShare"
import * as Effect from "effect/Effect"
import type { Chance } from "./Chance.ts"

/** Unacknowledged bytes at which a writer waits. */
export const sendBufferBytes = 256 * 1024
/** How long a sender tries to get bytes through, in milliseconds. */
const giveUpAfterMs = 20_000
/** How long after a path has opened again it is tried, at most, in milliseconds. */
const retransmitMs = 400

/** Who has a connection's end. */
export interface NetworkUser {
  readonly isAlive: boolean
  /** Runs something in a step of this process. */
  readonly post: (run: () => void) => void
}

/** What a connection asks of the network. */
export interface Wire {
  readonly chance: Chance
  readonly nowMs: () => number
  readonly after: (delayMs: number, run: () => void) => () => void
  /** When what `from` sends now arrives at `to`, in milliseconds from now. */
  readonly travelMs: (from: string, to: string, bytes: number) => number
  readonly isOpen: (from: string, to: string) => boolean
  /** Calls back once when the path may be open again. */
  readonly whenOpen: (from: string, to: string, retry: () => void) => void
  /** Both ends are closed. */
  readonly forget: (end: SimEnd) => void
  /** How often a piece of what is written is cut small. */
  readonly smallPieces: () => number
}

export const fail = (reason: NetworkErrorReason, address: Address): NetworkError =>
  new NetworkError({ reason, address: printAddress(address) })

/** Always copied into the arena, so that no connection lands anywhere else. */
export const shareOf = (arena: Arena): ReceiveShare => new ReceiveShare(arena, new Uint8Array(0))

type Parcel =
  | { readonly _tag: "Data"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly _tag: "End"; readonly at: number }
  | { readonly _tag: "Reset"; readonly at: number }

/** A write that the sender's buffer has not taken whole. */
interface PendingWrite {
  readonly chunks: ReadonlyArray<Uint8Array>
  readonly done: (failure: NetworkError | undefined) => void
  index: number
  offset: number
}

/** Open; closed by its user, whose kernel answers with a reset; or gone without a trace, with its machine's power. */
type State = "Open" | "Closed" | "Gone"

export class SimEnd implements Connection, Source {
  readonly host: string
  readonly local: Address
  readonly remote: Address
  readonly user: NetworkUser
  readonly read: Connection["read"]
  readonly close: Effect.Effect<void> = Effect.sync(() => this.closeNow())
  private readonly wire: Wire
  private readonly inbox: Inbox
  private state: State = "Open"
  private otherEnd: SimEnd | undefined
  private readonly writes: Array<PendingWrite> = []
  private parcels: Array<Parcel> = []
  private lastAt = 0
  private unackedBytes = 0
  /** A delivery is set, or waits for the path to open. */
  private isUnderWay = false
  private givesUp: (() => void) | undefined

  constructor(
    wire: Wire,
    host: string,
    user: NetworkUser,
    local: Address,
    remote: Address,
    options: ConnectionOptions,
    share: ReceiveShare
  ) {
    this.wire = wire
    this.host = host
    this.user = user
    this.local = local
    this.remote = remote
    this.inbox = new Inbox(this, options, share)
    this.read = Effect.suspend(() => (user.isAlive ? this.inbox.read : Effect.never))
  }

  join(other: SimEnd): void {
    this.otherEnd = other
  }

  get other(): SimEnd {
    assert(this.otherEnd !== undefined, "a connection has two ends")
    return this.otherEnd
  }

  get isOver(): boolean {
    return this.state !== "Open"
  }

  readonly resume = (): void => {
    this.other.startDelivery()
  }

  readonly abort = (): void => {
    this.endSending("End")
  }

  closeNow(): void {
    if (!this.user.isAlive) return
    this.endSending("End")
    this.inbox.close()
  }

  /** The process has died: its kernel ends the connection, behind what was sent or instead of it; what it had ended goes on. */
  die(): void {
    const kept = this.wire.chance.happens(0.5)
    if (this.state !== "Open") return
    if (!kept) this.parcels = []
    this.endSending(kept ? "End" : "Reset")
  }

  /** The machine has lost its power: nothing is sent any more, not even that. */
  vanish(): void {
    this.state = "Gone"
    this.parcels = []
    this.writes.length = 0
    this.forgetIfOver()
  }

  /** The connection is broken, as far as this end can see. */
  break(reason: NetworkErrorReason): void {
    if (this.state !== "Open") return
    this.state = "Closed"
    this.parcels = []
    this.failWrites()
    if (this.user.isAlive) this.inbox.failWith(reason)
    this.forgetIfOver()
  }

  write(chunks: ReadonlyArray<Uint8Array>): Effect.Effect<void, NetworkError> {
    return Effect.suspend(() => {
      if (!this.user.isAlive) return Effect.never
      if (this.state !== "Open") return Effect.fail(fail("Closed", this.remote))
      const full = chunks.filter((chunk) => chunk.byteLength > 0)
      return full.length === 0 ? Effect.void : this.send(full)
    })
  }

  private send(chunks: ReadonlyArray<Uint8Array>): Effect.Effect<void, NetworkError> {
    return Effect.callback<void, NetworkError>((resume) => {
      const done = (failure: NetworkError | undefined) =>
        this.user.post(() => resume(failure === undefined ? Effect.void : Effect.fail(failure)))
      this.writes.push({ chunks, done, index: 0, offset: 0 })
      this.pump()
      return this.close
    })
  }

  /** Takes from the writers what the buffer has room for. */
  private pump(): void {
    while (this.writes.length > 0 && this.unackedBytes < sendBufferBytes) {
      const write = this.writes[0]!
      const piece = this.nextPiece(write)
      this.unackedBytes += piece.byteLength
      this.post((at) => ({ _tag: "Data", at, bytes: piece }), piece.byteLength)
      if (write.index < write.chunks.length) continue
      this.writes.shift()
      write.done(undefined)
    }
    this.expectProgress()
  }

  private nextPiece(write: PendingWrite): Uint8Array {
    const { chance, smallPieces } = this.wire
    const chunk = write.chunks[write.index]!
    const limit = chance.happens(smallPieces()) ? 1 + chance.below(100) : landingBytes
    const piece = chunk.slice(write.offset, write.offset + limit)
    write.offset += piece.byteLength
    if (write.offset === chunk.byteLength) {
      write.index += 1
      write.offset = 0
    }
    return piece
  }

  private post(make: (at: number) => Parcel, bytes: number): void {
    const { wire, host, other } = this
    const at = Math.max(this.lastAt, wire.nowMs() + wire.travelMs(host, other.host, bytes))
    this.lastAt = at
    this.parcels.push(make(at))
    this.startDelivery()
  }

  private startDelivery(): void {
    const head = this.parcels[0]
    if (this.isUnderWay || head === undefined) return
    this.isUnderWay = true
    this.wire.after(Math.max(0, head.at - this.wire.nowMs()), () => {
      this.isUnderWay = false
      this.deliver()
    })
  }

  private deliver(): void {
    const { wire, host, other } = this
    while (this.parcels.length > 0) {
      const head = this.parcels[0]!
      if (head.at > wire.nowMs()) {
        this.startDelivery()
        break
      }
      if (!wire.isOpen(host, other.host)) {
        this.retryLater()
        break
      }
      if (!other.take(head)) break
      this.parcels.shift()
      if (head._tag === "Data") this.acknowledge(head.bytes.byteLength)
    }
  }

  private retryLater(): void {
    const { wire, host, other } = this
    this.isUnderWay = true
    wire.whenOpen(host, other.host, () => {
      wire.after(wire.chance.between(0, retransmitMs), () => {
        this.isUnderWay = false
        this.deliver()
      })
    })
  }

  /** What arrives here. False: not now; `resume` says when. */
  private take(parcel: Parcel): boolean {
    if (this.state !== "Open") {
      if (parcel._tag === "Data") this.answerReset()
      return true
    }
    if (parcel._tag === "Reset") {
      this.break("Closed")
      return true
    }
    if (!this.inbox.isOpen) return false
    if (parcel._tag === "Data") this.inbox.accept(parcel.bytes)
    else this.inbox.failWith("Closed")
    return true
  }

  /** Nobody is here any more. */
  private answerReset(): void {
    const { wire, host, other } = this
    wire.after(wire.travelMs(host, other.host, 0), () => {
      if (wire.isOpen(host, other.host)) other.break("Closed")
      else wire.whenOpen(host, other.host, () => other.break("Closed"))
    })
  }

  private acknowledge(bytes: number): void {
    const { wire, host, other } = this
    const acked = () => {
      this.unackedBytes -= bytes
      this.givesUp?.()
      this.givesUp = undefined
      if (this.state === "Open") this.pump()
    }
    wire.after(wire.travelMs(other.host, host, 0), () => {
      if (wire.isOpen(other.host, host)) acked()
      else wire.whenOpen(other.host, host, acked)
    })
  }

  /** The sender waits for an acknowledgement only so long, unless the peer is there and does not read. */
  private expectProgress(): void {
    if (this.givesUp !== undefined || this.unackedBytes === 0 || this.state !== "Open") return
    const { wire, host, other } = this
    this.givesUp = wire.after(giveUpAfterMs, () => {
      this.givesUp = undefined
      const isReached = wire.isOpen(host, other.host) && wire.isOpen(other.host, host) && other.state === "Open"
      if (isReached) this.expectProgress()
      else this.break("Timeout")
    })
  }

  private endSending(how: "End" | "Reset"): void {
    if (this.state !== "Open") return
    this.state = "Closed"
    this.failWrites()
    this.post((at) => ({ _tag: how, at }), 0)
    this.forgetIfOver()
  }

  private failWrites(): void {
    for (const { done } of this.writes.splice(0)) done(fail("Closed", this.remote))
  }

  private forgetIfOver(): void {
    if (this.other.isOver) this.wire.forget(this)
  }
}
