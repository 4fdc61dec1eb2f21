/**
 * The node as a Layer: everything of a broker, a controller or both, needing only a disk and a network.
 *
 * Invariants: nothing is served to clients before this broker is registered, unfenced and has followed the metadata so far; it ends in
 * good order: leaderships, connections, its lead of the quorum, logs, and the mark of a clean stop last. A fault that it can't go on
 * with ends `failed`.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { roles } from "@klamm/config/Derived"
import type { Disk } from "@klamm/platform"
import { hasBug } from "@klamm/platform/Bugs"
import type { Address, Network } from "@klamm/platform/Network"
import { NodeTelemetry, Telemetry } from "@klamm/platform/Telemetry"
import type { Codecs } from "@klamm/protocol/Compression"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { BrokerArena } from "./BrokerArena.ts"
import * as BrokerLifecycle from "./BrokerLifecycle.ts"
import * as Control from "./Control.ts"
import * as ControllerLifecycle from "./ControllerLifecycle.ts"
import type { BrokerFailure } from "./Failure.ts"
import { format, type InitialQuorum } from "./Format.ts"
import { controllerHandlers, makeHandlers } from "./handlers/index.ts"
import * as Node from "./Node.ts"
import { lazyHandlers } from "./PeerKeys.ts"
import type { Bus } from "./Peers.ts"
import * as Serving from "./Serving.ts"
import * as Storage from "./Storage.ts"
import { unsupported } from "./Supported.ts"

export interface BoundListener {
  readonly name: string
  readonly address: Address
}

export class Broker extends Context.Service<
  Broker,
  {
    readonly nodeId: number
    readonly clusterId: string
    /** The log directories. */
    readonly directories: ReadonlyArray<string>
    /** There was no data before. */
    readonly fresh: boolean
    /** Where clients and other brokers are served; none on a node that is only a controller. */
    readonly clientListeners: ReadonlyArray<BoundListener>
    /** Where other nodes reach this one's controller; none on a node that is only a broker. */
    readonly controllerListeners: ReadonlyArray<BoundListener>
    /** What this node measures of itself. */
    readonly telemetry: Telemetry
    /** Never ends while the node can go on. */
    readonly failed: Effect.Effect<never, BrokerFailure>
  }
>()("broker/Broker") {}

/** As `klamm storage format` is told. */
export interface FormatParts {
  readonly clusterId: string
  /** The first voters, of a cluster whose metadata log records them. */
  readonly initial: InitialQuorum | undefined
}

export interface NodeParts {
  readonly codecs: Codecs
  /** What nodes say to one another (`@klamm/broker/Bus`), loaded when it is first needed. */
  readonly bus: Effect.Effect<Bus>
  /** What a node without data is made with; one that has data is checked against it. */
  readonly format?: FormatParts | undefined
}

type Failed = Deferred.Deferred<never, BrokerFailure>

/** What stops a part of the node, in good order. */
type Stop = Effect.Effect<void>

/** Serves the other controllers, and whoever asks this node's. */
const serveControllers = (control: Control.Control, serving: Serving.Serving) =>
  Effect.gen(function* () {
    const { controller, peers, services } = control
    const scope = yield* Effect.scope
    const load = Effect.cached(
      Effect.map(peers.bus, (bus) => new Map(bus.handlers(controller, scope).map((each) => [each.key, each])))
    )
    const handlers = [...controllerHandlers(services), ...lazyHandlers(yield* load)]
    yield* Control.watchBrokers(control)
    return yield* serving.listen(Serving.controllerEndpoints(services.staticConfig), handlers, Effect.void)
  })

/** Registers this node's controller, with the addresses it is reached at. */
const makeKnown = ({ services }: Control.Control, listeners: ReadonlyArray<BoundListener>, failed: Failed) => {
  const known = ControllerLifecycle.register(services.nodeId, listeners, services.controller)
  return Effect.forkScoped(Effect.catch(known, (refused) => Deferred.fail(failed, refused)))
}

