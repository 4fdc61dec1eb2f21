/**
 * @platformatic/kafka (2.12.1) doing what its users do. Invariant: each script is whole by itself and closes its clients.
 * Neighbours: harness/Scenario.ts (the list), clients.test.ts.
 */
import assert from "node:assert/strict"
import {
  Admin,
  type CompressionAlgorithmValue,
  Consumer,
  type ConsumerOptions,
  findErrorBy,
  type Group,
  type Message,
  type MessageToProduce,
  Producer,
  type ProducerOptions,
  stringDeserializers,
  stringSerializers
} from "@platformatic/kafka"
import { eventually, gathered, type Place, type Suite, unique, using } from "../harness/Scenario.ts"

type TextMessage = Message<string, string, string, string>
type TextConsumer = Consumer<string, string, string, string>

/** The resource and operation numbers of the protocol that this client asks its users for. */
const TOPIC_RESOURCE = 2
const SET = 0

const base = (place: Place) => ({
  clientId: "platformatic-suite",
  bootstrapBrokers: [place.bootstrap],
  retries: 5,
  retryDelay: 100
})

const withAdmin = <A>(place: Place, use: (admin: Admin) => Promise<A>): Promise<A> =>
  using(
    async () => new Admin(base(place)),
    (admin) => admin.close(),
    use
  )

const withProducer = <A>(
  place: Place,
  use: (producer: Producer<string, string, string, string>) => Promise<A>,
  options: Partial<ProducerOptions<string, string, string, string>> = {}
): Promise<A> =>
  using(
    async () => new Producer({ ...base(place), serializers: stringSerializers, ...options }),
    (producer) => producer.close(),
    use
  )

const newConsumer = (
  place: Place,
  groupId: string,
  options: Partial<ConsumerOptions<string, string, string, string>> = {}
) =>
  new Consumer({
    ...base(place),
    groupId,
    deserializers: stringDeserializers,
    maxWaitTime: 100,
    sessionTimeout: 6000,
    rebalanceTimeout: 6000,
    heartbeatInterval: 200,
    ...options
  } as ConsumerOptions<string, string, string, string>)

const withConsumer = <A>(place: Place, groupId: string, use: (consumer: TextConsumer) => Promise<A>): Promise<A> =>
  using(
    async () => newConsumer(place, groupId),
    (consumer) => consumer.close(true),
    use
  )

const createTopic = (admin: Admin, topic: string, partitions = 1) =>
  admin.createTopics({ topics: [topic], partitions, replicas: 1 })

const messages = (
  topic: string,
  count: number,
  stem = "value"
): Array<MessageToProduce<string, string, string, string>> =>
  Array.from({ length: count }, (_, i) => ({ topic, partition: 0, value: `${stem}-${i}` }))

const filledTopic = async (place: Place, count: number): Promise<string> => {
  const topic = unique("filled")
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, (producer) => producer.send({ acks: -1, messages: messages(topic, count) }))
  return topic
}

/** Gathers `wanted` records of a topic from `mode` on. */
const readAll = (place: Place, topic: string, wanted: number): Promise<ReadonlyArray<TextMessage>> =>
  withConsumer(place, unique("reading"), async (consumer) => {
    const seen: Array<TextMessage> = []
    const stream = await consumer.consume({ topics: [topic], mode: "earliest", autocommit: false })
    stream.on("data", (message) => seen.push(message))
    await gathered(seen, wanted)
    await stream.close()
    return seen
  })

const endOf = (place: Place, topic: string): Promise<bigint | undefined> =>
  withConsumer(
    place,
    unique("offsets"),
    async (consumer) => (await consumer.listOffsets({ topics: [topic] })).get(topic)?.[0]
  )

const topics: Suite["creates, lists and deletes topics"] = (place) =>
  withAdmin(place, async (admin) => {
    const topic = unique("topics")
    const [created] = await createTopic(admin, topic, 3)
    assert.equal(created?.partitions, 3)
    assert.match(created?.id ?? "", /^[0-9a-f-]{36}$/)
    await eventually("the topic is listed", async () => (await admin.listTopics()).includes(topic))
    await assert.rejects(createTopic(admin, topic, 3))
    await admin.deleteTopics({ topics: [topic] })
    await eventually("the topic is gone", async () => !(await admin.listTopics()).includes(topic))
  })

