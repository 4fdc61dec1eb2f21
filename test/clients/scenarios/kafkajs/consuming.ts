/**
 * kafkajs reading: from offsets, by time, in groups. Neighbours: client.ts, suite.ts.
 */
import assert from "node:assert/strict"
import type { EachMessagePayload } from "kafkajs"
import { eventually, gathered, type Suite, unique, using } from "../../harness/Scenario.ts"
import { connectTo, createTopic, filledTopic, reader, values, withAdmin, withProducer } from "./client.ts"

export const fromOffset: Suite["consumes from an offset"] = async (place) => {
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

export const byTime: Suite["finds offsets by time"] = async (place) => {
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

export const rebalance: Suite["shares a group's partitions and rebalances"] = async (place) => {
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

export const commits: Suite["commits, resumes and resets offsets"] = async (place) => {
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

export const deleteRecords: Suite["deletes records"] = async (place) => {
  const topic = await filledTopic(place, 10)
  await withAdmin(place, async (admin) => {
    assert.equal((await admin.fetchTopicOffsets(topic))[0]?.low, "0")
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "6" }] })
    const offsets = await admin.fetchTopicOffsets(topic)
    assert.equal(offsets[0]?.low, "6")
    assert.equal(offsets[0]?.high, "10")
  })
}

export const groups: Suite["lists, describes and deletes groups"] = async (place) => {
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
