/**
 * This node's part in the metadata quorum: a voter, or an observer that only follows; with the controller on top of it, which
 * decides while this node leads. Invariants: a node that stops for good hands the leadership over first; nothing of this touches the metadata
 * log once `end` is over, so that its files can be closed.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { ControllerNode, SnapshotGenerator } from "@klamm/controller"
import type { CorruptLog } from "@klamm/log/LogError"
import type { DiskError } from "@klamm/platform"
import { type QuorumSettings, type RaftNode, VoterSet } from "@klamm/raft"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { snapshotOf } from "./LiveConfig.ts"
import type { Peers } from "./Peers.ts"
import { bootstrapServers, isAlone, staticVoters } from "./QuorumConfig.ts"
import type { Storage } from "./Storage.ts"

export interface QuorumOptions {
  readonly config: StaticConfig
  readonly storage: Storage
  readonly peers: Peers
  /** The metadata log or its disk can't be trusted any more. */
  readonly onFatal: (cause: Cause.Cause<DiskError | CorruptLog>) => Effect.Effect<void>
}

const settingsOf = ({ values }: StaticConfig): QuorumSettings => ({
  electionTimeoutMs: values["controller.quorum.election.timeout.ms"],
  electionBackoffMaxMs: values["controller.quorum.election.backoff.max.ms"],
  fetchTimeoutMs: values["controller.quorum.fetch.timeout.ms"],
  requestTimeoutMs: values["controller.quorum.request.timeout.ms"],
  retryBackoffMs: values["controller.quorum.retry.backoff.ms"],
  fetchMaxBytes: values["controller.quorum.fetch.max.bytes"],
  fetchSnapshotMaxBytes: values["controller.quorum.fetch.snapshot.max.bytes"]
})

/** Where the others reach this node's controller; none on a node without one. */
const endpointsOf = ({ endpoints }: StaticConfig): ReadonlyArray<VoterSet.VoterEndpoint> =>
  endpoints.advertisedController.map(({ name, host, port }) => ({ name, host: host === "" ? "localhost" : host, port }))

/** Those of the configuration; none where the metadata log names them. */
const votersOf = (config: StaticConfig): VoterSet.VoterSet => {
  const configured = staticVoters(config)
  const listenerName = config.endpoints.controllerListenerNames[0] ?? ""
  if (configured.length > 0) return VoterSet.configured(configured, listenerName)
  if (!isAlone(config)) return VoterSet.empty
  const self = { id: config.values["node.id"], directoryId: VoterSet.noDirectoryId }
  return VoterSet.of([VoterSet.voter(self, endpointsOf(config))])
}

const quorumPeers = ({ bus, quorum }: Peers): RaftNode.QuorumPeers => {
  const peers = Effect.map(bus, (loaded) => loaded.quorumPeers(quorum))
  return { send: (to, request, timeoutMs) => Effect.flatMap(peers, ({ send }) => send(to, request, timeoutMs)) }
}

const snapshotSettings = ({ values }: StaticConfig) => ({
  maxBytes: values["metadata.log.max.record.bytes.between.snapshots"],
  maxIntervalMs: values["metadata.log.max.snapshot.interval.ms"],
  retention: { maxBytes: values["metadata.max.retention.bytes"], maxMs: values["metadata.max.retention.ms"] }
})

export interface Quorum {
  readonly controller: ControllerNode.ControllerNode
  /** Ends this node's part in it. */
  readonly end: Effect.Effect<void>
}

const start = ({ config, storage, peers, onFatal }: QuorumOptions) =>
  Effect.gen(function* () {
    const { values } = config
    const nodeId = values["node.id"]
    const random = yield* Random.Random
    const controller = yield* ControllerNode.make({
      controller: {
        clusterId: storage.clusterId,
        sessionTimeoutMs: values["broker.session.timeout.ms"],
        snapshot: (image) => snapshotOf(config, nodeId, image)
      },
      raft: {
        nodeId,
        directoryId: storage.metadataDirectoryId,
        clusterId: storage.clusterId,
        voters: votersOf(config),
        bootstrap: bootstrapServers(config),
        endpoints: endpointsOf(config),
        settings: settingsOf(config),
        autoJoin: values["controller.quorum.auto.join.enable"],
        peers: quorumPeers(peers),
        random: () => random.nextDoubleUnsafe(),
        log: storage.metadataLog,
        onFatal
      }
    })
    const settings = snapshotSettings(config)
    const snapshots = SnapshotGenerator.run(controller, () => settings)
    yield* Effect.forkScoped(Effect.tapCause(snapshots, onFatal))
    return controller
  })

/** Takes part until the scope ends, or before. */
export const make = (options: QuorumOptions) =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope)
    const quorum: Quorum = {
      controller: yield* Scope.provide(start(options), scope),
      end: Scope.close(scope, Exit.void)
    }
    return quorum
  })
