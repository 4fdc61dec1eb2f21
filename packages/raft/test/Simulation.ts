/**
 * A quorum of pure machines on a seeded scheduler: a network that delays, loses and reorders, disks that lose what was not synced, crashes,
 * restarts and partitions. What must always hold is checked as it runs (`Checks.ts`). Time is simulated; a seed repeats a run.
 */

import type { Self } from "../src/Common.ts"
import type { FetchedBatch, Message, Out, Respond, UnreachableReason } from "../src/Message.ts"
import type { PeerRequest, PeerResponse, SnapshotId } from "../src/Peer.ts"
import { machine, type RaftState, start } from "../src/Raft.ts"
import type * as VoterSet from "../src/VoterSet.ts"
import { Checks } from "./Checks.ts"
import { Events, randomOf } from "./Events.ts"
import { type Disk, emptyDisk, endOf, viewOf } from "./SimDisk.ts"
import { selfOf } from "./support.ts"

export interface SimNode {
  readonly id: number
  self: Self
  disk: Disk
  state: RaftState | undefined
  life: number
  lane: Array<Out>
  laneBusy: boolean
  wakeToken: number
  wakeAt: number
  told: number
}

export interface Network {
  lossRate: number
  maxDelayMs: number
  /** Pairs that can't reach one another, one way, as "from>to". */
  readonly cut: Set<string>
}

export class Simulation {
  now = 0
  readonly random: () => number
  readonly network: Network = { lossRate: 0, maxDelayMs: 8, cut: new Set() }
  readonly nodes = new Map<number, SimNode>()
  readonly checks = new Checks(this)
  steps = 0
  private readonly events = new Events()
  private payload = 0
  private readonly configured: VoterSet.VoterSet
  private readonly kraftVersion: number

  constructor(seed: number, ids: ReadonlyArray<number>, configured: VoterSet.VoterSet, kraftVersion = 0) {
    this.random = randomOf(seed)
    this.configured = configured
    this.kraftVersion = kraftVersion
    for (const id of ids) {
      const self = {
        ...selfOf(id, Math.floor(this.random() * 1e9)),
        bootstrap: ids.map((port) => ({ host: "node", port }))
      }
      const node: SimNode = {
        id,
        self,
        disk: emptyDisk(),
        state: undefined,
        life: 0,
        lane: [],
        laneBusy: false,
        wakeToken: 0,
        wakeAt: Number.POSITIVE_INFINITY,
        told: 0
      }
      this.nodes.set(id, node)
    }
  }

  below(bound: number): number {
    return Math.floor(this.random() * bound)
  }

  after(delayMs: number, run: () => void): void {
    this.events.add(this.now + delayMs, run)
  }

  /** Runs for so long, or until the condition holds; answers whether it does. */
  run(forMs: number, until: () => boolean = () => false): boolean {
    const end = this.now + forMs
    while (!until()) {
      const next = this.events.takeUntil(end)
      if (next === undefined) {
        this.now = end
        return until()
      }
      this.now = next.at
      next.run()
    }
    return true
  }

  startNode(id: number): void {
    const node = this.nodes.get(id)!
    if (node.state !== undefined) return
    const { disk } = node
    const configured = { offset: -1, voters: this.configured, kraftVersion: this.kraftVersion }
    const log = viewOf(disk, configured)
    node.told = disk.snapshot?.endOffset ?? 0
    const found = { self: node.self, log, stored: disk.stored, highWatermark: node.told }
    node.state = start(found, this.now)
    this.arm(node)
  }

  /** The process ends; with a power cut, some of what was not synced goes too. */
  crash(id: number, losesPower = true): void {
    const node = this.nodes.get(id)!
    if (node.state === undefined) return
    node.state = undefined
    node.life += 1
    node.lane = []
    node.laneBusy = false
    node.wakeAt = Number.POSITIVE_INFINITY
    if (!losesPower) return
    const { disk } = node
    const kept = disk.syncedOffset + this.below(endOf(disk) - disk.syncedOffset + 1)
    disk.batches = disk.batches.filter(({ lastOffset }) => lastOffset < kept)
  }

  /** A new directory, empty, in the place of the node's. */
  wipe(id: number, directoryId: string): void {
    const node = this.nodes.get(id)!
    node.disk = emptyDisk()
    node.self = { ...node.self, directoryId }
  }

  leader(): SimNode | undefined {
    let found: SimNode | undefined
    for (const node of this.nodes.values()) {
      const isLater = (found?.state?.election.epoch ?? -1) < (node.state?.election.epoch ?? -1)
      if (node.state?._tag === "Leader" && isLater) found = node
    }
    return found
  }

