/**
 * The network in memory: named hosts in one process, whose connections behave as TCP's do.
 *
 * Invariants: no timers, no chance, and bytes arrive within the write that sends them, so that the order of events is that of
 * the fibers' scheduler; a write has ended only when the peer's inbox has taken all of it, which is the backpressure; the end
 * of a stream comes behind its bytes. Bytes are copied into the receiver's arena: one that poisons what is released shows a use
 * after release. Nothing goes wrong on its own here but for what `cut` does. Neighbours: `Inbox.ts`, `Acceptor.ts`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { type Accept, type Accepted, makeAcceptor } from "./Acceptor.ts"
import type { Arena } from "./Arena.ts"
import { Inbox, printAddress, type Source } from "./Inbox.ts"
import { assert } from "./Invariant.ts"
import {
  type Address,
  type Connection,
  type ConnectionOptions,
  type Listener,
  Network,
  NetworkError,
  type NetworkErrorReason
} from "./Network.ts"
import { landingBytes, ReceiveShare } from "./ReceiveShare.ts"

/** Ports that are given out where none is named (IANA's dynamic ports). */
export const firstDynamicPort = 49_152
export const lastPort = 65_535

/** A network that tests can look into and cut. */
export interface MemoryNetwork {
  /** The network as seen from the host of that name, which exists from then on. */
  readonly host: (name: string) => Network["Service"]
  /** Ends every connection between two hosts, on both sides at once. New ones may be made. */
  readonly cut: (one: string, other: string) => void
}

const fail = (reason: NetworkErrorReason, address: Address): NetworkError =>
  new NetworkError({ reason, address: printAddress(address) })

/** Always copied into the arena, so that no connection lands anywhere else. */
const shareOf = (arena: Arena): ReceiveShare => new ReceiveShare(arena, new Uint8Array(0))

/** A write of which the peer has not taken all. */
class PendingWrite {
  readonly done: (failure: NetworkError | undefined) => void
  private readonly chunks: ReadonlyArray<Uint8Array>
  private index = 0
  private offset = 0

  constructor(chunks: ReadonlyArray<Uint8Array>, done: (failure: NetworkError | undefined) => void) {
    this.chunks = chunks
    this.done = done
  }

  get isEmpty(): boolean {
    return this.index === this.chunks.length
  }

  /** The next bytes, as many as one read brings. */
  take(): Uint8Array {
    const chunk = this.chunks[this.index]!
    const piece = chunk.subarray(this.offset, this.offset + landingBytes)
    this.offset += piece.byteLength
    if (this.offset === chunk.byteLength) {
      this.index += 1
      this.offset = 0
    }
    return piece
  }
}

class MemoryConnection implements Connection, Source {
  readonly remote: Address
  readonly local: Address
  readonly read: Connection["read"]
  readonly close: Effect.Effect<void> = Effect.sync(() => this.closeNow())
  private readonly inbox: Inbox
  private readonly ended: () => void
  private other: MemoryConnection | undefined
  private outgoing: Array<PendingWrite> = []
  private isClosed = false

  constructor(local: Address, remote: Address, options: ConnectionOptions, share: ReceiveShare, ended: () => void) {
    this.local = local
    this.remote = remote
    this.ended = ended
    this.inbox = new Inbox(this, options, share)
    this.read = this.inbox.read
  }

  join(other: MemoryConnection): void {
    this.other = other
  }

  readonly resume = (): void => {
    this.peer.deliver()
  }

  readonly abort = (): void => {
    if (this.isClosed) return
    this.isClosed = true
    this.failWrites()
    this.peer.failWrites()
    this.deliver()
    this.ended()
  }

  closeNow(): void {
    this.abort()
    this.inbox.close()
  }

  /** Ends both ways at once; what is here and unread can still be read. */
  cut(): void {
    this.abort()
    this.inbox.failWith("Closed")
  }

  write(chunks: ReadonlyArray<Uint8Array>): Effect.Effect<void, NetworkError> {
    return Effect.suspend(() => {
      if (this.isClosed || this.peer.isClosed) return Effect.fail(fail("Closed", this.remote))
      const full = chunks.filter((chunk) => chunk.byteLength > 0)
      return full.length === 0 ? Effect.void : this.send(full)
    })
  }

  private get peer(): MemoryConnection {
    assert(this.other !== undefined, "a connection has two ends")
    return this.other
  }

  private send(chunks: ReadonlyArray<Uint8Array>): Effect.Effect<void, NetworkError> {
    return Effect.callback<void, NetworkError>((resume) => {
      /** Goes on in a turn of its own, as it may be whoever gave memory back that is running now. */
      const done = (failure: NetworkError | undefined) =>
        resume(failure === undefined ? Effect.yieldNow : Effect.andThen(Effect.yieldNow, Effect.fail(failure)))
      this.outgoing.push(new PendingWrite(chunks, done))
      this.deliver()
      return this.close
    })
  }

  /** Gives the peer what it will take. */
  private deliver(): void {
    const { inbox } = this.peer
    while (this.outgoing.length > 0 && inbox.isOpen) {
      const write = this.outgoing[0]!
      const piece = write.take()
      const { isEmpty } = write
      /** Before the peer sees it, since bytes that make the peer close have been sent all the same. */
      if (isEmpty) this.outgoing.shift()
      inbox.accept(piece)
      if (isEmpty) write.done(undefined)
    }
    if (this.isClosed && inbox.isOpen) inbox.failWith("Closed")
  }

