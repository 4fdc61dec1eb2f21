/**
 * Replication in miniature: the real partition machines of a few nodes over logs in memory, with a controller, clients and a network
 * whose every move is drawn from a seed. Mailboxes keep their order; everything else may come in any. Nodes die with or without power.
 */
import * as EpochCache from "@klamm/log/EpochCache"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Follower from "../../src/Follower.ts"
import { type AlterIsr, type FetchTicket, type Message, machine, type Out, type State } from "../../src/Partition.ts"
import { judge, type PartitionRead } from "../../src/PartitionRead.ts"
import { brokersOf, directoriesOf } from "../support.ts"
import { ModelLog } from "./modelLog.ts"

export interface Metadata {
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly isr: ReadonlyArray<number>
  readonly eligible: ReadonlyMap<number, number>
}

interface Polled {
  readonly leader: number
  readonly asked: { readonly epoch: number; readonly offset: number; readonly lastEpoch: number }
  readonly highWatermark: number
  readonly logStartOffset: number
  answer?: { readonly read: PartitionRead; readonly batches: ReadonlyArray<Uint8Array> }
}

export class Node {
  readonly id: number
  readonly log = new ModelLog()
  up = true
  epoch = 0
  state: State
  mailbox: ReadonlyArray<Message> = []
  syncs: Array<{ readonly truncations: number; target: number }> = []
  /** The metadata it has been told of last. */
  known = 0
  poll: Polled | undefined
  waiting = false
  checkpointedWatermark = 0

  constructor(id: number, state: State) {
    this.id = id
    this.state = state
  }
}

export interface Options {
  readonly nodes: ReadonlyArray<number>
  readonly minInsyncReplicas: number
  readonly syncBeforeAck: boolean
}

export class Model {
  readonly nodes: ReadonlyMap<number, Node>
  readonly metadata: Array<Metadata> = []
  readonly questions: Array<{ readonly node: Node; readonly change: AlterIsr; readonly life: number }> = []
  now = 1000
  private readonly options: Options
  private brokerEpochs = 0

  constructor(options: Options) {
    this.options = options
    const { nodes } = options
    const eligible = new Map(nodes.map((id) => [id, this.nextEpoch()]))
    this.metadata.push({ leader: nodes[0]!, leaderEpoch: 0, partitionEpoch: 0, isr: nodes, eligible })
    const offline: State = {
      _tag: "Offline",
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
      highWatermark: 0,
      logEndOffset: 0,
      logStartOffset: 0,
      leaderEpoch: -1,
      producers: new ModelLog().producers
    }
    this.nodes = new Map(nodes.map((id) => [id, new Node(id, offline)]))
    for (const node of this.nodes.values()) {
      node.epoch = eligible.get(node.id)!
      this.open(node)
    }
  }

  get latest(): Metadata {
    return this.metadata[this.metadata.length - 1]!
  }

  node(id: number): Node {
    return this.nodes.get(id)!
  }

  private nextEpoch(): number {
    this.brokerEpochs += 1
    return this.brokerEpochs
  }

  private roleFor(
    node: Node,
    { leader, leaderEpoch, partitionEpoch, isr }: Metadata
  ): Message & { _tag: "Lead" | "Follow" } {
    const { nodes: replicas } = this.options
    const assignment = { leaderEpoch, partitionEpoch, isr, replicas, directories: directoriesOf(replicas) }
    return leader === node.id ? { _tag: "Lead", assignment } : { _tag: "Follow", leaderId: leader, assignment }
  }

  /** Opens the log as follower of nobody, and tells it the latest metadata: what a broker does when it starts. */
  private open(node: Node): void {
    const { log } = node
    const { minInsyncReplicas, syncBeforeAck, nodes: replicas } = this.options
    log.truncateTo(log.end)
    node.state = Follower.start(
      {
        nodeId: node.id,
        settings: {
          minInsyncReplicas,
          syncBeforeAck,
          flushMessages: Number.POSITIVE_INFINITY,
          flushMs: Number.POSITIVE_INFINITY,
          logAppendTime: false,
          lagTimeMaxMs: 300
        },
        logStartOffset: log.start,
        logEndOffset: log.end,
        highWatermark: node.checkpointedWatermark,
        syncedOffset: log.synced,
        producers: log.producers,
        eligible: brokersOf(this.latest.eligible)
      },
      {
        leaderId: -1,
        assignment: { leaderEpoch: -1, partitionEpoch: -1, isr: [], replicas, directories: directoriesOf(replicas) }
      }
    )
    node.known = this.metadata.length - 1
    node.mailbox = [this.roleFor(node, this.latest)]
  }

