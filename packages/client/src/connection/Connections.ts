/**
 * All connections of a client: one for each broker and lane, made when it is first needed and again after it has ended.
 *
 * Invariants: a broker that could not be reached is left alone for a while that grows (reconnect.backoff.ms), in which asking it fails
 * at once with why it failed before; who needs a connection that is on its way waits for the same one; a connection idle for too long,
 * or whose authentication nears its end, is replaced before its next use; when the client's life is over, who waits is told and nobody
 * gets a connection any more. Neighbours: `BrokerConnection.ts` is one of these,
 * `ClusterLive.ts` says whom to ask.
 */
import { printAddress } from "@klamm/platform/Inbox"
import { monotonicMsOf } from "@klamm/platform/Moment"
import { type Address, Network } from "@klamm/platform/Network"
import { Writer } from "@klamm/protocol/Bytes"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { ConnectionError, type RequestError } from "../KlammError.ts"
import type { Life as ClientLife } from "../Life.ts"
import { backoff } from "./Backoff.ts"
import { type BrokerConnection, type ConnectionSetup, type Opened, open } from "./BrokerConnection.ts"

/** The part of its authentication's life after which a connection is replaced (KIP-368). */
const sessionUsedFraction = 0.85

/** How long a connection that was replaced may still answer what it was asked, in milliseconds. */
const retireAfterMs = 30_000

export interface ConnectionsOptions {
  /** How connections of a lane are made. */
  readonly setupOf: (lane: string) => ConnectionSetup
  readonly connectionsMaxIdleMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
}

/** A connection that is there or on its way. */
interface Life {
  readonly scope: Scope.Closeable
  readonly ready: Deferred.Deferred<BrokerConnection, RequestError>
  connection: BrokerConnection | undefined
  usedAtMs: number
  /** When it is to be replaced, for its authentication's sake. */
  endsAtMs: number
}

/** What is remembered of a broker that was called in vain. */
interface Trouble {
  readonly failures: number
  readonly retryAtMs: number
  readonly error: RequestError
}

export class Connections {
  /** Finalized features by name, as the latest broker told. */
  features: ReadonlyMap<string, number> = new Map()
  private readonly network: Network["Service"]
  private readonly clock: Clock.Clock
  private readonly random: (typeof Random.Random)["Service"]
  private readonly client: ClientLife
  private readonly options: ConnectionsOptions
  private readonly writer = new Writer()
  private readonly lives = new Map<string, Life>()
  private readonly troubles = new Map<string, Trouble>()

  constructor(
    options: ConnectionsOptions,
    seams: {
      readonly network: Network["Service"]
      readonly clock: Clock.Clock
      readonly random: (typeof Random.Random)["Service"]
      readonly client: ClientLife
    }
  ) {
    this.options = options
    this.network = seams.network
    this.clock = seams.clock
    this.random = seams.random
    this.client = seams.client
  }

  /** The connection to a broker, ready for use. */
  to(address: Address, lane: string): Effect.Effect<BrokerConnection, RequestError> {
    return Effect.suspend(() => {
      if (this.client.isOver) return Effect.fail(this.client.ended)
      const key = `${lane} ${printAddress(address)}`
      const nowMs = monotonicMsOf(this.clock)
      const life = this.lives.get(key)
      if (life !== undefined && this.isUsable(life, nowMs)) {
        life.usedAtMs = nowMs
        return life.connection === undefined ? Deferred.await(life.ready) : Effect.succeed(life.connection)
      }
      if (life?.connection !== undefined) {
        this.lives.delete(key)
        return Effect.andThen(this.retire(life.connection), this.to(address, lane))
      }
      const trouble = this.troubles.get(printAddress(address))
      if (trouble !== undefined && trouble.retryAtMs > nowMs) return Effect.fail(trouble.error)
      return this.begin(key, address, lane, nowMs)
    })
  }

