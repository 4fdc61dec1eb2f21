/**
 * Brokers on real loopback ports, in this process and on disks in memory: for kafkajs, NestJS, a Java client, or whatever else speaks
 * Kafka's protocol. The door for those who don't use Effect, so promises are its interface. Invariant: when `stop` is done, no port,
 * no file, no timer and no memory of it is left. Neighbour: `TestCluster.ts`, for tests whose code runs in a world.
 */
import { Broker, layer } from "@klamm/broker/Broker"
import { BrokerArena } from "@klamm/broker/BrokerArena"
import { createTopics as createAll } from "@klamm/client/Admin"
import { layer as klammLayer } from "@klamm/client/Klamm"
import { resolve, type StaticConfig } from "@klamm/config/BrokerConfig"
import { developmentPreset, presetLayer, setLayer } from "@klamm/config/Layers"
import { printProblem } from "@klamm/config/Problem"
import type { Disk } from "@klamm/platform/Disk"
import * as DiskMemory from "@klamm/platform/DiskMemory"
import { Network } from "@klamm/platform/Network"
import { gzip, zstd } from "@klamm/platform/node/Codecs"
import * as NodeNetwork from "@klamm/platform/node/NodeNetwork"
import { makeCodecs } from "@klamm/protocol/Compression"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { leaseArena, requestLimitBytes } from "./ArenaPool.ts"
import type { Settings } from "./Nodes.ts"
import { newTopic, type TestTopic } from "./TestTopic.ts"

/** What the brokers are like. */
export interface StartOptions {
  /** 1 unless said otherwise. */
  readonly brokers?: number
  /** Made before it answers: one partition, on three brokers if there are so many, unless the topic says otherwise. */
  readonly topics?: ReadonlyArray<TestTopic>
  /** Properties of all brokers, by Kafka's names. `socket.request.max.bytes` is `requestLimitBytes`, and no broker takes more than 8 MiB. */
  readonly settings?: Settings
  /** What each broker has for a disk, in place of one in memory. */
  readonly disk?: (broker: number) => Layer.Layer<Disk>
  /** What brokers reach each other and their clients by, in place of TCP as it is. */
  readonly network?: Layer.Layer<Network>
}

/** Brokers that serve. */
export interface StartedCluster {
  /** What clients take: `127.0.0.1:40123`, of several brokers joined by commas. */
  readonly bootstrap: string
  readonly brokers: ReadonlyArray<{ readonly id: number; readonly host: string; readonly port: number }>
  /** Ends all brokers. Further calls answer the same. */
  readonly stop: () => Promise<void>
}

const host = "127.0.0.1"
/** Replicas of internal topics. */
const mostReplicas = 3
const clusterId = "c3RhcnRlZC1pbi1hLXRlc3Q"
const codecs = makeCodecs({ gzip, zstd })
/** Schema and msgpack come with it: a node that is alone starts without. */
const bus = Effect.promise(async () => (await import("@klamm/broker/Bus")).bus)

/** A port that was free a moment ago. */
const freePort: Effect.Effect<number, unknown, Network> = Effect.scoped(
  Effect.gen(function* () {
    const network = yield* Network
    const framing = { frameLength: () => 0 }
    const { arena, giveBack } = leaseArena()
    yield* Effect.addFinalizer(() => Effect.sync(giveBack))
    const options = { arena, framing, receiveLimitBytes: 1 }
    const { address } = yield* network.listen({ host, port: 0 }, options, () => Effect.void)
    return address.port
  })
)

const replication = (brokers: number): Settings => {
  const replicas = Math.min(mostReplicas, brokers)
  return {
    "default.replication.factor": replicas,
    "offsets.topic.replication.factor": replicas,
    "transaction.state.log.replication.factor": replicas,
    "share.coordinator.state.topic.replication.factor": replicas
  }
}

