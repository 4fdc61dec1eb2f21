/**
 * `quorum-state`: the epoch and the vote, in Kafka's JSON (QuorumStateData; version 0 while voters are configured, 1 since they are
 * recorded), with one field more while the directory is fresh, which Kafka reads past. Invariant: replaced whole and synced before the vote counts; a file that can't be read stops the node, because a
 * forgotten vote could be given twice.
 */

import * as Checkpoint from "@klamm/log/Checkpoint"
import { CorruptLog } from "@klamm/log/LogError"
import type { Disk, DiskError } from "@klamm/platform"
import * as Uuid from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import type { QuorumState, VoterEntry } from "./Message.ts"
import { noDirectoryId } from "./VoterSet.ts"

const fileName = "quorum-state"

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isId = (value: unknown): value is number => Number.isSafeInteger(value)

const decode = (text: string): QuorumState | undefined => {
  try {
    const json: unknown = JSON.parse(text)
    if (!isObject(json)) return undefined
    const { leaderEpoch: epoch, votedId: votedFor, leaderId, votedDirectoryId = noDirectoryId, fresh = false } = json
    if (!isId(epoch) || !isId(votedFor) || !isId(leaderId)) return undefined
    if (typeof votedDirectoryId !== "string" || !Uuid.isUuid(votedDirectoryId)) return undefined
    if (typeof fresh !== "boolean") return undefined
    return { election: { epoch, votedFor, votedDirectoryId, leaderId }, fresh }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Undefined when there is none: this directory has never taken part in an election. */
export const read = (
  disk: Disk["Service"],
  directory: string
): Effect.Effect<QuorumState | undefined, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const path = `${directory}/${fileName}`
    const bytes = yield* Checkpoint.readIfPresent(disk, path)
    if (bytes === undefined) return undefined
    const state = decode(new TextDecoder().decode(bytes))
    if (state === undefined) {
      return yield* Effect.fail(new CorruptLog({ path, position: 0, reason: "is no quorum state" }))
    }
    return state
  })

const encode = ({ election, fresh }: QuorumState, { voters, kraftVersion }: VoterEntry, clusterId: string): unknown => {
  const { epoch: leaderEpoch, votedFor: votedId, votedDirectoryId, leaderId } = election
  const mark = fresh ? { fresh } : {}
  if (kraftVersion >= 1) return { leaderId, leaderEpoch, votedId, votedDirectoryId, ...mark, data_version: 1 }
  const currentVoters = voters.ids.map((voterId) => ({ voterId }))
  return { clusterId, leaderId, leaderEpoch, votedId, appliedOffset: 0, currentVoters, ...mark, data_version: 0 }
}

export const write = (
  disk: Disk["Service"],
  directory: string,
  state: QuorumState,
  voters: VoterEntry,
  clusterId: string
): Effect.Effect<void, DiskError> => {
  const text = JSON.stringify(encode(state, voters, clusterId))
  return Checkpoint.replaceFile(disk, directory, fileName, new TextEncoder().encode(text))
}
