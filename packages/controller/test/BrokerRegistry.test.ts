import { Brokers, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import { byHand, Cluster, clusterId, clusterOf, createTopics, idOf, registration, sessionTimeoutMs } from "./support.ts"

const broker = (cluster: Cluster, id: number) => Brokers.get(cluster.state.image.brokers, id)

/** All partitions, topic by topic in the order of their names. */
const partitions = (cluster: Cluster) =>
  Topics.all(cluster.state.image.topics).flatMap((topic) =>
    topic.partitions.map(({ leader, isr, leaderEpoch }) => ({ leader, isr, leaderEpoch }))
  )

describe("registration", () => {
  test("behaviour 183: another incarnation of a broker that is alive is refused, until its session ends", () => {
    const cluster = clusterOf(1)
    const again = { incarnationId: idOf(500) }
    expect(cluster.register(1, again, sessionTimeoutMs - 1)).toEqual({
      errorCode: ErrorCode.DUPLICATE_BROKER_REGISTRATION,
      message:
        "Another broker is registered with that broker id. If the broker was recently restarted this should self-resolve " +
        "once the heartbeat manager expires the broker's session.",
      brokerEpoch: -1
    })
    expect(cluster.written).toEqual([])
    expect(cluster.register(1, again, sessionTimeoutMs)).toEqual({ errorCode: 0, message: null, brokerEpoch: 2 })
    expect(broker(cluster, 1)).toMatchObject({ incarnationId: idOf(500), fenced: true, epoch: 2 })
  })

  test("a broker that a new leader has not heard of is replaced by its next life at once", () => {
    const cluster = clusterOf(1)
    cluster.state = { ...cluster.state, contacts: new Map(), unheard: new Set() }
    cluster.submit({ _tag: "Expire" }, 100)
    expect(broker(cluster, 1)?.fenced).toBe(false)
    const { errorCode, brokerEpoch } = cluster.register(1, { incarnationId: idOf(500) }, 200)
    expect(errorCode).toBe(ErrorCode.NONE)
    expect(cluster.register(1, { incarnationId: idOf(501) }, 300).errorCode).toBe(ErrorCode.NONE)
    cluster.heartbeat(1, { brokerEpoch: brokerEpoch + 1 }, 400)
    expect(cluster.register(1, { incarnationId: idOf(502) }, 500).errorCode).toBe(
      ErrorCode.DUPLICATE_BROKER_REGISTRATION
    )
  })

  test("behaviour 183: a broker of another cluster is refused", () => {
    const cluster = new Cluster()
    expect(cluster.register(1, { clusterId: "other" })).toEqual({
      errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID,
      message: `Expected cluster ID ${clusterId}, but got cluster ID other`,
      brokerEpoch: -1
    })
    expect(cluster.written).toEqual([])
  })

  test("behaviour 183: a broker that does not support a finalized level is refused", () => {
    const cluster = new Cluster()
    cluster.submit({ _tag: "Bootstrap" })
    const level = cluster.state.image.features.get("metadata.version")!
    const old = { name: "metadata.version", minSupportedVersion: 1, maxSupportedVersion: level - 1 }
    const others = registration(1).features.filter(({ name }) => name !== "metadata.version")
    expect(cluster.register(1, { features: [...others, old] })).toEqual({
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      message:
        `Unable to register because the broker does not support finalized version ${level} of metadata.version. ` +
        `The broker wants a version between 1 and ${level - 1}, inclusive.`,
      brokerEpoch: -1
    })
    expect(cluster.register(1, { features: [] }).errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION)
    const fitting = [...others, { ...old, maxSupportedVersion: level }]
    expect(cluster.register(1, { features: fitting }).errorCode).toBe(ErrorCode.NONE)
  })

  test("a broker's epoch is the offset of its registration, behind what its last life leaves", () => {
    const cluster = clusterOf(2)
    cluster.end = 42
    expect(cluster.register(1, { incarnationId: idOf(500) }, sessionTimeoutMs).brokerEpoch).toBe(42)
    cluster.submit(createTopics([byHand("t", [2])]))
    cluster.end = 98
    expect(cluster.register(2, { incarnationId: idOf(501) }, sessionTimeoutMs).brokerEpoch).toBe(99)
    expect(broker(cluster, 2)?.epoch).toBe(99)
  })

  test("the same life that registers again amends what it said, and keeps its epoch and its partitions", () => {
    const cluster = clusterOf(1)
    cluster.submit(createTopics([byHand("t", [1])]))
    const { epoch } = broker(cluster, 1)!
    expect(cluster.register(1, { rack: "r1" }).brokerEpoch).toBe(epoch)
    expect(broker(cluster, 1)).toMatchObject({ rack: "r1", fenced: false, epoch })
    expect(partitions(cluster)).toEqual([{ leader: 1, isr: [1], leaderEpoch: 0 }])
  })

  test.each([
    ["none", [], "No directories specified in request"],
    ["a reserved one", ["AAAAAAAAAAAAAAAAAAAAAQ"], "Reserved directory ID in request"],
    ["one twice", [idOf(7), idOf(7)], "Duplicate directory ID in request"],
    ["another broker's", [idOf(901)], `Broker 1 is already registered with directory ${idOf(901)}`]
  ])("log directories: %s is refused", (_, logDirs, message) => {
    const cluster = clusterOf(1)
    const answer = cluster.register(2, { logDirs })
    expect(answer).toEqual({ errorCode: ErrorCode.INVALID_REGISTRATION, message, brokerEpoch: -1 })
  })

  test("a broker that comes back without a good-bye leads nothing until it is unfenced, and then in a later epoch", () => {
    const cluster = clusterOf(2)
    cluster.submit(createTopics([byHand("t", [1, 2], [2, 1]), byHand("u", [1])]))
    cluster.register(1, { incarnationId: idOf(500) }, sessionTimeoutMs)
    expect(partitions(cluster)).toEqual([
      { leader: 2, isr: [2], leaderEpoch: 1 },
      { leader: 2, isr: [2], leaderEpoch: 0 },
      { leader: -1, isr: [1], leaderEpoch: 1 }
    ])
    cluster.heartbeat(1)
    expect(partitions(cluster)[2]).toEqual({ leader: 1, isr: [1], leaderEpoch: 2 })
  })
})

describe("heartbeats", () => {
  test("behaviour 182: a broker is fenced until it has caught up with the metadata", () => {
    const cluster = new Cluster()
    cluster.register(1)
    expect(cluster.heartbeat(1, { currentMetadataOffset: -1 })).toEqual({
      errorCode: 0,
      message: null,
      isCaughtUp: false,
      isFenced: true,
      shouldShutDown: false
    })
    expect(broker(cluster, 1)?.fenced).toBe(true)
    expect(cluster.heartbeat(1, { currentMetadataOffset: 0, wantFence: true })).toMatchObject({
      isCaughtUp: true,
      isFenced: true
    })
    expect(cluster.heartbeat(1, { currentMetadataOffset: 0 })).toMatchObject({ isCaughtUp: true, isFenced: false })
    expect(broker(cluster, 1)?.fenced).toBe(false)
    cluster.heartbeat(1)
    expect(cluster.written).toEqual([])
  })

  test.each([-1, 1])(
    "behaviour 182: a heartbeat under epoch %i instead of 0 is stale, and counts for nothing",
    (brokerEpoch) => {
      const cluster = clusterOf(1)
      expect(cluster.heartbeat(1, { brokerEpoch, wantShutDown: true }, 5_000)).toMatchObject({
        errorCode: ErrorCode.STALE_BROKER_EPOCH,
        shouldShutDown: false
      })
      expect(cluster.written).toEqual([])
      expect(cluster.wakeAt()).toBe(sessionTimeoutMs)
      expect(cluster.heartbeat(3).errorCode).toBe(ErrorCode.STALE_BROKER_EPOCH)
    }
  )

  test("behaviour 182: a broker silent for its session is fenced, those heard of are not", () => {
    const cluster = clusterOf(2)
    cluster.submit(createTopics([byHand("t", [1, 2], [2, 1])]))
    cluster.heartbeat(2, {}, 4_000)
    expect(cluster.wakeAt()).toBe(sessionTimeoutMs)
    cluster.submit({ _tag: "Expire" }, sessionTimeoutMs - 1)
    expect(cluster.written).toEqual([])
    cluster.submit({ _tag: "Expire" }, sessionTimeoutMs)
    expect(broker(cluster, 1)?.fenced).toBe(true)
    expect(broker(cluster, 2)?.fenced).toBe(false)
    expect(partitions(cluster)).toEqual([
      { leader: 2, isr: [2], leaderEpoch: 1 },
      { leader: 2, isr: [2], leaderEpoch: 0 }
    ])
    expect(cluster.wakeAt()).toBe(4_000 + sessionTimeoutMs)
  })

  test("behaviour 182: brokers that fall silent together leave no leader among themselves, and the whole ISR", () => {
    const cluster = clusterOf(3)
    cluster.submit(createTopics([byHand("t", [1, 2]), byHand("u", [1, 2, 3])]))
    cluster.heartbeat(3, {}, 4_000)
    cluster.submit({ _tag: "Expire" }, sessionTimeoutMs)
    expect(partitions(cluster)).toEqual([
      { leader: -1, isr: [1, 2], leaderEpoch: 1 },
      { leader: 3, isr: [3], leaderEpoch: 1 }
    ])
    cluster.heartbeat(2, {}, sessionTimeoutMs)
    expect(partitions(cluster)[0]).toEqual({ leader: 2, isr: [1, 2], leaderEpoch: 2 })
  })

  test("a new leader of the quorum gives each broker a whole session from when it first looks", () => {
    const cluster = clusterOf(1)
    cluster.state = { ...cluster.state, contacts: new Map(), unheard: new Set() }
    expect(cluster.wakeAt()).toBe(Number.NEGATIVE_INFINITY)
    cluster.submit({ _tag: "Expire" }, 50_000)
    expect(cluster.written).toEqual([])
    expect(cluster.wakeAt()).toBe(50_000 + sessionTimeoutMs)
    cluster.submit({ _tag: "Expire" }, 50_000 + sessionTimeoutMs)
    expect(broker(cluster, 1)?.fenced).toBe(true)
    expect(cluster.wakeAt()).toBe(Number.POSITIVE_INFINITY)
  })

  test("the next leader is the first of the replicas that is in the ISR and up", () => {
    const cluster = clusterOf(4)
    cluster.submit(createTopics([byHand("t", [1, 2, 3, 4])]))
    cluster.heartbeat(2, { wantFence: true })
    cluster.heartbeat(1, { wantFence: true })
    expect(partitions(cluster)).toEqual([{ leader: 3, isr: [3, 4], leaderEpoch: 1 }])
  })
})

describe("producer ids", () => {
  const allocate = (cluster: Cluster, brokerId: number, brokerEpoch = broker(cluster, brokerId)?.epoch ?? -1) =>
    cluster.submit({ _tag: "AllocateProducerIds", brokerId, brokerEpoch })

  test("blocks follow one another, and no id is given twice, whoever asks", () => {
    const cluster = clusterOf(2)
    const given = new Set<number>()
    for (const brokerId of [1, 2, 2, 1]) {
      const { errorCode, firstId, length } = allocate(cluster, brokerId)
      expect({ errorCode, length }).toEqual({ errorCode: 0, length: 1_000 })
      for (let id = firstId; id < firstId + length; id++) given.add(id)
    }
    expect(given.size).toBe(4_000)
    expect(cluster.state.image.nextProducerId).toBe(4_000)
  })

  test("a broker that is not registered, or no more under this epoch, gets none", () => {
    const cluster = clusterOf(1)
    expect(allocate(cluster, 7)).toMatchObject({ errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED, length: 0 })
    expect(allocate(cluster, 1, 7)).toMatchObject({ errorCode: ErrorCode.STALE_BROKER_EPOCH, length: 0 })
    expect(cluster.state.image.nextProducerId).toBe(0)
  })
})

describe("bootstrap", () => {
  test("writes the feature levels of a new cluster and the smallest ISR of them all, once", () => {
    const cluster = new Cluster()
    cluster.submit({ _tag: "Bootstrap" })
    expect(cluster.written.map(({ _tag }) => _tag)).toEqual(["FeatureLevel", "FeatureLevel", "Config"])
    cluster.submit({ _tag: "Bootstrap" })
    expect(cluster.written).toEqual([])
  })
})
