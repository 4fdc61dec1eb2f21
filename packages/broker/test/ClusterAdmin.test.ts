/** What administrators ask about the cluster itself, in every version: the quorum, its voters, and who leads what. */
import { ElectLeadersRequest, ElectLeadersResponse } from "@klamm/protocol/api/43-ElectLeaders"
import { DescribeQuorumRequest, DescribeQuorumResponse } from "@klamm/protocol/api/55-DescribeQuorum"
import { AddRaftVoterRequest, AddRaftVoterResponse } from "@klamm/protocol/api/80-AddRaftVoter"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import { connect, withBroker } from "./support.ts"

const settings = ["listeners=PLAINTEXT://localhost:40000"]

const quorumOf = (...names: ReadonlyArray<string>) => ({
  topics: names.map((topicName) => ({ topicName, partitions: [{ partitionIndex: 0 }] }))
})

describe("DescribeQuorum", () => {
  it.each([0, 1, 2])("is answered in version %i, with the nodes from 2 on", (version) =>
    withBroker(
      settings,
      Effect.gen(function* () {
        const { ask } = yield* connect()
        const answer = yield* ask(
          DescribeQuorumRequest,
          DescribeQuorumResponse,
          version,
          quorumOf("__cluster_metadata")
        )
        assert.strictEqual(answer.topics[0]?.partitions[0]?.leaderId, 1)
        assert.deepStrictEqual(
          answer.nodes.map(({ nodeId }) => nodeId),
          version < 2 ? [] : [1]
        )
      })
    )
  )

  it("tells nothing of the metadata log to who asks for another topic beside it", () =>
    withBroker(
      settings,
      Effect.gen(function* () {
        const { ask } = yield* connect()
        const asked = quorumOf("__cluster_metadata", "other")
        const { topics } = yield* ask(DescribeQuorumRequest, DescribeQuorumResponse, 2, asked)
        const codes = topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
        assert.deepStrictEqual(codes, [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
      })
    ))
})

it("an election type that is none is told of each partition", () =>
  withBroker(
    settings,
    Effect.gen(function* () {
      const { ask } = yield* connect()
      const answer = yield* ask(ElectLeadersRequest, ElectLeadersResponse, 1, {
        electionType: 7,
        topicPartitions: [{ topic: "t", partitions: [0, 1] }],
        timeoutMs: 1_000
      })
      const results = answer.replicaElectionResults.flatMap(({ partitionResult }) => partitionResult)
      assert.deepStrictEqual(
        results.map(({ errorCode }) => errorCode),
        [ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_REQUEST]
      )
    })
  ))

it("a voter without id or directory is no voter", () =>
  withBroker(
    settings,
    Effect.gen(function* () {
      const { ask } = yield* connect()
      const answer = yield* ask(AddRaftVoterRequest, AddRaftVoterResponse, 1, {
        clusterId: null,
        timeoutMs: 1_000,
        voterId: 9,
        voterDirectoryId: ZERO,
        listeners: []
      })
      assert.strictEqual(answer.errorCode, ErrorCode.INVALID_REQUEST)
    })
  ))
