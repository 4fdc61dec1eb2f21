/** The sender beside a clock that goes on with every look at it: what becomes ready between two looks is not slept through. */
import { gzip, zstd } from "@klamm/platform/node/Codecs"
import { makeCodecs } from "@klamm/protocol/Compression"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { expect, it } from "vitest"
import type { ProduceError } from "../../src/KlammError.ts"
import { ProducerMeasures } from "../../src/observe/ProducerMeasures.ts"
import { Accumulator } from "../../src/producer/Accumulator.ts"
import { noIdentities } from "../../src/producer/Identity.ts"
import { PendingRecord } from "../../src/producer/Pending.ts"
import { Sender } from "../../src/producer/Sender.ts"
import { clusterOf, knownOf, topic } from "../cluster-support.ts"

const nanosPerMs = 1_000_000n

/** Each look takes a millisecond, and who sleeps wakes at once, as late as asked for. */
class BusyClock implements Clock.Clock {
  nowMs = 0
  currentTimeMillisUnsafe(): number {
    this.nowMs += 1
    return this.nowMs
  }
  currentTimeNanosUnsafe(): bigint {
    return BigInt(this.currentTimeMillisUnsafe()) * nanosPerMs
  }
  monotonicTimeNanosUnsafe(): bigint {
    return this.currentTimeNanosUnsafe()
  }
  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = this.currentTimeNanos
  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.andThen(
      Effect.sync(() => {
        this.nowMs += Duration.toMillis(duration)
      }),
      Effect.yieldNow
    )
  }
}

const options = {
  acks: 0,
  maxInFlight: 5,
  maxRequestSize: 1_000_000,
  requestTimeoutMs: 30_000,
  deliveryTimeoutMs: 120_000,
  encoding: {
    codecs: makeCodecs({ gzip, zstd }),
    compression: "none",
    level: undefined,
    isTransactional: false
  }
} as const

/** When a record that lingers so long is sent, in ms after it came in. */
const delayOf = (lingerMs: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const clock = new BusyClock()
      const accumulator = new Accumulator<ProduceError>({ batchSize: 16_384, bufferMemory: 1_000_000 })
      const sender = new Sender({
        options: { ...options, lingerMs },
        cluster: clusterOf({ tell: () => Effect.void }),
        clock,
        scope: yield* Effect.scope,
        accumulator,
        identities: noIdentities(),
        measures: new ProducerMeasures(Context.make(Metric.MetricRegistry, new Map()), () => knownOf(1))
      })
      const sent = new PendingRecord()
      accumulator.append(accumulator.queueOf(topic, 0), { timestamp: 0 }, 100, 0, sent, 0)
      yield* Effect.provideService(Effect.forkScoped(sender.run), Clock.Clock, clock)
      yield* sent.wait
      return clock.nowMs
    })
  )

it.each(Array.from({ length: 20 }, (_, lingerMs) => lingerMs))(
  "a record that lingers %i ms is sent then, whenever that is between two looks at the clock",
  (lingerMs) =>
    Effect.runPromise(
      Effect.map(delayOf(lingerMs), (delayMs) => {
        expect(delayMs).toBeGreaterThanOrEqual(lingerMs)
        expect(delayMs).toBeLessThan(lingerMs + 20)
      })
    )
)
