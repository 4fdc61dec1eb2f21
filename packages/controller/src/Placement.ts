/**
 * Where replicas go: spread over racks first, then over the brokers of a rack, beginning at a place drawn from the seed and
 * moving on by one with each partition (Kafka's StripedReplicaPlacer). Pure: the seed, a whole number of 0 or more, comes with
 * the command.
 */
export interface PlacementBroker {
  readonly id: number
  readonly rack: string | null
  readonly fenced: boolean
}

/** Brokers by rack, racks and brokers in order; only unfenced brokers can be the first replica. */
const racksOf = (brokers: ReadonlyArray<PlacementBroker>): ReadonlyArray<ReadonlyArray<PlacementBroker>> => {
  const racks = new Map<string, Array<PlacementBroker>>()
  for (const broker of [...brokers].sort((one, other) => one.id - other.id)) {
    const rack = racks.get(broker.rack ?? "")
    if (rack === undefined) racks.set(broker.rack ?? "", [broker])
    else rack.push(broker)
  }
  return [...racks.keys()].sort().map((name) => racks.get(name)!)
}

/** Replicas of one partition: rack after rack, and within a rack broker after broker. */
const placeOne = (
  racks: ReadonlyArray<ReadonlyArray<PlacementBroker>>,
  replicationFactor: number,
  start: number
): ReadonlyArray<number> => {
  const order: Array<PlacementBroker> = []
  const longest = Math.max(...racks.map((rack) => rack.length))
  for (let round = 0; round < longest; round++) {
    for (let step = 0; step < racks.length; step++) {
      const rack = racks[(start + step) % racks.length]!
      const broker = rack[(Math.floor(start / racks.length) + round) % rack.length]!
      if (round < rack.length) order.push(broker)
    }
  }
  const first = order.findIndex((broker) => !broker.fenced)
  const rest = order.filter((_, index) => index !== first)
  const chosen = [order[first]!, ...rest.filter((broker) => !broker.fenced), ...rest.filter((broker) => broker.fenced)]
  return chosen.slice(0, replicationFactor).map((broker) => broker.id)
}

/** The replicas of `count` partitions, the preferred leader first; or why they can't be placed. */
export const place = (
  brokers: ReadonlyArray<PlacementBroker>,
  count: number,
  replicationFactor: number,
  seed: number
): ReadonlyArray<ReadonlyArray<number>> | { readonly reason: string } => {
  const refuse = (why: string) => ({ reason: `Unable to replicate the partition ${replicationFactor} time(s): ${why}` })
  if (!brokers.some((broker) => !broker.fenced))
    return refuse("All brokers are currently fenced, or have all their log directories cordoned.")
  if (replicationFactor > brokers.length) {
    return refuse(
      `The target replication factor of ${replicationFactor} cannot be reached because only ${brokers.length} broker(s) are registered or some brokers have all their log directories cordoned.`
    )
  }
  const racks = racksOf(brokers)
  return Array.from({ length: count }, (_, index) => placeOne(racks, replicationFactor, seed + index))
}
