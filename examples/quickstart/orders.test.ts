import { expect, layer } from "@effect/vitest"
import { Producer } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect } from "effect"
import { Orders } from "./app.ts"

const order = (id: string) => ({ key: "cust-7", value: { id, total: 42 } })

layer(TestCluster.layer({ brokers: 3, seed: 42, topics: [Orders] }))("orders", (it) => {
  it.effect("an acknowledged order survives losing its leader", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster
      yield* Producer.send(Orders, order("o-1"))
      const leader = yield* cluster.leaderOf(Orders, 0)
      yield* cluster.network.isolate(leader)      // cut it off from the other two
      yield* Producer.send(Orders, order("o-2"))  // retried until the new leader acks
      yield* cluster.disk(leader).powerLoss       // everything not fsynced is gone
      yield* cluster.network.heal
      yield* cluster.settle                       // virtual time: minutes in milliseconds
      const log = yield* cluster.dump(Orders)
      expect(log.map((record) => record.value.id)).toEqual(["o-1", "o-2"])
    }))
})
