/**
 * @platformatic/kafka doing what its users do. Invariant: each script is whole by itself and closes its clients.
 * Neighbours: client.ts, consuming.ts, harness/Scenario.ts (the list), clients.test.ts.
 */
import assert from "node:assert/strict"
import { type CompressionAlgorithmValue, findErrorBy } from "@platformatic/kafka"
import { eventually, type Suite, unique } from "../../harness/Scenario.ts"
import { createTopic, endOf, messages, readAll, withAdmin, withProducer } from "./client.ts"
import { byTime, commits, deleteRecords, fromOffset, groups, rebalance } from "./consuming.ts"

/** The resource and operation numbers of the protocol that this client asks its users for. */
const TOPIC_RESOURCE = 2
const SET = 0

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
