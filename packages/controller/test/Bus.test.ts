/** Every question and answer as the wire carries them: what goes in comes out, and what is neither is refused, not thrown. */
import type { Answered } from "@klamm/actor"
import { ChannelError, type Channels } from "@klamm/channel"
import * as Msgpack from "@klamm/platform/Msgpack"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, test } from "vitest"
import * as Bus from "../src/Bus.ts"
import type { Command, TaggedReply } from "../src/index.ts"
import { alterConfigs, createPartitions, createTopics, idOf, morePartitions, registration, topic } from "./support.ts"

const broker = { brokerId: 1, brokerEpoch: 7 }
const failed = { errorCode: 3, message: "no" }

const commands: ReadonlyArray<Command> = [
  { _tag: "Bootstrap" },
  { _tag: "Expire" },
  { _tag: "BalanceLeaders" },
  { _tag: "ElectUncleanLeaders" },
  { ...registration(1), rack: "r" },
  {
    _tag: "Heartbeat",
    ...broker,
    currentMetadataOffset: 2 ** 40,
    wantFence: false,
    wantShutDown: true,
    offlineLogDirs: [idOf(1)]
  },
  { _tag: "BrokerLost", ...broker },
  { _tag: "UnregisterBroker", brokerId: 1 },
  {
    _tag: "RegisterController",
    controllerId: 1,
    incarnationId: idOf(1),
    endpoints: [{ name: "CONTROLLER", host: "h", port: 9, securityProtocol: 0 }],
    features: [{ name: "f", minSupportedVersion: 0, maxSupportedVersion: 1 }]
  },
  { _tag: "UnregisterController", controllerId: 1 },
  { _tag: "UpdateFeatures", updates: [{ feature: "f", level: 1, upgradeType: 1 }], validateOnly: true },
  {
    _tag: "AlterPartition",
    ...broker,
    topics: [
      {
        topicId: idOf(1),
        partitions: [
          {
            partitionIndex: 0,
            leaderEpoch: 1,
            partitionEpoch: 2,
            newIsr: [{ brokerId: 1, brokerEpoch: -1 }],
            leaderRecoveryState: 0
          }
        ]
      }
    ]
  },
  {
    _tag: "AlterPartitionReassignments",
    topics: [
      {
        name: "t",
        partitions: [
          { partitionIndex: 0, replicas: [1] },
          { partitionIndex: 1, replicas: null }
        ]
      }
    ],
    allowReplicationFactorChange: false
  },
  { _tag: "ElectLeaders", electionType: 0, topicPartitions: null },
  { _tag: "ElectLeaders", electionType: 1, topicPartitions: [{ topic: "t", partitions: [0, 1] }] },
  {
    _tag: "AssignReplicasToDirs",
    ...broker,
    directories: [{ id: idOf(1), topics: [{ topicId: idOf(2), partitions: [{ partitionIndex: 0 }] }] }]
  },
  createTopics([
    topic("t", { configs: [{ name: "a", value: null }], assignments: [{ partitionIndex: 0, brokerIds: [1] }] })
  ]),
  { _tag: "DeleteTopics", topics: [{ name: "t" }, { id: idOf(1) }] },
  createPartitions([morePartitions("t", 3), morePartitions("u", 4, [[1]])]),
  alterConfigs([
    {
      resource: { type: 2, name: "t" },
      change: { _tag: "Incremental", operations: [{ name: "a", operation: 0, value: "1" }] }
    },
    { resource: { type: 4, name: "" }, change: { _tag: "Replace", configs: new Map([["a", "1"]]) } }
  ]),
  { _tag: "AllocateProducerIds", ...broker }
]

