/**
 * ListOffsets (key 2): the offset at a place in the log (newest, oldest, largest timestamp) or at a time. Behaviours 096 to
 * 103; KIP-79, KIP-207, KIP-734, KIP-405, KIP-1005, KIP-1023.
 *
 * Invariant: a consumer is told of no offset that another leader might take back: until the high watermark has reached the start of the
 * leader's epoch, what is not known to be committed is not available.
 */
import type { CorruptLog } from "@klamm/log/LogError"
import type { DiskError } from "@klamm/platform"
import { ListOffsetsRequest, ListOffsetsResponse } from "@klamm/protocol/api/02-ListOffsets"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { lastStableOffset } from "@klamm/replica/LocalLog"
import type { PartitionActor } from "@klamm/replica/PartitionActor"
import { checkLeaderEpoch, type Online } from "@klamm/replica/PartitionRead"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import { findLeader } from "../Lookup.ts"
import type { Services } from "../Services.ts"

type Request = typeof ListOffsetsRequest.Type
type Asked = Request["topics"][number]["partitions"][number]
type PartitionAnswer = (typeof ListOffsetsResponse.Input)["topics"][number]["partitions"][number]

const readUncommitted = 0
const readCommitted = 1

/** What a request says it is a replica of: none, or any, for looking into one that does not lead. */
const consumerReplica = -1
const debuggingReplica = -2

/** From this version on there is a word for "not available yet" (KIP-207). */
const offsetNotAvailableVersion = 5

const latest = -1
const earliest = -2
const maxTimestamp = -3
const earliestLocal = -4
const latestTiered = -5
const earliestPendingUpload = -6

/** The first version in which each special timestamp may be asked for (behaviour 101). */
const firstVersion: ReadonlyMap<number, number> = new Map([
  [latest, 1],
  [earliest, 1],
  [maxTimestamp, 7],
  [earliestLocal, 8],
  [latestTiered, 9],
  [earliestPendingUpload, 11]
])

interface Located {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}
const nowhere: Located = { offset: -1, timestamp: -1, leaderEpoch: -1 }

/** Asked for what the high watermark decides while that has not reached the start of the leader's epoch (behaviour 103). */
export const isUncertain = (replica: Online, asker: number, timestamp: number, found: Located): boolean => {
  if (replica._tag !== "Leader" || asker !== consumerReplica) return false
  if (replica.highWatermark >= replica.epochStartOffset) return false
  return timestamp === latest || ((timestamp >= 0 || timestamp === maxTimestamp) && found.offset === -1)
}

/** How far the asker may look. */
const boundFor = (replica: Online, asker: number, isolationLevel: number): number => {
  if (asker >= 0) return replica.logEndOffset
  return isolationLevel === readCommitted ? lastStableOffset(replica) : replica.highWatermark
}

const locate = (
  services: Services,
  partition: PartitionActor,
  replica: Online,
  asked: Asked,
  upTo: number
): Effect.Effect<Located, DiskError | CorruptLog> => {
  const { log } = partition
  const decompression = {
    codecs: services.codecs,
    maxBytes: services.config().values["klamm.decompressed.batch.max.bytes"]
  }
  switch (asked.timestamp) {
    case latest:
      return Effect.succeed({ offset: upTo, timestamp: -1, leaderEpoch: replica.leaderEpoch })
    case earliest:
    case earliestLocal:
      return Effect.succeed(log.earliest)
    case latestTiered:
    case earliestPendingUpload:
      return Effect.succeed(nowhere)
    case maxTimestamp:
      return Effect.map(log.offsetOfMaxTimestamp(upTo, decompression), (found) => found ?? nowhere)
    default:
      return Effect.map(log.offsetForTimestamp(asked.timestamp, upTo, decompression), (found) => found ?? nowhere)
  }
}

const answerOne = (
  services: Services,
  request: Request,
  topicName: string,
  asked: Asked,
  version: number
): Effect.Effect<PartitionAnswer> => {
  const { partitionIndex } = asked
  const fail = (errorCode: number): PartitionAnswer => ({ partitionIndex, errorCode, timestamp: -1, offset: -1 })
  if (asked.timestamp < 0 && version < (firstVersion.get(asked.timestamp) ?? Number.POSITIVE_INFINITY)) {
    return Effect.succeed(fail(ErrorCode.UNSUPPORTED_VERSION))
  }
  if (request.isolationLevel !== readUncommitted && request.isolationLevel !== readCommitted) {
    return Effect.succeed(fail(ErrorCode.UNKNOWN_SERVER_ERROR))
  }
  const found = findLeader(services, topicName, partitionIndex)
  if ("errorCode" in found) return Effect.succeed(fail(found.errorCode))
  const replica = found.partition.actor.state()
  if (replica._tag === "Offline") return Effect.succeed(fail(replica.errorCode))
  const epochError = checkLeaderEpoch(replica.leaderEpoch, asked.currentLeaderEpoch)
  if (epochError !== ErrorCode.NONE) return Effect.succeed(fail(epochError))
  if (replica._tag === "Follower" && request.replicaId !== debuggingReplica) {
    return Effect.succeed(fail(ErrorCode.NOT_LEADER_OR_FOLLOWER))
  }
  const upTo = boundFor(replica, request.replicaId, request.isolationLevel)
  const answer = (located: Located): PartitionAnswer => {
    if (isUncertain(replica, request.replicaId, asked.timestamp, located)) {
      return fail(version < offsetNotAvailableVersion ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.OFFSET_NOT_AVAILABLE)
    }
    const { offset, timestamp, leaderEpoch } = located
    return {
      partitionIndex,
      errorCode: ErrorCode.NONE,
      timestamp,
      offset,
      ...(version >= 4 ? { leaderEpoch } : {})
    }
  }
  return locate(services, found.partition, replica, asked, upTo).pipe(
    Effect.map(answer),
    Effect.catch((error) =>
      Effect.as(Effect.logError("looking up an offset failed", error), fail(ErrorCode.KAFKA_STORAGE_ERROR))
    )
  )
}

/** Partitions that the request names more than once (behaviour 096). */
const repeated = (request: Request): ReadonlySet<string> => {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { name, partitions } of request.topics) {
    for (const { partitionIndex } of partitions) {
      const key = `${name}/${partitionIndex}`
      if (seen.has(key)) twice.add(key)
      seen.add(key)
    }
  }
  return twice
}

export const listOffsets = (services: Services): Handler =>
  handler(ListOffsetsRequest, ListOffsetsResponse, (request, { apiVersion }) =>
    Effect.gen(function* () {
      const twice = repeated(request)
      const topics: Array<{ readonly name: string; readonly partitions: Array<PartitionAnswer> }> = []
      for (const { name, partitions } of request.topics) {
        const answers: Array<PartitionAnswer> = []
        for (const asked of new Map(partitions.map((each) => [each.partitionIndex, each])).values()) {
          if (twice.has(`${name}/${asked.partitionIndex}`)) {
            const { partitionIndex } = asked
            answers.push({ partitionIndex, errorCode: ErrorCode.INVALID_REQUEST, timestamp: -1, offset: -1 })
          } else answers.push(yield* answerOne(services, request, name, asked, apiVersion))
        }
        if (answers.length > 0) topics.push({ name, partitions: answers })
      }
      return { topics }
    })
  )
