/** The stories told to three brokers as processes on real disks and ports. */
import { layer } from "@klamm/client/Klamm"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ours } from "klamm-test-cluster/Nodes"
import { lackingInKlamm, tellAll } from "./src/Telling.ts"

const brokers = Effect.acquireRelease(
  Effect.promise(async () => {
    const nodes = await ours(3, { "num.partitions": "3", "group.initial.rebalance.delay.ms": "100" })
    await nodes.startAll()
    return nodes
  }),
  (nodes) => Effect.promise(() => nodes.remove())
)

tellAll("Klamm as processes", {
  cluster: Layer.unwrap(Effect.map(brokers, ({ addresses }) => layer({ bootstrap: [...addresses.values()] }))),
  lacking: lackingInKlamm
})