  /** Appends one record at whoever leads; answers its offset. */
  append(): number | undefined {
    const leader = this.leader()
    if (leader?.state === undefined) return undefined
    this.payload += 1
    const batch = Uint8Array.from([this.payload & 255, (this.payload >> 8) & 255, (this.payload >> 16) & 255])
    let offset: number | undefined
    const complete = (answer: { readonly _tag: string; readonly lastOffset?: number }) => {
      offset = answer.lastOffset
    }
    const { epoch } = leader.state.election
    this.tell(leader, { _tag: "Append", entry: { batch, count: 1, epoch, complete } })
    return offset
  }

  ask(id: number, request: PeerRequest, respond: Respond): void {
    const node = this.nodes.get(id)!
    if (node.state !== undefined) this.tell(node, { _tag: "Requested", request, respond })
  }

  /** A snapshot of all that the node knows to be committed takes the place of its log before. */
  takeSnapshot(id: number): void {
    const node = this.nodes.get(id)!
    const { disk, state } = node
    if (state === undefined || state.highWatermark <= (disk.snapshot?.endOffset ?? 0)) return
    const endOffset = state.highWatermark
    const last = disk.batches.findLast(({ lastOffset }) => lastOffset < endOffset)
    if (last === undefined || node.told < endOffset) return
    const voters = state.log.voters.findLast(({ offset }) => offset < endOffset) ?? state.log.voters[0]!
    disk.snapshot = { endOffset, epoch: last.epoch, voters }
    disk.batches = disk.batches.filter(({ lastOffset }) => lastOffset >= endOffset)
    disk.startOffset = endOffset
    disk.syncedOffset = Math.max(disk.syncedOffset, endOffset)
    this.tell(node, { _tag: "SnapshotStored", snapshotId: disk.snapshot, logStartOffset: endOffset })
  }

  private tell(node: SimNode, message: Message): void {
    let messages: ReadonlyArray<Message> = [message]
    while (messages.length > 0) {
      const quick: Array<Out> = []
      for (const one of messages) {
        const before = node.state!
        const [state, out] = machine.step(before, one, this.now)
        this.steps += 1
        node.state = state
        this.checks.stepped(node, before, state)
        for (const effect of out) {
          if (effect._tag === "Sync" || effect._tag === "PersistElection") node.lane.push(effect)
          else quick.push(effect)
        }
      }
      messages = this.perform(node, quick)
    }
    this.serveLane(node)
    this.arm(node)
  }

  private arm(node: SimNode): void {
    const at = machine.wakeAt(node.state!)
    if (at === node.wakeAt) return
    node.wakeAt = at
    node.wakeToken += 1
    if (at === Number.POSITIVE_INFINITY) return
    const { wakeToken, life } = node
    this.after(Math.max(0, at - this.now), () => {
      if (node.life !== life || node.wakeToken !== wakeToken) return
      node.wakeAt = Number.NaN
      this.tell(node, { _tag: "Wake" })
    })
  }

  private serveLane(node: SimNode): void {
    if (node.laneBusy || node.lane.length === 0) return
    const effect = node.lane.shift()!
    const { life } = node
    node.laneBusy = true
    const target = endOf(node.disk)
    this.after(this.random() * 6, () => {
      if (node.life !== life) return
      node.laneBusy = false
      if (effect._tag === "PersistElection") {
        node.disk.stored = { election: effect.election, fresh: effect.fresh }
        this.tell(node, { _tag: "ElectionPersisted", election: effect.election })
      } else if (effect._tag === "Sync") {
        // As the log does it: a truncation meanwhile brings the end down, and what it was comes back with the answer.
        node.disk.syncedOffset = Math.max(node.disk.syncedOffset, Math.min(target, endOf(node.disk)))
        this.tell(node, { _tag: "Synced", generation: effect.generation, offset: target })
      }
    })
  }

  private write(node: SimNode, batches: ReadonlyArray<FetchedBatch>): void {
    for (const batch of batches) {
      if (batch.baseOffset !== endOf(node.disk)) throw new Error(`node ${node.id} writes with a gap`)
      node.disk.batches.push(batch)
    }
  }

