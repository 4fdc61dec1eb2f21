/**
 * Bytes written by hand from the protocol's rules, each piece beside its meaning, for the shapes that differ in kind: old and
 * flexible versions, nulls of every sort, tagged fields, headers. What writes them and what reads them is held to these.
 */
import { deepStrictEqual } from "node:assert"
import {
  ApiVersionsRequest,
  ApiVersionsResponse,
  ConsumerGroupMemberMetadataValue,
  codec,
  DescribeTopicPartitionsRequest,
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
  FetchRequest,
  FindCoordinatorRequest,
  type Message,
  MetadataRequest,
  OffsetCommitRequest,
  ProduceRequest,
  ProduceResponse,
  Reader,
  TransactionLogValue,
  Writer
} from "@klamm/protocol"
import { describe, expect, it } from "vitest"

/** Hex digits, with blanks anywhere and `'text'` for ASCII. */
const bytes = (...pieces: ReadonlyArray<string>): Uint8Array => {
  const hex = pieces.join(" ").replace(/'([^']*)'/g, (_, text: string) => Buffer.from(text, "latin1").toString("hex"))
  return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"))
}

const written = (write: (writer: Writer) => void): Uint8Array => {
  const writer = new Writer()
  write(writer)
  return Uint8Array.from(Buffer.concat(writer.finish()))
}

/** Both directions; `value` may leave out defaults, which reading then adds (compared by writing once more). */
const golden = <F>(
  message: Message<F>,
  version: number,
  value: Message<F>["Input"],
  ...pieces: ReadonlyArray<string>
) => {
  const expected = bytes(...pieces)
  const { decode, encode } = codec(message, version)
  expect(Buffer.from(written((writer) => encode(writer, value))).toString("hex")).toBe(
    Buffer.from(expected).toString("hex")
  )
  const reader = new Reader(expected)
  const decoded = decode(reader)
  deepStrictEqual(reader.remaining, 0)
  expect(decoded).toMatchObject(value as object)
  return decoded
}

describe("headers", () => {
  it("behaviour 011: request header v2 keeps a two-byte client id before its tags", () => {
    const expected = bytes("0012 0003 00000007", "0003 'kcl'", "00")
    deepStrictEqual(
      written((writer) => encodeRequestHeader(writer, 18, 3, 7, "kcl")),
      expected
    )
    const header = { apiKey: 18, apiVersion: 3, correlationId: 7, clientId: "kcl", flexible: true }
    deepStrictEqual(decodeRequestHeader(new Reader(expected)), header)
  })

  it("request header v1 has no tags, and its client id may be null", () => {
    const expected = bytes("0003 0001 ffffffff", "ffff")
    deepStrictEqual(
      written((writer) => encodeRequestHeader(writer, 3, 1, -1, null)),
      expected
    )
    const header = { apiKey: 3, apiVersion: 1, correlationId: -1, clientId: null, flexible: false }
    deepStrictEqual(decodeRequestHeader(new Reader(expected)), header)
  })

  it("response header v1 has tags, v0 none", () => {
    deepStrictEqual(
      written((writer) => encodeResponseHeader(writer, 3, 9, 5)),
      bytes("00000005 00")
    )
    deepStrictEqual(
      written((writer) => encodeResponseHeader(writer, 3, 8, 5)),
      bytes("00000005")
    )
    deepStrictEqual(decodeResponseHeader(new Reader(bytes("00000005 01 07 02 abcd")), 3, 9), 5)
  })

  it("behaviour 002: the response header of ApiVersions is v0 in every version", () => {
    for (const version of [0, 2, 3, 5]) {
      deepStrictEqual(
        written((writer) => encodeResponseHeader(writer, 18, version, 9)),
        bytes("00000009")
      )
    }
  })
})

describe("ApiVersions", () => {
  it("request v3", () => {
    const value = { clientSoftwareName: "librdkafka", clientSoftwareVersion: "2.0" }
    golden(ApiVersionsRequest, 3, value, "0b 'librdkafka'", "04 '2.0'", "00")
  })

  it("response v0, as it answers a version that is too high", () => {
    const value = { errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] }
    golden(ApiVersionsResponse, 0, value, "0023", "00000001", "0012 0000 0004")
  })

  it("response v3 with tagged fields by rising tag, those with their default left out", () => {
    const value = {
      errorCode: 0,
      apiKeys: [{ apiKey: 0, minVersion: 0, maxVersion: 13 }],
      throttleTimeMs: 0,
      finalizedFeatures: [{ name: "metadata.version", maxVersionLevel: 29, minVersionLevel: 29 }],
      finalizedFeaturesEpoch: 258,
      zkMigrationReady: false
    }
    const decoded = golden(
      ApiVersionsResponse,
      3,
      value,
      "0000",
      "02 0000 0000 000d 00",
      "00000000",
      "02",
      "01 08 0000000000000102",
      "02 17 02 11 'metadata.version' 001d 001d 00"
    )
    expect(decoded.supportedFeatures).toEqual([])
  })
})