  /** The controller's next decision; an undefined leader leaves it as it is. */
  decide(change: Partial<Pick<Metadata, "isr" | "eligible">> & { readonly leader?: number }): void {
    const before = this.latest
    const leaderEpoch = before.leaderEpoch + (change.leader === undefined ? 0 : 1)
    this.metadata.push({ ...before, ...change, leaderEpoch, partitionEpoch: before.partitionEpoch + 1 })
  }

  /** The process ends; with the power goes what was not synced, but for what lies below `spared`. */
  kill(node: Node, spared: number): void {
    node.up = false
    node.checkpointedWatermark = Math.min(node.checkpointedWatermark, node.log.end)
    if (Number.isFinite(spared)) node.log.recover(spared)
    node.checkpointedWatermark = Math.min(node.checkpointedWatermark, node.log.end)
    node.mailbox = []
    node.syncs = []
    node.poll = undefined
    node.waiting = false
    node.epoch = -1
    const eligible = new Map(this.latest.eligible)
    eligible.delete(node.id)
    const isr = this.latest.isr.filter((id) => id !== node.id)
    const leads = this.latest.leader === node.id
    const next = isr.find((id) => this.node(id).up) ?? -1
    if (isr.length === 0) this.decide({ eligible, ...(leads ? { leader: -1 } : {}) })
    else this.decide({ eligible, isr, ...(leads ? { leader: next } : {}) })
  }

  restart(node: Node): void {
    node.up = true
    node.epoch = this.nextEpoch()
    const eligible = new Map(this.latest.eligible).set(node.id, node.epoch)
    const elects = this.latest.leader === -1 && this.latest.isr.includes(node.id)
    this.decide({ eligible, ...(elects ? { leader: node.id } : {}) })
    this.open(node)
  }

  /** The node hears of the next metadata. */
  inform(node: Node): void {
    node.known += 1
    const metadata = this.metadata[node.known]!
    const brokers: Message = { _tag: "Brokers", eligible: brokersOf(metadata.eligible) }
    node.mailbox = [...node.mailbox, brokers, this.roleFor(node, metadata)]
  }

  /** Takes the first messages of the mailbox in one pass, as the actor does. */
  drain(node: Node, count: number): void {
    const taken = node.mailbox.slice(0, count)
    node.mailbox = node.mailbox.slice(count)
    let messages: ReadonlyArray<Message> = taken
    while (messages.length > 0) {
      const effects: Array<Out> = []
      for (const message of messages) {
        const [next, out] = machine.step(node.state, message, this.now)
        node.state = next
        effects.push(...out)
      }
      messages = effects.flatMap((effect) => this.perform(node, effect))
    }
  }

  private perform(node: Node, effect: Out): ReadonlyArray<Message> {
    const { log } = node
    const cut = (): ReadonlyArray<Message> => {
      for (const sync of node.syncs) sync.target = Math.min(sync.target, log.end)
      const { start: logStartOffset, end: logEndOffset, synced: syncedOffset, producers } = log
      return [{ _tag: "Truncated", logStartOffset, logEndOffset, syncedOffset, producers }]
    }
    switch (effect._tag) {
      case "Write": {
        const batch = effect.entry.request.batch.slice()
        RecordBatch.setBaseOffset(batch, 0, effect.entry.baseOffset)
        RecordBatch.setPartitionLeaderEpoch(batch, 0, effect.leaderEpoch)
        log.append(batch)
        return [{ _tag: "Written", logEndOffset: log.end }]
      }
      case "Replicate":
        for (const { bytes } of effect.entries) log.append(bytes)
        effect.ticket.release()
        return [{ _tag: "Written", logEndOffset: log.end }]
      case "TruncateTo":
        log.truncateTo(effect.offset)
        return cut()
      case "RestartAt":
        log.restartAt(effect.offset)
        return cut()
      case "StartEpoch":
        log.epochs = EpochCache.assign(log.epochs, effect.leaderEpoch, effect.startOffset)
        return []
      case "TrimEpochs":
        log.epochs = EpochCache.truncateFromEnd(log.epochs, log.end)
        return []
      case "Sync":
        node.syncs.push({ truncations: effect.truncations, target: log.end })
        return []
      case "AlterIsr":
        this.questions.push({ node, change: effect.change, life: node.epoch })
        return []
      case "Complete":
        effect.ticket.complete(effect.result)
        return []
      case "FetchDone":
        effect.ticket.complete(effect.outcome)
        return []
      default:
        return []
    }
  }

  finishSync(node: Node): void {
    const sync = node.syncs.shift()
    if (sync === undefined) return
    node.log.synced = Math.max(node.log.synced, sync.target)
    node.mailbox = [...node.mailbox, { _tag: "Synced", offset: sync.target, truncations: sync.truncations }]
  }

