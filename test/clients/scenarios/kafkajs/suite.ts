/**
 * kafkajs doing what its users do. Invariant: each script is whole by itself and closes its clients. Neighbours: client.ts,
 * consuming.ts, harness/Scenario.ts (the list), clients.test.ts.
 */
import assert from "node:assert/strict"
import {
  CompressionTypes,
  ConfigResourceTypes,
  type EachMessagePayload,
  type ITopicConfig,
  KafkaJSAggregateError
} from "kafkajs"
import { eventually, gathered, type Suite, unique, using } from "../../harness/Scenario.ts"
import { createTopic, reader, values, withAdmin, withProducer } from "./client.ts"
import { byTime, commits, deleteRecords, fromOffset, groups, rebalance } from "./consuming.ts"

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
