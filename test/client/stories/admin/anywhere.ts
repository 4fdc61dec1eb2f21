/** What an administrator does with topics, configurations, the cluster and the groups of old. */
import { assert } from "@effect/vitest"
import * as Admin from "@klamm/client/Admin"
import type { Klamm } from "@klamm/client/Klamm"
import * as Effect from "effect/Effect"
import type { Story } from "../Story.ts"

/** What a cluster does a moment after it has said so. */
export const eventually = <A>(
  look: Admin.Admin<A>,
  isSo: (seen: A) => boolean,
  attempts = 50
): Effect.Effect<A, Admin.AdminError, Klamm> =>
  Effect.flatMap(Effect.result(look), (seen) => {
    if (seen._tag === "Success" && isSo(seen.success)) return Effect.succeed(seen.success)
    if (attempts > 0) return Effect.andThen(Effect.sleep("200 millis"), eventually(look, isSo, attempts - 1))
    return seen._tag === "Failure" ? Effect.fail(seen.failure) : Effect.die(new Error("it never was so"))
  })

/** Any broker may be asked, and one may know of a topic a moment after another. */
const describedAnywhere = (topic: string) => eventually(Admin.describeTopic(topic), () => true)

const partitionsOf = (topic: string) => Effect.map(Admin.describeTopic(topic), ({ partitions }) => partitions.length)

/** Kafka's name of why it is refused. */
export const refusal = (call: Admin.Admin<unknown>): Effect.Effect<string, never, Klamm> =>
  Effect.match(call, { onFailure: ({ codeName }) => codeName, onSuccess: () => "nothing was refused" })

export const withTopic = (topic: string, story: Effect.Effect<void, Admin.AdminError, Klamm>, partitions = 2) =>
  Effect.gen(function* () {
    yield* Admin.createTopics([{ topic, partitions, replicationFactor: 1 }])
    yield* eventually(Admin.describeTopic(topic), (seen) => seen.partitions.every(({ leader }) => leader !== undefined))
    yield* story
    yield* Admin.deleteTopics([topic])
  })

const topics: ReadonlyArray<Story> = [
  {
    name: "a topic is made, described, grown and removed",
    tell: (topic) =>
      Effect.gen(function* () {
        const config = { "retention.ms": "3600000" }
        const [made] = yield* Admin.createTopics([{ topic, partitions: 2, replicationFactor: 1, configs: config }])
        assert.strictEqual(made?.partitions, 2)
        assert.strictEqual(made?.configs["retention.ms"], "3600000")
        const described = yield* eventually(Admin.describeTopic(topic), (seen) => seen.partitions.length === 2)
        assert.strictEqual(described.id, made?.id)
        assert.isFalse(described.isInternal)
        yield* eventually(Admin.listTopics(), (listed) => listed.some(({ name }) => name === topic))
        yield* Admin.createPartitions([{ topic, partitions: 4 }])
        yield* eventually(partitionsOf(topic), (count) => count === 4)
        yield* Admin.deleteTopics([topic])
        yield* eventually(refusal(Admin.describeTopic(topic)), (seen) => seen === "UNKNOWN_TOPIC_OR_PARTITION")
      })
  },
  {
    name: "what can't be done is refused by name",
    tell: (topic) =>
      withTopic(
        topic,
        Effect.gen(function* () {
          assert.strictEqual(yield* refusal(Admin.createTopics([topic])), "TOPIC_ALREADY_EXISTS")
          assert.strictEqual(yield* refusal(Admin.createPartitions([{ topic, partitions: 1 }])), "INVALID_PARTITIONS")
          assert.strictEqual(yield* refusal(Admin.deleteTopics([`${topic}-none`])), "UNKNOWN_TOPIC_OR_PARTITION")
          const wrong = { topic: `${topic}-wrong`, configs: { "retention.ms": "soon" } }
          assert.strictEqual(yield* refusal(Admin.createTopics([wrong])), "INVALID_CONFIG")
          yield* Admin.createTopics([{ topic: `${topic}-dry`, partitions: 1 }], { validateOnly: true })
          assert.strictEqual(yield* refusal(Admin.describeTopic(`${topic}-dry`)), "UNKNOWN_TOPIC_OR_PARTITION")
        })
      )
  },
  {
    name: "offsets of an empty topic are its beginning, and nothing can be removed from it",
    tell: (topic) =>
      withTopic(
        topic,
        Effect.gen(function* () {
          const ends = [0, 1].flatMap((partition) => [
            { topic, partition, at: "earliest" as const },
            { topic, partition, at: "latest" as const }
          ])
          for (const end of ends) {
            const [found] = yield* Admin.listOffsets([end])
            assert.strictEqual(found?.offset, 0)
          }
          const removed = yield* Admin.deleteRecords([{ topic, partition: 0, beforeOffset: -1 }])
          assert.deepStrictEqual(removed, [{ topic, partition: 0, lowWatermark: 0 }])
          const beyond = Admin.deleteRecords([{ topic, partition: 0, beforeOffset: 7 }])
          assert.strictEqual(yield* refusal(beyond), "OFFSET_OUT_OF_RANGE")
        })
      )
  }
]