const partitions: Suite["adds partitions"] = (place) =>
  withAdmin(place, async (admin) => {
    const topic = unique("partitions")
    await createTopic(admin, topic, 1)
    await admin.createPartitions({ topics: [{ name: topic, count: 4 }] })
    await eventually("four partitions", async () => {
      const seen = await admin.metadata({ topics: [topic], forceUpdate: true })
      return seen.topics.get(topic)?.partitionsCount === 4
    })
    await assert.rejects(admin.createPartitions({ topics: [{ name: topic, count: 2 }] }))
  })

const configs: Suite["describes and alters configs"] = (place) =>
  withAdmin(place, async (admin) => {
    const topic = unique("configs")
    await createTopic(admin, topic)
    const described = async (name: string) => {
      const [answer] = await admin.describeConfigs({
        resources: [{ resourceType: TOPIC_RESOURCE, resourceName: topic }],
        includeSynonyms: true,
        includeDocumentation: true
      })
      return answer?.configs.find((one) => one.name === name)
    }
    assert.equal((await described("retention.ms"))?.value, "604800000")
    await admin.incrementalAlterConfigs({
      resources: [
        {
          resourceType: TOPIC_RESOURCE,
          resourceName: topic,
          configs: [{ name: "retention.ms", configOperation: SET, value: "60000" }]
        }
      ]
    })
    await eventually("the new retention", async () => (await described("retention.ms"))?.value === "60000")
    const changed = await described("retention.ms")
    assert.equal(changed?.configSource, 1, "a dynamic topic config")
    assert.deepEqual(changed?.synonyms[0], { name: "retention.ms", value: "60000", source: 1 })
  })

const acks: Suite["produces with every acks"] = async (place) => {
  const topic = unique("acks")
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, async (producer) => {
    for (const [index, level] of [-1, 1].entries()) {
      const answer = await producer.send({ acks: level, messages: messages(topic, 1) })
      assert.equal(answer.offsets?.[0]?.offset, BigInt(index))
    }
    await producer.send({ acks: 0, messages: messages(topic, 1) })
  })
  await eventually("the unacknowledged one arrived", async () => (await endOf(place, topic)) === 3n)
}

const CODECS: ReadonlyArray<CompressionAlgorithmValue> = ["none", "gzip", "snappy", "lz4", "zstd"]

const codecs: Suite["produces with every codec"] = async (place) => {
  const topic = unique("codecs")
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, async (producer) => {
    for (const compression of CODECS) await producer.send({ compression, messages: messages(topic, 20, compression) })
  })
  const seen = await readAll(place, topic, 100)
  const expected = CODECS.flatMap((codec) => messages(topic, 20, codec).map((one) => one.value))
  assert.deepEqual(
    seen.map((one) => one.value),
    expected
  )
}

const contents: Suite["keeps keys, headers, null values and timestamps"] = async (place) => {
  const topic = unique("contents")
  const timestamp = BigInt(Date.now() - 5000)
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, (producer) =>
    producer.send({
      messages: [
        { topic, partition: 0, key: "clé", value: "wörth", headers: { trace: "1" }, timestamp },
        { topic, partition: 0, key: "tombstone", timestamp },
        { topic, partition: 0, value: "keyless", timestamp }
      ]
    })
  )
  const [first, second, third] = await readAll(place, topic, 3)
  assert.equal(first?.key, "clé")
  assert.equal(first?.value, "wörth")
  assert.equal(first?.headers.get("trace"), "1")
  assert.equal(first?.timestamp, timestamp)
  assert.equal(second?.key, "tombstone")
  assert.ok(!second?.value)
  assert.ok(!third?.key)
  assert.equal(third?.value, "keyless")
}