const replies: ReadonlyArray<TaggedReply> = [
  { _tag: "Bootstrap", value: failed },
  { _tag: "Expire", value: failed },
  { _tag: "BalanceLeaders", value: failed },
  { _tag: "ElectUncleanLeaders", value: failed },
  { _tag: "RegisterBroker", value: { ...failed, brokerEpoch: 5 } },
  { _tag: "Heartbeat", value: { ...failed, isCaughtUp: true, isFenced: false, shouldShutDown: false } },
  { _tag: "BrokerLost", value: failed },
  { _tag: "UnregisterBroker", value: failed },
  { _tag: "RegisterController", value: failed },
  { _tag: "UnregisterController", value: failed },
  { _tag: "UpdateFeatures", value: failed },
  {
    _tag: "AlterPartition",
    value: {
      errorCode: 0,
      topics: [
        {
          topicId: idOf(1),
          partitions: [
            {
              partitionIndex: 0,
              errorCode: 0,
              leaderId: 1,
              leaderEpoch: 2,
              isr: [1],
              leaderRecoveryState: 0,
              partitionEpoch: 3
            }
          ]
        }
      ]
    }
  },
  {
    _tag: "AlterPartitionReassignments",
    value: { ...failed, topics: [{ name: "t", partitions: [{ partitionIndex: 0, ...failed }] }] }
  },
  {
    _tag: "ElectLeaders",
    value: { errorCode: 0, topics: [{ topic: "t", partitions: [{ partitionId: 0, ...failed }] }] }
  },
  {
    _tag: "AssignReplicasToDirs",
    value: {
      errorCode: 0,
      directories: [{ id: idOf(1), topics: [{ topicId: idOf(2), partitions: [{ partitionIndex: 0, errorCode: 0 }] }] }]
    }
  },
  {
    _tag: "CreateTopics",
    value: [
      { ...failed, name: "t", topicId: idOf(1), numPartitions: 1, replicationFactor: 1, configs: new Map([["a", "b"]]) }
    ]
  },
  { _tag: "DeleteTopics", value: [{ ...failed, name: null, topicId: idOf(1) }] },
  { _tag: "CreatePartitions", value: [{ ...failed, name: "t" }] },
  { _tag: "AlterConfigs", value: [{ ...failed, resource: { type: 2, name: "t" } }] },
  { _tag: "AllocateProducerIds", value: { ...failed, firstId: 0, length: 1_000 } }
]

const { request, response } = Bus.AskController

describe("on the wire", () => {
  test.each(commands)("the command $_tag is what it was", (command) => {
    expect(Result.getOrThrow(request.decode(request.encode({ command })))).toEqual({ command })
  })

  test.each(replies)("the reply to $_tag is what it was", (reply) => {
    const answer = { _tag: "Done", reply, offset: 9 } as const
    expect(Result.getOrThrow(response.decode(response.encode(answer)))).toEqual(answer)
  })

  test.each(["NotActive", "Busy"] as const)("so is %s", (_tag) => {
    expect(Result.getOrThrow(response.decode(response.encode({ _tag })))).toEqual({ _tag })
  })

  test.each([
    ["no command", {}],
    ["one of a later release", { command: { _tag: "Teleport" } }],
    ["a field too few", { command: { _tag: "BrokerLost", brokerId: 1 } }],
    ["another type", { command: { _tag: "BrokerLost", brokerId: "1", brokerEpoch: 2 } }],
    ["a part of a number", { command: { _tag: "BrokerLost", brokerId: 1.5, brokerEpoch: 2 } }],
    ["nothing", null]
  ])("%s is a mismatch", (_, value) => {
    const decoded = request.decode(Msgpack.codec(Schema.Unknown).encode(value))
    expect(Result.isFailure(decoded) && decoded.failure.reason).toBe("Mismatch")
  })

  test("what is no MessagePack is malformed", () => {
    const decoded = request.decode(Uint8Array.of(0xc1, 0x00))
    expect(Result.isFailure(decoded) && decoded.failure.reason).toBe("Malformed")
  })
})

/** Channels whose every call is answered so. */
const answering = (answer: Bus.Answer): Channels.Channels => ({
  call: (_, api) => Effect.sync(() => Result.getOrThrow(api.response.decode(response.encode(answer)))),
  request: () => Effect.fail(new ChannelError({ reason: "Refused", address: "a:1" })),
  disconnect: () => Effect.void
})

const asked = (answer: Bus.Answer) => {
  const question = { _tag: "BrokerLost", brokerId: 1, brokerEpoch: 2 } as const
  return Effect.runSync(Effect.result(Bus.ask(answering(answer))({ host: "a", port: 1 }, question, 100)))
}

describe("asking", () => {
  test("gives the reply to the question", () => {
    const done: Bus.Answer = { _tag: "Done", reply: { _tag: "BrokerLost", value: failed }, offset: 3 }
    expect(Result.getOrThrow(asked(done))).toEqual({ _tag: "Done", reply: failed, offset: 3 })
    expect(Result.getOrThrow(asked({ _tag: "NotActive" }))).toEqual({ _tag: "NotActive" })
  })

  test("an answer to another question is malformed", () => {
    const other = asked({ _tag: "Done", reply: { _tag: "Expire", value: failed }, offset: 3 })
    expect(Result.isFailure(other) && other.failure).toMatchObject({ reason: "Malformed", address: "a:1" })
  })

  test("is answered with the tag of the question", () => {
    const submit = () => Effect.succeed<Answered<never>>({ _tag: "Busy" })
    expect(Effect.runSync(Bus.answer({ submit })({ command: { _tag: "Expire" } }))).toEqual({ _tag: "Busy" })
  })
})
