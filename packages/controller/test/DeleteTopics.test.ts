import { Configs, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import { type Cluster, clusterOf, createTopics, deleteTopics, idOf, topic, zeroId } from "./support.ts"

const prepared = (...names: ReadonlyArray<string>) => {
  const cluster = clusterOf(1)
  const asked = names.map((name) => topic(name, { configs: [{ name: "retention.ms", value: "5" }] }))
  cluster.submit(createTopics(asked))
  return { cluster, ids: asked.map(({ topicId }) => topicId) }
}

const names = (cluster: Cluster): ReadonlyArray<string> =>
  Topics.all(cluster.state.image.topics).map(({ name }) => name)

const duplicateName = { errorCode: ErrorCode.INVALID_REQUEST, message: "Duplicate topic name." }
const duplicateId = { errorCode: ErrorCode.INVALID_REQUEST, message: "Duplicate topic id." }
const alreadySupplied = {
  errorCode: ErrorCode.INVALID_REQUEST,
  message: "The provided topic name maps to an ID that was already supplied."
}
const deleted = { errorCode: ErrorCode.NONE, message: null }

describe("DeleteTopics", () => {
  test("behaviour 042: by name and by id; the topic and its configs are gone, its name is free again", () => {
    const { cluster, ids } = prepared("a", "b", "c")
    expect(cluster.submit(deleteTopics({ name: "a" }, { id: ids[1]! }))).toEqual([
      { name: "a", topicId: ids[0], ...deleted },
      { name: "b", topicId: ids[1], ...deleted }
    ])
    expect(names(cluster)).toEqual(["c"])
    expect(Configs.resources(cluster.state.image.configs, 2)).toEqual(["c"])
    expect(cluster.submit(createTopics([topic("a")]))[0]?.errorCode).toBe(ErrorCode.NONE)
    expect(Configs.get(cluster.state.image.configs, 2, "a").size).toBe(0)
  })

  test("behaviour 042: an unknown name is 3, an unknown id 100, and what is known beside them goes on", () => {
    const { cluster, ids } = prepared("a")
    expect(cluster.submit(deleteTopics({ name: "no" }, { id: idOf(77_777) }, { name: "a" }))).toEqual([
      {
        name: "no",
        topicId: zeroId,
        errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        message: "This server does not host this topic-partition."
      },
      {
        name: null,
        topicId: idOf(77_777),
        errorCode: ErrorCode.UNKNOWN_TOPIC_ID,
        message: "This server does not host this topic ID."
      },
      { name: "a", topicId: ids[0], ...deleted }
    ])
  })

  test("a name or an id twice is refused in one answer, known or not", () => {
    const { cluster, ids } = prepared("a", "b", "c")
    const [, b] = ids
    const asked = [{ name: "a" }, { id: b! }, { name: "no" }, { name: "a" }, { name: "no" }, { id: b! }, { name: "c" }]
    expect(cluster.submit(deleteTopics(...asked))).toEqual([
      { name: "a", topicId: zeroId, ...duplicateName },
      { name: null, topicId: b, ...duplicateId },
      { name: "no", topicId: zeroId, ...duplicateName },
      { name: "c", topicId: ids[2], ...deleted }
    ])
    expect(names(cluster)).toEqual(["a", "b"])
  })

  test.each([
    ["name first", false],
    ["id first", true]
  ])("a name and the id of the same topic: one refusal (%s)", (_, turned) => {
    const { cluster, ids } = prepared("a")
    const asked = [{ name: "a" }, { id: ids[0]! }]
    expect(cluster.submit(deleteTopics(...(turned ? asked.reverse() : asked)))).toEqual([
      { name: "a", topicId: ids[0], ...alreadySupplied }
    ])
    expect(names(cluster)).toEqual(["a"])
  })

  test("an id twice and its name: both are refused; a name twice and its id: the id is deleted", () => {
    const first = prepared("a")
    const id = first.ids[0]!
    expect(first.cluster.submit(deleteTopics({ id }, { id }, { name: "a" }))).toEqual([
      { name: null, topicId: id, ...duplicateId },
      { name: "a", topicId: id, ...alreadySupplied }
    ])
    const second = prepared("a")
    expect(second.cluster.submit(deleteTopics({ name: "a" }, { name: "a" }, { id: second.ids[0]! }))).toEqual([
      { name: "a", topicId: zeroId, ...duplicateName },
      { name: "a", topicId: second.ids[0], ...deleted }
    ])
    expect(names(second.cluster)).toEqual([])
  })
})
