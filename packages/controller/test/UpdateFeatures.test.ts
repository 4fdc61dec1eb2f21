import { Operation, ResourceType } from "@klamm/config/Alter"
import { Brokers, Configs, Controllers } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import { Features } from "../src/index.ts"
import {
  alterConfigs,
  byHand,
  type Cluster,
  clusterOf,
  createTopics,
  idOf,
  incremental,
  lost,
  newClusterOf,
  partitionOf,
  registration
} from "./support.ts"

const upgrade = 1
const safe = 2
const unsafe = 3
const elr = Features.elrVersionName

const update = (cluster: Cluster, feature: string, level: number, upgradeType = upgrade, validateOnly = false) =>
  cluster.submit({ _tag: "UpdateFeatures", updates: [{ feature, level, upgradeType }], validateOnly })

const minIsr = "min.insync.replicas"

describe("UpdateFeatures", () => {
  test.each([
    ["an unknown feature", "x.version", 1, upgrade, "The controller does not support the given feature."],
    ["a level nobody has", elr, 7, upgrade, "The controller only supports versions 0-1"],
    ["a level below all", elr, -1, upgrade, "A feature version cannot be less than 0."],
    ["an unknown type", elr, 1, 9, "The controller does not support the given upgrade type."],
    [
      "a fall that is not asked for",
      elr,
      0,
      upgrade,
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade."
    ],
    [
      "one that would lose records",
      "metadata.version",
      32,
      safe,
      "Refusing to perform the requested downgrade because it might delete metadata information."
    ],
    ["that by force", "metadata.version", 32, unsafe, "Unsafe metadata downgrade is not supported in this version."],
    [
      "a level of the quorum's own that nobody has",
      "kraft.version",
      9,
      upgrade,
      "The controller only supports versions 0-1"
    ]
  ])("behaviour 189: %s is refused", (_, feature, level, type, why) => {
    const cluster = newClusterOf(1)
    expect(update(cluster, feature, level, type)).toEqual({
      errorCode: ErrorCode.INVALID_UPDATE_VERSION,
      message: `Invalid update version ${level} for feature ${feature}. ${why}`
    })
    expect(cluster.written).toEqual([])
  })

  test("behaviour 189: a level that a registered node does not have is refused", () => {
    const cluster = clusterOf(1)
    const without = registration(2).features.filter(({ name }) => name !== elr)
    cluster.register(2, { features: without })
    expect(update(cluster, elr, 1).message).toContain("Broker 2 does not support this feature.")
  })

  test("the quorum's own is changed by the quorum: it is only said whether all nodes have the level", () => {
    const cluster = newClusterOf(1)
    expect(update(cluster, Features.kraftVersionName, 1).errorCode).toBe(0)
    expect(cluster.written).toEqual([])
    const without = registration(2).features.filter(({ name }) => name !== Features.kraftVersionName)
    cluster.register(2, { features: without })
    expect(update(cluster, Features.kraftVersionName, 1).message).toContain("Broker 2 does not support this feature.")
  })

  test("what is only validated changes nothing; what is so already writes nothing", () => {
    const cluster = newClusterOf(1)
    expect(update(cluster, elr, 0, safe, true).errorCode).toBe(0)
    expect(cluster.written).toEqual([])
    expect(update(cluster, elr, 1).errorCode).toBe(0)
    expect(cluster.written).toEqual([])
  })

  test("without ELRs those that were eligible are in sync again, and lead when they come back", () => {
    const cluster = newClusterOf(2)
    cluster.submit(createTopics([byHand("t", [1])]))
    cluster.submit(lost(cluster, 1))
    expect(update(cluster, elr, 0, safe).errorCode).toBe(0)
    expect(partitionOf(cluster, "t")).toMatchObject({
      isr: [1],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      leader: -1
    })
    cluster.heartbeat(1)
    expect(partitionOf(cluster, "t").leader).toBe(1)
  })

  test("with ELRs the smallest ISR is the cluster's, and no broker's own", () => {
    const cluster = clusterOf(1, "min.insync.replicas=2")
    cluster.submit({ _tag: "Bootstrap" })
    update(cluster, elr, 0, safe)
    cluster.submit(alterConfigs([incremental(ResourceType.broker, "", [minIsr, Operation.delete, null])]))
    cluster.submit(alterConfigs([incremental(ResourceType.broker, "1", [minIsr, Operation.set, "3"])]))
    expect(update(cluster, elr, 1).errorCode).toBe(0)
    expect(Configs.get(cluster.state.image.configs, ResourceType.broker, "").get(minIsr)).toBe("2")
    expect(Configs.get(cluster.state.image.configs, ResourceType.broker, "1").has(minIsr)).toBe(false)
  })
})