  private changeLog(node: SimNode, effect: Out): ReadonlyArray<Message> | "written" | undefined {
    const { disk } = node
    switch (effect._tag) {
      case "Write": {
        const { batch: bytes, baseOffset, epoch } = effect
        this.write(node, [{ bytes, baseOffset, lastOffset: baseOffset, epoch, control: [] }])
        return "written"
      }
      case "WriteControl": {
        const { baseOffset, epoch, records: control } = effect
        const lastOffset = baseOffset + control.length - 1
        this.write(node, [{ bytes: new Uint8Array(0), baseOffset, lastOffset, epoch, control }])
        return "written"
      }
      case "WriteFetched":
        this.write(node, effect.batches)
        return "written"
      case "Truncate":
        this.checks.truncated(node, effect.offset)
        disk.batches = disk.batches.filter(({ lastOffset }) => lastOffset < effect.offset)
        disk.syncedOffset = Math.min(disk.syncedOffset, effect.offset)
        return undefined
      case "WriteSnapshot":
        return effect.isLast ? this.loadSnapshot(node, effect.snapshotId, effect.bytes[0]!) : undefined
      default:
        return undefined
    }
  }

  private loadSnapshot(node: SimNode, snapshotId: SnapshotId, ownerId: number): ReadonlyArray<Message> {
    const owner = this.nodes.get(ownerId)!.disk.snapshot
    if (owner === undefined || owner.endOffset !== snapshotId.endOffset) return []
    const { disk } = node
    disk.snapshot = owner
    disk.batches = []
    disk.startOffset = owner.endOffset
    disk.syncedOffset = owner.endOffset
    node.told = owner.endOffset
    return [{ _tag: "SnapshotLoaded", snapshotId, voters: owner.voters }]
  }

  private perform(node: SimNode, effects: ReadonlyArray<Out>): ReadonlyArray<Message> {
    const messages: Array<Message> = []
    let isWritten = false
    for (const effect of effects) {
      const told = this.changeLog(node, effect)
      if (told === "written") isWritten = true
      else if (told !== undefined) messages.push(...told)
    }
    if (isWritten) messages.push({ _tag: "Written", logEndOffset: endOf(node.disk) })
    for (const effect of effects) this.performOne(node, effect)
    return messages
  }

  private performOne(node: SimNode, effect: Out): void {
    switch (effect._tag) {
      case "Answer":
        effect.entry.complete(effect.answer)
        return
      case "Respond":
        effect.respond(effect.response)
        return
      case "RespondFetch": {
        const batches = node.disk.batches
          .filter(({ lastOffset }) => lastOffset >= effect.offset)
          .slice(0, 1 + this.below(4))
        this.fetched.set(effect.response, batches)
        effect.respond(effect.response)
        return
      }
      case "RespondSnapshot": {
        const { request, response, respond } = effect
        respond({ ...response, sizeBytes: 2, bytes: Uint8Array.from([node.id]), position: request.position })
        return
      }
      case "Committed":
        this.checks.committed(node, effect.highWatermark)
        return
      case "Send":
        this.send(node, effect)
        return
      case "Done":
        effect.done()
        return
      default:
        return
    }
  }

  private readonly fetched = new WeakMap<PeerResponse, ReadonlyArray<FetchedBatch>>()

  private isCut(from: number, to: number): boolean {
    return this.network.cut.has(`${from}>${to}`) || this.random() < this.network.lossRate
  }

  private delay(): number {
    return 0.2 + this.random() * this.network.maxDelayMs
  }

  private send(node: SimNode, effect: Extract<Out, { readonly _tag: "Send" }>): void {
    const { id, request, to, timeoutMs } = effect
    const { life } = node
    const peer = this.nodes.get(to.address.port)!
    const peerLife = peer.life
    let settled = false
    const settle = (message: Message) => {
      if (settled || node.life !== life) return
      settled = true
      this.tell(node, message)
    }
    const fail = (reason: UnreachableReason) => settle({ _tag: "Unreachable", id, from: to.id, request, reason })
    this.after(timeoutMs, () => fail("TimedOut"))
    if (this.isCut(node.id, peer.id)) return
    this.after(this.delay(), () => {
      if (peer.state === undefined) {
        this.after(this.delay(), () => fail(peer.life === peerLife ? "Refused" : "Disconnected"))
        return
      }
      const servedBy = peer.life
      this.watchLife(
        peer,
        servedBy,
        () => fail("Disconnected"),
        () => settled
      )
      this.tell(peer, {
        _tag: "Requested",
        request,
        respond: (response) => {
          this.checks.answered(peer, request, response)
          if (this.isCut(peer.id, node.id)) return
          const batches = this.fetched.get(response) ?? []
          this.after(this.delay(), () => settle({ _tag: "Answered", id, from: to.id, request, response, batches }))
        }
      })
    })
  }

  /** A process that ends takes its connections along. */
  private watchLife(peer: SimNode, life: number, ended: () => void, isOver: () => boolean): void {
    const look = () => {
      if (isOver()) return
      if (peer.life !== life) ended()
      else this.after(10, look)
    }
    this.after(10, look)
  }
}