const idempotence: Suite["produces idempotently"] = async (place) => {
  const topic = unique("idempotent")
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(
    place,
    async (producer) => {
      for (let round = 0; round < 10; round++) await producer.send({ messages: messages(topic, 5, `round ${round}`) })
    },
    { idempotent: true }
  )
  assert.equal(await endOf(place, topic), 50n)
}

const fromOffset: Suite["consumes from an offset"] = async (place) => {
  const topic = await filledTopic(place, 20)
  await withConsumer(place, unique("seek"), async (consumer) => {
    const seen: Array<TextMessage> = []
    const stream = await consumer.consume({
      topics: [topic],
      mode: "manual",
      offsets: [{ topic, partition: 0, offset: 15n }],
      autocommit: false
    })
    stream.on("data", (message) => seen.push(message))
    await gathered(seen, 5)
    await stream.close()
    assert.deepEqual(
      seen.map((one) => one.offset),
      [15n, 16n, 17n, 18n, 19n]
    )
  })
}

const byTime: Suite["finds offsets by time"] = async (place) => {
  const topic = unique("time")
  const start = BigInt(Date.now() - 60_000)
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, (producer) =>
    producer.send({ messages: messages(topic, 10).map((one, i) => ({ ...one, timestamp: start + BigInt(i * 1000) })) })
  )
  await withAdmin(place, async (admin) => {
    const at = async (timestamp: bigint) => {
      const answer = await admin.listOffsets({
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }]
      })
      const found = answer[0]?.partitions[0]
      return [found?.offset, found?.timestamp]
    }
    assert.deepEqual(await at(start), [0n, start])
    assert.deepEqual(await at(start + 3500n), [4n, start + 4000n])
    assert.deepEqual(await at(start + 9001n), [-1n, -1n])
    assert.deepEqual(await at(-3n), [9n, start + 9000n])
    assert.deepEqual(await at(-2n), [0n, -1n])
    assert.deepEqual(await at(-1n), [10n, -1n])
  })
}

const rebalance: Suite["shares a group's partitions and rebalances"] = async (place) => {
  const topic = unique("rebalance")
  const groupId = unique("members")
  await withAdmin(place, (admin) => createTopic(admin, topic, 4))
  const owned = (consumer: TextConsumer): number =>
    (consumer.assignments ?? []).reduce((sum, one) => sum + one.partitions.length, 0)
  const member = async () => {
    const consumer = newConsumer(place, groupId)
    const stream = await consumer.consume({ topics: [topic], mode: "earliest" })
    stream.resume()
    return consumer
  }
  const first = await member()
  try {
    assert.equal(owned(first), 4)
    const second = await member()
    try {
      await eventually("two partitions each", async () => owned(first) === 2 && owned(second) === 2)
    } finally {
      await second.close(true)
    }
    await eventually("the one that stays has all four", async () => owned(first) === 4)
  } finally {
    await first.close(true)
  }
}

const commits: Suite["commits, resumes and resets offsets"] = async (place) => {
  const topic = await filledTopic(place, 10)
  const groupId = unique("commits")
  const committed = () =>
    withAdmin(place, async (admin) => {
      const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] })
      return group?.topics[0]?.partitions[0]?.committedOffset
    })
  const read = (wanted: number, commitAt: bigint | undefined) =>
    withConsumer(place, groupId, async (consumer) => {
      const seen: Array<TextMessage> = []
      const stream = await consumer.consume({
        topics: [topic],
        mode: "committed",
        fallbackMode: "earliest",
        autocommit: false
      })
      stream.on("data", (message) => seen.push(message))
      await gathered(seen, wanted)
      if (commitAt !== undefined) {
        await consumer.commit({ offsets: [{ topic, partition: 0, offset: commitAt, leaderEpoch: 0 }] })
      }
      await stream.close()
      return seen[0]?.offset
    })
  const setTo = (offset: bigint) =>
    withAdmin(place, (admin) =>
      admin.alterConsumerGroupOffsets({
        groupId,
        topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset }] }]
      })
    )
  assert.equal(await committed(), undefined)
  assert.equal(await read(10, 4n), 0n)
  assert.equal(await committed(), 4n)
  assert.equal(await read(6, undefined), 4n, "a second life begins at the committed offset")
  await setTo(8n)
  assert.equal(await committed(), 8n)
  await setTo(0n)
  assert.equal(await read(10, undefined), 0n)
  await withAdmin(place, (admin) =>
    admin.deleteConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionIndexes: [0] }] })
  )
  assert.equal(await committed(), undefined)
}

