/** All loads, in the order in which they run. Neighbours: each kind's own file. */
import type { Load } from "../Load.ts"
import { connectionLoads } from "./Connections.ts"
import { consumeLoads } from "./Consume.ts"
import { latencyLoads } from "./Latency.ts"
import { lifeLoads } from "./Lives.ts"
import { partitionLoads } from "./Partitions.ts"
import { produceLoads } from "./Produce.ts"

export const loads: ReadonlyArray<Load> = [
  ...produceLoads,
  ...consumeLoads,
  ...latencyLoads,
  ...connectionLoads,
  ...lifeLoads.filter(({ nodes }) => nodes === 1),
  ...partitionLoads,
  // The last ones: they leave a cluster that has lost a node.
  ...lifeLoads.filter(({ nodes }) => nodes === 3)
]
