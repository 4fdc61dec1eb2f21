import { Brokers } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import { batches, maxRecordsPerRequest } from "../src/Bounded.ts"
import {
  alterIsr,
  byHand,
  Cluster,
  clusterOf,
  createTopics,
  idOf,
  lost,
  newClusterOf,
  partitionOf,
  sessionTimeoutMs,
  topic
} from "./support.ts"

const broker = (cluster: Cluster, id: number) => Brokers.get(cluster.state.image.brokers, id)
const leaving = { wantShutDown: true }

describe("controlled shutdown", () => {
  test("behaviour 181: leaderships move at once; the broker goes on until the others have heard of it", () => {
    const cluster = newClusterOf(3)
    cluster.submit(createTopics([byHand("t", [1, 2, 3]), byHand("u", [2, 1])]))
    expect(cluster.heartbeat(1, leaving)).toMatchObject({ isFenced: false, shouldShutDown: false })
    const moved = cluster.end - 1
    expect(broker(cluster, 1)).toMatchObject({ fenced: false, inControlledShutdown: true })
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 2, isr: [2, 3] })
    expect(partitionOf(cluster, "u")).toMatchObject({ leader: 2, isr: [2] })
    cluster.heartbeat(2, { currentMetadataOffset: moved })
    cluster.heartbeat(3, { currentMetadataOffset: moved - 1 })
    expect(cluster.heartbeat(1, leaving)).toMatchObject({ isFenced: false, shouldShutDown: false })
    expect(cluster.written).toEqual([])
    cluster.heartbeat(3, { currentMetadataOffset: moved })
    expect(cluster.heartbeat(1, leaving)).toMatchObject({ isFenced: true, shouldShutDown: true })
    expect(broker(cluster, 1)).toMatchObject({ fenced: true, inControlledShutdown: true })
    expect(cluster.heartbeat(1, {})).toMatchObject({ isFenced: true, shouldShutDown: true })
    expect(cluster.written).toEqual([])
  })

  test("one that leads nothing, or is alone, need not wait", () => {
    const cluster = newClusterOf(2)
    cluster.submit(createTopics([byHand("t", [1])]))
    expect(cluster.heartbeat(2, leaving).shouldShutDown).toBe(true)
    expect(cluster.heartbeat(1, leaving).shouldShutDown).toBe(true)
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1] })
  })

  test("the next life may begin before the farewell is complete, and leads again", () => {
    const cluster = newClusterOf(2)
    cluster.submit(createTopics([byHand("t", [1, 2]), byHand("u", [1])]))
    const previousBrokerEpoch = broker(cluster, 1)?.epoch ?? -1
    cluster.heartbeat(1, leaving)
    const next = cluster.register(1, { incarnationId: idOf(500), previousBrokerEpoch }, 1)
    expect(next.errorCode).toBe(ErrorCode.NONE)
    expect(broker(cluster, 1)).toMatchObject({ fenced: true, inControlledShutdown: false })
    cluster.heartbeat(1)
    expect(partitionOf(cluster, "u")).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 0 })
  })
})

describe("lost brokers", () => {
  test("are fenced at once; their leaderships go to others", () => {
    const cluster = newClusterOf(2)
    cluster.submit(createTopics([byHand("t", [1, 2])]))
    expect(cluster.submit(lost(cluster, 1))).toEqual({ errorCode: 0, message: null })
    expect(broker(cluster, 1)?.fenced).toBe(true)
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 2, isr: [2] })
    cluster.submit(lost(cluster, 1))
    expect(cluster.written).toEqual([])
  })

  test("a broker that has come back since is not the lost one", () => {
    const cluster = newClusterOf(2)
    const earlier = lost(cluster, 1)
    cluster.register(1, { incarnationId: idOf(500) }, sessionTimeoutMs)
    cluster.heartbeat(1)
    expect(cluster.submit(earlier).errorCode).toBe(ErrorCode.STALE_BROKER_EPOCH)
    expect(broker(cluster, 1)?.fenced).toBe(false)
  })

  test("a lost broker of many partitions takes several batches, and its fencing is in the last", () => {
    const cluster = newClusterOf(2)
    for (const name of ["t", "u"]) {
      cluster.submit(createTopics([topic(name, { numPartitions: 6_000, replicationFactor: 2 })]))
    }
    cluster.submit(lost(cluster, 1))
    expect(cluster.written.length).toBe(12_001)
    const cut = batches(cluster.written)
    expect(cut.map((batch) => batch.length)).toEqual([maxRecordsPerRequest, 2_001])
    expect(cut[1]?.at(-1)).toMatchObject({ _tag: "BrokerRegistrationChange", fenced: 1 })
  })
})