describe("Produce", () => {
  const records = bytes("0a0b0c")
  const topicData = [{ name: "t", partitionData: [{ index: 2, records }] }]

  it("request v3: fixed-width lengths", () => {
    golden(
      ProduceRequest,
      3,
      { transactionalId: null, acks: -1, timeoutMs: 1000, topicData },
      "ffff ffff 000003e8",
      "00000001 0001 't'",
      "00000001 00000002 00000003 0a0b0c"
    )
  })

  it("request v9: compact lengths and tags", () => {
    golden(
      ProduceRequest,
      9,
      { transactionalId: "x", acks: 1, timeoutMs: 0, topicData },
      "02 'x' 0001 00000000",
      "02 02 't'",
      "02 00000002 04 0a0b0c 00",
      "00",
      "00"
    )
  })

  it("response v10: the current leader is a tagged struct", () => {
    const partition = { index: 0, errorCode: 6, baseOffset: -1, currentLeader: { leaderId: 3, leaderEpoch: 9 } }
    const decoded = golden(
      ProduceResponse,
      10,
      { responses: [{ name: "t", partitionResponses: [partition] }] },
      "02 02 't'",
      "02 00000000 0006 ffffffffffffffff",
      "ffffffffffffffff ffffffffffffffff 01 00",
      "01 00 09 00000003 00000009 00",
      "00",
      "00000000",
      "00"
    )
    expect(decoded.nodeEndpoints).toEqual([])
  })
})

describe("nulls", () => {
  it("Metadata: v0 asks for all with an empty list, v1 with null, v9 with a compact null", () => {
    golden(MetadataRequest, 0, { topics: [] }, "00000000")
    golden(MetadataRequest, 1, { topics: null }, "ffffffff")
    golden(MetadataRequest, 9, { topics: null, allowAutoTopicCreation: false }, "00 00 00 00 00")
  })

  it("a nullable struct has a byte before it", () => {
    const limit = "000007d0"
    golden(DescribeTopicPartitionsRequest, 0, { topics: [], cursor: null }, "01", limit, "ff", "00")
    const cursor = { topicName: "a", partitionIndex: 1 }
    golden(DescribeTopicPartitionsRequest, 0, { topics: [], cursor }, "01", limit, "01 02 'a' 00000001 00", "00")
  })

  it("a nullable struct that is tagged has a varint before it", () => {
    const member = {
      instanceId: null,
      rackId: null,
      clientId: "c",
      clientHost: "h",
      subscribedTopicNames: ["t"],
      subscribedTopicRegex: null,
      rebalanceTimeoutMs: 1,
      serverAssignor: null,
      classicMemberMetadata: null
    }
    const before = ["00 00 02 'c' 02 'h' 02 02 't' 00 00000001 00", "01"] as const
    golden(ConsumerGroupMemberMetadataValue, 0, member, ...before, "00 01 00")
    const classicMemberMetadata = { sessionTimeoutMs: 5, supportedProtocols: [] }
    golden(
      ConsumerGroupMemberMetadataValue,
      0,
      { ...member, classicMemberMetadata },
      ...before,
      "00 07 01 00000005 01 00"
    )
  })
})

describe("other shapes", () => {
  it("Fetch v12: a tagged string of the request itself, nested lists", () => {
    golden(
      FetchRequest,
      12,
      {
        clusterId: "k",
        replicaId: -1,
        maxWaitMs: 500,
        minBytes: 1,
        maxBytes: 0x7fffffff,
        isolationLevel: 1,
        topics: [{ topic: "t", partitions: [{ partition: 0, fetchOffset: 2 ** 32 + 1, partitionMaxBytes: 1 << 20 }] }]
      },
      "ffffffff 000001f4 00000001 7fffffff 01 00000000 ffffffff",
      "02 02 't'",
      "02 00000000 ffffffff 0000000100000001 ffffffff ffffffffffffffff 00100000 00",
      "00",
      "01 01",
      "01 00 02 02 'k'"
    )
  })

  it("FindCoordinator: one key up to v3, a list of keys from v4", () => {
    golden(FindCoordinatorRequest, 0, { key: "g" }, "0001 'g'")
    golden(FindCoordinatorRequest, 4, { keyType: 1, coordinatorKeys: ["a", "b"] }, "01 03 02 'a' 02 'b' 00")
  })

  it("OffsetCommit v2: a client's offset comes back to the last bit", () => {
    const partitions = [{ partitionIndex: 0, committedOffset: 2n ** 62n + 1n, committedMetadata: "" }]
    golden(
      OffsetCommitRequest,
      2,
      { groupId: "g", generationIdOrMemberEpoch: -1, memberId: "", topics: [{ name: "t", partitions }] },
      "0001 'g' ffffffff 0000 ffffffffffffffff",
      "00000001 0001 't' 00000001 00000000 4000000000000001 0000"
    )
  })

  it("TransactionLogValue v1: tags in order, whatever the order of the table", () => {
    golden(
      TransactionLogValue,
      1,
      {
        producerId: 1,
        producerEpoch: 2,
        transactionTimeoutMs: 3,
        transactionStatus: 0,
        transactionPartitions: null,
        transactionLastUpdateTimestampMs: 4,
        transactionStartTimestampMs: 5,
        clientTransactionVersion: 2,
        nextProducerEpoch: 7
      },
      "0000000000000001 0002 00000003 00 00 0000000000000004 0000000000000005",
      "02",
      "02 02 0002",
      "03 02 0007"
    )
  })
})