const configs: ReadonlyArray<Story> = [
  {
    name: "a topic's configuration is changed key by key",
    tell: (topic) =>
      withTopic(
        topic,
        Effect.gen(function* () {
          const resource = { type: "topic", name: topic } as const
          const entry = Effect.map(
            Admin.describeConfigs([resource], { keys: ["retention.ms"] }),
            ([found]) => found?.configs[0]
          )
          assert.strictEqual((yield* eventually(entry, (seen) => seen !== undefined))?.source, "default")
          yield* Admin.alterConfigs([{ ...resource, changes: [{ name: "retention.ms", set: "1000" }] }])
          const changed = yield* eventually(entry, (seen) => seen?.value === "1000")
          assert.strictEqual(changed?.source, "topic")
          assert.strictEqual(changed?.type, "long")
          yield* Admin.alterConfigs([{ ...resource, changes: [{ name: "retention.ms", delete: true }] }])
          yield* eventually(entry, (seen) => seen?.source === "default")
          const wrong = Admin.alterConfigs([{ ...resource, changes: [{ name: "retention.ms", set: "soon" }] }])
          assert.strictEqual(yield* refusal(wrong), "INVALID_CONFIG")
        })
      )
  },
  {
    name: "a broker's configuration is told by the broker itself",
    tell: () =>
      Effect.gen(function* () {
        const { nodes } = yield* Admin.describeCluster()
        const id = String(nodes[0]?.id)
        const [found] = yield* Admin.describeConfigs([{ type: "broker", name: id }], {
          keys: ["node.id"],
          documentation: true
        })
        assert.strictEqual(found?.configs[0]?.value, id)
        assert.isTrue(found?.configs[0]?.isReadOnly)
        assert.isNotEmpty(found?.configs[0]?.documentation ?? "")
      })
  }
]

const cluster: ReadonlyArray<Story> = [
  {
    name: "the cluster, its quorum and its features are described",
    tell: () =>
      Effect.gen(function* () {
        const described = yield* Admin.describeCluster()
        assert.isNotEmpty(described.nodes)
        assert.isNotEmpty(described.clusterId)
        const quorum = yield* Admin.describeQuorum
        assert.include(
          quorum.voters.map(({ id }) => id),
          quorum.leader
        )
        const { finalized, supported } = yield* Admin.describeFeatures
        assert.isTrue(finalized.has("metadata.version"))
        assert.isTrue(supported.has("metadata.version"))
        assert.strictEqual(yield* refusal(Admin.unregisterBroker(999)), "BROKER_ID_NOT_REGISTERED")
      })
  },
  {
    name: "leaders that lead already are not elected, and no move is under way",
    tell: (topic) =>
      withTopic(
        topic,
        Effect.gen(function* () {
          const elections = yield* Admin.electLeaders("preferred", [{ topic, partition: 0 }])
          assert.deepStrictEqual(elections, [{ topic, partition: 0, elected: false }])
          assert.deepStrictEqual(yield* Admin.listReassignments([{ topic, partition: 0 }]), [])
          const { partitions } = yield* describedAnywhere(topic)
          const replicas = partitions[0]?.replicas ?? []
          yield* Admin.alterReassignments([{ topic, partition: 0, replicas }])
          const cancel = Admin.alterReassignments([{ topic, partition: 1, replicas: undefined }])
          assert.strictEqual(yield* refusal(cancel), "NO_REASSIGNMENT_IN_PROGRESS")
        })
      )
  },
  {
    name: "every replica is in a directory",
    tell: (topic) =>
      withTopic(
        topic,
        Effect.gen(function* () {
          const { partitions } = yield* describedAnywhere(topic)
          const broker = partitions[0]?.leader ?? -1
          const look = Admin.describeReplicaLogDirs([{ topic, partition: 0, broker }])
          const [place] = yield* eventually(look, ([found]) => found?.current !== undefined)
          assert.isUndefined(place?.future)
          const directories = yield* Admin.describeLogDirs([broker])
          const path = directories.find((each) => each.path === place?.current)?.path ?? ""
          assert.isTrue(directories.every(({ failure, totalBytes }) => failure === undefined && totalBytes > 0))
          yield* Admin.alterReplicaLogDirs([{ topic, partition: 0, broker, path }])
          const elsewhere = Admin.alterReplicaLogDirs([{ topic, partition: 0, broker, path: "/nowhere" }])
          assert.strictEqual(yield* refusal(elsewhere), "LOG_DIR_NOT_FOUND")
        })
      )
  }
]

const groups: ReadonlyArray<Story> = [
  {
    name: "a group without members has offsets that can be set, read and forgotten",
    tell: (group) =>
      withTopic(
        group,
        Effect.gen(function* () {
          const both = [0, 1].map((partition) => ({
            topic: group,
            partition,
            offset: 7 + partition,
            metadata: "by hand"
          }))
          yield* Admin.alterGroupOffsets(group, both)
          const offsets = yield* Admin.listGroupOffsets(group)
          assert.sameDeepMembers(
            offsets.map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset, metadata })),
            both
          )
          const listed = (yield* Admin.listGroups({ states: ["Empty"] })).map((each) => each.group)
          assert.include(listed, group)
          const [described] = yield* Admin.describeClassicGroups([group])
          assert.strictEqual(described?.state, "Empty")
          yield* Admin.deleteGroupOffsets(group, [{ topic: group, partition: 0 }])
          const left = yield* Admin.listGroupOffsets(group)
          assert.deepStrictEqual(
            left.map(({ partition }) => partition),
            [1]
          )
          const strangers = Admin.removeMembers(group, [{ memberId: "nobody" }])
          assert.strictEqual(yield* refusal(strangers), "UNKNOWN_MEMBER_ID")
          yield* Admin.deleteGroups([group])
          assert.strictEqual(yield* refusal(Admin.deleteGroups([group])), "GROUP_ID_NOT_FOUND")
        })
      )
  }
]

export const administration: ReadonlyArray<Story> = [...topics, ...configs, ...cluster, ...groups]