describe("a life that did not end in good order (KIP-966)", () => {
  const restarted = (previousBrokerEpoch: number) => {
    const cluster = newClusterOf(2, "min.insync.replicas=2")
    cluster.submit(createTopics([byHand("t", [1, 2])]))
    cluster.submit(lost(cluster, 1))
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 2, isr: [2], eligibleLeaderReplicas: [1] })
    cluster.submit(lost(cluster, 2))
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1, 2] })
    const epoch = broker(cluster, 1)?.epoch ?? -1
    cluster.register(1, { incarnationId: idOf(500), previousBrokerEpoch: previousBrokerEpoch + epoch }, 1)
    cluster.heartbeat(1)
    return cluster
  }

  test("ends eligibility: the broker leads nothing of what it may have lost", () => {
    const cluster = restarted(-1)
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: -1, eligibleLeaderReplicas: [2], lastKnownElr: [2] })
    cluster.heartbeat(2)
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 2, isr: [2], leaderRecoveryState: 0 })
  })

  test("one that did keeps it", () => {
    const cluster = restarted(0)
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 1, isr: [1], eligibleLeaderReplicas: [2] })
  })

  test("whoever led last leads again where nobody is eligible any more", () => {
    const cluster = restarted(-1)
    cluster.register(2, { incarnationId: idOf(501) }, 1)
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: -1, eligibleLeaderReplicas: [], lastKnownElr: [2] })
    cluster.heartbeat(2)
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 2, isr: [2], leaderRecoveryState: 1 })
  })
})

