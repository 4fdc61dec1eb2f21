/**
 * The schemas of replies, for the wire: one for each command, checked by the compiler against the plain type that is answered. Imported
 * by `Bus.ts` alone, because it brings Schema along.
 */
import * as Schema from "effect/Schema"
import { Resource, Texts } from "./BusCommands.ts"
import type { Replies } from "./Controller.ts"

const failed = { errorCode: Schema.Int, message: Schema.NullOr(Schema.String) }
const Failure = Schema.Struct(failed)
const errorCode = Schema.Int

const PartitionAltered = Schema.Struct({
  partitionIndex: Schema.Int,
  errorCode,
  leaderId: Schema.Int,
  leaderEpoch: Schema.Int,
  isr: Schema.Array(Schema.Int),
  leaderRecoveryState: Schema.Int,
  partitionEpoch: Schema.Int
})

const AlterPartition = Schema.Struct({
  errorCode,
  topics: Schema.Array(Schema.Struct({ topicId: Schema.String, partitions: Schema.Array(PartitionAltered) }))
})

const AlterPartitionReassignments = Schema.Struct({
  ...failed,
  topics: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      partitions: Schema.Array(Schema.Struct({ partitionIndex: Schema.Int, ...failed }))
    })
  )
})

const ElectLeaders = Schema.Struct({
  errorCode,
  topics: Schema.Array(
    Schema.Struct({
      topic: Schema.String,
      partitions: Schema.Array(Schema.Struct({ partitionId: Schema.Int, ...failed }))
    })
  )
})

const AssignReplicasToDirs = Schema.Struct({
  errorCode,
  directories: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      topics: Schema.Array(
        Schema.Struct({
          topicId: Schema.String,
          partitions: Schema.Array(Schema.Struct({ partitionIndex: Schema.Int, errorCode }))
        })
      )
    })
  )
})

const CreatedTopic = Schema.Struct({
  ...failed,
  name: Schema.String,
  topicId: Schema.String,
  numPartitions: Schema.Int,
  replicationFactor: Schema.Int,
  configs: Texts
})

const DeletedTopic = Schema.Struct({ ...failed, name: Schema.NullOr(Schema.String), topicId: Schema.String })

/** By the tag of the command: none may be missing. */
const replies = {
  Bootstrap: Failure,
  Expire: Failure,
  BalanceLeaders: Failure,
  ElectUncleanLeaders: Failure,
  RegisterBroker: Schema.Struct({ ...failed, brokerEpoch: Schema.Int }),
  Heartbeat: Schema.Struct({
    ...failed,
    isCaughtUp: Schema.Boolean,
    isFenced: Schema.Boolean,
    shouldShutDown: Schema.Boolean
  }),
  BrokerLost: Failure,
  UnregisterBroker: Failure,
  RegisterController: Failure,
  UnregisterController: Failure,
  UpdateFeatures: Failure,
  AlterPartition,
  AlterPartitionReassignments,
  ElectLeaders,
  AssignReplicasToDirs,
  CreateTopics: Schema.Array(CreatedTopic),
  DeleteTopics: Schema.Array(DeletedTopic),
  CreatePartitions: Schema.Array(Schema.Struct({ ...failed, name: Schema.String })),
  AlterConfigs: Schema.Array(Schema.Struct({ ...failed, resource: Resource })),
  AllocateProducerIds: Schema.Struct({ ...failed, firstId: Schema.Int, length: Schema.Int })
} satisfies { readonly [T in keyof Replies]: Schema.Codec<Replies[T], unknown> }

const tagged = <T extends keyof typeof replies>(name: T) =>
  Schema.Struct({ _tag: Schema.Literal(name), value: replies[name] })

export const ReplySchema = Schema.Union([
  tagged("Bootstrap"),
  tagged("Expire"),
  tagged("BalanceLeaders"),
  tagged("ElectUncleanLeaders"),
  tagged("RegisterBroker"),
  tagged("Heartbeat"),
  tagged("BrokerLost"),
  tagged("UnregisterBroker"),
  tagged("RegisterController"),
  tagged("UnregisterController"),
  tagged("UpdateFeatures"),
  tagged("AlterPartition"),
  tagged("AlterPartitionReassignments"),
  tagged("ElectLeaders"),
  tagged("AssignReplicasToDirs"),
  tagged("CreateTopics"),
  tagged("DeleteTopics"),
  tagged("CreatePartitions"),
  tagged("AlterConfigs"),
  tagged("AllocateProducerIds")
])
