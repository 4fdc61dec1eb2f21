/** Whatever commands come in whatever order: what always holds of the image they make. */
import { Brokers, decodeBatch, encodeBatch, Image, replayAll, Snapshot, Topics } from "@klamm/metadata"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { Command } from "../src/index.ts"
import {
  alterConfigs,
  byHand,
  type Cluster,
  clusterOf,
  createPartitions,
  createTopics,
  deleteTopics,
  idOf,
  incremental,
  morePartitions,
  registration,
  sessionTimeoutMs,
  topic
} from "./support.ts"

type Step = (cluster: Cluster) => Command

const id = fc.integer({ min: 1, max: 4 })
const name = fc.constantFrom("a", "b", "a.b", "a_b", "__cluster_metadata", "no/t")
const epochOf = (cluster: Cluster, brokerId: number) => Brokers.get(cluster.state.image.brokers, brokerId)?.epoch ?? 0

const register: fc.Arbitrary<Step> = fc
  .tuple(id, fc.constantFrom(null, "r1", "r2"), fc.integer({ min: 1, max: 3 }))
  .map(([brokerId, rack, life]) => () => ({
    ...registration(brokerId),
    rack,
    incarnationId: idOf(brokerId * 10 + life)
  }))

const heartbeat: fc.Arbitrary<Step> = fc
  .tuple(id, fc.boolean(), fc.boolean(), fc.constantFrom(1_000_000, 0))
  .map(([brokerId, wantFence, leaves, currentMetadataOffset]) => (cluster) => ({
    _tag: "Heartbeat",
    brokerId,
    brokerEpoch: epochOf(cluster, brokerId),
    currentMetadataOffset,
    wantFence: wantFence && !leaves,
    wantShutDown: wantFence && leaves,
    offlineLogDirs: []
  }))

const create: fc.Arbitrary<Step> = fc
  .tuple(name, fc.integer({ min: -1, max: 4 }), fc.integer({ min: -1, max: 4 }), fc.boolean(), fc.nat(100))
  .map(
    ([each, numPartitions, replicationFactor, validateOnly, seed]) =>
      () =>
        createTopics([topic(each, { numPartitions, replicationFactor })], validateOnly, seed)
  )

const grow: fc.Arbitrary<Step> = fc
  .tuple(name, fc.integer({ min: 0, max: 6 }), fc.option(fc.array(id, { maxLength: 3 })), fc.boolean())
  .map(
    ([each, count, replicas, validateOnly]) =>
      () =>
        createPartitions([morePartitions(each, count, replicas === null ? null : [replicas])], validateOnly)
  )

const other: fc.Arbitrary<Step> = fc.oneof(
  name.map(
    (each): Step =>
      () =>
        deleteTopics({ name: each })
  ),
  fc.tuple(name, fc.nat(3), fc.constantFrom("5", "x", null)).map(
    ([each, operation, value]): Step =>
      () =>
        alterConfigs([incremental(2, each, ["retention.ms", operation, value])])
  ),
  id.map(
    (brokerId): Step =>
      (cluster) => ({ _tag: "AllocateProducerIds", brokerId, brokerEpoch: epochOf(cluster, brokerId) })
  ),
  fc.constant<Step>(() => ({ _tag: "Expire" })),
  fc.constant<Step>(() => ({ _tag: "Bootstrap" }))
)

const checkPartition = (image: Image.Image, partition: Topics.Partition): void => {
  const { replicas, isr, leader, eligibleLeaderReplicas: elr, lastKnownElr } = partition
  const isUp = (brokerId: number) => {
    const broker = Brokers.get(image.brokers, brokerId)
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
  }
  expect(new Set(replicas).size, "replicas differ").toBe(replicas.length)
  expect([...isr, ...elr, ...lastKnownElr].length, "somebody has what was committed").toBeGreaterThan(0)
  expect(replicas, "the ISR is of the replicas").toEqual(expect.arrayContaining([...isr]))
  if (leader === -1) expect(isr.filter(isUp), "no leader only where none is up").toEqual([])
  else expect(isr.filter(isUp), "a leader is in the ISR and up").toContain(leader)
}

const check = (before: Image.Image, image: Image.Image): void => {
  expect(image.nextProducerId).toBeGreaterThanOrEqual(before.nextProducerId)
  for (const each of Topics.all(image.topics)) {
    expect(each.partitions.map(({ index }) => index)).toEqual([...each.partitions.keys()])
    expect(new Set(each.partitions.map(({ replicas }) => replicas.length)).size).toBe(1)
    const earlier = Topics.byId(before.topics, each.id)
    for (const partition of each.partitions) {
      checkPartition(image, partition)
      const was = earlier?.partitions[partition.index]
      if (was === undefined) continue
      expect(partition.leaderEpoch - was.leaderEpoch).toBeGreaterThanOrEqual(was.leader === partition.leader ? 0 : 1)
      expect(partition.partitionEpoch).toBeGreaterThanOrEqual(was.partitionEpoch)
    }
  }
}

test("leaders are up and in the ISR, epochs rise, partitions have no gaps; log and snapshot both make the same image", () => {
  const step = fc.oneof(register, heartbeat, heartbeat, create, grow, other)
  const timed = fc.tuple(step, fc.constantFrom(0, 0, 100, sessionTimeoutMs))
  fc.assert(
    fc.property(fc.array(timed, { maxLength: 60 }), (steps) => {
      const cluster = clusterOf(3)
      cluster.submit(createTopics([topic("a", { numPartitions: 3, replicationFactor: 2 }), byHand("b", [1, 2, 3])]))
      let now = 0
      let logged = cluster.state.image
      for (const [next, passed] of steps) {
        now += passed
        const before = cluster.state.image
        cluster.submit(next(cluster), now)
        check(before, cluster.state.image)
        if (cluster.written.length > 0)
          logged = replayAll(logged, decodeBatch(encodeBatch(cluster.written, now)), -1, -1)
      }
      const records = Snapshot.toRecords(cluster.state.image)
      expect(Snapshot.toRecords(logged)).toEqual(records)
      const loaded = Snapshot.toBatches(cluster.state.image).flatMap((batch) => decodeBatch(encodeBatch(batch, now)))
      expect(Snapshot.toRecords(replayAll(Image.empty, loaded, -1, -1))).toEqual(records)
    }),
    { numRuns: 300 }
  )
})
