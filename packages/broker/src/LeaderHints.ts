/**
 * Who leads instead (KIP-951): an answer that turns a client away from a partition says where to go, so that it need not ask for the
 * metadata first. Invariant: only what this broker's image says, and only leaders with an address on the asker's listener.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type { Cluster } from "./Cluster.ts"

export interface LeaderHint {
  readonly leaderId: number
  readonly leaderEpoch: number
}

export interface NodeHint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** Errors by which a client learns that its idea of the leader is old. */
const isAboutLeader = (errorCode: number): boolean =>
  errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.FENCED_LEADER_EPOCH

export class LeaderHints {
  private readonly nodes = new Map<number, NodeHint>()
  private readonly cluster: Cluster
  private readonly listenerName: string

  constructor(cluster: Cluster, listenerName: string) {
    this.cluster = cluster
    this.listenerName = listenerName
  }

  /** What to say beside the error; undefined where there is nothing to say. Topics by name or by id. */
  of(
    errorCode: number,
    topic: { readonly name?: string | undefined; readonly topicId?: string | undefined },
    partition: number
  ) {
    if (!isAboutLeader(errorCode)) return undefined
    const { name = "", topicId = "" } = topic
    const found = name === "" ? this.cluster.topicById(topicId) : this.cluster.topicByName(name)
    const known = found?.partitions[partition]
    if (known === undefined || known.leader === -1) return undefined
    const broker = this.cluster.broker(known.leader)
    const endpoint = broker?.endpoints.get(this.listenerName)
    if (broker !== undefined && endpoint !== undefined) {
      this.nodes.set(broker.id, { nodeId: broker.id, host: endpoint.host, port: endpoint.port, rack: broker.rack })
    }
    return { leaderId: known.leader, leaderEpoch: known.leaderEpoch }
  }

  /** The addresses of all leaders told. */
  get nodeEndpoints(): ReadonlyArray<NodeHint> {
    return [...this.nodes.values()]
  }
}