describe("failed log directories (KIP-858)", () => {
  const two = [idOf(801), idOf(802)]
  const clusterOnTwo = () => {
    const cluster = new Cluster()
    cluster.submit({ _tag: "Bootstrap" })
    cluster.register(1, { logDirs: two })
    cluster.heartbeat(1)
    cluster.join(2)
    cluster.submit(createTopics([byHand("t", [1, 2], [1, 2])]))
    return cluster
  }
  const assign = (cluster: Cluster, directory: string, partitionIndex: number) =>
    cluster.submit({
      _tag: "AssignReplicasToDirs",
      brokerId: 1,
      brokerEpoch: broker(cluster, 1)?.epoch ?? -1,
      directories: [
        {
          id: directory,
          topics: [{ topicId: alterIsr(cluster, "t", []).topics[0].topicId, partitions: [{ partitionIndex }] }]
        }
      ]
    }).directories[0]?.topics[0]?.partitions[0]?.errorCode

  test("brokers say where replicas are; those there leave the ISR when the directory fails, others stay", () => {
    const cluster = clusterOnTwo()
    expect([assign(cluster, two[0]!, 0), assign(cluster, two[1]!, 1)]).toEqual([0, 0])
    expect(partitionOf(cluster, "t").directories).toEqual([two[0], idOf(902)])
    cluster.heartbeat(1, { offlineLogDirs: [two[0]!] })
    expect(broker(cluster, 1)).toMatchObject({ fenced: false, logDirs: [two[1]] })
    expect(partitionOf(cluster, "t", 0)).toMatchObject({ leader: 2, isr: [2] })
    expect(partitionOf(cluster, "t", 1)).toMatchObject({ leader: 1, isr: [1, 2] })
    cluster.heartbeat(1, { offlineLogDirs: [two[0]!] })
    expect(cluster.written).toEqual([])
  })

  test("a replica in a failed one does not join the ISR, whatever its leader believes, until it is elsewhere", () => {
    const cluster = clusterOnTwo()
    assign(cluster, two[0]!, 0)
    cluster.heartbeat(1, { offlineLogDirs: [two[0]!] })
    const joining = () => cluster.submit(alterIsr(cluster, "t", [2, 1])).topics[0]?.partitions[0]?.errorCode
    expect(joining()).toBe(ErrorCode.INELIGIBLE_REPLICA)
    expect(partitionOf(cluster, "t", 0)).toMatchObject({ leader: 2, isr: [2] })
    assign(cluster, two[1]!, 0)
    expect(joining()).toBe(ErrorCode.NONE)
    expect(partitionOf(cluster, "t", 0)).toMatchObject({ leader: 2, isr: [2, 1] })
  })

  test("a broker that comes with a failed directory leads nothing there", () => {
    const cluster = clusterOnTwo()
    expect([assign(cluster, two[0]!, 0), assign(cluster, two[1]!, 1)]).toEqual([0, 0])
    cluster.submit(lost(cluster, 2))
    cluster.submit(lost(cluster, 1))
    expect(cluster.heartbeat(1, { offlineLogDirs: [two[0]!] }).isFenced).toBe(true)
    expect(cluster.heartbeat(1, { offlineLogDirs: [two[0]!] }).isFenced).toBe(false)
    expect([partitionOf(cluster, "t", 0).leader, partitionOf(cluster, "t", 1).leader]).toEqual([-1, 1])
  })

  test("a replica that is said to be in a failed one leaves the ISR then", () => {
    const cluster = clusterOnTwo()
    cluster.heartbeat(1, { offlineLogDirs: [two[0]!] })
    expect(assign(cluster, two[0]!, 0)).toBe(0)
    expect(partitionOf(cluster, "t", 0)).toMatchObject({ leader: 2, isr: [2], directories: [two[0], idOf(902)] })
  })

  /** Broker 1 goes without a good-bye, and comes back with these directories. */
  const restart = (cluster: Cluster, logDirs: ReadonlyArray<string>, previousBrokerEpoch = -1) => {
    cluster.submit(lost(cluster, 1))
    cluster.register(1, { incarnationId: idOf(cluster.end), logDirs, previousBrokerEpoch }, sessionTimeoutMs)
    cluster.heartbeat(1)
  }
  const lastKnown = { leader: -1, isr: [], eligibleLeaderReplicas: [], lastKnownElr: [1] }

  test("the last known leader is elected where its disk came back, but not where it begins anew on another", () => {
    const cluster = newClusterOf(2)
    cluster.submit(createTopics([byHand("t", [1])]))
    restart(cluster, [idOf(901)])
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 1 })
    restart(cluster, [idOf(803)])
    expect(partitionOf(cluster, "t")).toMatchObject(lastKnown)
    expect(assign(cluster, idOf(803), 0)).toBe(0)
    expect(partitionOf(cluster, "t")).toMatchObject({ ...lastKnown, lastKnownElr: [], directories: [idOf(803)] })
    cluster.heartbeat(2)
    expect(partitionOf(cluster, "t").leader).toBe(-1)
    cluster.submit({ _tag: "ElectLeaders", electionType: 1, topicPartitions: null })
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 1, isr: [1] })
  })

  test("a replica whose disk was replaced is eligible no more, though its broker stopped in good order", () => {
    const cluster = clusterOnTwo()
    for (const index of [0, 1]) expect(assign(cluster, two[index]!, index)).toBe(0)
    cluster.submit(lost(cluster, 2))
    restart(cluster, [two[0]!, idOf(803)], broker(cluster, 1)?.epoch)
    expect(partitionOf(cluster, "t", 0)).toMatchObject({ leader: 1, isr: [1] })
    expect(partitionOf(cluster, "t", 1)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1] })
    expect(assign(cluster, idOf(803), 1)).toBe(0)
    expect(partitionOf(cluster, "t", 1)).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [] })
  })

  test("a replica moves between two directories of its broker and leads on", () => {
    const cluster = clusterOnTwo()
    for (const directory of two) expect(assign(cluster, directory, 0)).toBe(0)
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 1, isr: [1, 2], directories: [two[1], idOf(902)] })
  })

  test("one that began anew joins the ISR when its directory is told, and not before", () => {
    const cluster = newClusterOf(2)
    cluster.submit(createTopics([byHand("t", [1, 2])]))
    restart(cluster, [idOf(803)])
    const joining = () => cluster.submit(alterIsr(cluster, "t", [1, 2])).topics[0]?.partitions[0]?.errorCode
    expect(joining()).toBe(ErrorCode.INELIGIBLE_REPLICA)
    expect(assign(cluster, idOf(803), 0)).toBe(0)
    expect(joining()).toBe(ErrorCode.NONE)
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 2, isr: [1, 2], directories: [idOf(803), idOf(902)] })
  })

  test("what is not there, or not the broker's, is told", () => {
    const cluster = clusterOnTwo()
    cluster.submit(createTopics([byHand("u", [2])]))
    expect(assign(cluster, two[0]!, 7)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const stale = { _tag: "AssignReplicasToDirs", brokerId: 1, brokerEpoch: -7, directories: [] } as const
    expect(cluster.submit(stale).errorCode).toBe(ErrorCode.STALE_BROKER_EPOCH)
  })
})

test("before a cluster has ELRs, the last ISR stays, and its members come back", () => {
  const cluster = clusterOf(2)
  cluster.submit(createTopics([byHand("t", [1, 2])]))
  for (const id of [1, 2]) cluster.submit(lost(cluster, id))
  expect(partitionOf(cluster, "t")).toMatchObject({ leader: -1, isr: [2], eligibleLeaderReplicas: [] })
  cluster.heartbeat(2)
  expect(partitionOf(cluster, "t").leader).toBe(2)
})
