/**
 * Whatever commands come in whatever order: what always holds of the image they make, and that nothing is lost that was acknowledged. The
 * brokers here are numbers: how many records each replica has. One that is restarted without a good-bye has none left.
 */
import {
  Brokers,
  Configs,
  decodeBatch,
  encodeBatch,
  Image,
  PartitionIndex,
  replayAll,
  Snapshot,
  Topics
} from "@klamm/metadata"
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

/** A command made of the cluster as it is, or none. */
type Step = (cluster: Cluster, records: Records) => Command | undefined

const id = fc.integer({ min: 1, max: 5 })
const name = fc.constantFrom("a", "b", "c", "a.b", "a_b", "__cluster_metadata", "no/t")
const brokerOf = (cluster: Cluster, brokerId: number) => Brokers.get(cluster.state.image.brokers, brokerId)
const epochOf = (cluster: Cluster, brokerId: number) => brokerOf(cluster, brokerId)?.epoch ?? 0

/** How many records each replica has, and how many were acknowledged, by topic id and partition. */
class Records {
  private readonly replicas = new Map<string, Map<number, number>>()
  private readonly acknowledged = new Map<string, number>()

  private of(key: string): Map<number, number> {
    const known = this.replicas.get(key) ?? new Map<number, number>()
    this.replicas.set(key, known)
    return known
  }

  has(key: string, brokerId: number): number {
    return this.of(key).get(brokerId) ?? 0
  }

  committed(key: string): number {
    return this.acknowledged.get(key) ?? 0
  }

  /** All in sync get one more. */
  produce(key: string, isr: ReadonlyArray<number>): void {
    const count = this.committed(key) + 1
    this.acknowledged.set(key, count)
    for (const brokerId of isr) this.of(key).set(brokerId, count)
  }

  catchUp(key: string, brokerId: number): void {
    this.of(key).set(brokerId, this.committed(key))
  }

  lose(brokerId: number): void {
    for (const replicas of this.replicas.values()) replicas.delete(brokerId)
  }

  /** An unclean leader's word is what counts from then on. */
  reset(key: string, leader: number): void {
    this.acknowledged.set(key, this.has(key, leader))
  }
}

const register: fc.Arbitrary<Step> = fc
  .tuple(id, fc.constantFrom(null, "r1", "r2"), fc.nat(1_000), fc.boolean())
  .map(([brokerId, rack, life, wasClean]) => (cluster) => ({
    ...registration(brokerId),
    rack,
    incarnationId: idOf(brokerId * 10_000 + life),
    previousBrokerEpoch: wasClean ? epochOf(cluster, brokerId) : -1
  }))

const heartbeat: fc.Arbitrary<Step> = fc
  .tuple(id, fc.constantFrom("", "", "", "", "fence", "leave"), fc.boolean())
  .map(([brokerId, wish, isCaughtUp]) => (cluster) => ({
    _tag: "Heartbeat",
    brokerId,
    brokerEpoch: epochOf(cluster, brokerId),
    currentMetadataOffset: isCaughtUp ? cluster.end - 1 : 0,
    wantFence: wish === "fence",
    wantShutDown: wish === "leave",
    offlineLogDirs: []
  }))

const create: fc.Arbitrary<Step> = fc
  .tuple(name, fc.integer({ min: -1, max: 4 }), fc.integer({ min: -1, max: 4 }), fc.constantFrom("1", "2"), fc.nat(100))
  .map(
    ([each, numPartitions, replicationFactor, minIsr, seed]) =>
      () =>
        createTopics(
          [
            topic(each, { numPartitions, replicationFactor, configs: [{ name: "min.insync.replicas", value: minIsr }] })
          ],
          false,
          seed
        )
  )

const grow: fc.Arbitrary<Step> = fc
  .tuple(name, fc.integer({ min: 0, max: 6 }), fc.option(fc.array(id, { maxLength: 3 })), fc.boolean())
  .map(
    ([each, count, replicas, validateOnly]) =>
      () =>
        createPartitions([morePartitions(each, count, replicas === null ? null : [replicas])], validateOnly)
  )

/** A leader says that those are in sync, who are alive: they have caught up first. */
const alterIsr: fc.Arbitrary<Step> = fc
  .tuple(fc.nat(), fc.uniqueArray(id, { maxLength: 4 }), fc.boolean())
  .map(([draw, wanted, isCurrent]) => (cluster, records) => {
    const led = Topics.all(cluster.state.image.topics).flatMap((each) =>
      each.partitions.filter(({ leader }) => leader !== -1).map((partition) => ({ each, partition }))
    )
    const chosen = led[draw % Math.max(1, led.length)]
    if (chosen === undefined) return undefined
    const { each, partition } = chosen
    const isUp = (brokerId: number) => {
      const broker = brokerOf(cluster, brokerId)
      return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
    }
    const isr = partition.replicas.filter((each) => each === partition.leader || (wanted.includes(each) && isUp(each)))
    for (const brokerId of isr) records.catchUp(`${each.id}/${partition.index}`, brokerId)
    return {
      _tag: "AlterPartition",
      brokerId: partition.leader,
      brokerEpoch: epochOf(cluster, partition.leader),
      topics: [
        {
          topicId: each.id,
          partitions: [
            {
              partitionIndex: partition.index,
              leaderEpoch: partition.leaderEpoch,
              partitionEpoch: partition.partitionEpoch - (isCurrent ? 0 : 1),
              newIsr: isr.map((brokerId) => ({ brokerId, brokerEpoch: epochOf(cluster, brokerId) })),
              leaderRecoveryState: 0
            }
          ]
        }
      ]
    }
  })