const deleteRecords: Suite["deletes records"] = async (place) => {
  const topic = await filledTopic(place, 10)
  await withAdmin(place, async (admin) => {
    const [deleted] = await admin.deleteRecords({
      topics: [{ name: topic, partitions: [{ partition: 0, offset: 6n }] }]
    })
    assert.equal(deleted?.partitions[0]?.lowWatermark, 6n)
  })
  const seen = await readAll(place, topic, 4)
  assert.equal(seen[0]?.offset, 6n)
}

/** The client types the state in capitals and hands out what the broker said. */
const stateOf = (group: Group | undefined): string => String(group?.state)

const groups: Suite["lists, describes and deletes groups"] = async (place) => {
  const topic = await filledTopic(place, 3)
  const groupId = unique("groups")
  await withAdmin(place, async (admin) => {
    await withConsumer(place, groupId, async (consumer) => {
      const seen: Array<TextMessage> = []
      const stream = await consumer.consume({ topics: [topic], mode: "earliest", autocommit: 50 })
      stream.on("data", (message) => seen.push(message))
      await gathered(seen, 3)
      const described = (await admin.describeGroups({ groups: [groupId] })).get(groupId)
      assert.equal(stateOf(described), "Stable")
      assert.equal(described?.members.size, 1)
      await assert.rejects(admin.deleteGroups({ groups: [groupId] }), "a group with members is not deleted")
    })
    const listed = async () => (await admin.listGroups()).has(groupId)
    assert.equal(await listed(), true)
    await eventually(
      "empty",
      async () => stateOf((await admin.describeGroups({ groups: [groupId] })).get(groupId)) === "Empty"
    )
    await admin.deleteGroups({ groups: [groupId] })
    assert.equal(await listed(), false)
  })
}

/** Does the error, at any depth, carry this protocol error's name? */
const carries =
  (name: string) =>
  (cause: unknown): boolean =>
    cause instanceof Error && findErrorBy(cause, "apiId", name) !== null

const errors: Suite["gets the errors it can act on"] = async (place) => {
  const topic = unique("errors")
  await withAdmin(place, async (admin) => {
    await assert.rejects(createTopic(admin, "no spaces allowed"), carries("INVALID_TOPIC_EXCEPTION"))
    await assert.rejects(createTopic(admin, topic, 0), carries("INVALID_PARTITIONS"))
    await createTopic(admin, topic)
    await assert.rejects(createTopic(admin, topic), carries("TOPIC_ALREADY_EXISTS"))
    await assert.rejects(admin.deleteTopics({ topics: [unique("absent")] }), carries("UNKNOWN_TOPIC_OR_PARTITION"))
  })
  await withProducer(place, async (producer) => {
    const large = { topic, partition: 0, value: "x".repeat(2 * 1024 * 1024) }
    await assert.rejects(producer.send({ messages: [large] }), carries("MESSAGE_TOO_LARGE"))
  })
}

export const suite: Suite = {
  "creates, lists and deletes topics": topics,
  "adds partitions": partitions,
  "describes and alters configs": configs,
  "produces with every acks": acks,
  "produces with every codec": codecs,
  "keeps keys, headers, null values and timestamps": contents,
  "produces idempotently": idempotence,
  "consumes from an offset": fromOffset,
  "finds offsets by time": byTime,
  "shares a group's partitions and rebalances": rebalance,
  "commits, resumes and resets offsets": commits,
  "deletes records": deleteRecords,
  "lists, describes and deletes groups": groups,
  "gets the errors it can act on": errors
}
