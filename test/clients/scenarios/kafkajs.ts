/**
 * kafkajs (2.2.4) doing what its users do. Invariant: each script is whole by itself and closes its clients.
 * Neighbours: harness/Scenario.ts (the list), clients.test.ts.
 */
import assert from "node:assert/strict"
import { compressionsAlgorithms } from "@platformatic/kafka"
import {
  type Admin,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  type ConsumerConfig,
  type EachMessagePayload,
  type ITopicConfig,
  Kafka,
  KafkaJSAggregateError,
  logLevel,
  Partitioners,
  type Producer,
  type ProducerConfig
} from "kafkajs"
import { eventually, gathered, type Place, type Suite, unique, using } from "../harness/Scenario.ts"

/** kafkajs ships gzip only; the other codecs are plugged in as its users plug them in. */
for (const [type, codec] of [
  [CompressionTypes.Snappy, compressionsAlgorithms.snappy],
  [CompressionTypes.LZ4, compressionsAlgorithms.lz4],
  [CompressionTypes.ZSTD, compressionsAlgorithms.zstd]
] as const) {
  CompressionCodecs[type] = () => ({
    compress: async (encoder: { readonly buffer: Buffer }) => codec.compressSync(encoder.buffer),
    decompress: async (buffer: Buffer) => codec.decompressSync(buffer)
  })
}

const connectTo = (place: Place): Kafka =>
  new Kafka({
    clientId: "kafkajs-suite",
    brokers: [place.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { retries: 8, initialRetryTime: 50, maxRetryTime: 500 }
  })

const withAdmin = <A>(place: Place, use: (admin: Admin) => Promise<A>): Promise<A> =>
  using(
    async () => {
      const admin = connectTo(place).admin()
      await admin.connect()
      return admin
    },
    (admin) => admin.disconnect(),
    use
  )

const withProducer = <A>(place: Place, use: (producer: Producer) => Promise<A>, config: ProducerConfig = {}) =>
  using(
    async () => {
      const producer = connectTo(place).producer({ createPartitioner: Partitioners.DefaultPartitioner, ...config })
      await producer.connect()
      return producer
    },
    (producer) => producer.disconnect(),
    use
  )

interface Reading {
  readonly config: ConsumerConfig
  readonly topic: string
  readonly fromBeginning?: boolean
  readonly autoCommit?: boolean
}

/** A consumer that gathers what it gets into `seen`; `seek` is done before the first record by its caller. */
const reader = async (place: Place, reading: Reading, seen: Array<EachMessagePayload>) => {
  const consumer = connectTo(place).consumer({
    maxWaitTimeInMs: 100,
    heartbeatInterval: 300,
    sessionTimeout: 6000,
    rebalanceTimeout: 6000,
    ...reading.config
  })
  await consumer.connect()
  await consumer.subscribe({ topic: reading.topic, fromBeginning: reading.fromBeginning ?? true })
  await consumer.run({
    autoCommit: reading.autoCommit ?? false,
    eachMessage: async (payload) => {
      seen.push(payload)
    }
  })
  return consumer
}

const createTopic = (admin: Admin, topic: string, numPartitions = 1) =>
  admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }], waitForLeaders: true })

const values = (count: number, stem = "value") => Array.from({ length: count }, (_, i) => ({ value: `${stem}-${i}` }))

/** A topic with `count` records in its only partition. */
const filledTopic = async (place: Place, count: number): Promise<string> => {
  const topic = unique("filled")
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, (producer) => producer.send({ topic, acks: -1, messages: values(count) }))
  return topic
}

const topics: Suite["creates, lists and deletes topics"] = (place) =>
  withAdmin(place, async (admin) => {
    const topic = unique("topics")
    assert.equal(await createTopic(admin, topic, 3), true)
    await eventually("the topic is listed", async () => (await admin.listTopics()).includes(topic))
    const described = await admin.fetchTopicMetadata({ topics: [topic] })
    assert.deepEqual(described.topics[0]?.partitions.map((one) => one.partitionId).sort(), [0, 1, 2])
    assert.equal(await createTopic(admin, topic, 3), false, "a second creation says that it exists")
    await admin.deleteTopics({ topics: [topic] })
    await eventually("the topic is gone", async () => !(await admin.listTopics()).includes(topic))
  })

const partitions: Suite["adds partitions"] = (place) =>
  withAdmin(place, async (admin) => {
    const topic = unique("partitions")
    await createTopic(admin, topic, 1)
    await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
    await eventually(
      "four partitions",
      async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions.length === 4
    )
    await assert.rejects(admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }))
  })

const configs: Suite["describes and alters configs"] = (place) =>
  withAdmin(place, async (admin) => {
    const topic = unique("configs")
    await createTopic(admin, topic)
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
    const described = async (name: string) => {
      const answer = await admin.describeConfigs({ resources: [resource], includeSynonyms: true })
      return answer.resources[0]?.configEntries.find((entry) => entry.configName === name)
    }
    assert.equal((await described("retention.ms"))?.configValue, "604800000")
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ ...resource, configEntries: [{ name: "retention.ms", value: "60000" }] }]
    })
    await eventually("the new retention", async () => (await described("retention.ms"))?.configValue === "60000")
    assert.equal((await described("cleanup.policy"))?.configValue, "delete")
  })

