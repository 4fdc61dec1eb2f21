/**
 * Raising kraft.version while the quorum runs (KIP-853): from then on the voters, who were configured, are recorded in the log, each by its
 * directory.
 *
 * Invariants: the version never falls; the first VotersRecord has exactly the voters that were configured, so that the majorities
 * before and after are the same nodes; it is written only when the directory of each is known, from its fetches of this epoch.
 */
import { codes, votersOf } from "./Common.ts"
import type { Leader } from "./Leader.ts"
import * as LogView from "./LogView.ts"
import type { UpgradeVersionRequest } from "./Peer.ts"
import * as Progress from "./Progress.ts"
import * as VoterSet from "./VoterSet.ts"

/** The version from which voters are recorded. */
export const recordedVotersVersion = 1

const identified = (state: Leader, voter: VoterSet.Voter): VoterSet.Voter => {
  const { self } = state
  if (voter.id === self.id) {
    return VoterSet.voter(self, self.endpoints.length > 0 ? self.endpoints : voter.endpoints)
  }
  const directoryId = Progress.ofVoter(state.replicas, voter)?.key.directoryId ?? VoterSet.noDirectoryId
  return VoterSet.voter({ id: voter.id, directoryId }, voter.endpoints)
}

/** The voters as they are to be recorded. A voter whose address differs says so itself later. */
export const recordedVoters = (state: Leader): VoterSet.VoterSet =>
  VoterSet.of(votersOf(state).voters.map((voter) => identified(state, voter)))

const invalid = (why: string): readonly [number, string] => [codes.invalidUpdateVersion, why]

/** What is to be said at once: nothing is wrong and nothing to do, or what is wrong. Undefined when the version is to be raised. */
export const answerAtOnce = (
  state: Leader,
  { level, isUpgrade, validateOnly }: UpgradeVersionRequest
): readonly [number, string | null] | undefined => {
  const { kraftVersion } = LogView.latestVoters(state.log)
  if (level < kraftVersion) {
    const more = isUpgrade ? " without setting the upgrade type to either safe or unsafe downgrade" : ""
    return invalid(`Can't downgrade the version of this feature${more}.`)
  }
  if (level === kraftVersion) return [codes.none, null]
  if (!isUpgrade) return invalid("Can't downgrade to a newer version.")
  if (level > recordedVotersVersion) return invalid(`The quorum knows no version above ${recordedVotersVersion}.`)
  if (state.highWatermark <= state.epochStartOffset) return [codes.requestTimedOut, "The leader has just been elected."]
  if (state.change !== undefined) return [codes.requestTimedOut, "Another change of the voters is under way."]
  const unknown = recordedVoters(state).voters.filter(({ directoryId }) => directoryId === VoterSet.noDirectoryId)
  if (unknown.length > 0) {
    return invalid(
      `The directories of these voters are not known, they have not been heard of: ${unknown.map(({ id }) => id).join(", ")}.`
    )
  }
  return validateOnly ? [codes.none, null] : undefined
}
