/**
 * Where groups live, judged at one moment: a broker that has followed the metadata past a leadership keeps no groups of that leadership
 * (KAFKA-10614, KAFKA-16030): they would be answered from, or loaded no more when it comes back.
 */
import { Topics } from "@klamm/metadata"
import type { SimNode } from "../SimCluster.ts"
import type { Violation } from "./Evidence.ts"

const offsetsTopic = "__consumer_offsets"

export const overstayed = ({ id, control, broker }: SimNode): ReadonlyArray<Violation> => {
  if (control === undefined || broker === undefined) return []
  const topic = Topics.byName(control.follower.image().topics, offsetsTopic)
  return [...broker.coordinator.partitions()].flatMap(([index, loadedIn]): ReadonlyArray<Violation> => {
    const partition = topic?.partitions[index]
    if (partition === undefined || partition.leaderEpoch <= loadedIn) return []
    const detail = `b${id} keeps the groups of ${offsetsTopic}-${index} as of epoch ${loadedIn}; it has followed epoch ${partition.leaderEpoch}, led by b${partition.leader}`
    return [{ check: "coordinator", detail }]
  })
}