const acks: Suite["produces with every acks"] = async (place) => {
  const topic = unique("acks")
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, async (producer) => {
    for (const [index, level] of [-1, 1].entries()) {
      const [answer] = await producer.send({ topic, acks: level, messages: [{ value: `acks ${level}` }] })
      assert.equal(answer?.errorCode, 0)
      assert.equal(answer?.baseOffset, String(index))
    }
    await producer.send({ topic, acks: 0, messages: [{ value: "acks 0" }] })
  })
  await withAdmin(place, (admin) =>
    eventually("the unacknowledged one arrived", async () => (await admin.fetchTopicOffsets(topic))[0]?.high === "3")
  )
}

const codecs: Suite["produces with every codec"] = async (place) => {
  const topic = unique("codecs")
  const kinds = [
    CompressionTypes.None,
    CompressionTypes.GZIP,
    CompressionTypes.Snappy,
    CompressionTypes.LZ4,
    CompressionTypes.ZSTD
  ]
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, async (producer) => {
    for (const compression of kinds)
      await producer.send({ topic, compression, messages: values(20, `c${compression}`) })
  })
  const seen: Array<EachMessagePayload> = []
  await using(
    () => reader(place, { topic, config: { groupId: unique("codecs") } }, seen),
    (consumer) => consumer.disconnect(),
    () => gathered(seen, 100)
  )
  const expected = kinds.flatMap((kind) => values(20, `c${kind}`).map((one) => one.value))
  assert.deepEqual(
    seen.map((one) => one.message.value?.toString()),
    expected
  )
}

const contents: Suite["keeps keys, headers, null values and timestamps"] = async (place) => {
  const topic = unique("contents")
  const timestamp = String(Date.now() - 5000)
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, (producer) =>
    producer.send({
      topic,
      messages: [
        { key: "clé", value: "wörth", headers: { trace: "1", empty: "" }, timestamp },
        { key: "tombstone", value: null, timestamp },
        { key: null, value: Buffer.from([0, 255, 128]), timestamp }
      ]
    })
  )
  const seen: Array<EachMessagePayload> = []
  await using(
    () => reader(place, { topic, config: { groupId: unique("contents") } }, seen),
    (consumer) => consumer.disconnect(),
    () => gathered(seen, 3)
  )
  const [first, second, third] = seen.map((one) => one.message)
  assert.equal(first?.key?.toString(), "clé")
  assert.equal(first?.value?.toString(), "wörth")
  assert.equal(first?.headers?.trace?.toString(), "1")
  assert.equal(first?.timestamp, timestamp)
  assert.equal(second?.value, null)
  assert.equal(third?.key, null)
  assert.deepEqual(third?.value, Buffer.from([0, 255, 128]))
}

const idempotence: Suite["produces idempotently"] = async (place) => {
  const topic = unique("idempotent")
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(
    place,
    async (producer) => {
      for (let i = 0; i < 10; i++) await producer.send({ topic, messages: values(5, `round ${i}`) })
    },
    { idempotent: true, maxInFlightRequests: 1 }
  )
  const offsets = await withAdmin(place, (admin) => admin.fetchTopicOffsets(topic))
  assert.equal(offsets[0]?.high, "50")
}

const fromOffset: Suite["consumes from an offset"] = async (place) => {
  const topic = await filledTopic(place, 20)
  const seen: Array<EachMessagePayload> = []
  await using(
    async () => {
      const consumer = await reader(place, { topic, config: { groupId: unique("seek") } }, seen)
      consumer.seek({ topic, partition: 0, offset: "15" })
      return consumer
    },
    (consumer) => consumer.disconnect(),
    () => eventually("offset 19 was read after the seek", async () => seen.some((one) => one.message.offset === "19"))
  )
  const last = seen.slice(-5).map((one) => one.message.offset)
  assert.deepEqual(last, ["15", "16", "17", "18", "19"])
}

const byTime: Suite["finds offsets by time"] = async (place) => {
  const topic = unique("time")
  const start = Date.now() - 60_000
  await withAdmin(place, (admin) => createTopic(admin, topic))
  await withProducer(place, (producer) =>
    producer.send({ topic, messages: values(10).map((one, i) => ({ ...one, timestamp: String(start + i * 1000) })) })
  )
  await withAdmin(place, async (admin) => {
    const offsetAt = async (time: number) => (await admin.fetchTopicOffsetsByTimestamp(topic, time))[0]?.offset
    assert.equal(await offsetAt(start), "0")
    assert.equal(await offsetAt(start + 3500), "4")
    assert.equal(await offsetAt(start + 9000), "9")
    assert.equal(await offsetAt(start + 9001), "10", "kafkajs turns 'no such record' into the end")
  })
}