const reassign: fc.Arbitrary<Step> = fc
  .tuple(name, fc.nat(3), fc.option(fc.uniqueArray(id, { minLength: 1, maxLength: 4 })))
  .map(([each, partitionIndex, replicas]) => () => ({
    _tag: "AlterPartitionReassignments",
    topics: [{ name: each, partitions: [{ partitionIndex, replicas }] }],
    allowReplicationFactorChange: true
  }))

const elect: fc.Arbitrary<Step> = fc.constantFrom<Step>(
  () => ({ _tag: "ElectLeaders", electionType: 0, topicPartitions: null }),
  () => ({ _tag: "ElectLeaders", electionType: 0, topicPartitions: null }),
  () => ({ _tag: "ElectLeaders", electionType: 1, topicPartitions: null }),
  () => ({ _tag: "BalanceLeaders" }),
  () => ({ _tag: "ElectUncleanLeaders" })
)

const lose: fc.Arbitrary<Step> = id.map((brokerId) => (cluster) => ({
  _tag: "BrokerLost",
  brokerId,
  brokerEpoch: epochOf(cluster, brokerId)
}))

const other: fc.Arbitrary<Step> = fc.oneof(
  name.map(
    (each): Step =>
      () =>
        deleteTopics({ name: each })
  ),
  fc.tuple(name, fc.nat(3), fc.constantFrom("1", "2", "x", null)).map(
    ([each, operation, value]): Step =>
      () =>
        alterConfigs([incremental(2, each, ["min.insync.replicas", operation, value])])
  ),
  id.map(
    (brokerId): Step =>
      (cluster) => ({ _tag: "AllocateProducerIds", brokerId, brokerEpoch: epochOf(cluster, brokerId) })
  ),
  id.map(
    (brokerId): Step =>
      () => ({ _tag: "UnregisterBroker", brokerId })
  ),
  fc.constant<Step>(() => ({ _tag: "Expire" })),
  fc.constant<Step>(() => ({ _tag: "Bootstrap" }))
)

const checkPartition = (image: Image.Image, partition: Topics.Partition): void => {
  const { replicas, isr, leader, eligibleLeaderReplicas: elr, lastKnownElr, directories } = partition
  const isUp = (brokerId: number) => {
    const broker = Brokers.get(image.brokers, brokerId)
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
  }
  expect(new Set(replicas).size, "replicas differ").toBe(replicas.length)
  expect(directories.length, "each replica has a directory").toBe(replicas.length)
  expect(replicas, "the ISR is of the replicas").toEqual(expect.arrayContaining([...isr]))
  expect(replicas, "the ELR is of the replicas").toEqual(expect.arrayContaining([...elr]))
  expect(
    isr.filter((each) => elr.includes(each)),
    "nobody is in both"
  ).toEqual([])
  expect([...isr, ...elr, ...lastKnownElr].length, "somebody is known to have had it").toBeGreaterThan(0)
  if (leader === -1) expect([...isr, ...elr].filter(isUp), "no leader only where nobody may lead").toEqual([])
  else expect(isr.filter(isUp), "a leader is in the ISR and up").toContain(leader)
}

/** The index counts what is there. */
const checkIndex = ({ topics }: Image.Image): void => {
  const all = Topics.all(topics).flatMap(({ partitions }) => partitions)
  const kinds = [1, 2, 3, 4, 5].flatMap((each) => [
    PartitionIndex.inSyncOn(each),
    PartitionIndex.eligibleOn(each),
    PartitionIndex.ledBy(each)
  ])
  for (const kind of [...kinds, PartitionIndex.leaderless, PartitionIndex.imbalanced, PartitionIndex.eligible]) {
    const found = Topics.partitionsOf(topics, kind).map(({ partition }) => partition)
    expect(new Set(found), kind.key).toEqual(new Set(all.filter(kind.holds)))
    expect(Topics.hasPartitionsOf(topics, kind), kind.key).toBe(found.length > 0)
  }
}

const minIsrOf = (cluster: Cluster, each: Topics.Topic): number =>
  Number(Configs.get(cluster.state.image.configs, 2, each.name).get("min.insync.replicas") ?? "1")

/** Every partition that takes writes gets one. */
const produce = (cluster: Cluster, records: Records): void => {
  for (const each of Topics.all(cluster.state.image.topics)) {
    for (const { index, isr, leader, replicas } of each.partitions) {
      const takesWrites = leader !== -1 && isr.length >= Math.min(minIsrOf(cluster, each), replicas.length)
      if (takesWrites) records.produce(`${each.id}/${index}`, isr)
    }
  }
}

