/**
 * The broker as a Layer: everything of one node, needing only a disk and a network.
 *
 * Invariants: nothing is served before this broker is registered, unfenced and has followed the metadata so far; it ends in the
 * opposite order: connections, leaderships, logs, and the mark of a clean stop last. A fault that it can't go on with ends `failed`.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { ControllerNode, SnapshotGenerator } from "@klamm/controller"
import type { Disk } from "@klamm/platform"
import type { Address, Network } from "@klamm/platform/Network"
import type { Codecs } from "@klamm/protocol/Compression"
import { RaftNode } from "@klamm/raft"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as BrokerLifecycle from "./BrokerLifecycle.ts"
import type { BrokerFailure } from "./Failure.ts"
import { makeHandlers } from "./handlers/index.ts"
import { LiveConfig, snapshotOf } from "./LiveConfig.ts"
import * as Node from "./Node.ts"
import { BrokerArena } from "./ProcessArena.ts"
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
    /** Where clients are served. */
    readonly listeners: ReadonlyArray<BoundListener>
    /** Never ends while the broker can go on. */
    readonly failed: Effect.Effect<never, BrokerFailure>
  }
>()("broker/Broker") {}

type Failed = Deferred.Deferred<never, BrokerFailure>

const startController = (config: StaticConfig, storage: Storage.Storage, failed: Failed) =>
  Effect.gen(function* () {
    const { values } = config
    const nodeId = values["node.id"]
    const controller = yield* ControllerNode.make({
      controller: {
        clusterId: storage.clusterId,
        sessionTimeoutMs: values["broker.session.timeout.ms"],
        snapshot: (image) => snapshotOf(config, nodeId, image)
      },
      raft: {
        ...RaftNode.alone(nodeId),
        clusterId: storage.clusterId,
        log: storage.metadataLog,
        onFatal: (cause) =>
          Effect.andThen(Effect.logError("the metadata quorum has stopped", cause), Deferred.failCause(failed, cause))
      }
    })
    const settings = {
      maxBytes: values["metadata.log.max.record.bytes.between.snapshots"],
      maxIntervalMs: values["metadata.log.max.snapshot.interval.ms"]
    }
    const snapshots = SnapshotGenerator.run(controller, () => settings)
    yield* Effect.forkScoped(Effect.catch(snapshots, (error) => Deferred.fail(failed, error)))
    return controller
  })

/** Starts in an order in which each finds what it needs; answers the service and how to stop it in good order. */
const start = (config: StaticConfig, codecs: Codecs, failed: Failed) =>
  Effect.gen(function* () {
    const storage = yield* Storage.open(config)
    const controller = yield* startController(config, storage, failed)
    const live = new LiveConfig(config, config.values["node.id"], controller.image())
    const node = yield* Node.make({ config, live, codecs, storage, controller, failed })
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const ready = yield* Deferred.make<void>()
    const serving = yield* Scope.provide(
      Serving.make(config, () => live.snapshot, yield* BrokerArena),
      scope
    )
    const listening = serving.listen(
      Serving.clientEndpoints(config),
      makeHandlers(node.services),
      Deferred.await(ready)
    )
    const listeners = yield* Scope.provide(listening, scope)
    const lifecycle = yield* BrokerLifecycle.make({
      registration: Node.registration(config, storage, listeners),
      controller: node.services.controller,
      metadataOffset: () => node.follower.image().offset,
      heartbeatIntervalMs: () => node.services.config().values["broker.heartbeat.interval.ms"]
    })
    node.setBrokerEpoch(lifecycle.epoch)
    yield* Deferred.succeed(ready, undefined)
    const stop = Effect.gen(function* () {
      yield* Scope.close(scope, Exit.void)
      if (!(yield* Deferred.isDone(failed))) yield* lifecycle.leave
      yield* node.replicas.stop(lifecycle.epoch())
    })
    const service: Broker["Service"] = {
      nodeId: config.values["node.id"],
      clusterId: storage.clusterId,
      directories: storage.directories.map(({ path }) => path),
      fresh: storage.fresh,
      listeners,
      failed: Deferred.await(failed)
    }
    return { service, stop }
  })

/** Everything lives in a scope of its own, so that it is taken down in our order and not in that of its making. */
const make = (config: StaticConfig, codecs: Codecs) =>
  Effect.gen(function* () {
    const refusal = unsupported(config)
    if (refusal !== undefined) return yield* Effect.fail<BrokerFailure>(refusal)
    const failed = yield* Deferred.make<never, BrokerFailure>()
    const scope = yield* Scope.make()
    const begun = Scope.provide(start(config, codecs, failed), scope)
    const { service, stop } = yield* Effect.onError(begun, () => Scope.close(scope, Exit.void))
    yield* Effect.addFinalizer(() => Effect.andThen(stop, Scope.close(scope, Exit.void)))
    return service
  })

/** One node: broker, controller and the quorum's only voter. */
export const layer = (config: StaticConfig, codecs: Codecs): Layer.Layer<Broker, BrokerFailure, Disk | Network> =>
  Layer.effect(Broker, make(config, codecs))