  /** Requests to the broker that wait for answers, on all lanes. */
  inFlight(address: Address): number {
    const suffix = ` ${printAddress(address)}`
    let sum = 0
    for (const [key, life] of this.lives) if (key.endsWith(suffix)) sum += life.connection?.link.inFlight ?? 1
    return sum
  }

  /** Whether the broker was called in vain and is to be left alone for now. */
  isAvoided(address: Address): boolean {
    const trouble = this.troubles.get(printAddress(address))
    return trouble !== undefined && trouble.retryAtMs > monotonicMsOf(this.clock)
  }

  private isUsable({ connection, usedAtMs, endsAtMs }: Life, nowMs: number): boolean {
    if (connection === undefined) return true
    const { link } = connection
    const isIdle = link.inFlight === 0 && nowMs - usedAtMs > this.options.connectionsMaxIdleMs
    return link.isOpen && !isIdle && nowMs < endsAtMs
  }

  /** Lets a connection go that is not asked any more: at once, or when those who wait for answers have had their time. */
  private retire({ link }: BrokerConnection): Effect.Effect<void> {
    if (link.inFlight === 0) return link.close
    return Effect.asVoid(Effect.forkIn(Effect.andThen(Effect.sleep(retireAfterMs), link.close), this.client.scope))
  }

  private begin(
    key: string,
    address: Address,
    lane: string,
    nowMs: number
  ): Effect.Effect<BrokerConnection, RequestError> {
    const life: Life = {
      scope: Scope.makeUnsafe(),
      ready: Deferred.makeUnsafe(),
      connection: undefined,
      usedAtMs: nowMs,
      endsAtMs: Number.POSITIVE_INFINITY
    }
    this.lives.set(key, life)
    const setup = this.options.setupOf(lane)
    const living = Effect.matchEffect(open(this.network, address, setup, this.writer), {
      onFailure: (error) => Effect.sync(() => this.failed(life, address, error)),
      onSuccess: (opened) => {
        this.opened(life, address, opened)
        return opened.ended
      }
    }).pipe(Effect.ensuring(Effect.suspend(() => this.end(key, life, address))), Scope.provide(life.scope))
    const begun = this.client.run(living, (error) => Deferred.doneUnsafe(life.ready, Exit.fail(error)))
    return Effect.andThen(begun, Deferred.await(life.ready))
  }

  private opened(life: Life, address: Address, { connection, sessionMs }: Opened): void {
    this.troubles.delete(printAddress(address))
    life.connection = connection
    this.features = connection.features
    life.usedAtMs = monotonicMsOf(this.clock)
    if (sessionMs > 0) life.endsAtMs = life.usedAtMs + sessionMs * sessionUsedFraction
    Deferred.doneUnsafe(life.ready, Exit.succeed(connection))
  }

  private failed(life: Life, address: Address, error: RequestError): void {
    const name = printAddress(address)
    const failures = (this.troubles.get(name)?.failures ?? 0) + 1
    const { reconnectBackoffMs: initialMs, reconnectBackoffMaxMs: maxMs } = this.options
    const pauseMs = backoff({ initialMs, maxMs }, failures, this.random.nextDoubleUnsafe())
    this.troubles.set(name, { failures, error, retryAtMs: monotonicMsOf(this.clock) + pauseMs })
    Deferred.doneUnsafe(life.ready, Exit.fail(error))
  }

  private end(key: string, life: Life, address: Address): Effect.Effect<void> {
    if (this.lives.get(key) === life) this.lives.delete(key)
    const error = new ConnectionError({ reason: "Disconnected", address: printAddress(address) })
    Deferred.doneUnsafe(life.ready, Exit.fail(this.client.isOver ? this.client.ended : error))
    const hungUp = life.connection === undefined ? Effect.void : life.connection.link.close
    return Effect.andThen(hungUp, Scope.close(life.scope, Exit.void))
  }
}

/** The connections of a client; all end with its life. */
export const make = (options: ConnectionsOptions, client: ClientLife): Effect.Effect<Connections, never, Network> =>
  Effect.gen(function* () {
    const network = yield* Network
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
    return new Connections(options, { network, clock, random, client })
  })
