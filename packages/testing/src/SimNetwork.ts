/**
 * The network of a world: named machines, the paths between them, and what goes wrong on those: delay, a slow link, a path that is
 * open one way only, a cut connection, a machine that is gone without a word.
 *
 * Invariants: a process that dies leaves no listener behind, and its peers are told; a machine that loses its power tells nobody, and
 * who sends to it once it is back is reset; a path that opens again brings what waited, in order. Paths within a machine never fail.
 * Neighbour: `SimConnection.ts`.
 */
import { type Accept, type Accepted, makeAcceptor } from "@klamm/platform/Acceptor"
import {
  type Address,
  type Connection,
  type ConnectionOptions,
  type Listener,
  Network,
  type NetworkError
} from "@klamm/platform/Network"
import { firstDynamicPort, isEverywhere, isLoopback, lastPort } from "@klamm/platform/NetworkMemory"
import type { ReceiveShare } from "@klamm/platform/ReceiveShare"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Chance } from "./Chance.ts"
import { fail, type NetworkUser, SimEnd, shareOf, type Wire } from "./SimConnection.ts"
import type { Latency } from "./SimDisk.ts"

/** Time as the network needs it. */
export interface Events {
  readonly nowMs: () => number
  readonly after: (delayMs: number, run: () => void) => () => void
}

/** What all paths are like at the moment; may change at any time. */
export interface NetworkCondition {
  delayMs: Latency
  /** How often a piece of what is written is cut small. */
  smallPieces: number
}

interface Bound {
  readonly user: NetworkUser
  readonly options: ConnectionOptions
  readonly share: ReceiveShare
  readonly offer: (connection: Connection) => void
  /** Not to be reached from other machines. */
  readonly isLoopback: boolean
}

interface Host {
  readonly name: string
  readonly ports: Map<number, Bound>
  nextPort: number
  isUp: boolean
}

/** A path in one direction that is not as all are. */
interface Path {
  isBlocked: boolean
  /** Added to each delay, in milliseconds. */
  extraMs: number
  bytesPerMs: number | undefined
}

const withinMachineMs: Latency = [0.01, 0.05]
/** How long a machine tries to connect, and how long it waits before it tries again, in milliseconds. */
const connectLimitMs = 60_000
const firstRetryMs = 1_000

const pathName = (from: string, to: string): string => `${from} ${to}`

export class SimNetwork {
  readonly condition: NetworkCondition = { delayMs: [0.1, 3], smallPieces: 0.1 }
  private readonly events: Events
  private readonly chance: Chance
  private readonly hosts = new Map<string, Host>()
  private readonly paths = new Map<string, Path>()
  private readonly ends = new Set<SimEnd>()
  private waiting: Array<{ readonly from: string; readonly to: string; readonly retry: () => void }> = []
  private readonly wire: Wire

  constructor(events: Events, chance: Chance) {
    this.events = events
    this.chance = chance
    this.wire = {
      chance,
      nowMs: events.nowMs,
      after: events.after,
      travelMs: (from, to, bytes) => this.travelMs(from, to, bytes),
      isOpen: (from, to) => this.isOpen(from, to),
      whenOpen: (from, to, retry) => void this.waiting.push({ from, to, retry }),
      forget: (end) => {
        this.ends.delete(end)
        this.ends.delete(end.other)
      },
      smallPieces: () => this.condition.smallPieces
    }
  }

  /** The network as a process on that machine sees it. */
  mount(hostName: string, user: NetworkUser): Network["Service"] {
    const host = this.host(hostName)
    return Network.of({
      listen: (address, options, accept) => this.listen(host, user, address, options, accept),
      connect: (address, options): Effect.Effect<Connection, NetworkError, Scope.Scope> =>
        options.tls === undefined
          ? Effect.acquireRelease(this.dial(host, user, address, options), (connection) => connection.close)
          : Effect.fail(fail("Untrusted", address))
    })
  }