  private failWrites(): void {
    for (const { done } of this.outgoing.splice(0)) done(fail("Closed", this.remote))
  }
}

interface Bound {
  readonly options: ConnectionOptions
  readonly share: ReceiveShare
  readonly offer: (connection: MemoryConnection) => void
  /** Not to be reached from other hosts. */
  readonly isLoopback: boolean
}

interface Host {
  readonly name: string
  readonly ports: Map<number, Bound>
  nextPort: number
}

interface Link {
  readonly hosts: readonly [string, string]
  readonly ends: readonly [MemoryConnection, MemoryConnection]
}

/** The names under which a host listens on all of its addresses. */
export const isEverywhere = (name: string): boolean => name === "" || name === "0.0.0.0" || name === "::"
export const isLoopback = (name: string): boolean => name === "localhost" || name === "::1" || name.startsWith("127.")

/** A port where nobody listens, or undefined when there is none. */
const freePort = (host: Host): number | undefined => {
  for (let tried = firstDynamicPort; tried <= lastPort; tried++) {
    const port = host.nextPort
    host.nextPort = port === lastPort ? firstDynamicPort : port + 1
    if (!host.ports.has(port)) return port
  }
  return undefined
}

const bind = (
  host: Host,
  address: Address,
  options: ConnectionOptions,
  offer: Bound["offer"]
): Effect.Effect<number, NetworkError> =>
  Effect.suspend(() => {
    const here = isLoopback(address.host)
    if (!here && !isEverywhere(address.host) && address.host !== host.name) {
      return Effect.fail(fail("AddressNotAvailable", address))
    }
    const port = address.port === 0 ? freePort(host) : address.port
    if (port === undefined || host.ports.has(port)) return Effect.fail(fail("AddressInUse", address))
    host.ports.set(port, {
      options,
      share: shareOf(options.arena),
      offer,
      isLoopback: here && host.name !== address.host
    })
    return Effect.succeed(port)
  })

const listen = (
  host: Host,
  address: Address,
  options: ConnectionOptions,
  accept: Accept
): Effect.Effect<Listener, NetworkError, Scope.Scope> =>
  Effect.gen(function* () {
    const acceptor: Queue.Queue<Accepted> = yield* makeAcceptor(accept)
    const offer = (connection: MemoryConnection) => {
      if (!Queue.offerUnsafe(acceptor, { _tag: "Accepted", connection })) connection.closeNow()
    }
    const port = yield* Effect.acquireRelease(bind(host, address, options, offer), (bound) =>
      Effect.sync(() => void host.ports.delete(bound))
    )
    return { address: { host: address.host, port } }
  })

/** The state behind all hosts of one network. */
class Hosts {
  private readonly byName = new Map<string, Host>()
  private readonly links = new Set<Link>()

  get(name: string): Host {
    const known = this.byName.get(name)
    if (known !== undefined) return known
    const host: Host = { name, ports: new Map(), nextPort: firstDynamicPort }
    this.byName.set(name, host)
    return host
  }

  dial(from: Host, address: Address, options: ConnectionOptions): Effect.Effect<MemoryConnection, NetworkError> {
    return Effect.suspend(() => {
      const to = isLoopback(address.host) || isEverywhere(address.host) ? from : this.byName.get(address.host)
      if (to === undefined) return Effect.fail(fail("AddressNotAvailable", address))
      const bound = to.ports.get(address.port)
      if (bound === undefined || (bound.isLoopback && to !== from)) return Effect.fail(fail("Refused", address))
      const port = freePort(from)
      if (port === undefined) return Effect.fail(fail("AddressNotAvailable", address))
      const near: Address = { host: from.name, port }
      const far: Address = { host: to.name, port: address.port }
      const forget = () => void this.links.delete(link)
      const client = new MemoryConnection(near, address, options, shareOf(options.arena), forget)
      const server = new MemoryConnection(far, near, bound.options, bound.share, forget)
      const link: Link = { hosts: [from.name, to.name], ends: [client, server] }
      client.join(server)
      server.join(client)
      this.links.add(link)
      bound.offer(server)
      return Effect.succeed(client)
    })
  }

  cut(one: string, other: string): void {
    for (const { hosts, ends } of [...this.links]) {
      if (!((hosts[0] === one && hosts[1] === other) || (hosts[0] === other && hosts[1] === one))) continue
      for (const end of ends) end.cut()
    }
  }
}

/** A network in memory, and the doors through which a test breaks it. */
export const makeMemoryNetwork = (): MemoryNetwork => {
  const hosts = new Hosts()
  return {
    host: (name) => {
      const host = hosts.get(name)
      return Network.of({
        listen: (address, options, accept) => listen(host, address, options, accept),
        connect: (address, options): Effect.Effect<Connection, NetworkError, Scope.Scope> =>
          options.tls === undefined
            ? Effect.acquireRelease(hosts.dial(host, address, options), (connection) => connection.close)
            : Effect.fail(fail("Untrusted", address))
      })
    },
    cut: (one, other) => hosts.cut(one, other)
  }
}

/** A network in memory of one host, `localhost`, for as long as the layer lives. */
export const layerMemory: Layer.Layer<Network> = Layer.sync(Network, () => makeMemoryNetwork().host("localhost"))
