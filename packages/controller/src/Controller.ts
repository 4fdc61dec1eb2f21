/**
 * The decider of the cluster: command → records and reply. One decision, one file; here they only meet. Invariant: pure; all that
 * a decision needs from chance or the world comes inside its command.
 *
 * A record that says nothing new (Kafka's NoOpRecord, every metadata.max.idle.interval.ms) is not written: it would tell a voter that
 * its peers still follow, which raft learns from their fetches, and cost a sync twice a second for nothing.
 */
import type { Decider } from "@klamm/actor"
import { type MetadataRecord, type MetadataRecordInput, normalize } from "@klamm/metadata"
import { type AlterConfigs, alterConfigs, type ConfigsAltered } from "./AlterConfigs.ts"
import { type AlterPartition, alterPartition, type PartitionsAltered } from "./AlterPartition.ts"
import { type Failure, ok } from "./Answer.ts"
import { type AssignReplicasToDirs, assignReplicasToDirs, type ReplicasAssigned } from "./AssignReplicasToDirs.ts"
import { type RegisterBroker, type Registered, register } from "./BrokerRegistry.ts"
import {
  type RegisterController,
  registerController,
  type UnregisterController,
  unregisterController
} from "./ControllerRegistry.ts"
import { type CreatePartitions, createPartitions, type PartitionsCreated } from "./CreatePartitions.ts"
import { type CreatedTopic, type CreateTopics, createTopics } from "./CreateTopics.ts"
import { type DeletedTopic, type DeleteTopics, deleteTopics } from "./DeleteTopics.ts"
import { type ElectLeaders, electLeaders, type LeadersElected } from "./ElectLeaders.ts"
import * as Features from "./Features.ts"
import { type Heartbeat, type HeartbeatAnswer, heartbeat } from "./Heartbeats.ts"
import {
  type BalanceLeaders,
  balanceLeaders,
  type ElectUncleanLeaders,
  electUncleanLeaders,
  firstChecks
} from "./LeaderElections.ts"
import { type AllocateProducerIds, allocateProducerIds, type ProducerIdBlock } from "./ProducerIds.ts"
import { type AlterPartitionReassignments, alterPartitionReassignments, type ReassignmentsAltered } from "./Reassign.ts"
import { type BrokerLost, expire, loseBroker, nextSessionEnd } from "./Sessions.ts"
import { type ControllerState, replay, type Settings } from "./State.ts"
import { type UnregisterBroker, unregisterBroker } from "./UnregisterBroker.ts"
import { type UpdateFeatures, updateFeatures } from "./UpdateFeatures.ts"

/** The first command of each leader: the feature levels of a new cluster. Those that are there stay as they are. */
export interface Bootstrap {
  readonly _tag: "Bootstrap"
}
/** A broker's session may have ended. */
interface Expire {
  readonly _tag: "Expire"
}

/** What each command is answered with. */
export interface Replies {
  readonly Bootstrap: Failure
  readonly Expire: Failure
  readonly BalanceLeaders: Failure
  readonly ElectUncleanLeaders: Failure
  readonly RegisterBroker: Registered
  readonly Heartbeat: HeartbeatAnswer
  readonly BrokerLost: Failure
  readonly UnregisterBroker: Failure
  readonly RegisterController: Failure
  readonly UnregisterController: Failure
  readonly UpdateFeatures: Failure
  readonly AlterPartition: PartitionsAltered
  readonly AlterPartitionReassignments: ReassignmentsAltered
  readonly ElectLeaders: LeadersElected
  readonly AssignReplicasToDirs: ReplicasAssigned
  readonly CreateTopics: ReadonlyArray<CreatedTopic>
  readonly DeleteTopics: ReadonlyArray<DeletedTopic>
  readonly CreatePartitions: ReadonlyArray<PartitionsCreated>
  readonly AlterConfigs: ReadonlyArray<ConfigsAltered>
  readonly AllocateProducerIds: ProducerIdBlock
}

export type Command =
  | Bootstrap
  | Expire
  | BalanceLeaders
  | ElectUncleanLeaders
  | RegisterBroker
  | Heartbeat
  | BrokerLost
  | UnregisterBroker
  | RegisterController
  | UnregisterController
  | UpdateFeatures
  | AlterPartition
  | AlterPartitionReassignments
  | ElectLeaders
  | AssignReplicasToDirs
  | CreateTopics
  | DeleteTopics
  | CreatePartitions
  | AlterConfigs
  | AllocateProducerIds

type Tag = Command["_tag"]
type CommandOf<T extends Tag> = Extract<Command, { readonly _tag: T }>

