import { MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { Reader, Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { expect, it } from "vitest"
import { heard, learned, nothingKnown } from "../../src/cluster/Metadata.ts"

const version = 12
const ids = { one: "AAAAAAAAAAAAAAAAAAAAAQ", other: "AAAAAAAAAAAAAAAAAAAAAg" }

const answer = (leaderId: number, leaderEpoch: number, topicId = ids.one): MetadataResponse => {
  const writer = new Writer()
  const partition = { errorCode: 0, partitionIndex: 0, leaderId, leaderEpoch, replicaNodes: [1, 2], isrNodes: [1, 2] }
  codec(MetadataResponse, version).encode(writer, {
    throttleTimeMs: 0,
    clusterId: "c",
    controllerId: 1,
    brokers: [1, 2].map((nodeId) => ({ nodeId, host: `b${nodeId}`, port: 9092 })),
    topics: [
      { errorCode: 0, name: "t", topicId, isInternal: false, partitions: [{ ...partition, offlineReplicas: [] }] }
    ],
    errorCode: 0
  })
  return codec(MetadataResponse, version).decode(new Reader(writer.toBytes()))
}

const leaderIn = (known: typeof nothingKnown) => known.topics.get("t")?.partitions[0]?.leaderId

it("a broker that is behind is not believed", () => {
  const known = learned(nothingKnown, answer(2, 5))
  expect(leaderIn(learned(known, answer(1, 4)))).toBe(2)
  expect(leaderIn(learned(known, answer(1, 6)))).toBe(1)
})

it("epochs of a topic made anew begin anew", () => {
  const known = learned(nothingKnown, answer(2, 5))
  expect(leaderIn(learned(known, answer(1, 0, ids.other)))).toBe(1)
})

it("a leader named elsewhere is believed when its epoch is newer and its address known", () => {
  const known = learned(nothingKnown, answer(2, 5))
  const news = (id: number, epoch: number) => [{ topic: "t", partition: 0, leader: { id, epoch } }]
  expect(leaderIn(heard(known, news(1, 6), []))).toBe(1)
  expect(leaderIn(heard(known, news(1, 5), []))).toBe(2)
  expect(leaderIn(heard(known, news(3, 6), []))).toBe(2)
  expect(leaderIn(heard(known, news(3, 6), [{ id: 3, host: "b3", port: 9092, rack: null }]))).toBe(3)
})
