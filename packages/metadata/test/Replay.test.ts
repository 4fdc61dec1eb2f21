import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import {
  Brokers,
  Changes,
  Configs,
  decodeBatch,
  decodeRecord,
  encodeBatch,
  encodeRecord,
  Image,
  type MetadataRecord,
  type MetadataRecordInput,
  normalize,
  replayAll,
  Snapshot,
  Topics
} from "../src/index.ts"

const idOf = (number: number): string => `${String(number).padStart(21, "A")}A`

/** As they come back from the log, with every default filled in. */
const stored = (records: ReadonlyArray<MetadataRecordInput>): ReadonlyArray<MetadataRecord> =>
  records.length === 0 ? [] : decodeBatch(encodeBatch(records, 0))

const replayed = (records: ReadonlyArray<MetadataRecordInput>, from = Image.empty) =>
  replayAll(from, stored(records), 7, 1)

const partition = (topic: number, index: number, leader = 1): MetadataRecordInput => ({
  _tag: "Partition",
  topicId: idOf(topic),
  partitionId: index,
  replicas: [1],
  isr: [1],
  removingReplicas: [],
  addingReplicas: [],
  leader,
  leaderEpoch: 0,
  partitionEpoch: 0,
  directories: [idOf(9)]
})
const topic = (number: number): MetadataRecordInput => ({ _tag: "Topic", name: `t${number}`, topicId: idOf(number) })
const broker = (id: number): MetadataRecordInput => ({
  _tag: "RegisterBroker",
  brokerId: id,
  incarnationId: idOf(id),
  brokerEpoch: 3,
  endPoints: [{ name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0 }],
  features: [],
  rack: null
})

const id = fc.nat(9).map(idOf)
const ids = fc.array(id, { maxLength: 4 })
const int32 = fc.integer({ min: -3, max: 2 ** 31 - 1 })
const int32s = fc.array(int32, { maxLength: 4 })
const epoch = fc.nat()
const place = { topicId: id, partitionId: fc.nat(9) }

/** Records of all shapes, with and without what may be left out. */
const input: fc.Arbitrary<MetadataRecordInput> = fc.oneof(
  fc.record({ _tag: fc.constant("Topic"), name: fc.string(), topicId: id }),
  fc.record(
    {
      _tag: fc.constant("Partition"),
      ...place,
      replicas: int32s,
      isr: int32s,
      removingReplicas: int32s,
      addingReplicas: int32s,
      leader: int32,
      leaderRecoveryState: fc.nat(1),
      leaderEpoch: int32,
      partitionEpoch: int32,
      directories: ids,
      eligibleLeaderReplicas: fc.option(int32s),
      lastKnownElr: fc.option(int32s)
    },
    { requiredKeys: ["_tag", "topicId", "replicas", "isr", "removingReplicas", "addingReplicas", "directories"] }
  ),
  fc.record(
    {
      _tag: fc.constant("PartitionChange"),
      ...place,
      isr: fc.option(int32s),
      leader: int32,
      replicas: fc.option(int32s),
      removingReplicas: fc.option(int32s),
      directories: fc.option(ids),
      lastKnownElr: fc.option(int32s)
    },
    { requiredKeys: ["_tag", "topicId"] }
  ),
  fc.record(
    {
      _tag: fc.constant("BrokerRegistrationChange"),
      brokerId: int32,
      brokerEpoch: epoch,
      fenced: fc.nat(1),
      logDirs: ids
    },
    { requiredKeys: ["_tag", "brokerId", "brokerEpoch"] }
  ),
  fc.record({
    _tag: fc.constant("Config"),
    resourceType: fc.nat(8),
    resourceName: fc.string(),
    name: fc.string(),
    value: fc.option(fc.string())
  }),
  fc.record({ _tag: fc.constant("FenceBroker"), id: int32, epoch }),
  fc.nat(9).map(broker)
)

describe("records", () => {
  it("are decided on as they will be read back", () => {
    fc.assert(
      fc.property(input, (record) => assert.deepStrictEqual(normalize(record), decodeRecord(encodeRecord(record)))),
      { numRuns: 500 }
    )
  })

  it("come back as they were written, in Kafka's frame", () => {
    const bytes = encodeRecord({ _tag: "Topic", name: "t", topicId: idOf(1) })
    assert.deepStrictEqual([...bytes.subarray(0, 5)], [1, 2, 0, 2, 0x74], "frame 1, type 2, version 0, compact string")
    assert.deepStrictEqual(decodeRecord(bytes), { _tag: "Topic", name: "t", topicId: idOf(1) })
  })

  it("of a type or version that is not known are refused", () => {
    assert.throws(() => decodeRecord(Uint8Array.of(1, 99, 0)), /type 99 version 0/)
    assert.throws(() => decodeRecord(Uint8Array.of(1, 2, 9)), /type 2 version 9/)
    assert.throws(() => decodeRecord(Uint8Array.of(2, 2, 0)), /frame version 2/)
  })
})

