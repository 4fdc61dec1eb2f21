/**
 * Where replicas go: spread over racks first, then over the brokers of a rack, beginning at a place drawn from the seed and
 * moving on by one with each partition (Kafka's StripedReplicaPlacer). A fenced broker gets a replica where its rack has no other,
 * and is never the first. Pure: the seed, a whole number of 0 or more, comes with the command.
 */
export interface PlacementBroker {
  readonly id: number
  readonly rack: string | null
  readonly fenced: boolean
}

interface Rack {
  readonly unfenced: ReadonlyArray<number>
  readonly fenced: ReadonlyArray<number>
}

/** Brokers by rack, racks and brokers in order. */
const racksOf = (brokers: ReadonlyArray<PlacementBroker>): ReadonlyArray<Rack> => {
  const sorted = [...brokers].sort((one, other) => one.id - other.id)
  const racks = Map.groupBy(sorted, ({ rack }) => rack ?? "")
  const idsOf = (members: ReadonlyArray<PlacementBroker>, fenced: boolean) =>
    members.filter((broker) => broker.fenced === fenced).map(({ id }) => id)
  return [...racks]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, members]) => ({ unfenced: idsOf(members, false), fenced: idsOf(members, true) }))
}

const rotated = (ids: ReadonlyArray<number>, by: number): ReadonlyArray<number> => {
  const at = ids.length === 0 ? 0 : by % ids.length
  return [...ids.slice(at), ...ids.slice(0, at)]
}

/** The first rack from there on that can lead. */
const leadingRack = (racks: ReadonlyArray<Rack>, start: number): number => {
  for (let step = 0; ; step++) {
    const at = (start + step) % racks.length
    if (racks[at]!.unfenced.length > 0) return at
  }
}

/**
 * Replicas of one partition. Round `start` says who leads; `lap`, how often everybody has led already, turns the others, so that the
 * leaderships of a broker that fails go to many.
 */
const placeOne = (
  racks: ReadonlyArray<Rack>,
  replicationFactor: number,
  start: number,
  lap: number
): ReadonlyArray<number> => {
  const round = Math.floor(start / racks.length)
  const first = leadingRack(racks, start)
  const [leader, ...neighbours] = rotated(racks[first]!.unfenced, round)
  const waiting = racks.map(({ unfenced, fenced }, index) => {
    const up = index === first ? rotated(neighbours, lap) : rotated(unfenced, round + lap)
    return [...up, ...rotated(fenced, round)]
  })
  const replicas = [leader!]
  for (let step = 1; replicas.length < replicationFactor; step++) {
    const next = waiting[(first + step) % racks.length]!.shift()
    if (next !== undefined) replicas.push(next)
  }
  return replicas
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
  const leaders = brokers.filter((broker) => !broker.fenced).length
  return Array.from({ length: count }, (_, index) =>
    placeOne(racks, replicationFactor, seed + index, Math.floor(index / leaders))
  )
}
