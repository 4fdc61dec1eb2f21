/** The checks of a cluster, in the order in which they are run on one set of three nodes; those that change its voters come last. */
import type { Check } from "../Tool.ts"
import { DESCRIBING } from "./Describing.ts"
import { MOVING } from "./Moving.ts"
import { OUTAGES } from "./Outages.ts"
import type { ClusterKit, ThreeNodes } from "./ThreeNodes.ts"
import { VOTERS } from "./Voters.ts"

/** What one check left dead is not the next one's fault. */
const reviving = ({ name, run }: Check<ClusterKit>): Check<ClusterKit> => ({
  name,
  run: (kit) => run(kit).finally(kit.revive)
})

export const CLUSTER: ReadonlyArray<Check<ClusterKit>> = [...DESCRIBING, ...MOVING, ...OUTAGES, ...VOTERS].map(reviving)

/** What the nodes themselves had to complain of. */
export const nodesAreQuiet = (nodes: ThreeNodes): Check<ClusterKit> => ({
  name: "cluster: the brokers",
  run: async () => {
    const complaints = nodes.complaints()
    if (complaints.length > 0) throw new Error(complaints.slice(0, 20).join("\n"))
  }
})