  /** The process is dead; its machine is not. */
  crash(user: NetworkUser): void {
    this.closePorts(user)
    for (const end of [...this.ends]) if (end.user === user) end.die()
  }

  /** The machine has no power. */
  losePower(hostName: string): void {
    const host = this.host(hostName)
    host.isUp = false
    host.ports.clear()
    for (const end of [...this.ends]) if (end.host === hostName) end.vanish()
  }

  powerUp(hostName: string): void {
    this.host(hostName).isUp = true
    this.retryWaiting()
  }

  /** Nothing gets from the one to the other until `heal`. */
  block(from: string, to: string): void {
    this.path(from, to).isBlocked = true
  }

  /** What waited gets through again. */
  open(from: string, to: string): void {
    this.heals += 1
    this.path(from, to).isBlocked = false
    this.retryWaiting()
  }

  slow(from: string, to: string, extraMs: number, bytesPerMs: number | undefined): void {
    Object.assign(this.path(from, to), { extraMs, bytesPerMs })
  }

  /** Nothing is let through from the machine to the others, nor from them. */
  isCutOff(host: string, others: ReadonlyArray<string>): boolean {
    const isBlocked = (from: string, to: string) => this.paths.get(pathName(from, to))?.isBlocked === true
    return others.every((other) => isBlocked(host, other) && isBlocked(other, host))
  }

  /** How often all paths were made whole. */
  heals = 0

  /** All paths are as at the beginning. */
  heal(): void {
    this.heals += 1
    this.paths.clear()
    this.retryWaiting()
  }

  /** Ends every connection between two machines, as a router that forgets them does. */
  reset(one: string, other: string): void {
    for (const end of [...this.ends]) {
      if (end.host === one && end.other.host === other) {
        end.break("Closed")
        end.other.break("Closed")
      }
    }
  }

  get connections(): number {
    return this.ends.size / 2
  }

  private host(name: string): Host {
    const known = this.hosts.get(name)
    if (known !== undefined) return known
    const host: Host = { name, ports: new Map(), nextPort: firstDynamicPort, isUp: true }
    this.hosts.set(name, host)
    return host
  }

  private path(from: string, to: string): Path {
    const name = pathName(from, to)
    const known = this.paths.get(name)
    if (known !== undefined) return known
    const path: Path = { isBlocked: false, extraMs: 0, bytesPerMs: undefined }
    this.paths.set(name, path)
    return path
  }

  private closePorts(user: NetworkUser): void {
    for (const { ports } of this.hosts.values()) {
      for (const [port, bound] of [...ports]) if (bound.user === user) ports.delete(port)
    }
  }

  /** Whether what the one sends gets to the other. */
  isOpen(from: string, to: string): boolean {
    if (!this.host(from).isUp || !this.host(to).isUp) return false
    return from === to || this.paths.get(pathName(from, to))?.isBlocked !== true
  }

  private travelMs(from: string, to: string, bytes: number): number {
    if (from === to) return this.chance.skewed(...withinMachineMs)
    const path = this.paths.get(pathName(from, to))
    const passing = path?.bytesPerMs === undefined ? 0 : bytes / path.bytesPerMs
    return this.chance.skewed(...this.condition.delayMs) + (path?.extraMs ?? 0) + passing
  }

  private retryWaiting(): void {
    const { waiting } = this
    this.waiting = []
    for (const each of waiting) {
      if (this.isOpen(each.from, each.to)) each.retry()
      else this.waiting.push(each)
    }
  }

  private listen(
    host: Host,
    user: NetworkUser,
    address: Address,
    options: ConnectionOptions,
    accept: Accept
  ): Effect.Effect<Listener, NetworkError, Scope.Scope> {
    const { bind } = this
    return Effect.gen(function* () {
      const acceptor: Queue.Queue<Accepted> = yield* makeAcceptor(accept)
      const offer = (connection: Connection) =>
        user.post(() => {
          if (!Queue.offerUnsafe(acceptor, { _tag: "Accepted", connection })) Effect.runSync(connection.close)
        })
      const port = yield* Effect.acquireRelease(bind(host, user, address, options, offer), (bound) =>
        Effect.sync(() => void host.ports.delete(bound))
      )
      return { address: { host: address.host, port } }
    })
  }

