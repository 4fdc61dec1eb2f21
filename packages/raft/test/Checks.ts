/** What must hold at every step of a quorum, whatever happens to it: broken, it throws with what was seen. */

import { votersOf } from "../src/Common.ts"
import type { FetchedBatch } from "../src/Message.ts"
import type { PeerRequest, PeerResponse } from "../src/Peer.ts"
import type { RaftState } from "../src/Raft.ts"
import * as VoterSet from "../src/VoterSet.ts"
import { endOf } from "./SimDisk.ts"
import type { SimNode, Simulation } from "./Simulation.ts"

const isSame = (one: FetchedBatch, other: FetchedBatch): boolean =>
  one.baseOffset === other.baseOffset &&
  one.lastOffset === other.lastOffset &&
  one.epoch === other.epoch &&
  one.bytes.join() === other.bytes.join()

export class Checks {
  private readonly simulation: Simulation
  private readonly leaders = new Map<number, number>()
  private readonly votes = new Map<string, string>()
  /** What is committed, by base offset, and where it ends. */
  readonly committedBatches = new Map<number, FetchedBatch>()
  committedEnd = 0

  constructor(simulation: Simulation) {
    this.simulation = simulation
  }

  private fail(text: string): never {
    throw new Error(`at ${Math.round(this.simulation.now)} ms: ${text}`)
  }

  /** One leader per epoch, who has everything that is committed; the epoch and the high watermark never fall. */
  stepped(node: SimNode, before: RaftState, after: RaftState): void {
    if (after.election.epoch < before.election.epoch) this.fail(`the epoch of ${node.id} falls`)
    if (after.highWatermark < before.highWatermark) this.fail(`the high watermark of ${node.id} falls`)
    if (after._tag === "Leader" && before._tag !== "Leader") this.elected(node, after.election.epoch)
    if (after._tag === "Candidate" && before._tag === "Candidate" && after.ballot.granted.has(node.id)) {
      const isDurable = node.disk.stored?.election.epoch === after.election.epoch
      if (!isDurable) this.fail(`${node.id} counts its own vote in ${after.election.epoch} before it is durable`)
      this.voted(node, after.election.epoch, `${node.id}/${node.self.directoryId}`)
    }
  }

  private elected(node: SimNode, epoch: number): void {
    const other = this.leaders.get(epoch)
    if (other !== undefined) this.fail(`${other} and ${node.id} lead in epoch ${epoch}`)
    this.leaders.set(epoch, node.id)
    const { disk } = node
    for (const [baseOffset, batch] of this.committedBatches) {
      if (batch.lastOffset < disk.startOffset) continue
      const own = disk.batches.find((one) => one.baseOffset === baseOffset)
      if (own === undefined || !isSame(own, batch))
        this.fail(`the leader ${node.id} lacks what is committed at ${baseOffset}`)
    }
  }

  /** No two votes in an epoch from one directory, and none before it is durable. */
  answered(node: SimNode, request: PeerRequest, response: PeerResponse): void {
    if (request._tag !== "Vote" || response._tag !== "Vote" || request.preVote || !response.voteGranted) return
    const { stored } = node.disk
    if (stored === undefined || stored.election.epoch < request.epoch) {
      this.fail(`${node.id} tells its vote in ${request.epoch} before it is durable`)
    }
    this.voted(node, request.epoch, `${request.candidate.id}/${request.candidate.directoryId}`)
  }

  private voted(node: SimNode, epoch: number, candidate: string): void {
    const key = `${node.id}/${node.self.directoryId}/${epoch}`
    const before = this.votes.get(key)
    if (before !== undefined && before !== candidate) this.fail(`${key} votes for ${before} and ${candidate}`)
    this.votes.set(key, candidate)
  }

  /** What one node calls committed, all others do, and a majority has it durably. */
  committed(node: SimNode, highWatermark: number): void {
    const from = Math.max(node.told, node.disk.startOffset)
    for (const batch of node.disk.batches) {
      if (batch.lastOffset < from || batch.baseOffset >= highWatermark) continue
      if (batch.lastOffset >= highWatermark) this.fail(`a commit of ${node.id} ends inside a batch`)
      const known = this.committedBatches.get(batch.baseOffset)
      if (known !== undefined && !isSame(known, batch))
        this.fail(`${node.id} commits something else at ${batch.baseOffset}`)
      if (known === undefined) this.committedBatches.set(batch.baseOffset, batch)
    }
    if (highWatermark > endOf(node.disk)) this.fail(`${node.id} commits beyond its log`)
    if (highWatermark > this.committedEnd) this.durable(node, highWatermark)
    this.committedEnd = Math.max(this.committedEnd, highWatermark)
    node.told = Math.max(node.told, highWatermark)
  }

  private durable(leader: SimNode, highWatermark: number): void {
    if (leader.state?._tag !== "Leader" && leader.state?._tag !== "Resigned")
      this.fail(`${leader.id} commits ahead of a leader`)
    const voters = votersOf(leader.state)
    const last = leader.disk.batches.find((batch) => batch.lastOffset === highWatermark - 1)
    const holders = voters.voters.filter(({ id, directoryId }) => {
      const { disk, self } = this.simulation.nodes.get(id)!
      if (directoryId !== VoterSet.noDirectoryId && directoryId !== self.directoryId) return false
      if (disk.startOffset >= highWatermark) return true
      const own = disk.batches.find((batch) => batch.lastOffset === highWatermark - 1)
      return own !== undefined && last !== undefined && isSame(own, last) && disk.syncedOffset >= highWatermark
    })
    if (holders.length < VoterSet.majority(voters)) {
      this.fail(`${highWatermark} is committed, only ${holders.map(({ id }) => id)} of ${voters.ids} hold it durably`)
    }
  }

  /** What is committed is never cut off. */
  truncated(node: SimNode, offset: number): void {
    if (offset < node.told) this.fail(`${node.id} cuts at ${offset} what it told as committed`)
  }

  /** Two logs with the same record at an offset are the same up to there (Raft section 5.3). */
  logsMatch(): void {
    const nodes = [...this.simulation.nodes.values()]
    for (const one of nodes) {
      for (const other of nodes) {
        if (one.id >= other.id) continue
        let agree = false
        for (const batch of one.disk.batches.toReversed()) {
          const same = other.disk.batches.find(({ baseOffset }) => baseOffset === batch.baseOffset)
          if (same === undefined) continue
          if (agree && !isSame(same, batch))
            this.fail(`the logs of ${one.id} and ${other.id} part at ${batch.baseOffset}`)
          agree ||= same.epoch === batch.epoch
          if (agree && !isSame(same, batch)) this.fail(`${one.id} and ${other.id} differ at ${batch.baseOffset}`)
        }
      }
    }
  }
}
