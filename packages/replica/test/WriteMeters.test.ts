import { assert, it } from "@effect/vitest"
import { Telemetry } from "@klamm/platform/Telemetry"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { WriteMeters } from "../src/WriteMeters.ts"

it.effect("a write is measured by its batches, bytes and time, a sync by its time", () =>
  Effect.gen(function* () {
    const telemetry = new Telemetry()
    const meters = new WriteMeters(telemetry, yield* Clock.Clock)
    const written = meters.writing([{ bytes: new Uint8Array(30) }, { bytes: new Uint8Array(12) }])
    yield* TestClock.adjust(3)
    written()
    const synced = meters.syncing()
    yield* TestClock.adjust(20)
    synced()
    assert.strictEqual(telemetry.histogram("klamm_append_batches").sum, 2)
    assert.strictEqual(telemetry.histogram("klamm_append_bytes").sum, 42)
    assert.strictEqual(telemetry.histogram("klamm_append_seconds").sum, 3_000)
    assert.strictEqual(telemetry.histogram("klamm_sync_seconds").sum, 20_000)
  })
)
