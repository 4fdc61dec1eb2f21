/** What the controller's tests start from: a decider on a development node's configuration, brokers, and what they made so far. */
import { developmentPreset, effective, presetLayer, resolve, type StaticConfig, setLayer } from "@klamm/config"
import * as Alter from "@klamm/config/Alter"
import { Brokers, Configs, type Image, type MetadataRecord, Topics } from "@klamm/metadata"
import * as Result from "effect/Result"
import type { AlteredResource, Command, ControllerOptions, Replies } from "../src/index.ts"
import { controller, Features } from "../src/index.ts"
import { type ControllerState, initial } from "../src/State.ts"

export const clusterId = "Y2x1c3RlcklkRm9yVHN0QQ"
export const zeroId = "AAAAAAAAAAAAAAAAAAAAAA"
export const sessionTimeoutMs = 9_000
export const idOf = (number: number): string => `${String(number).padStart(21, "B")}A`

const config = (settings: ReadonlyArray<string>): StaticConfig =>
  Result.getOrThrow(resolve([presetLayer(developmentPreset()), setLayer(settings)]))

/** The options of a controller whose configuration has these settings, and below them the image's default of all brokers. */
export const optionsOf = (...settings: ReadonlyArray<string>): ControllerOptions => {
  const fixed = config(settings)
  return {
    clusterId,
    sessionTimeoutMs,
    snapshot: (image: Image.Image) =>
      effective(fixed, Configs.get(image.configs, Alter.ResourceType.broker, ""), new Map())
  }
}

/** A controller's decider with its state: decides, and replays what it decided, as the log would. */
export class Cluster {
  readonly options: ControllerOptions
  state: ControllerState = initial
  /** The records of the last decision. */
  written: ReadonlyArray<MetadataRecord> = []
  /** Where the log ends. */
  end = 0

  constructor(...settings: ReadonlyArray<string>) {
    this.options = optionsOf(...settings)
  }

  submit<C extends Command>(command: C, now = 0): Replies[C["_tag"]] {
    const decider = controller(this.options)
    const { records, reply, note } = decider.decide(this.state, command, now, this.end)
    this.written = records
    this.state = decider.replay(note === undefined ? this.state : note(this.state), records)
    this.end += records.length
    if (reply._tag !== command._tag) throw new Error(`${command._tag} was answered as ${reply._tag}`)
    return reply.value as Replies[C["_tag"]]
  }

  wakeAt(): number {
    return controller(this.options).wakeAt(this.state)
  }

  /** What its deadline has it do, if that has come. */
  wake(now: number): void {
    const decider = controller(this.options)
    if (decider.wakeAt(this.state) <= now) this.submit(decider.onWake(this.state, now), now)
  }

  register(brokerId: number, change: Partial<Extract<Command, { readonly _tag: "RegisterBroker" }>> = {}, now = 0) {
    return this.submit({ ...registration(brokerId), ...change }, now)
  }

  heartbeat(brokerId: number, change: Partial<Extract<Command, { readonly _tag: "Heartbeat" }>> = {}, now = 0) {
    return this.submit(
      {
        _tag: "Heartbeat",
        brokerId,
        brokerEpoch: Brokers.get(this.state.image.brokers, brokerId)?.epoch ?? -1,
        currentMetadataOffset: this.end - 1,
        wantFence: false,
        wantShutDown: false,
        offlineLogDirs: [],
        ...change
      },
      now
    )
  }

  /** Registered and unfenced. */
  join(brokerId: number, rack: string | null = null): void {
    this.register(brokerId, { rack })
    this.heartbeat(brokerId)
  }
}

const supported = Features.supported.map(({ name, minVersion, maxVersion }) => ({
  name,
  minSupportedVersion: minVersion,
  maxSupportedVersion: maxVersion
}))

export const registration = (brokerId: number): Extract<Command, { readonly _tag: "RegisterBroker" }> => ({
  _tag: "RegisterBroker",
  brokerId,
  clusterId,
  incarnationId: idOf(brokerId),
  endpoints: [{ name: "PLAINTEXT", host: "localhost", port: 9_092, securityProtocol: 0 }],
  features: supported,
  rack: null,
  logDirs: [idOf(900 + brokerId)],
  previousBrokerEpoch: -1
})