  private readonly bind = (
    host: Host,
    user: NetworkUser,
    address: Address,
    options: ConnectionOptions,
    offer: Bound["offer"]
  ): Effect.Effect<number, NetworkError> =>
    Effect.suspend(() => {
      const here = isLoopback(address.host)
      if (!here && !isEverywhere(address.host) && address.host !== host.name) {
        return Effect.fail(fail("AddressNotAvailable", address))
      }
      const port = address.port === 0 ? this.freePort(host) : address.port
      if (host.ports.has(port)) return Effect.fail(fail("AddressInUse", address))
      const isOnlyHere = here && host.name !== address.host
      host.ports.set(port, { user, options, share: shareOf(options.arena), offer, isLoopback: isOnlyHere })
      return Effect.succeed(port)
    })

  private freePort(host: Host): number {
    while (true) {
      const port = host.nextPort
      host.nextPort = port === lastPort ? firstDynamicPort : port + 1
      if (!host.ports.has(port)) return port
    }
  }

  private dial(
    from: Host,
    user: NetworkUser,
    address: Address,
    options: ConnectionOptions
  ): Effect.Effect<SimEnd, NetworkError> {
    return Effect.callback<SimEnd, NetworkError>((resume) => {
      const to = isLoopback(address.host) || isEverywhere(address.host) ? from : this.hosts.get(address.host)
      let isWaited = true
      const answer = (outcome: Effect.Effect<SimEnd, NetworkError>, discard?: () => void) =>
        user.post(() => {
          if (isWaited) resume(outcome)
          else discard?.()
        })
      if (to === undefined) answer(Effect.fail(fail("AddressNotAvailable", address)))
      else this.knock(from, to, user, address, options, answer)
      return Effect.sync(() => {
        isWaited = false
      })
    })
  }

  /** The first packet goes to the other machine, again and again while it does not get through, and the answer back. */
  private knock(
    from: Host,
    to: Host,
    user: NetworkUser,
    address: Address,
    options: ConnectionOptions,
    answer: (outcome: Effect.Effect<SimEnd, NetworkError>, discard?: () => void) => void
  ): void {
    const startedAt = this.events.nowMs()
    const attempt = (retryMs: number): void => {
      const there = this.travelMs(from.name, to.name, 0)
      this.events.after(there, () => {
        if (!this.isOpen(from.name, to.name) || !this.isOpen(to.name, from.name)) {
          if (this.events.nowMs() - startedAt > connectLimitMs) answer(Effect.fail(fail("Timeout", address)))
          else this.events.after(retryMs, () => attempt(2 * retryMs))
          return
        }
        const end = this.meet(from, to, user, address, options)
        const outcome = end === undefined ? Effect.fail(fail("Refused", address)) : Effect.succeed(end)
        this.events.after(this.travelMs(to.name, from.name, 0), () => answer(outcome, () => end?.closeNow()))
      })
    }
    attempt(firstRetryMs)
  }

  /** The connecting machine's end; undefined when nobody listens. */
  private meet(
    from: Host,
    to: Host,
    user: NetworkUser,
    address: Address,
    options: ConnectionOptions
  ): SimEnd | undefined {
    const bound = to.ports.get(address.port)
    if (bound === undefined || !bound.user.isAlive || (bound.isLoopback && to !== from)) return undefined
    const near: Address = { host: from.name, port: this.freePort(from) }
    const far: Address = { host: to.name, port: address.port }
    const client = new SimEnd(this.wire, from.name, user, near, address, options, shareOf(options.arena))
    const server = new SimEnd(this.wire, to.name, bound.user, far, near, bound.options, bound.share)
    client.join(server)
    server.join(client)
    this.ends.add(client)
    this.ends.add(server)
    bound.offer(server)
    return client
  }
}
