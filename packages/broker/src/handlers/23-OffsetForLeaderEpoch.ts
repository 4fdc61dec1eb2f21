/**
 * OffsetForLeaderEpoch (key 23, KIP-101, KIP-320): where a leader epoch ended in this log. Behaviour 104. Invariant: answered by the
 * leader alone, whose log is the partition's history.
 */
import { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from "@klamm/protocol/api/23-OffsetForLeaderEpoch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { checkLeaderEpoch } from "@klamm/replica/PartitionRead"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import { findLeader } from "../Lookup.ts"
import type { Services } from "../Services.ts"

type Asked = (typeof OffsetForLeaderEpochRequest.Type)["topics"][number]["partitions"][number]

const endOffset = (services: Services, topic: string, { partition, currentLeaderEpoch, leaderEpoch }: Asked) => {
  const fail = (errorCode: number) => ({ errorCode, partition, leaderEpoch: -1, endOffset: -1 })
  const found = findLeader(services, topic, partition)
  if ("errorCode" in found) return fail(found.errorCode)
  const state = found.partition.actor.state()
  if (state._tag === "Offline") return fail(state.errorCode)
  const epochError = checkLeaderEpoch(state.leaderEpoch, currentLeaderEpoch)
  if (epochError !== ErrorCode.NONE) return fail(epochError)
  if (state._tag === "Follower") return fail(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  const end = found.partition.log.endOffsetForEpoch(leaderEpoch)
  return { errorCode: ErrorCode.NONE, partition, leaderEpoch: end.epoch, endOffset: end.endOffset }
}

export const offsetForLeaderEpoch = (services: Services): Handler =>
  handler(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, (request) =>
    Effect.sync(() => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((asked) => endOffset(services, topic, asked))
      }))
    }))
  )