/** A cluster of brokers 1 to `count`, all in use. */
export const clusterOf = (count: number, ...settings: ReadonlyArray<string>): Cluster => {
  const cluster = new Cluster(...settings)
  for (let id = 1; id <= count; id++) cluster.join(id)
  return cluster
}

type NewTopic = Extract<Command, { readonly _tag: "CreateTopics" }>["topics"][number]

let drawn = 0
/** One partition with one replica, unless said otherwise; under a fresh id. */
export const topic = (name: string, change: Partial<NewTopic> = {}): NewTopic => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  topicId: idOf(++drawn),
  ...change
})

export const createTopics = (topics: ReadonlyArray<NewTopic>, validateOnly = false, placementSeed = 0) =>
  ({ _tag: "CreateTopics", topics, validateOnly, placementSeed }) as const

/** A topic with assignments made by hand: the replicas of partition 0, 1 and on. */
export const byHand = (name: string, ...replicas: ReadonlyArray<ReadonlyArray<number>>): NewTopic =>
  topic(name, {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }))
  })

export const deleteTopics = (...topics: ReadonlyArray<{ readonly name: string } | { readonly id: string }>) =>
  ({ _tag: "DeleteTopics", topics }) as const

export const morePartitions = (
  name: string,
  count: number,
  assignments: ReadonlyArray<ReadonlyArray<number>> | null = null
) => ({ name, count, assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null })

export const createPartitions = (
  topics: ReadonlyArray<ReturnType<typeof morePartitions>>,
  validateOnly = false,
  placementSeed = 0
) => ({ _tag: "CreatePartitions", topics, validateOnly, placementSeed }) as const

export const alterConfigs = (resources: ReadonlyArray<AlteredResource>, validateOnly = false) =>
  ({ _tag: "AlterConfigs", resources, validateOnly }) as const

/** Operations as [name, operation, value]. */
export const incremental = (
  type: number,
  name: string,
  ...operations: ReadonlyArray<readonly [string, number, string | null]>
): AlteredResource => ({
  resource: { type, name },
  change: {
    _tag: "Incremental",
    operations: operations.map(([key, operation, value]) => ({ name: key, operation, value }))
  }
})

export const replacement = (
  type: number,
  name: string,
  configs: Readonly<Record<string, string>>
): AlteredResource => ({
  resource: { type, name },
  change: { _tag: "Replace", configs: new Map(Object.entries(configs)) }
})

/** What a topic's partition is now. */
export const partitionOf = (cluster: Cluster, name: string, index = 0): Topics.Partition => {
  const partition = Topics.byName(cluster.state.image.topics, name)?.partitions[index]
  if (partition === undefined) throw new Error(`there is no ${name}-${index}`)
  return partition
}

type AlteredPartition = Extract<Command, { readonly _tag: "AlterPartition" }>["topics"][number]["partitions"][number]

/** The leader of a partition asks for that ISR, as it knows the cluster; `change` is what it says otherwise. */
export const alterIsr = (
  cluster: Cluster,
  name: string,
  isr: ReadonlyArray<number>,
  change: Partial<AlteredPartition> = {}
) => {
  const topicId = Topics.byName(cluster.state.image.topics, name)?.id ?? zeroId
  const { index, leader, leaderEpoch, partitionEpoch } = partitionOf(cluster, name)
  const epochOf = (id: number) => Brokers.get(cluster.state.image.brokers, id)?.epoch ?? -1
  const newIsr = isr.map((brokerId) => ({ brokerId, brokerEpoch: epochOf(brokerId) }))
  const asked = { partitionIndex: index, leaderEpoch, partitionEpoch, newIsr, leaderRecoveryState: 0, ...change }
  return {
    _tag: "AlterPartition",
    brokerId: leader,
    brokerEpoch: epochOf(leader),
    topics: [{ topicId, partitions: [asked] }]
  } as const
}

/** A cluster of brokers 1 to `count` with the features of a new cluster. */
export const newClusterOf = (count: number, ...settings: ReadonlyArray<string>): Cluster => {
  const cluster = new Cluster(...settings)
  cluster.submit({ _tag: "Bootstrap" })
  for (let id = 1; id <= count; id++) cluster.join(id)
  return cluster
}

/** The command that tells of a broker's process that it is gone. */
export const lost = (cluster: Cluster, brokerId: number) =>
  ({
    _tag: "BrokerLost",
    brokerId,
    brokerEpoch: Brokers.get(cluster.state.image.brokers, brokerId)?.epoch ?? -1
  }) as const
