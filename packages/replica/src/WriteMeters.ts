/** What partitions measure of their disks: how much goes into one write, and the time of writes and syncs. Once per group. */
import { monotonicMsOf } from "@klamm/platform/Moment"
import type { Histogram, Telemetry } from "@klamm/platform/Telemetry"
import type * as Clock from "effect/Clock"

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

  /** A write of these batches begins; to be called when it has ended, also where it failed. */
  writing(entries: ReadonlyArray<{ readonly bytes: Uint8Array }>): () => void {
    let bytes = 0
    for (const entry of entries) bytes += entry.bytes.byteLength
    this.batches.observe(entries.length)
    this.bytes.observe(bytes)
    return this.timing(this.writes)
  }

  /** The same for a sync. */
  syncing(): () => void {
    return this.timing(this.syncs)
  }

  private timing(times: Histogram): () => void {
    const began = monotonicMsOf(this.clock)
    return () => times.observeMs(monotonicMsOf(this.clock) - began)
  }
}
