/**
 * @platformatic/kafka reading: from offsets, by time, in groups. Neighbours: client.ts, suite.ts.
 */
import assert from "node:assert/strict"
import type { Group } from "@platformatic/kafka"
import { eventually, gathered, type Suite, unique } from "../../harness/Scenario.ts"
import {
  createTopic,
  filledTopic,
  messages,
  newConsumer,
  readAll,
  type TextConsumer,
  type TextMessage,
  withAdmin,
  withConsumer,
  withProducer
} from "./client.ts"

export const fromOffset: Suite["consumes from an offset"] = async (place) => {
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

export const byTime: Suite["finds offsets by time"] = async (place) => {
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

export const rebalance: Suite["shares a group's partitions and rebalances"] = async (place) => {
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

export const commits: Suite["commits, resumes and resets offsets"] = async (place) => {
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

export const deleteRecords: Suite["deletes records"] = async (place) => {
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

export const groups: Suite["lists, describes and deletes groups"] = async (place) => {
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