/** `controllerPorts`: of all nodes, in their order; of a node that is alone none, as it talks to itself without. */
const configOf = (id: number, controllerPorts: ReadonlyArray<number>, settings: Settings): StaticConfig => {
  const voters = controllerPorts.map((port, index) => `${index + 1}@${host}:${port}`)
  const preset = new Map(developmentPreset())
  if (voters.length > 1) preset.delete("controller.quorum.bootstrap.servers")
  const given: Settings = {
    "node.id": id,
    listeners: `PLAINTEXT://${host}:0,CONTROLLER://${host}:${controllerPorts[id - 1] ?? 0}`,
    ...(voters.length > 1 ? { "controller.quorum.voters": voters.join(",") } : {}),
    "log.dirs": "/data",
    "socket.request.max.bytes": requestLimitBytes,
    ...replication(Math.max(1, voters.length)),
    ...settings
  }
  const resolved = resolve([
    presetLayer(preset),
    setLayer(Object.entries(given).map(([key, value]) => `${key}=${value}`))
  ])
  if (Result.isFailure(resolved)) throw new Error(resolved.failure.map(printProblem).join("; "))
  return resolved.success
}

/** A broker in the scope: its arena goes back when it has ended. */
const startBroker = (config: StaticConfig, seam: Layer.Layer<Disk | Network>, alone: boolean) =>
  Effect.gen(function* () {
    const lease = yield* Effect.acquireRelease(Effect.sync(leaseArena), ({ giveBack }) => Effect.sync(giveBack))
    const seams = Layer.merge(seam, Layer.succeed(BrokerArena, lease.arena))
    const parts = { codecs, bus, format: alone ? undefined : { clusterId, initial: undefined } }
    const broker = Context.get(yield* Layer.build(layer(config, parts).pipe(Layer.provide(seams))), Broker)
    const { port } = broker.clientListeners[0]!.address
    return { id: broker.nodeId, host, port }
  })

const memoryDisk = () => DiskMemory.layerMemory

const start = ({ brokers = 1, settings = {}, disk = memoryDisk, network = NodeNetwork.layer }: StartOptions) =>
  Effect.gen(function* () {
    const ids = Array.from({ length: brokers }, (_, index) => index + 1)
    const alone = brokers === 1
    const ports = alone ? [] : yield* Effect.forEach(ids, () => freePort)
    const configs = yield* Effect.sync(() => ids.map((id) => configOf(id, ports, settings)))
    const seamOf = (config: StaticConfig) => Layer.merge(Layer.fresh(disk(config.values["node.id"])), network)
    return yield* Effect.forEach(configs, (config) => startBroker(config, seamOf(config), alone), {
      concurrency: "unbounded"
    })
  }).pipe(Effect.provide(NodeNetwork.layer))

const bootstrapOf = (brokers: StartedCluster["brokers"]): string =>
  brokers.map(({ port }) => `${host}:${port}`).join(",")

const createTopics = (brokers: StartedCluster["brokers"], topics: ReadonlyArray<TestTopic>) =>
  createAll(
    topics.map((each) => newTopic(each, brokers.length)).map(({ name, ...creation }) => ({ topic: name, ...creation }))
  ).pipe(Effect.provide(klammLayer({ bootstrap: bootstrapOf(brokers) })))

/** Answers when all brokers serve and the topics are there. */
export const startTestCluster = async (options: StartOptions = {}): Promise<StartedCluster> => {
  const scope = Scope.makeUnsafe("parallel")
  const { topics = [] } = options
  const begun = Effect.tap(start(options), (brokers) =>
    topics.length === 0 ? Effect.void : createTopics(brokers, topics)
  )
  const started = await Effect.runPromiseExit(Scope.provide(begun, scope))
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= Effect.runPromise(Scope.close(scope, Exit.void))
    return stopped
  }
  if (Exit.isFailure(started)) await stop()
  const brokers = await Effect.runPromise(started)
  return { bootstrap: bootstrapOf(brokers), brokers, stop }
}
