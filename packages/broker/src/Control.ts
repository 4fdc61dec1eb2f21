/**
 * The half of a node that every node has: its part in the quorum, the metadata as it follows it, and a way to ask the controller.
 * Neighbour: `Node.ts`, the half of a broker.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import type { ControllerNode } from "@klamm/controller"
import { Brokers, type Image } from "@klamm/metadata"
import { Network } from "@klamm/platform/Network"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { BrokerArena } from "./BrokerArena.ts"
import * as BrokerWatch from "./BrokerWatch.ts"
import * as ControllerClient from "./ControllerClient.ts"
import { LiveConfig } from "./LiveConfig.ts"
import * as MetadataFollower from "./MetadataFollower.ts"
import * as Peers from "./Peers.ts"
import * as Quorum from "./Quorum.ts"
import type { ControlServices } from "./Services.ts"
import type { Storage } from "./Storage.ts"
import { NodeWitness } from "./Witness.ts"

export interface ControlOptions {
  readonly config: StaticConfig
  readonly storage: Storage
  readonly bus: Effect.Effect<Peers.Bus>
  readonly onFatal: Quorum.QuorumOptions["onFatal"]
}

export interface Control {
  readonly controller: ControllerNode.ControllerNode
  readonly live: LiveConfig
  readonly follower: MetadataFollower.MetadataFollower
  readonly peers: Peers.Peers
  readonly services: ControlServices
  /** Asks like `services.controller`, on a connection that nothing else waits on, and without following as far as the answer. */
  readonly heartbeats: ControllerClient.ControllerClient
  /** Ends this node's part in the quorum: what it has published stays, and nothing is decided or followed any more. */
  readonly endQuorum: Effect.Effect<void>
}

/** Starts the quorum and what rests on it; the follower is started by whoever knows what to do with an image. */
export const make = ({ config, storage, bus, onFatal }: ControlOptions) =>
  Effect.gen(function* () {
    const nodeId = config.values["node.id"]
    const peers = yield* Peers.make(config, yield* BrokerArena, bus)
    const witness = yield* NodeWitness
    const failing: typeof onFatal = (cause) => Effect.andThen(Effect.sync(witness.quorumFailed), onFatal(cause))
    const { controller, end } = yield* Quorum.make({ config, storage, peers, onFatal: failing })
    const live = new LiveConfig(config, nodeId, controller.image())
    const follower = MetadataFollower.make(controller, live)
    const clientOn = (channels: Peers.Peers["controller"], awaitOffset: (offset: number) => Effect.Effect<void>) =>
      ControllerClient.make({
        nodeId,
        node: controller,
        remote: (to, command, timeoutMs) =>
          Effect.flatMap(peers.bus, ({ ask }) => ask(channels)(to, command, timeoutMs)),
        awaitOffset
      })
    const services: ControlServices = {
      nodeId,
      clusterId: storage.clusterId,
      staticConfig: config,
      config: () => live.snapshot,
      cluster: follower.cluster,
      topicConfig: (topicName) => live.topicConfig(topicName),
      controller: clientOn(peers.controller, follower.awaitOffset),
      quorum: { node: controller.raft, channels: peers.controller }
    }
    const control: Control = {
      controller,
      live,
      follower,
      peers,
      services,
      heartbeats: clientOn(peers.heartbeats, () => Effect.void),
      endQuorum: end
    }
    witness.control(control)
    return control
  })

/** Waits until the committed metadata of this node, followed or not, is so; answers where it has come to by then. */
const awaitImageThat = ({ controller }: Control, holds: (image: Image.Image) => boolean): Effect.Effect<number> =>
  Effect.callback<number>((resume) => {
    const now = controller.image()
    if (holds(now)) return resume(Effect.succeed(now.offset))
    const stop = controller.watch((image) => {
      if (!holds(image)) return
      stop()
      resume(Effect.succeed(image.offset))
    })
    return Effect.sync(stop)
  })

export const awaitImage = (control: Control, offset: number): Effect.Effect<number> =>
  awaitImageThat(control, (image) => image.offset >= offset)

/** Waits until what clients are told of the metadata has this broker in use: before, they would hear of no broker, and of no leader. */
export const awaitUnfenced = (control: Control): Effect.Effect<void> => {
  const { nodeId } = control.services
  const isUnfenced = ({ brokers }: Image.Image) => Brokers.get(brokers, nodeId)?.fenced === false
  return Effect.flatMap(awaitImageThat(control, isUnfenced), control.follower.awaitOffset)
}

/** The other brokers in use, with where brokers reach one another. */
const othersOf = (image: Image.Image, nodeId: number, listenerName: string): ReadonlyArray<BrokerWatch.Watched> =>
  Brokers.all(image.brokers).flatMap(({ id, epoch, fenced, endpoints }) => {
    const address = endpoints.find(({ name }) => name === listenerName)
    return id === nodeId || fenced || address === undefined ? [] : [{ id, epoch, address }]
  })

/** While this node decides, it watches the other brokers' processes; until the scope ends. */
export const watchBrokers = ({ controller, services, peers }: Control) =>
  Effect.gen(function* () {
    const { nodeId, staticConfig } = services
    const listenerName = staticConfig.endpoints.interBrokerListenerName
    const watch = yield* BrokerWatch.make({
      network: yield* Network,
      connection: peers.connection,
      connectTimeoutMs: staticConfig.values["socket.connection.setup.timeout.ms"],
      lost: ({ id, epoch }) =>
        Effect.andThen(
          Effect.logInfo(`broker ${id} is gone: its address refuses connections`),
          controller.submit({ _tag: "BrokerLost", brokerId: id, brokerEpoch: epoch })
        )
    })
    let active = controller.isActive()
    const news = yield* Queue.sliding<void>(1)
    const stops = [
      controller.watch(() => void Queue.offerUnsafe(news, undefined)),
      controller.watchActive((now) => {
        active = now
        Queue.offerUnsafe(news, undefined)
      })
    ]
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const stop of stops) stop()
      })
    )
    const look = Effect.suspend(() => watch.watch(active ? othersOf(controller.image(), nodeId, listenerName) : []))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(look, Queue.take(news))))
  })