/** A reply with the tag of its command, so that the asker gets the one that belongs. */
export type TaggedReply = { [T in Tag]: { readonly _tag: T; readonly value: Replies[T] } }[Tag]

export interface ControllerOptions extends Settings {
  readonly clusterId: string
  readonly sessionTimeoutMs: number
}

interface Decided<T extends Tag> {
  readonly records: ReadonlyArray<MetadataRecordInput>
  readonly reply: Replies[T]
  readonly note?: (state: ControllerState) => ControllerState
}

/** All that a decision may look at, beside its command. */
interface Deciding {
  readonly state: ControllerState
  readonly options: ControllerOptions
  readonly now: number
  /** The offset of the decision's first record. */
  readonly nextOffset: number
}

const newCluster = ({ state, options }: Deciding): ReadonlyArray<MetadataRecordInput> => {
  const { values } = options.snapshot(state.image)
  return [...Features.bootstrap, ...Features.readyForElrs(state.image, values["min.insync.replicas"])]
}

const bootstrap = (deciding: Deciding): Decided<"Bootstrap"> => ({
  records: deciding.state.image.features.size === 0 ? newCluster(deciding) : [],
  reply: ok,
  note: (noted) => ({ ...noted, checks: firstChecks(noted, deciding.options, deciding.now) })
})

type Decisions = { readonly [T in Tag]: (deciding: Deciding, command: CommandOf<T>) => Decided<T> }

const decisions: Decisions = {
  Bootstrap: bootstrap,
  Expire: ({ state, options, now }) => expire(state, options, options.sessionTimeoutMs, now),
  BalanceLeaders: ({ state, options, now }) => balanceLeaders(state, options, now),
  ElectUncleanLeaders: ({ state, options, now }) => electUncleanLeaders(state, options, now),
  RegisterBroker: ({ state, options, now, nextOffset }, command) => register(state, options, command, now, nextOffset),
  Heartbeat: ({ state, options, now, nextOffset }, command) => heartbeat(state, options, command, now, nextOffset),
  BrokerLost: ({ state, options }, command) => loseBroker(state, options, command),
  UnregisterBroker: ({ state, options }, command) => unregisterBroker(state, options, command),
  RegisterController: ({ state }, command) => registerController(state, command),
  UnregisterController: ({ state }, command) => unregisterController(state, command),
  UpdateFeatures: ({ state, options }, command) => updateFeatures(state, options, command),
  AlterPartition: ({ state, options }, command) => alterPartition(state, options, command),
  AlterPartitionReassignments: ({ state, options }, command) => alterPartitionReassignments(state, options, command),
  ElectLeaders: ({ state, options }, command) => electLeaders(state, options, command),
  AssignReplicasToDirs: ({ state, options }, command) => assignReplicasToDirs(state, options, command),
  CreateTopics: ({ state, options }, command) => createTopics(state, options, command),
  DeleteTopics: ({ state }, command) => deleteTopics(state, command),
  CreatePartitions: ({ state }, command) => createPartitions(state, command),
  AlterConfigs: ({ state, options }, command) => alterConfigs(state, options, command),
  AllocateProducerIds: ({ state }, command) => allocateProducerIds(state, command)
}

const decide = <T extends Tag>(deciding: Deciding, tag: T, command: CommandOf<T>) => {
  const { records, reply, note } = decisions[tag](deciding, command)
  // As they will be read back, so that the decider replays what the log will say.
  const normal = records.map(normalize)
  return { records: normal, reply: { _tag: tag, value: reply } as TaggedReply, ...(note === undefined ? {} : { note }) }
}

const wakeAt = (state: ControllerState, { sessionTimeoutMs }: ControllerOptions): number => {
  const { balanceAt, uncleanAt } = state.checks ?? {
    balanceAt: Number.POSITIVE_INFINITY,
    uncleanAt: Number.POSITIVE_INFINITY
  }
  return Math.min(nextSessionEnd(state, sessionTimeoutMs), balanceAt, uncleanAt)
}

/** What is due: sessions first. */
const due = (state: ControllerState, { sessionTimeoutMs }: ControllerOptions, now: number): Command => {
  if (state.checks === undefined || nextSessionEnd(state, sessionTimeoutMs) <= now) return { _tag: "Expire" }
  return state.checks.balanceAt <= state.checks.uncleanAt ? { _tag: "BalanceLeaders" } : { _tag: "ElectUncleanLeaders" }
}

export const controller = (
  options: ControllerOptions
): Decider<ControllerState, Command, MetadataRecord, TaggedReply> => ({
  decide: (state, command, now, nextOffset) => decide({ state, options, now, nextOffset }, command._tag, command),
  replay,
  wakeAt: (state) => wakeAt(state, options),
  onWake: (state, now) => due(state, options, now)
})
