/**
 * DescribeQuorum (key 55, KIP-595, KIP-836, KIP-853): who leads the metadata quorum, and how far voters and observers are. Only the
 * leader knows; every other node asks it. Invariant: whoever asks for anything beside the metadata log is told of nothing.
 */
import { DescribeQuorumRequest, DescribeQuorumResponse } from "@klamm/protocol/api/55-DescribeQuorum"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { MetadataLog, type QuorumDescription, type ReplicaDescription } from "@klamm/raft"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import { relay } from "../Relay.ts"
import type { ControlServices } from "../Services.ts"

type Request = typeof DescribeQuorumRequest.Type
type Response = typeof DescribeQuorumResponse.Input
type Partition = Response["topics"][number]["partitions"][number]

const api = { request: DescribeQuorumRequest, response: DescribeQuorumResponse }

/** The nodes' addresses are told from here on. */
const nodesVersion = 2

/** How long the leader may take to say, in milliseconds. */
const relayTimeoutMs = 10_000

const replicaState = ({ id, directoryId, ...state }: ReplicaDescription) => ({
  replicaId: id,
  replicaDirectoryId: directoryId,
  ...state
})

const unknown = (partitionIndex: number): Partition => ({
  partitionIndex,
  errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  errorMessage: null,
  leaderId: 0,
  leaderEpoch: 0,
  highWatermark: 0,
  currentVoters: [],
  observers: []
})

const describe = (quorum: QuorumDescription, partitionIndex: number): Partition => ({
  partitionIndex,
  errorCode: ErrorCode.NONE,
  errorMessage: null,
  leaderId: quorum.leaderId,
  leaderEpoch: quorum.epoch,
  highWatermark: quorum.highWatermark,
  currentVoters: quorum.voters.map(replicaState),
  observers: quorum.observers.map(replicaState)
})

const isQuorum = ({ topics }: Request): boolean => {
  const asked = topics.flatMap(({ topicName, partitions }) => partitions.map((each) => ({ topicName, ...each })))
  const [only] = asked
  if (only === undefined || asked.length > 1 || topics.length > 1) return false
  return only.topicName === MetadataLog.topicName && only.partitionIndex === MetadataLog.partition
}

const answer = (quorum: QuorumDescription, request: Request, apiVersion: number): Response => {
  const isAsked = isQuorum(request)
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    topics: request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) =>
        isAsked ? describe(quorum, partitionIndex) : unknown(partitionIndex)
      )
    })),
    nodes:
      isAsked && apiVersion >= nodesVersion
        ? quorum.nodes.map(({ id, endpoints }) => ({ nodeId: id, listeners: endpoints }))
        : []
  }
}

const noLeader: Response = {
  errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
  errorMessage: "No leader of the quorum is known.",
  topics: [],
  nodes: []
}

export const describeQuorum = ({ nodeId, quorum }: ControlServices): Handler =>
  handler(DescribeQuorumRequest, DescribeQuorumResponse, (request, { apiVersion }) =>
    Effect.suspend(() =>
      quorum.node.leader().id === nodeId
        ? Effect.succeed(answer(quorum.node.describe(), request, apiVersion))
        : Effect.map(relay(quorum, api, apiVersion, request, relayTimeoutMs), (relayed) => relayed ?? noLeader)
    )
  )
