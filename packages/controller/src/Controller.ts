/**
 * The decider of the cluster: command → records and reply. One decision, one file; here they only meet. Invariant: pure; all that
 * a decision needs from chance or the world comes inside its command.
 */
import type { Decider } from "@klamm/actor"
import { type MetadataRecord, type MetadataRecordInput, normalize } from "@klamm/metadata"
import { unreachable } from "@klamm/platform/Invariant"
import { type AlterConfigs, alterConfigs, type ConfigsAltered } from "./AlterConfigs.ts"
import { type Failure, ok } from "./Answer.ts"
import * as BrokerRegistry from "./BrokerRegistry.ts"
import { type CreatePartitions, createPartitions, type PartitionsCreated } from "./CreatePartitions.ts"
import { type CreatedTopic, type CreateTopics, createTopics } from "./CreateTopics.ts"
import { type DeletedTopic, type DeleteTopics, deleteTopics } from "./DeleteTopics.ts"
import * as Features from "./Features.ts"
import { type AllocateProducerIds, allocateProducerIds, type ProducerIdBlock } from "./ProducerIds.ts"
import { type ControllerState, replay, type Settings } from "./State.ts"

/** The first command of a new cluster: its feature levels. Does nothing where they are there. */
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
  readonly RegisterBroker: BrokerRegistry.Registered
  readonly Heartbeat: BrokerRegistry.HeartbeatAnswer
  readonly CreateTopics: ReadonlyArray<CreatedTopic>
  readonly DeleteTopics: ReadonlyArray<DeletedTopic>
  readonly CreatePartitions: ReadonlyArray<PartitionsCreated>
  readonly AlterConfigs: ReadonlyArray<ConfigsAltered>
  readonly AllocateProducerIds: ProducerIdBlock
}

export type Command =
  | Bootstrap
  | Expire
  | BrokerRegistry.RegisterBroker
  | BrokerRegistry.Heartbeat
  | CreateTopics
  | DeleteTopics
  | CreatePartitions
  | AlterConfigs
  | AllocateProducerIds

/** A reply with the tag of its command, so that the asker gets the one that belongs. */
export type TaggedReply = {
  [Tag in keyof Replies]: { readonly _tag: Tag; readonly value: Replies[Tag] }
}[keyof Replies]

export interface ControllerOptions extends Settings {
  readonly clusterId: string
  readonly sessionTimeoutMs: number
}

interface Decided<Tag extends keyof Replies> {
  readonly records: ReadonlyArray<MetadataRecordInput>
  readonly reply: Replies[Tag]
  readonly note?: (state: ControllerState) => ControllerState
}

/** Records as they will be read back, so that the decider replays what the log will say. */
const tagged = <Tag extends keyof Replies>(tag: Tag, { records, reply, note }: Decided<Tag>) => ({
  records: records.map(normalize),
  reply: { _tag: tag, value: reply } as TaggedReply,
  ...(note === undefined ? {} : { note })
})

const bootstrap = (state: ControllerState): Decided<"Bootstrap"> => ({
  records: state.image.features.size === 0 ? Features.bootstrap : [],
  reply: ok
})

const decide = (options: ControllerOptions, state: ControllerState, command: Command, now: number) => {
  switch (command._tag) {
    case "Bootstrap":
      return tagged("Bootstrap", bootstrap(state))
    case "Expire":
      return tagged("Expire", BrokerRegistry.expire(state, options.sessionTimeoutMs, now))
    case "RegisterBroker": {
      const { clusterId, sessionTimeoutMs } = options
      return tagged("RegisterBroker", BrokerRegistry.register(state, command, clusterId, sessionTimeoutMs, now))
    }
    case "Heartbeat":
      return tagged("Heartbeat", BrokerRegistry.heartbeat(state, command, now))
    case "CreateTopics":
      return tagged("CreateTopics", createTopics(state, options, command))
    case "DeleteTopics":
      return tagged("DeleteTopics", deleteTopics(state, command))
    case "CreatePartitions":
      return tagged("CreatePartitions", createPartitions(state, command))
    case "AlterConfigs":
      return tagged("AlterConfigs", alterConfigs(state, options, command))
    case "AllocateProducerIds":
      return tagged("AllocateProducerIds", allocateProducerIds(state, command))
    default:
      return unreachable(command)
  }
}

export const controller = (
  options: ControllerOptions
): Decider<ControllerState, Command, MetadataRecord, TaggedReply> => ({
  decide: (state, command, now) => decide(options, state, command, now),
  replay,
  wakeAt: (state) => BrokerRegistry.nextSessionEnd(state, options.sessionTimeoutMs),
  onWake: { _tag: "Expire" }
})