describe("replay", () => {
  it("builds topics with their partitions, found by name and by id", () => {
    const image = replayed([topic(1), partition(1, 0), partition(1, 1)])
    assert.strictEqual(Topics.byName(image.topics, "t1")?.partitions.length, 2)
    assert.strictEqual(Topics.byId(image.topics, idOf(1))?.name, "t1")
    assert.deepStrictEqual([image.offset, image.epoch], [7, 1])
  })

  it("a change of partition raises its epoch, one that names a leader the leader epoch too", () => {
    const change = { _tag: "PartitionChange", topicId: idOf(1), partitionId: 0 } as const
    const image = replayed([topic(1), partition(1, 0), { ...change, isr: [] }, { ...change, leader: -1 }])
    const after = Topics.byName(image.topics, "t1")?.partitions[0]
    assert.deepStrictEqual([after?.partitionEpoch, after?.leaderEpoch, after?.leader, after?.isr], [2, 1, -1, []])
  })

  it("behaviour 033: a topic deleted and made again under its name has its new id only, and no old configs", () => {
    const image = replayed([
      topic(1),
      { _tag: "Config", resourceType: 2, resourceName: "t1", name: "retention.ms", value: "1" },
      { _tag: "RemoveTopic", topicId: idOf(1) },
      { _tag: "Topic", name: "t1", topicId: idOf(2) }
    ])
    assert.strictEqual(Topics.byId(image.topics, idOf(1)), undefined)
    assert.strictEqual(Topics.byName(image.topics, "t1")?.id, idOf(2))
    assert.strictEqual(Configs.get(image.configs, 2, "t1").size, 0)
  })

  it("brokers are fenced, unfenced, changed and removed", () => {
    const fenced = replayed([broker(1)])
    assert.isTrue(Brokers.get(fenced.brokers, 1)?.fenced)
    const unfenced = replayed([{ _tag: "BrokerRegistrationChange", brokerId: 1, brokerEpoch: 3, fenced: -1 }], fenced)
    assert.isFalse(Brokers.get(unfenced.brokers, 1)?.fenced)
    assert.isTrue(Brokers.get(replayed([{ _tag: "FenceBroker", id: 1, epoch: 3 }], unfenced).brokers, 1)?.fenced)
    assert.deepStrictEqual(
      Brokers.all(replayed([{ _tag: "UnregisterBroker", brokerId: 1, brokerEpoch: 3 }], unfenced).brokers),
      []
    )
  })

  it("a record about what is not there is a broken invariant", () => {
    assert.throws(() => replayed([partition(1, 0)]))
    assert.throws(() => replayed([{ _tag: "FenceBroker", id: 1, epoch: 0 }]))
  })
})

const anyRecords = fc
  .array(fc.record({ topics: fc.integer({ min: 1, max: 8 }), partitions: fc.integer({ min: 0, max: 4 }) }), {
    maxLength: 6
  })
  .map((list) => {
    const records: Array<MetadataRecordInput> = [
      broker(1),
      { _tag: "FeatureLevel", name: "metadata.version", featureLevel: 33 }
    ]
    list.forEach(({ partitions }, number) => {
      records.push(topic(number))
      for (let index = 0; index < partitions; index++) records.push(partition(number, index))
      records.push({
        _tag: "Config",
        resourceType: 2,
        resourceName: `t${number}`,
        name: "a",
        value: String(partitions)
      })
    })
    records.push({ _tag: "ProducerIds", brokerId: 1, nextProducerId: 1000 + list.length })
    return records
  })

it("replaying a snapshot gives the image it was taken of", () => {
  fc.assert(
    fc.property(anyRecords, (records) => {
      const image = replayed(records)
      const again = Snapshot.toBatches(image).reduce(
        (from, batch) => replayAll(from, stored(batch), image.offset, image.epoch),
        Image.empty
      )
      assert.deepStrictEqual(Snapshot.toRecords(again), Snapshot.toRecords(image))
      assert.deepStrictEqual(Topics.all(again.topics), Topics.all(image.topics))
      assert.strictEqual(again.nextProducerId, image.nextProducerId)
    })
  )
})

it("changes are what was touched, and nothing else", () => {
  const before = replayed([topic(1), partition(1, 0), topic(2), partition(2, 0), partition(2, 1)])
  const after = replayed(
    [
      { _tag: "RemoveTopic", topicId: idOf(1) },
      { _tag: "PartitionChange", topicId: idOf(2), partitionId: 1, leader: -1 }
    ],
    before
  )
  const changes = Changes.between(before, after)
  assert.deepStrictEqual(
    changes.partitions.map((change) => [change.topic.name, change.partition.index]),
    [["t2", 1]]
  )
  assert.deepStrictEqual(
    changes.removedTopics.map((removed) => removed.name),
    ["t1"]
  )
  assert.isFalse(changes.configs)
})