describe("the smallest ISR, with ELRs (KIP-966)", () => {
  const alter = (cluster: Cluster, type: number, name: string, operation: number, value: string | null) =>
    cluster.submit(alterConfigs([incremental(type, name, [minIsr, operation, value])]))[0]

  test("is no broker's own, and is not removed from the cluster", () => {
    const cluster = newClusterOf(1)
    expect(alter(cluster, ResourceType.broker, "1", Operation.set, "2")).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      message: "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
    })
    expect(alter(cluster, ResourceType.broker, "", Operation.delete, null)).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      message: "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."
    })
  })

  test.each([
    ["the topic's", ResourceType.topic, "t"],
    ["the cluster's", ResourceType.broker, ""]
  ])("once %s is lowered to what is in sync, nobody else is eligible", (_, type, name) => {
    const cluster = newClusterOf(2, "min.insync.replicas=2")
    cluster.submit(createTopics([byHand("t", [1, 2])]))
    cluster.submit(lost(cluster, 2))
    expect(partitionOf(cluster, "t")).toMatchObject({ isr: [1], eligibleLeaderReplicas: [2] })
    expect(alter(cluster, type, name, Operation.set, "1")).toMatchObject({ errorCode: 0 })
    expect(partitionOf(cluster, "t")).toMatchObject({ isr: [1], eligibleLeaderReplicas: [] })
  })
})

describe("nodes that register and are forgotten", () => {
  const controllerOf = (controllerId: number, life = controllerId) =>
    ({
      _tag: "RegisterController",
      controllerId,
      incarnationId: idOf(life),
      endpoints: [{ name: "CONTROLLER", host: "h", port: 9_093, securityProtocol: 0 }],
      features: registration(1).features
    }) as const

  test("controllers are in the image, by their last life", () => {
    const cluster = newClusterOf(0)
    expect(cluster.submit(controllerOf(7)).errorCode).toBe(0)
    expect(cluster.submit(controllerOf(7)).errorCode).toBe(0)
    expect(cluster.written).toEqual([])
    cluster.submit(controllerOf(7, 8))
    expect(Controllers.get(cluster.state.image.controllers, 7)).toMatchObject({
      incarnationId: idOf(8),
      endpoints: [{ name: "CONTROLLER", host: "h", port: 9_093, securityProtocol: 0 }]
    })
    expect(cluster.submit({ _tag: "UnregisterController", controllerId: 7 }).errorCode).toBe(0)
    expect(Controllers.all(cluster.state.image.controllers)).toEqual([])
    expect(cluster.submit({ _tag: "UnregisterController", controllerId: 7 }).errorCode).toBe(
      ErrorCode.CONTROLLER_ID_NOT_REGISTERED
    )
  })

  test("a controller without a finalized feature, or nowhere to be reached, is refused", () => {
    const cluster = newClusterOf(0)
    expect(cluster.submit({ ...controllerOf(7), features: [] }).errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION)
    expect(cluster.submit({ ...controllerOf(7), endpoints: [] }).errorCode).toBe(ErrorCode.INVALID_REGISTRATION)
  })

  test("a broker that is forgotten is in no ISR and no ELR", () => {
    const cluster = newClusterOf(2, "min.insync.replicas=2")
    cluster.submit(createTopics([byHand("t", [1, 2])]))
    cluster.submit(lost(cluster, 2))
    expect(cluster.submit({ _tag: "UnregisterBroker", brokerId: 2 })).toEqual({ errorCode: 0, message: null })
    expect(Brokers.get(cluster.state.image.brokers, 2)).toBeUndefined()
    expect(partitionOf(cluster, "t")).toMatchObject({ leader: 1, isr: [1], eligibleLeaderReplicas: [] })
    expect(cluster.submit({ _tag: "UnregisterBroker", brokerId: 2 })).toEqual({
      errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED,
      message: "Broker ID 2 is not currently registered"
    })
  })
})
