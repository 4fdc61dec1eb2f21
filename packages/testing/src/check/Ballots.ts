/**
 * What the quorum's nodes believe, judged at one moment: an epoch has one leader, by the durable votes of a majority; nobody votes twice in
 * an epoch, not even with a new disk; whoever could be elected now has all that was ever committed (Raft's leader completeness, which
 * shows a bug long before an election does); a leader commits nothing before a record of its own epoch; one that reaches nobody leads no
 * more.
 *
 * Invariant: a node's own machine says whether it would vote, so that no rule is written twice. Neighbour: `Quorum.ts`, which reads logs.
 */
import * as EpochCache from "@klamm/log/EpochCache"
import { keyOf, mayStand, votersOf } from "@klamm/raft/Common"
import * as Leader from "@klamm/raft/Leader"
import { lastEpoch } from "@klamm/raft/LogView"
import { machine, type RaftState } from "@klamm/raft/Raft"
import * as VoterSet from "@klamm/raft/VoterSet"
import { dataDirectory } from "../Nodes.ts"
import type { SimCluster, SimNode } from "../SimCluster.ts"
import type { Violation } from "./Evidence.ts"
import { Solitude } from "./Solitude.ts"

interface Vote {
  readonly epoch: number
  readonly votedFor: number
}

interface Committed {
  readonly offset: number
  /** Of the last record; undefined where nobody has said it yet. */
  readonly epoch: number | undefined
}

interface Believer {
  readonly node: SimNode
  readonly state: RaftState
}

const nobody = -1
/** For what was under way when a leader was cut off, in milliseconds of its clock. */
const slackMs = 1_000

/** The vote that the worst power cut would leave. */
export const durableVote = ({ disk }: SimNode): Vote | undefined => {
  const file = disk.files.findDurable(`${dataDirectory}/__cluster_metadata-0/quorum-state`)
  if (file?.kind !== "file") return undefined
  const text = new TextDecoder().decode(file.durable)
  const epoch = /"leaderEpoch":(-?\d+)/.exec(text)?.[1]
  const votedFor = /"votedId":(-?\d+)/.exec(text)?.[1]
  return epoch === undefined || votedFor === undefined
    ? undefined
    : { epoch: Number(epoch), votedFor: Number(votedFor) }
}

/** The epoch of the last record below the offset, as far as the log still says. */
const epochBelow = ({ log }: RaftState, offset: number): number | undefined => {
  const known = offset > log.startOffset ? EpochCache.epochForOffset(log.epochs, offset - 1) : nobody
  if (known !== nobody) return known
  return log.snapshot?.endOffset === offset ? log.snapshot.epoch : undefined
}

const lacks = (state: RaftState, { offset, epoch }: Committed): boolean => {
  if (state.log.endOffset < offset) return true
  const own = epochBelow(state, offset)
  return own !== undefined && epoch !== undefined && own !== epoch
}

/** Whether the voter would give the candidate its vote in that epoch. */
const wouldVote = (voter: RaftState, candidate: RaftState, epoch: number): boolean => {
  const named = votersOf(candidate).voters.find(({ id }) => id === voter.self.id)
  if (named === undefined) return false
  const request = {
    _tag: "Vote",
    clusterId: candidate.self.clusterId,
    epoch,
    candidate: keyOf(candidate.self),
    voter: keyOf(named),
    lastEpoch: lastEpoch(candidate.log),
    lastOffset: candidate.log.endOffset,
    preVote: false
  } as const
  const [{ election }] = machine.step(voter, { _tag: "Requested", request, respond: () => undefined }, 0)
  return election.epoch === epoch && election.votedFor === candidate.self.id
}

export class BallotWatch {
  private readonly cluster: SimCluster
  private readonly leaders = new Map<number, number>()
  /** What each node was seen to have voted, by node and epoch. */
  private readonly votes = new Map<string, number>()
  private readonly alone = new Solitude()
  /** The high watermark with which each epoch's leader was first seen. */
  private readonly begun = new Map<number, number>()
  private committed: Committed = { offset: 0, epoch: undefined }

  constructor(cluster: SimCluster) {
    this.cluster = cluster
  }

  /** What is wrong now. */
  look(): ReadonlyArray<Violation> {
    const believers = this.cluster.nodes.flatMap((node): ReadonlyArray<Believer> => {
      const state = node.control?.controller.raft.state()
      return state === undefined ? [] : [{ node, state }]
    })
    for (const { state } of believers) this.learn(state)
    return [
      ...this.cluster.nodes.flatMap((node) => this.doubleVote(node)),
      ...believers.flatMap((each) => [...this.leadership(each), ...this.haste(each), ...this.solitude(each)]),
      ...this.incomplete(believers)
    ]
  }

  private learn(state: RaftState): void {
    const { offset, epoch } = this.committed
    const { highWatermark } = state
    if (highWatermark < offset || state.log.endOffset < highWatermark) return
    if (highWatermark > offset) this.committed = { offset: highWatermark, epoch: epochBelow(state, highWatermark) }
    else if (epoch === undefined) this.committed = { offset, epoch: epochBelow(state, offset) }
  }