  /** The follower asks its leader, if it may and does not already. */
  ask(node: Node): void {
    const { state } = node
    if (node.poll !== undefined || state._tag !== "Follower" || state.leaderId < 0) return
    const offset = Follower.fetchOffset(state)
    if (offset === undefined) return
    const lastEpoch = EpochCache.epochForOffset(node.log.epochs, offset - 1)
    const { leaderEpoch: epoch, highWatermark, logStartOffset } = state
    node.poll = { leader: state.leaderId, asked: { epoch, offset, lastEpoch }, highWatermark, logStartOffset }
  }

  /** The leader answers, as the Fetch handler does. */
  serve(node: Node): void {
    const { poll } = node
    if (poll === undefined || poll.answer !== undefined) return
    const leader = this.node(poll.leader)
    const { epoch, offset: fetchOffset, lastEpoch } = poll.asked
    if (!leader.up) {
      node.poll = undefined
      return
    }
    const { highWatermark, logStartOffset } = poll
    const common = { reader: "Follower", maxBytes: 1, readCommitted: false, minOneBatch: true } as const
    const request = {
      ...common,
      fetchOffset,
      currentLeaderEpoch: epoch,
      lastFetchedEpoch: lastEpoch,
      highWatermark,
      logStartOffset
    }
    const judged = judge(leader.state, leader.log, request)
    const online = leader.state._tag === "Offline" ? undefined : leader.state
    const read =
      judged ??
      judge(leader.state, leader.log, { ...request, fetchOffset: online?.logEndOffset ?? 0, lastFetchedEpoch: -1 })
    if (read === undefined) throw new Error("nothing can be read at the log end")
    const end = online?.logEndOffset ?? 0
    const batches = judged === undefined ? leader.log.batches.filter((batch) => isWithin(batch, fetchOffset, end)) : []
    poll.answer = { read, batches }
    if (read.errorCode !== ErrorCode.NONE || read.divergingEpoch !== undefined) return
    const fetch = { replicaId: node.id, brokerEpoch: node.epoch, fetchOffset, logStartOffset, atMs: this.now }
    leader.mailbox = [...leader.mailbox, { _tag: "FollowerFetched", leaderEpoch: read.leaderEpoch, fetch }]
  }

  /** The answer reaches the follower, as `Deliveries.ts` hands it out. */
  land(node: Node): void {
    const { poll } = node
    if (poll?.answer === undefined || node.waiting) return
    const { read, batches } = poll.answer
    const { epoch: leaderEpoch } = poll.asked
    const over = () => {
      node.poll = undefined
      node.waiting = false
    }
    if (read.errorCode !== ErrorCode.NONE) {
      over()
      return
    }
    const ticket: FetchTicket = { release: () => undefined, complete: over }
    node.waiting = true
    if (read.divergingEpoch !== undefined) {
      const offset = Follower.truncationOffset(node.log.epochs, node.log.end, read.divergingEpoch)
      const truncation = { leaderEpoch, offset, fully: false, ticket }
      node.mailbox = [...node.mailbox, { _tag: "Truncate", truncation }]
      return
    }
    const { highWatermark, logStartOffset } = read
    const delivery = { leaderEpoch, batches, highWatermark, logStartOffset, ticket }
    node.mailbox = [...node.mailbox, { _tag: "Delivered", delivery }]
  }

  /** The controller judges what a leader has asked for; `isLost` leaves the leader to ask again. */
  judgeQuestion(isLost: boolean): void {
    const question = this.questions.shift()
    if (question === undefined) return
    const { node, change, life } = question
    if (!node.up || node.epoch !== life) return
    const { leader, leaderEpoch, partitionEpoch, eligible } = this.latest
    const isr = change.isr.map(({ brokerId }) => brokerId)
    const isStale = leader !== node.id || leaderEpoch !== change.leaderEpoch || partitionEpoch !== change.partitionEpoch
    const isIneligible = change.isr.some(({ brokerId, brokerEpoch }) => eligible.get(brokerId) !== brokerEpoch)
    if (!isStale && !isIneligible) this.decide({ isr })
    if (isLost) {
      this.questions.push(question)
      return
    }
    const outcome = isStale
      ? ({ _tag: "Overtaken" } as const)
      : isIneligible
        ? ({ _tag: "Refused" } as const)
        : ({ _tag: "Committed", isr, partitionEpoch: change.partitionEpoch + 1 } as const)
    const asked = { leaderEpoch: change.leaderEpoch, partitionEpoch: change.partitionEpoch }
    node.mailbox = [...node.mailbox, { _tag: "IsrAltered", ...asked, outcome }]
  }
}

const isWithin = (batch: Uint8Array, from: number, to: number): boolean =>
  RecordBatch.lastOffset(batch, 0) >= from && RecordBatch.lastOffset(batch, 0) < to
