/** A whole broker in one process: composition, listeners, features, limits, and what a restart keeps. */

import { Disk } from "@klamm/platform"
import * as DiskMemory from "@klamm/platform/DiskMemory"
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol/api/18-ApiVersions"
import { CreateTopicsRequest, CreateTopicsResponse } from "@klamm/protocol/api/19-CreateTopics"
import { buildBatch } from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { assert, describe, it } from "vitest"
import { answerMaxBytes } from "../src/handlers/01-Fetch.ts"
import { type Client, connect, withBroker } from "./support.ts"

const listeners = (...names: ReadonlyArray<string>): string =>
  `listeners=${names.map((name, index) => `${name}://localhost:${40_000 + index}`).join(",")}`

const onePort = listeners("PLAINTEXT")

const createTopic = ({ ask }: Client, name: string) =>
  ask(CreateTopicsRequest, CreateTopicsResponse, 7, {
    topics: [{ name, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] }]
  })

const metadata = ({ ask }: Client, name: string) =>
  ask(MetadataRequest, MetadataResponse, 9, {
    topics: [{ name }],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false
  })

const produce = ({ ask }: Client, topic: string, valueBytes: number) =>
  ask(ProduceRequest, ProduceResponse, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1_000,
    topicData: [
      {
        name: topic,
        partitionData: [
          { index: 0, records: buildBatch([{ key: null, value: new Uint8Array(valueBytes), timestamp: Date.now() }]) }
        ]
      }
    ]
  })

const fetchFrom = ({ ask }: Client, topic: string, maxBytes: number) =>
  ask(FetchRequest, FetchResponse, 12, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes,
    topics: [
      {
        topic,
        partitions: [
          {
            partition: 0,
            fetchOffset: 0,
            partitionMaxBytes: maxBytes
          }
        ]
      }
    ]
  })

const recordBytes = (response: typeof FetchResponse.Type): number =>
  response.responses[0]?.partitions[0]?.records?.byteLength ?? 0

describe("a broker in one process", () => {
  it("serves what it was asked for, from creating a topic to reading it back", () =>
    withBroker(
      [onePort],
      Effect.gen(function* () {
        const client = yield* connect()
        const created = yield* createTopic(client, "orders")
        assert.strictEqual(created.topics[0]?.errorCode, 0)
        const produced = yield* produce(client, "orders", 100)
        assert.strictEqual(produced.responses[0]?.partitionResponses[0]?.errorCode, 0)
        assert.isAbove(recordBytes(yield* fetchFrom(client, "orders", 1_000_000)), 100)
      })
    ))

  it("behaviour 004: tells of each feature what is supported, and as finalized only what has a level", () =>
    withBroker(
      [onePort],
      Effect.gen(function* () {
        const client = yield* connect()
        const answer = yield* client.ask(ApiVersionsRequest, ApiVersionsResponse, 3, {
          clientSoftwareName: "test",
          clientSoftwareVersion: "1"
        })
        assert.deepStrictEqual(
          answer.supportedFeatures.map(({ name }) => name),
          ["metadata.version"],
          "before v4 a feature that begins at 0 is left out (KAFKA-17492)"
        )
        assert.deepStrictEqual(
          answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]),
          [
            ["metadata.version", 33],
            ["eligible.leader.replicas.version", 1]
          ]
        )
        assert.isAtLeast(answer.finalizedFeaturesEpoch, 0)
        const later = yield* client.ask(ApiVersionsRequest, ApiVersionsResponse, 4, {
          clientSoftwareName: "test",
          clientSoftwareVersion: "1"
        })
        assert.deepStrictEqual(later.supportedFeatures.map(({ name }) => name).sort(), [
          "eligible.leader.replicas.version",
          "kraft.version",
          "metadata.version"
        ])
      })
    ))

  it("behaviour 030: names brokers by the address of the listener that was asked", () =>
    withBroker(
      [
        listeners("PLAINTEXT", "INSIDE"),
        "advertised.listeners=PLAINTEXT://outside.example:1111,INSIDE://inside.example:2222",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT"
      ],
      Effect.gen(function* () {
        const outside = yield* metadata(yield* connect("PLAINTEXT"), "none")
        const inside = yield* metadata(yield* connect("INSIDE"), "none")
        assert.deepStrictEqual([outside.brokers[0]?.host, outside.brokers[0]?.port], ["outside.example", 1111])
        assert.deepStrictEqual([inside.brokers[0]?.host, inside.brokers[0]?.port], ["inside.example", 2222])
      })
    ))

  it("has a leader for what it has, and is named itself, in the first answer of each of its lives", async () => {
    const memory = DiskMemory.makeMemoryDisk()
    const disk = Layer.succeed(Disk, memory.disk)
    const first = Effect.gen(function* () {
      const client = yield* connect()
      const answer = yield* metadata(client, "t")
      assert.lengthOf(answer.brokers, 1)
      yield* createTopic(client, "t")
    })
    await withBroker([onePort], first, disk)
    const again = Effect.gen(function* () {
      const { brokers, topics } = yield* metadata(yield* connect(), "t")
      assert.lengthOf(brokers, 1)
      assert.deepStrictEqual(
        topics[0]?.partitions.map(({ leaderId }) => leaderId),
        [1]
      )
    })
    for (let life = 0; life < 3; life++) await withBroker([onePort], again, disk)
  })

  it("behaviour 080: a Fetch is cut to the broker's fetch.max.bytes, but always gives one batch", () =>
    withBroker(
      [onePort, "fetch.max.bytes=3000"],
      Effect.gen(function* () {
        const client = yield* connect()
        yield* createTopic(client, "t")
        for (let count = 0; count < 6; count++) yield* produce(client, "t", 1_000)
        const cut = recordBytes(yield* fetchFrom(client, "t", 1_000_000))
        assert.isAtMost(cut, 3_000)
        assert.isAbove(cut, 2_000)
        yield* createTopic(client, "large")
        yield* produce(client, "large", 5_000)
        assert.isAbove(recordBytes(yield* fetchFrom(client, "large", 1_000_000)), 5_000)
      })
    ))

  it("an answer to Fetch brings no more than it may, whatever is asked for", () =>
    withBroker(
      [onePort],
      Effect.gen(function* () {
        const client = yield* connect()
        yield* createTopic(client, "much")
        const valueBytes = 900_000
        for (let bytes = 0; bytes < answerMaxBytes; bytes += valueBytes) yield* produce(client, "much", valueBytes)
        const cut = recordBytes(yield* fetchFrom(client, "much", 50_000_000))
        assert.isAtMost(cut, answerMaxBytes)
        assert.isAbove(cut, answerMaxBytes - 2 * valueBytes)
      })
    ))

  it("behaviour 017: closes a connection that says nothing for connections.max.idle.ms", () =>
    withBroker(
      [onePort, "connections.max.idle.ms=300", "connection.failed.authentication.delay.ms=100"],
      Effect.gen(function* () {
        const silent = yield* connect()
        const failure = yield* Effect.flip(Effect.timeout(silent.connection.read, 8_000))
        assert.strictEqual(failure._tag, "NetworkError")
      })
    ))
})