const rebalance: Suite["shares a group's partitions and rebalances"] = async (place) => {
  const topic = unique("rebalance")
  const groupId = unique("members")
  await withAdmin(place, (admin) => createTopic(admin, topic, 4))
  const seen = new Map<string, Set<number>>()
  const member = async (name: string) => {
    const consumer = connectTo(place).consumer({
      groupId,
      maxWaitTimeInMs: 100,
      heartbeatInterval: 200,
      sessionTimeout: 6000,
      rebalanceTimeout: 6000
    })
    consumer.on(consumer.events.GROUP_JOIN, (event) => {
      seen.set(name, new Set(event.payload.memberAssignment[topic] ?? []))
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ eachMessage: async () => undefined })
    return consumer
  }
  const counts = () => [...seen.values()].map((owned) => owned.size).sort()
  const first = await member("first")
  const second = await member("second").catch(async (cause) => {
    await first.disconnect()
    throw cause
  })
  try {
    await eventually("two members with two partitions each", async () => counts().join() === "2,2")
    seen.delete("first")
    await first.disconnect()
    await eventually("the one that stays has all four", async () => seen.get("second")?.size === 4)
  } finally {
    await Promise.all([first.disconnect(), second.disconnect()])
  }
}

const commits: Suite["commits, resumes and resets offsets"] = async (place) => {
  const topic = await filledTopic(place, 10)
  const groupId = unique("commits")
  const committed = () =>
    withAdmin(place, async (admin) => {
      const answer = await admin.fetchOffsets({ groupId, topics: [topic] })
      return answer[0]?.partitions[0]?.offset
    })
  const read = async (wanted: number, commitAt: string | undefined) => {
    const seen: Array<EachMessagePayload> = []
    await using(
      () => reader(place, { topic, config: { groupId } }, seen),
      (consumer) => consumer.disconnect(),
      async (consumer) => {
        await gathered(seen, wanted)
        if (commitAt !== undefined) {
          await consumer.commitOffsets([{ topic, partition: 0, offset: commitAt, metadata: "noted" }])
        }
      }
    )
    return seen[0]?.message.offset
  }
  assert.equal(await committed(), "-1")
  assert.equal(await read(10, "4"), "0")
  assert.equal(await committed(), "4")
  assert.equal(await read(6, undefined), "4", "a second life begins at the committed offset")
  await withAdmin(place, (admin) => admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: "8" }] }))
  assert.equal(await committed(), "8")
  await withAdmin(place, (admin) => admin.resetOffsets({ groupId, topic, earliest: true }))
  assert.equal(await read(10, undefined), "0")
}

const deleteRecords: Suite["deletes records"] = async (place) => {
  const topic = await filledTopic(place, 10)
  await withAdmin(place, async (admin) => {
    assert.equal((await admin.fetchTopicOffsets(topic))[0]?.low, "0")
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "6" }] })
    const offsets = await admin.fetchTopicOffsets(topic)
    assert.equal(offsets[0]?.low, "6")
    assert.equal(offsets[0]?.high, "10")
  })
}

const groups: Suite["lists, describes and deletes groups"] = async (place) => {
  const topic = await filledTopic(place, 3)
  const groupId = unique("groups")
  const seen: Array<EachMessagePayload> = []
  await using(
    () => reader(place, { topic, config: { groupId }, autoCommit: true }, seen),
    (consumer) => consumer.disconnect(),
    async () => {
      await gathered(seen, 3)
      await withAdmin(place, async (admin) => {
        const described = (await admin.describeGroups([groupId])).groups[0]
        assert.equal(described?.state, "Stable")
        assert.equal(described?.members.length, 1)
        await assert.rejects(admin.deleteGroups([groupId]), "a group with members is not deleted")
      })
    }
  )
  await withAdmin(place, async (admin) => {
    const listed = async () => (await admin.listGroups()).groups.some((one) => one.groupId === groupId)
    assert.equal(await listed(), true)
    await eventually("empty", async () => (await admin.describeGroups([groupId])).groups[0]?.state === "Empty")
    await admin.deleteGroups([groupId])
    assert.equal(await listed(), false)
  })
}

const errors: Suite["gets the errors it can act on"] = async (place) => {
  const topic = unique("errors")
  await withAdmin(place, async (admin) => {
    const refused = (config: ITopicConfig, type: string) =>
      assert.rejects(
        admin.createTopics({ topics: [config] }),
        (cause) => cause instanceof KafkaJSAggregateError && JSON.stringify(cause.errors).includes(`"${type}"`)
      )
    await refused({ topic: "no spaces allowed" }, "INVALID_TOPIC_EXCEPTION")
    await refused({ topic, numPartitions: 0 }, "INVALID_PARTITIONS")
    await refused({ topic, replicationFactor: 3 }, "INVALID_REPLICATION_FACTOR")
    await createTopic(admin, topic)
  })
  await withProducer(
    place,
    async (producer) => {
      const large = Buffer.alloc(2 * 1024 * 1024)
      await assert.rejects(producer.send({ topic, messages: [{ value: large }] }), /larger than the max message size/i)
    },
    { retry: { retries: 1 } }
  )
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
