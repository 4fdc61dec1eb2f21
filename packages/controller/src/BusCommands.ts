/**
 * The schemas of commands, for the wire: one for each, checked by the compiler against the plain type that is decided. Imported by
 * `Bus.ts` alone, because it brings Schema along.
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type { Command } from "./Controller.ts"

type Tag = Command["_tag"]
type CommandOf<T extends Tag> = Extract<Command, { readonly _tag: T }>

const Ids = Schema.Array(Schema.Int)
const Names = Schema.Array(Schema.String)

/** A map as the pairs in it. */
export const Texts = Schema.Array(Schema.Tuple([Schema.String, Schema.String])).pipe(
  Schema.decodeTo(
    Schema.ReadonlyMap(Schema.String, Schema.String),
    SchemaTransformation.transform<ReadonlyMap<string, string>, ReadonlyArray<readonly [string, string]>>({
      decode: (pairs) => new Map(pairs),
      encode: (map) => [...map]
    })
  )
)

export const Resource = Schema.Struct({ type: Schema.Int, name: Schema.String })

const tag = <T extends Tag>(name: T) => ({ _tag: Schema.Literal(name) })
const broker = { brokerId: Schema.Int, brokerEpoch: Schema.Int }

const Endpoints = Schema.Array(
  Schema.Struct({ name: Schema.String, host: Schema.String, port: Schema.Int, securityProtocol: Schema.Int })
)
const FeatureRanges = Schema.Array(
  Schema.Struct({ name: Schema.String, minSupportedVersion: Schema.Int, maxSupportedVersion: Schema.Int })
)

const RegisterBroker = Schema.Struct({
  ...tag("RegisterBroker"),
  brokerId: Schema.Int,
  clusterId: Schema.String,
  incarnationId: Schema.String,
  endpoints: Endpoints,
  features: FeatureRanges,
  rack: Schema.NullOr(Schema.String),
  logDirs: Names,
  previousBrokerEpoch: Schema.Int
})

const Heartbeat = Schema.Struct({
  ...tag("Heartbeat"),
  ...broker,
  currentMetadataOffset: Schema.Int,
  wantFence: Schema.Boolean,
  wantShutDown: Schema.Boolean,
  offlineLogDirs: Names
})

const RegisterController = Schema.Struct({
  ...tag("RegisterController"),
  controllerId: Schema.Int,
  incarnationId: Schema.String,
  endpoints: Endpoints,
  features: FeatureRanges
})

const UpdateFeatures = Schema.Struct({
  ...tag("UpdateFeatures"),
  updates: Schema.Array(Schema.Struct({ feature: Schema.String, level: Schema.Int, upgradeType: Schema.Int })),
  validateOnly: Schema.Boolean
})

const AlteredPartition = Schema.Struct({
  partitionIndex: Schema.Int,
  leaderEpoch: Schema.Int,
  partitionEpoch: Schema.Int,
  newIsr: Schema.Array(Schema.Struct(broker)),
  leaderRecoveryState: Schema.Int
})

const AlterPartition = Schema.Struct({
  ...tag("AlterPartition"),
  ...broker,
  topics: Schema.Array(Schema.Struct({ topicId: Schema.String, partitions: Schema.Array(AlteredPartition) }))
})

const AlterPartitionReassignments = Schema.Struct({
  ...tag("AlterPartitionReassignments"),
  topics: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      partitions: Schema.Array(Schema.Struct({ partitionIndex: Schema.Int, replicas: Schema.NullOr(Ids) }))
    })
  ),
  allowReplicationFactorChange: Schema.Boolean
})

const ElectLeaders = Schema.Struct({
  ...tag("ElectLeaders"),
  electionType: Schema.Int,
  topicPartitions: Schema.NullOr(Schema.Array(Schema.Struct({ topic: Schema.String, partitions: Ids })))
})

const AssignReplicasToDirs = Schema.Struct({
  ...tag("AssignReplicasToDirs"),
  ...broker,
  directories: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      topics: Schema.Array(
        Schema.Struct({
          topicId: Schema.String,
          partitions: Schema.Array(Schema.Struct({ partitionIndex: Schema.Int }))
        })
      )
    })
  )
})

const NewTopic = Schema.Struct({
  name: Schema.String,
  numPartitions: Schema.Int,
  replicationFactor: Schema.Int,
  assignments: Schema.Array(Schema.Struct({ partitionIndex: Schema.Int, brokerIds: Ids })),
  configs: Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.NullOr(Schema.String) })),
  topicId: Schema.String
})

const CreateTopics = Schema.Struct({
  ...tag("CreateTopics"),
  topics: Schema.Array(NewTopic),
  validateOnly: Schema.Boolean,
  placementSeed: Schema.Int
})

const CreatePartitions = Schema.Struct({
  ...tag("CreatePartitions"),
  topics: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      count: Schema.Int,
      assignments: Schema.NullOr(Schema.Array(Schema.Struct({ brokerIds: Ids })))
    })
  ),
  validateOnly: Schema.Boolean,
  placementSeed: Schema.Int
})

const DeleteTopics = Schema.Struct({
  ...tag("DeleteTopics"),
  topics: Schema.Array(Schema.Union([Schema.Struct({ name: Schema.String }), Schema.Struct({ id: Schema.String })]))
})

const Operation = Schema.Struct({
  name: Schema.String,
  operation: Schema.Int,
  value: Schema.NullOr(Schema.String)
})

const AlterConfigs = Schema.Struct({
  ...tag("AlterConfigs"),
  resources: Schema.Array(
    Schema.Struct({
      resource: Resource,
      change: Schema.Union([
        Schema.Struct({ _tag: Schema.Literal("Incremental"), operations: Schema.Array(Operation) }),
        Schema.Struct({ _tag: Schema.Literal("Replace"), configs: Texts })
      ])
    })
  ),
  validateOnly: Schema.Boolean
})

/** By tag: none may be missing. */
const commands = {
  Bootstrap: Schema.Struct(tag("Bootstrap")),
  Expire: Schema.Struct(tag("Expire")),
  BalanceLeaders: Schema.Struct(tag("BalanceLeaders")),
  ElectUncleanLeaders: Schema.Struct(tag("ElectUncleanLeaders")),
  RegisterBroker,
  Heartbeat,
  BrokerLost: Schema.Struct({ ...tag("BrokerLost"), ...broker }),
  UnregisterBroker: Schema.Struct({ ...tag("UnregisterBroker"), brokerId: Schema.Int }),
  RegisterController,
  UnregisterController: Schema.Struct({ ...tag("UnregisterController"), controllerId: Schema.Int }),
  UpdateFeatures,
  AlterPartition,
  AlterPartitionReassignments,
  ElectLeaders,
  AssignReplicasToDirs,
  CreateTopics,
  DeleteTopics,
  CreatePartitions,
  AlterConfigs,
  AllocateProducerIds: Schema.Struct({ ...tag("AllocateProducerIds"), ...broker })
} satisfies { readonly [T in Tag]: Schema.Codec<CommandOf<T>, unknown> }

export const CommandSchema = Schema.Union(Object.values(commands))
