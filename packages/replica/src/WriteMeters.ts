/** What partitions measure of their disks: how much goes into one write, and the time of writes and syncs. Once per group. */
import { monotonicMsOf } from "@klamm/platform/Moment"
import type { Histogram, Telemetry } from "@klamm/platform/Telemetry"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export class WriteMeters {
  private readonly clock: Clock.Clock
  private readonly batches: Histogram
  private readonly bytes: Histogram
  private readonly writes: Histogram
  private readonly syncs: Histogram

  constructor(telemetry: Telemetry, clock: Clock.Clock) {
    this.clock = clock
    this.batches = telemetry.histogram("klamm_append_batches")
    this.bytes = telemetry.histogram("klamm_append_bytes")
    this.writes = telemetry.histogram("klamm_append_seconds")
    this.syncs = telemetry.histogram("klamm_sync_seconds")
  }

  /** Measures a write of these batches. */
  writing<A, E>(
    entries: ReadonlyArray<{ readonly bytes: Uint8Array }>,
    write: Effect.Effect<A, E>
  ): Effect.Effect<A, E> {
    let bytes = 0
    for (const entry of entries) bytes += entry.bytes.byteLength
    this.batches.observe(entries.length)
    this.bytes.observe(bytes)
    return this.timing(this.writes, write)
  }

  /** Measures a sync. */
  syncing<A, E>(sync: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.timing(this.syncs, sync)
  }

  private timing<A, E>(times: Histogram, work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      const began = monotonicMsOf(this.clock)
      return Effect.onExit(work, () => Effect.sync(() => times.observeMs(monotonicMsOf(this.clock) - began)))
    })
  }
}
