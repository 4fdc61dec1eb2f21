import { expect, layer } from "@effect/vitest"
import { TestCluster } from "@klamm/testing"
import { Effect } from "effect"
import { until } from "../support/until.ts"
import { finished, open, Positions, watched } from "./positions.ts"

const viewers = Array.from({ length: 10 }, (_, index) => `viewer-${index}`)

/** Compacts what is older than a few seconds, and often. */
const compacting = {
  ...Positions,
  creation: {
    ...Positions.creation,
    configs: { ...Positions.creation.configs, "segment.ms": "5000", "min.cleanable.dirty.ratio": "0.01" }
  }
}

layer(
  TestCluster.layer({
    brokers: 3,
    seed: 14,
    topics: [compacting],
    settings: { "log.cleaner.backoff.ms": 1_000 }
  })
)("the resume position of a video", (it) => {
  it.effect("a server that starts knows every last position, also when all before them is compacted away", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      for (const second of [10, 20, 30, 40]) {
        yield* Effect.forEach(viewers, (viewer) => watched(viewer, "metropolis", second), { concurrency: "unbounded" })
        yield* Effect.sleep("10 seconds")
      }
      yield* finished("viewer-3", "metropolis")
      yield* Effect.sleep("1 minute")
      yield* watched("viewer-0", "m", 5) // a new segment, so that the cleaner may have the one before
      yield* until(Effect.map(cluster.records(Positions), (records) => records.length <= 2 * viewers.length))

      const server = yield* open
      expect(server.size()).toBe(viewers.length)
      expect(viewers.map((viewer) => server.resumeAt(viewer, "metropolis"))).toEqual(
        viewers.map((viewer) => (viewer === "viewer-3" ? 0 : 40))
      )
      yield* watched("viewer-7", "metropolis", 55)
      yield* until(Effect.sync(() => server.resumeAt("viewer-7", "metropolis") === 55))
    }).pipe(Effect.scoped)
  )
})