const check = (before: Image.Image, image: Image.Image, records: Records): void => {
  expect(image.nextProducerId).toBeGreaterThanOrEqual(before.nextProducerId)
  for (const each of Topics.all(image.topics)) {
    expect(each.partitions.map(({ index }) => index)).toEqual([...each.partitions.keys()])
    const earlier = Topics.byId(before.topics, each.id)
    for (const partition of each.partitions) {
      checkPartition(image, partition)
      const was = earlier?.partitions[partition.index]
      if (was === undefined || was === partition) continue
      const raised = partition.leaderEpoch - was.leaderEpoch
      expect(raised).toBeGreaterThanOrEqual(was.leader === partition.leader ? 0 : 1)
      expect(partition.partitionEpoch).toBeGreaterThan(was.partitionEpoch)
      if (raised === 0 || partition.leader === -1 || partition.leader === was.leader) continue
      const key = `${each.id}/${partition.index}`
      if (partition.leaderRecoveryState === Topics.recovery.recovering) records.reset(key, partition.leader)
      else expect(records.has(key, partition.leader), "a clean leader has all").toBe(records.committed(key))
    }
  }
}

/** The broker that begins a life in which it may have none of its records. */
const loser = (before: Image.Image, command: Command, cluster: Cluster): number | undefined => {
  if (command._tag !== "RegisterBroker" || cluster.written.length === 0) return undefined
  const known = Brokers.get(before.brokers, command.brokerId)
  const isAmended = known?.incarnationId === command.incarnationId
  return isAmended || known?.epoch === command.previousBrokerEpoch ? undefined : command.brokerId
}

const run = (steps: ReadonlyArray<readonly [Step, number, boolean]>, withElrs: boolean) => {
  const cluster = clusterOf(4)
  if (withElrs) cluster.submit({ _tag: "Bootstrap" })
  const records = new Records()
  const minIsr = [{ name: "min.insync.replicas", value: "2" }]
  cluster.submit(
    createTopics([
      topic("a", { numPartitions: 3, replicationFactor: 2 }),
      { ...byHand("b", [1, 2, 3], [2, 3, 1]), configs: minIsr },
      byHand("c", [4])
    ])
  )
  let now = 0
  let logged = cluster.state.image
  for (const [next, passed, produces] of steps) {
    now += passed
    if (produces) produce(cluster, records)
    const before = cluster.state.image
    const command = next(cluster, records)
    if (command === undefined || (command._tag === "Bootstrap" && !withElrs)) continue
    cluster.submit(command, now)
    const lost = withElrs ? loser(before, command, cluster) : undefined
    if (lost !== undefined) records.lose(lost)
    check(before, cluster.state.image, records)
    if (cluster.written.length > 0) logged = replayAll(logged, decodeBatch(encodeBatch(cluster.written, now)), -1, -1)
  }
  checkIndex(cluster.state.image)
  return { cluster, logged, now }
}

const step = fc.oneof(
  register,
  heartbeat,
  heartbeat,
  heartbeat,
  create,
  grow,
  alterIsr,
  alterIsr,
  reassign,
  elect,
  lose,
  other
)

/** Brokers go, together and alone, and come back, while a smallest ISR changes: little else, so that it happens often. */
const comes: fc.Arbitrary<Step> = id.map((brokerId) => (cluster) => ({
  _tag: "Heartbeat",
  brokerId,
  brokerEpoch: epochOf(cluster, brokerId),
  currentMetadataOffset: cluster.end,
  wantFence: false,
  wantShutDown: false,
  offlineLogDirs: []
}))
const lowers: fc.Arbitrary<Step> = fc
  .constantFrom("1", "2")
  .map((value) => () => alterConfigs([incremental(2, "b", ["min.insync.replicas", 0, value])]))
const expires: fc.Arbitrary<Step> = fc.constant<Step>(() => ({ _tag: "Expire" }))
const storm = fc.oneof(comes, comes, lose, expires, lowers, alterIsr)

const timed = (each: fc.Arbitrary<Step>) => fc.tuple(each, fc.constantFrom(0, 0, 100, sessionTimeoutMs), fc.boolean())

test.each([
  ["any command", step, true],
  ["any command, without ELRs", step, false],
  ["storms", storm, true]
])(
  "leaders are up and in the ISR, epochs rise, nothing acknowledged is lost; log and snapshot both make the same image: %s",
  (_, each, withElrs) => {
    fc.assert(
      fc.property(fc.array(timed(each), { maxLength: 80 }), (steps) => {
        const { cluster, logged, now } = run(steps, withElrs)
        const records = Snapshot.toRecords(cluster.state.image)
        expect(Snapshot.toRecords(logged)).toEqual(records)
        const loaded = Snapshot.toBatches(cluster.state.image).flatMap((batch) => decodeBatch(encodeBatch(batch, now)))
        expect(Snapshot.toRecords(replayAll(Image.empty, loaded, -1, -1))).toEqual(records)
      }),
      { numRuns: 300 }
    )
  }
)
