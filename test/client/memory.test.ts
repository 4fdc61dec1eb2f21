/** The stories told to three brokers in a world, in virtual time. */
import { TestCluster } from "@klamm/testing/TestCluster"
import { lackingInKlamm, tellAll } from "./src/Telling.ts"

const settings = { "num.partitions": 3, "group.initial.rebalance.delay.ms": 100 }

tellAll("Klamm in memory", {
  cluster: TestCluster.layer({ brokers: 3, seed: 3, settings }),
  lacking: lackingInKlamm,
  isWorld: true
})