/** A broker's half: answers where clients are served, how to leave the cluster, and how to close what is stored. */
const serveClients = (
  { codecs }: NodeParts,
  storage: Storage.Storage,
  control: Control.Control,
  serving: Serving.Serving,
  failed: Failed
) =>
  Effect.gen(function* () {
    const { staticConfig } = control.services
    let brokerEpoch = -1
    const failedDirectories = yield* Queue.unbounded<string>()
    const node = yield* Node.make({
      control,
      codecs,
      storage,
      brokerEpoch: () => brokerEpoch,
      failedDirectories,
      failed
    })
    const early = hasBug("former-life-followed")
    if (early) yield* node.follow
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const ready = yield* Deferred.make<void>()
    const listening = serving.listen(
      Serving.clientEndpoints(staticConfig),
      makeHandlers(node.services),
      Deferred.await(ready)
    )
    const listeners = yield* Scope.provide(listening, scope)
    const lifecycle = yield* BrokerLifecycle.make({
      registration: Node.registration(staticConfig, storage, listeners),
      controller: control.heartbeats,
      sessionTimeoutMs: staticConfig.values["broker.session.timeout.ms"],
      registered: (epoch) => {
        const first = brokerEpoch === -1 && !early
        brokerEpoch = epoch
        return first ? Effect.andThen(Control.awaitImage(control, epoch), node.follow) : Effect.void
      },
      metadataOffset: () => control.follower.image().offset,
      offlineLogDirs: node.offlineLogDirs,
      failedDirectories,
      failureTimeoutMs: staticConfig.values["log.dir.failure.timeout.ms"],
      onUntold: (failure) => Effect.asVoid(Deferred.fail(failed, failure)),
      registrationTimeoutMs: staticConfig.values["initial.broker.registration.timeout.ms"],
      heartbeatIntervalMs: () => control.services.config().values["broker.heartbeat.interval.ms"]
    })
    yield* Control.awaitUnfenced(control)
    yield* Deferred.succeed(ready, undefined)
    const leave: Stop = Effect.gen(function* () {
      if (!(yield* Deferred.isDone(failed))) yield* lifecycle.leave
      yield* Scope.close(scope, Exit.void)
    })
    return { listeners, leave, closeLogs: Effect.suspend(() => node.replicas.stop(brokerEpoch)) }
  })

/** A controller's half alone follows the metadata for its own sake. */
const followAlone = (control: Control.Control) =>
  Effect.as(
    control.follower.start(() => Effect.void),
    { listeners: [], leave: Effect.void, closeLogs: Effect.void }
  )

/** How long the others may take to learn that this node leads the quorum no more, in milliseconds. */
const resignTimeoutMs = 2_000

/** Starts in an order in which each finds what it needs; answers the service and how to stop it in good order. */
const start = (config: StaticConfig, parts: NodeParts, failed: Failed) =>
  Effect.gen(function* () {
    const formatted =
      parts.format === undefined ? [] : yield* format(config, parts.format.clusterId, parts.format.initial)
    const storage = yield* Storage.open(config)
    const control = yield* Control.make({
      config,
      storage,
      bus: parts.bus,
      onFatal: (cause) =>
        Effect.andThen(
          Effect.logError("the metadata quorum has stopped", cause),
          Effect.asVoid(Deferred.failCause(failed, cause))
        )
    })
    const serving = yield* Serving.make(config, control.services.config, yield* BrokerArena)
    const { broker, controller } = roles(config.values)
    const controllers = controller ? yield* serveControllers(control, serving) : []
    const half = broker ? yield* serveClients(parts, storage, control, serving, failed) : yield* followAlone(control)
    /** Nobody waits for a controller to be known; clients wait for the broker. */
    if (controller) yield* makeKnown(control, controllers, failed)
    const resign = Effect.timeoutOption(control.controller.raft.resign, resignTimeoutMs)
    const service: Broker["Service"] = {
      nodeId: config.values["node.id"],
      clusterId: storage.clusterId,
      directories: storage.directories.map(({ path }) => path),
      fresh: storage.fresh || formatted.some(({ before }) => !before),
      clientListeners: half.listeners,
      controllerListeners: controllers,
      telemetry: yield* NodeTelemetry,
      failed: Deferred.await(failed)
    }
    /** The quorum's log is closed with all others: who leads reads it until it has resigned, and who follows writes it until the end. */
    const end = hasBug("closed-under-the-quorum") ? Effect.void : control.endQuorum
    const leaveQuorum = Effect.andThen(resign, end)
    return { service, stop: Effect.andThen(half.leave, Effect.andThen(leaveQuorum, half.closeLogs)) }
  })

/** Everything lives in a scope of its own, so that it is taken down in our order and not in that of its making. */
const make = (config: StaticConfig, parts: NodeParts) =>
  Effect.gen(function* () {
    const refusal = unsupported(config)
    if (refusal !== undefined) return yield* Effect.fail<BrokerFailure>(refusal)
    const failed = yield* Deferred.make<never, BrokerFailure>()
    const scope = yield* Scope.make()
    /** What fails for good while it is starting ends it too: nothing else would, as the start waits for what will not come. */
    const begun = Effect.raceFirst(Scope.provide(start(config, parts, failed), scope), Deferred.await(failed))
    const { service, stop } = yield* Effect.onError(begun, () => Scope.close(scope, Exit.void))
    yield* Effect.addFinalizer(() => Effect.andThen(stop, Scope.close(scope, Exit.void)))
    return service
  })

/** One node: a broker, a controller, or both. */
export const layer = (config: StaticConfig, parts: NodeParts): Layer.Layer<Broker, BrokerFailure, Disk | Network> =>
  Layer.effect(
    Broker,
    Effect.provideServiceEffect(
      make(config, parts),
      NodeTelemetry,
      Effect.sync(() => new Telemetry())
    )
  )