  private doubleVote(node: SimNode): ReadonlyArray<Violation> {
    const vote = durableVote(node)
    // A vote for oneself that nobody else gives wins nothing, and a new disk does not know that it was given before.
    if (vote === undefined || vote.votedFor === nobody || vote.votedFor === node.id) return []
    const key = `${node.id} ${vote.epoch}`
    const before = this.votes.get(key)
    this.votes.set(key, before ?? vote.votedFor)
    if (before === undefined || before === vote.votedFor) return []
    const detail = `b${node.id} has voted for b${before} in epoch ${vote.epoch}, and votes for b${vote.votedFor}`
    return [{ check: "votes", detail }]
  }

  /** A leader that is seen for the first time. */
  private leadership({ node, state }: Believer): ReadonlyArray<Violation> {
    if (state._tag !== "Leader") return []
    const { epoch } = state.election
    const other = this.leaders.get(epoch)
    if (other === node.id) return []
    this.leaders.set(epoch, node.id)
    if (other !== undefined) {
      return [{ check: "leaders", detail: `b${other} and b${node.id} both lead epoch ${epoch}` }]
    }
    const isFounded = (each: SimNode): boolean => {
      const vote = durableVote(each)
      // A disk that was lost knows nothing of what it promised.
      if (each.disksLost > 0) return true
      return vote !== undefined && (vote.epoch > epoch || (vote.epoch === epoch && vote.votedFor === node.id))
    }
    const granted = new Set(this.cluster.nodes.filter(isFounded).map(({ id }) => id))
    if (VoterSet.isMajority(votersOf(state), granted)) return []
    const detail = `b${node.id} leads epoch ${epoch} by votes of which the disks of b${[...granted]} alone know`
    return [{ check: "votes", detail }]
  }

  /** Raft, section 5.4.2: what a majority has of an earlier epoch is not committed by itself, since it may yet be overwritten. */
  private haste({ node, state }: Believer): ReadonlyArray<Violation> {
    if (state._tag !== "Leader") return []
    const { highWatermark, epochStartOffset, election } = state
    const before = this.begun.get(election.epoch) ?? highWatermark
    this.begun.set(election.epoch, before)
    if (highWatermark === before || highWatermark > epochStartOffset) return []
    const detail = `b${node.id} leads epoch ${election.epoch} from ${epochStartOffset} on, and has committed from ${before} to ${highWatermark}`
    return [{ check: "haste", detail }]
  }

  /** Where only its own answers are lost, a leader hears who asks, and may take itself for one that is followed. */
  private mayHear(node: SimNode, other: SimNode): boolean {
    if (other.control === undefined || other.state === "Paused") return false
    return this.cluster.options.network.isOpen(other.host, node.host)
  }

  private solitude({ node, state }: Believer): ReadonlyArray<Violation> {
    const others = this.cluster.nodes.filter((each) => each !== node)
    if (state._tag !== "Leader" || others.length === 0 || node.state === "Paused") {
      this.alone.forget(node.id)
      return []
    }
    // What somebody sent who is paused by now may have waited for the path, and get through with its opening; and whoever begins a life asks
    // for what is new, though it may be dead again when it is looked for.
    const chances = others.reduce((sum, { lives }) => sum + lives, this.cluster.options.network.heals)
    const mayHear = others.some((other) => this.mayHear(node, other))
    const aloneMs = this.alone.note(node.id, { monotonicMs: node.machine.time.monotonicMs, mayHear, chances })
    const limitMs = Leader.checkQuorumFactor * state.self.settings.fetchTimeoutMs + slackMs
    if (aloneMs <= limitMs) return []
    const detail = `b${node.id} has heard nobody for ${limitMs} ms and still leads epoch ${state.election.epoch}`
    return [{ check: "solitude", detail }]
  }

  /** A node that lacks something committed and would be elected. */
  private incomplete(believers: ReadonlyArray<Believer>): ReadonlyArray<Violation> {
    const epoch = Math.max(0, ...believers.map(({ state }) => state.election.epoch)) + 1
    return believers.flatMap(({ node, state }): ReadonlyArray<Violation> => {
      if (!mayStand(state) || !lacks(state, this.committed)) return []
      const others = believers.filter((each) => each.node !== node)
      const granted = new Set([node.id])
      for (const other of others) if (wouldVote(other.state, state, epoch)) granted.add(other.node.id)
      if (!VoterSet.isMajority(votersOf(state), granted)) return []
      const { offset, epoch: last } = this.committed
      const detail =
        `b${[...granted]} would elect b${node.id}, whose log ends at ${state.log.endOffset} in epoch ${lastEpoch(state.log)}, ` +
        `though all up to ${offset} of epoch ${last} was committed`
      return [{ check: "completeness", detail }]
    })
  }
}
