/** Layers of one's own under real brokers, which know nothing of it. */
import { expect, it } from "@effect/vitest"
import { Admin, Klamm } from "@klamm/client"
import { startTestCluster } from "@klamm/testing"
import { Clock, Effect } from "effect"
import * as LossyNetwork from "./LossyNetwork.ts"
import * as SlowDisk from "./SlowDisk.ts"

const started = (options: Parameters<typeof startTestCluster>[0]) =>
  Effect.acquireRelease(
    Effect.promise(() => startTestCluster(options)),
    (cluster) => Effect.promise(() => cluster.stop())
  )

it.live("a disk whose syncs take long makes what is acknowledged take as long", () =>
  Effect.gen(function* () {
    const { bootstrap } = yield* started({ disk: () => SlowDisk.layer({ sync: 100, roomBytes: 10_000_000 }) })
    const before = yield* Clock.currentTimeMillis
    yield* Effect.provide(Admin.createTopics(["orders"]), Klamm.layer({ bootstrap }))
    expect((yield* Clock.currentTimeMillis) - before).toBeGreaterThanOrEqual(100)
  })
)

it.live("a full disk refuses, and says so", () =>
  Effect.gen(function* () {
    const { bootstrap } = yield* started({ disk: () => SlowDisk.layer({ sync: 0, roomBytes: 20_000 }) })
    const many = Effect.forEach(
      Array.from({ length: 200 }, (_, index) => `orders-${index}`),
      (name) => Admin.createTopics([{ topic: name, partitions: 3 }])
    )
    const patience = Klamm.layer({ bootstrap, apiTimeoutMs: 2_000, requestTimeoutMs: 1_000 })
    const error = yield* Effect.flip(Effect.provide(many, patience))
    expect(error._tag).toBe("AdminError")
  })
)

it.live("a network that forgets its connections is no trouble for a client that makes new ones", () =>
  Effect.gen(function* () {
    const { bootstrap } = yield* started({ network: LossyNetwork.layer({ writes: 4 }) })
    const looks = Effect.forEach(Array.from({ length: 30 }), () => Admin.describeCluster())
    const seen = yield* Effect.provide(looks, Klamm.layer({ bootstrap }))
    expect(new Set(seen.map(({ clusterId }) => clusterId)).size).toBe(1)
  })
)
