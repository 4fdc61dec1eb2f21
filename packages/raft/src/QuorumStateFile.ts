/**
 * `quorum-state`: the epoch and the vote, in Kafka's JSON (QuorumStateData version 0). Invariant: replaced whole and synced before
 * the vote counts; a file that can't be read stops the node, because a forgotten vote could be given twice.
 */

import * as Checkpoint from "@klamm/log/Checkpoint"
import { CorruptLog } from "@klamm/log/LogError"
import type { Disk, DiskError } from "@klamm/platform"
import * as Effect from "effect/Effect"
import type { Election } from "./Message.ts"
import type { VoterSet } from "./VoterSet.ts"

const fileName = "quorum-state"

const firstElection: Election = { epoch: 0, votedFor: -1, leaderId: -1 }

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isId = (value: unknown): value is number => Number.isSafeInteger(value)

const decode = (text: string): Election | undefined => {
  try {
    const json: unknown = JSON.parse(text)
    if (!isObject(json)) return undefined
    const { leaderEpoch: epoch, votedId: votedFor, leaderId } = json
    return isId(epoch) && isId(votedFor) && isId(leaderId) ? { epoch, votedFor, leaderId } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The election of a node that has never voted, when there is no file. */
export const read = (disk: Disk["Service"], directory: string): Effect.Effect<Election, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const path = `${directory}/${fileName}`
    const bytes = yield* Checkpoint.readIfPresent(disk, path)
    if (bytes === undefined) return firstElection
    const election = decode(new TextDecoder().decode(bytes))
    if (election === undefined) {
      return yield* Effect.fail(new CorruptLog({ path, position: 0, reason: "is no quorum state" }))
    }
    return election
  })

export const write = (
  disk: Disk["Service"],
  directory: string,
  election: Election,
  voters: VoterSet
): Effect.Effect<void, DiskError> => {
  const json = {
    clusterId: "",
    leaderId: election.leaderId,
    leaderEpoch: election.epoch,
    votedId: election.votedFor,
    appliedOffset: 0,
    currentVoters: voters.ids.map((voterId) => ({ voterId })),
    data_version: 0
  }
  return Checkpoint.replaceFile(disk, directory, fileName, new TextEncoder().encode(JSON.stringify(json)))
}
