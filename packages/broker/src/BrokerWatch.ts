/**
 * Notices at once that a broker's process is gone, where Kafka waits for its session to end: the active controller keeps a connection
 * open to every other broker that is in use. One that ends, and whose address then refuses a new one, has no process any more.
 *
 * Invariants: only a refusal counts; silence, a time-out or an unknown host leave the broker to its session. A broker is reported
 * with the epoch that it was watched under, so that one that has come back since is not taken for its former life.
 */
import type { Address, ConnectionOptions, Network, NetworkError } from "@klamm/platform/Network"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

/** A broker that is in use, as of its current registration. */
export interface Watched {
  readonly id: number
  readonly epoch: number
  readonly address: Address
}

export interface BrokerWatchOptions {
  readonly network: Network["Service"]
  readonly connection: ConnectionOptions
  readonly connectTimeoutMs: number
  readonly lost: (broker: Watched) => Effect.Effect<unknown>
}

export interface BrokerWatch {
  /** Watches these from now on, and nobody else. */
  readonly watch: (brokers: ReadonlyArray<Watched>) => Effect.Effect<void>
}

/** A process that dies closes its connections a moment before its port, so the first look may come too soon. Milliseconds. */
const firstLooksMs: ReadonlyArray<number> = [0, 5, 20, 50, 100]

/** How long to leave a broker alone that can't be reached, or closes every connection, in milliseconds. */
const laterLookMs = 1_000

const keyOf = ({ id, epoch }: Watched): string => `${id}/${epoch}`

/** Holds a connection until it ends; fails with why. Frames that come are none of ours. */
const hold = ({ network, connection, connectTimeoutMs }: BrokerWatchOptions, address: Address, connected: () => void) =>
  Effect.scoped(
    Effect.gen(function* () {
      const open = yield* network.connect(address, connection).pipe(Effect.timeoutOption(connectTimeoutMs))
      if (open._tag === "None") return
      connected()
      while (true) for (const frame of yield* open.value.read) frame.release()
    })
  )

/** Ends when the broker is gone for certain. */
const untilGone = (options: BrokerWatchOptions, { address }: Watched): Effect.Effect<void> =>
  Effect.gen(function* () {
    let looks = 0
    while (true) {
      let wasConnected = false
      const ended: NetworkError | undefined = yield* hold(options, address, () => {
        wasConnected = true
      }).pipe(Effect.match({ onFailure: (error) => error, onSuccess: () => undefined }))
      if (ended?.reason === "Refused") return
      looks = wasConnected && ended?.reason === "Closed" ? looks + 1 : firstLooksMs.length
      yield* Effect.sleep(firstLooksMs[looks - 1] ?? laterLookMs)
    }
  })

export const make = (options: BrokerWatchOptions): Effect.Effect<BrokerWatch, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const watched = new Map<string, Fiber.Fiber<unknown>>()
    const begin = (broker: Watched) =>
      Effect.map(
        Effect.forkIn(Effect.andThen(untilGone(options, broker), options.lost(broker)), scope),
        (fiber) => void watched.set(keyOf(broker), fiber)
      )
    return {
      watch: (brokers) =>
        Effect.gen(function* () {
          const wanted = new Set(brokers.map(keyOf))
          for (const [key, fiber] of [...watched]) {
            if (wanted.has(key)) continue
            watched.delete(key)
            yield* Effect.forkIn(Fiber.interrupt(fiber), scope)
          }
          for (const broker of brokers) if (!watched.has(keyOf(broker))) yield* begin(broker)
        })
    }
  })
