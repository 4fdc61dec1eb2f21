/**
 * DescribeQuorum (key 55, KIP-595, KIP-836, KIP-853): who leads the metadata quorum, and how far voters and observers are. Only the
 * leader knows; every other node asks it.
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

/** How long the leader may take to say, in milliseconds. */
const relayTimeoutMs = 10_000

const replicaState = ({ id, directoryId, ...state }: ReplicaDescription) => ({
  replicaId: id,
  replicaDirectoryId: directoryId,
  ...state
})

const describe = (quorum: QuorumDescription, topicName: string, partitionIndex: number): Partition => {
  const isQuorum = topicName === MetadataLog.topicName && partitionIndex === MetadataLog.partition
  const unknown = {
    partitionIndex,
    errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    errorMessage: null,
    leaderId: 0,
    leaderEpoch: 0,
    highWatermark: 0,
    currentVoters: [],
    observers: []
  }
  if (!isQuorum) return unknown
  return {
    ...unknown,
    errorCode: ErrorCode.NONE,
    leaderId: quorum.leaderId,
    leaderEpoch: quorum.epoch,
    highWatermark: quorum.highWatermark,
    currentVoters: quorum.voters.map(replicaState),
    observers: quorum.observers.map(replicaState)
  }
}

const answer = (quorum: QuorumDescription, { topics }: Request): Response => ({
  errorCode: ErrorCode.NONE,
  errorMessage: null,
  topics: topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => describe(quorum, topicName, partitionIndex))
  })),
  nodes: quorum.nodes.map(({ id, endpoints }) => ({ nodeId: id, listeners: endpoints }))
})

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
        ? Effect.succeed(answer(quorum.node.describe(), request))
        : Effect.map(relay(quorum, api, apiVersion, request, relayTimeoutMs), (relayed) => relayed ?? noLeader)
    )
  )
