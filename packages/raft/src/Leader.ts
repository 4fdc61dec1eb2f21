/**
 * The leader of an epoch: gives appends their offsets and commits what a majority holds durably.
 *
 * Invariants: offsets rise without a gap; one sync is under way at a time, and the next covers all that was written meanwhile;
 * nothing is committed before the first record of this epoch can be (Raft section 5.4.2).
 */
import { none } from "@klamm/actor"
import type { Election, Message, Out } from "./Message.ts"
import type { Common, Step } from "./Raft.ts"
import * as Unattached from "./Unattached.ts"
import * as VoterSet from "./VoterSet.ts"

export interface Leader extends Common {
  readonly _tag: "Leader"
  /** The offset of the first record of this epoch. */
  readonly epochStartOffset: number
  /** Below it everything is durable, by voter. */
  readonly durable: ReadonlyMap<number, number>
  readonly writtenOffset: number
  readonly syncing: boolean
}

/** Takes the epoch that a majority granted. */
export const enter = (common: Common, granted: ReadonlySet<number>): Step => {
  const { nodeId, voters, logEndOffset, highWatermark } = common
  const election: Election = { ...common.election, leaderId: nodeId }
  const state: Leader = {
    _tag: "Leader",
    nodeId,
    voters,
    election,
    logEndOffset: logEndOffset + 1,
    highWatermark,
    epochStartOffset: logEndOffset,
    durable: new Map(),
    writtenOffset: logEndOffset,
    syncing: false
  }
  const change: Out = {
    _tag: "WriteLeaderChange",
    baseOffset: logEndOffset,
    epoch: election.epoch,
    voters: voters.ids,
    grantingVoters: [...granted]
  }
  return [state, [{ _tag: "PersistElection", election }, change]]
}

/** Asks for a sync when there is something to sync and none is under way. */
const syncIfDue = (state: Leader): Step => {
  const synced = state.durable.get(state.nodeId) ?? 0
  if (state.syncing || state.writtenOffset <= synced) return [state, none]
  return [{ ...state, syncing: true }, [{ _tag: "Sync" }]]
}

const advance = (state: Leader): Step => {
  const reached = VoterSet.majorityOffset(state.voters, state.durable)
  if (reached <= state.epochStartOffset || reached <= state.highWatermark) return [state, none]
  const first = state.highWatermark <= state.epochStartOffset
  const out: Array<Out> = [{ _tag: "Committed", highWatermark: reached }]
  if (first) out.push({ _tag: "Led", epoch: state.election.epoch })
  return [{ ...state, highWatermark: reached }, out]
}

const synced = (state: Leader, offset: number): Step => {
  const durable = new Map(state.durable).set(state.nodeId, offset)
  const [advanced, committed] = advance({ ...state, durable, syncing: false })
  if (advanced._tag !== "Leader") return [advanced, committed]
  const [next, sync] = syncIfDue(advanced)
  return [next, [...committed, ...sync]]
}

export const step = (state: Leader, message: Message): Step => {
  switch (message._tag) {
    case "Append": {
      const { entry } = message
      const baseOffset = state.logEndOffset
      const logEndOffset = baseOffset + entry.count
      return [
        { ...state, logEndOffset },
        [
          { _tag: "Write", batch: entry.batch, baseOffset, epoch: state.election.epoch },
          { _tag: "Answer", entry, answer: { _tag: "Appended", lastOffset: logEndOffset - 1 } }
        ]
      ]
    }
    case "Written":
      return syncIfDue({ ...state, writtenOffset: message.logEndOffset })
    case "Synced":
      return synced(state, message.offset)
    case "Resign":
      return [Unattached.enter(state, Number.POSITIVE_INFINITY), [{ _tag: "Resigned" }]]
    default:
      return [state, none]
  }
}
