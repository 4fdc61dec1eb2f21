/**
 * The quorum, judged by the disks of its nodes: an epoch has one leader; a vote that made a leader is on the disk of whoever gave it; a
 * voter that is cut off raises no epochs (KIP-996).
 *
 * Invariant: nothing is remembered from one look to the next but what a cut-off node's epoch was, since what was written and not synced may
 * rightly be gone after a power cut.
 */
import { Reader } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { RecordCursor, recordAt } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { LeaderChangeMessage } from "@klamm/protocol/records/Control"
import { dataDirectory } from "../Nodes.ts"
import type { SimCluster, SimNode } from "../SimCluster.ts"
import type { Violation } from "./Evidence.ts"

const directory = `${dataDirectory}/__cluster_metadata-0`

interface Election {
  readonly epoch: number
  readonly leaderId: number
  readonly granted: ReadonlyArray<number>
}

interface Vote {
  readonly epoch: number
  readonly votedFor: number
}

const read = ({ disk: { files } }: SimNode, path: string): Uint8Array => {
  const file = files.file(path)
  const bytes = new Uint8Array(file.size)
  file.read(0, bytes)
  return bytes
}

const namesIn = ({ disk: { files } }: SimNode): ReadonlyArray<string> =>
  files.find(directory) === undefined ? [] : files.list(directory).map(({ name }) => name)

/** The election that a batch tells of. */
const electionAt = (bytes: Uint8Array, at: number, sizeBytes: number): ReadonlyArray<Election> => {
  if (!RecordBatch.isControl(bytes, at) || RecordBatch.verifyBatch(bytes, at, at + sizeBytes) !== undefined) return []
  const cursor = new RecordCursor(bytes, at + RecordBatch.headerBytes, at + sizeBytes)
  cursor.next()
  const { key, value } = recordAt(cursor)
  if (key === null || value === null) return []
  if (new Reader(key.subarray(2)).int16() !== RecordBatch.controlTypes.leaderChange) return []
  const version = new Reader(value).int16()
  const { leaderId, grantingVoters } = codec(LeaderChangeMessage, version).decode(new Reader(value))
  const epoch = RecordBatch.partitionLeaderEpoch(bytes, at)
  return [{ epoch, leaderId, granted: grantingVoters.map(({ voterId }) => voterId) }]
}

const electionsOn = (node: SimNode): ReadonlyArray<Election> =>
  namesIn(node)
    .filter((name) => name.endsWith(".log"))
    .flatMap((name) => {
      const bytes = read(node, `${directory}/${name}`)
      const elections: Array<Election> = []
      RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at, sizeBytes) => {
        elections.push(...electionAt(bytes, at, sizeBytes))
      })
      return elections
    })

/** Undefined where there is no vote, or none that can be read. */
const voteOn = (node: SimNode): Vote | undefined => {
  if (!namesIn(node).includes("quorum-state")) return undefined
  const text = new TextDecoder().decode(read(node, `${directory}/quorum-state`))
  const epoch = /"leaderEpoch":(-?\d+)/.exec(text)?.[1]
  const votedFor = /"votedId":(-?\d+)/.exec(text)?.[1]
  return epoch === undefined || votedFor === undefined
    ? undefined
    : { epoch: Number(epoch), votedFor: Number(votedFor) }
}

/** What an election claims and the disk of one who granted it does not know. */
const unfounded = ({ nodes }: SimCluster, { epoch, leaderId, granted }: Election): ReadonlyArray<Violation> =>
  nodes.flatMap((node): ReadonlyArray<Violation> => {
    // A disk that was lost knows nothing of what it promised.
    if (!granted.includes(node.id) || node.disksLost > 0) return []
    const vote = voteOn(node)
    if (vote !== undefined && (vote.epoch > epoch || (vote.epoch === epoch && vote.votedFor === leaderId))) return []
    const known = vote === undefined ? "none" : `one for ${vote.votedFor} in epoch ${vote.epoch}`
    const detail = `b${leaderId} leads epoch ${epoch} by the vote of b${node.id}, whose disk has ${known}`
    return [{ check: "votes", detail }]
  })

interface CutOff {
  readonly heals: number
  readonly epoch: number
}

/** Epochs that may begin on a node after it was cut off: one that was on its way. */
const epochsUnderWay = 1

export class QuorumWatch {
  private readonly cluster: SimCluster
  private readonly cutOff = new Map<number, CutOff>()

  constructor(cluster: SimCluster) {
    this.cluster = cluster
  }

  /** What is wrong now. */
  look(): ReadonlyArray<Violation> {
    if (this.cluster.nodes.length === 1) return []
    return [...this.elections(), ...this.cluster.nodes.flatMap((node) => this.disruption(node))]
  }

  private elections(): ReadonlyArray<Violation> {
    const leaders = new Map<number, number>()
    return this.cluster.nodes.flatMap(electionsOn).flatMap((election): ReadonlyArray<Violation> => {
      const { epoch, leaderId } = election
      const other = leaders.get(epoch)
      if (other === leaderId) return []
      leaders.set(epoch, leaderId)
      if (other === undefined) return unfounded(this.cluster, election)
      return [{ check: "leaders", detail: `b${other} and b${leaderId} both lead epoch ${epoch}` }]
    })
  }

  /** A voter that nobody hears must not come back with epochs that nobody asked for. */
  private disruption(node: SimNode): ReadonlyArray<Violation> {
    const { options, nodes } = this.cluster
    const others = nodes.flatMap(({ host }) => (host === node.host ? [] : [host]))
    const vote = voteOn(node)
    const { heals } = options.network
    const before = this.cutOff.get(node.id)
    if (vote === undefined || !options.network.isCutOff(node.host, others)) {
      this.cutOff.delete(node.id)
      return []
    }
    if (before === undefined || before.heals !== heals) {
      this.cutOff.set(node.id, { heals, epoch: vote.epoch })
      return []
    }
    if (vote.epoch <= before.epoch + epochsUnderWay) return []
    const detail = `b${node.id} is cut off, and has raised its epoch from ${before.epoch} to ${vote.epoch} meanwhile`
    return [{ check: "disruption", detail }]
  }
}
