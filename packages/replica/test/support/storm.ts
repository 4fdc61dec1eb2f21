/**
 * A storm over the model: clients write, nodes die and return, leaders change, answers are lost, all drawn from one seed; then it calms
 * down. Throws when a promise is broken.
 */
import * as ProducerState from "@klamm/log/ProducerState"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { machine } from "../../src/Partition.ts"
import { Model, type Node } from "./model.ts"

export interface Storm {
  readonly seed: number
  readonly steps: number
  readonly syncBeforeAck: boolean
  readonly minInsyncReplicas: number
  /** Nodes that die may lose what they have not synced. */
  readonly losesPower: boolean
}

export const randomOf = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Comparing logs costs more than a step. */
const stepsPerCheck = 8

const text = new TextEncoder()

interface Producer {
  readonly id: number
  sequence: number
  /** What is on its way, and whether nobody has answered yet. */
  sent: { readonly batch: Uint8Array; attempt: number } | undefined
  waitsFor: number
}

interface Acknowledged {
  readonly producer: number
  readonly sequence: number
  readonly offset: number
  readonly crc: number
}

const build = (producer: Producer): Uint8Array => {
  const value = text.encode(`${producer.id}/${producer.sequence}`)
  const record = { key: null, value, timestamp: 1 }
  const { id: producerId, sequence: baseSequence } = producer
  return RecordBatch.buildBatch([record], { producerId, producerEpoch: 0, baseSequence })
}

const noise = (index: number): Uint8Array =>
  RecordBatch.buildBatch([{ key: null, value: text.encode(`noise ${index}`), timestamp: 1 }])

export class StormRun {
  readonly model: Model
  readonly acknowledged: Array<Acknowledged> = []
  private readonly storm: Storm
  private readonly random: () => number
  private readonly producers: ReadonlyArray<Producer> = [1, 2].map((id) => ({
    id,
    sequence: 0,
    sent: undefined,
    waitsFor: -1
  }))
  private readonly seen = new Map<string, number>()
  private noises = 0
  private seenByReaders = 0

  constructor(storm: Storm) {
    this.storm = storm
    this.random = randomOf(storm.seed)
    const { minInsyncReplicas, syncBeforeAck } = storm
    this.model = new Model({ nodes: [1, 2, 3], minInsyncReplicas, syncBeforeAck })
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  private anyNode(): Node {
    return this.model.node(1 + this.below(3))
  }

  /** A client's idea of the leader: mostly the controller's, sometimes an old one. */
  private believedLeader(): Node | undefined {
    const { metadata } = this.model
    const back = this.random() < 0.8 ? 0 : this.below(3)
    const { leader } = metadata[Math.max(0, metadata.length - 1 - back)]!
    return leader < 0 ? undefined : this.model.node(leader)
  }

  private send(producer: Producer): void {
    const { model } = this
    const node = this.believedLeader()
    if (node === undefined || !node.up) return
    producer.sent ??= { batch: build(producer), attempt: 0 }
    const { sent } = producer
    sent.attempt += 1
    const { attempt } = sent
    producer.waitsFor = model.now + 400
    const { id: producerId, sequence } = producer
    const fields = {
      producerId,
      producerEpoch: 0,
      firstSequence: sequence,
      lastSequence: sequence,
      isTransactional: false
    }
    const complete = ({ errorCode, baseOffset }: { readonly errorCode: number; readonly baseOffset: number }) => {
      if (producer.sent !== sent || sent.attempt !== attempt) return
      if (errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
        throw new Error(`producer ${producerId} has lost its place`)
      producer.waitsFor = -1
      if (errorCode !== ErrorCode.NONE) return
      const crc = RecordBatch.crc(sent.batch, 0)
      this.acknowledged.push({ producer: producerId, sequence, offset: baseOffset, crc })
      producer.sent = undefined
      producer.sequence += 1
    }
    const ticket = { release: () => undefined, complete }
    const common = { count: 1, maxTimestamp: 1, appendTimeMs: 1, acks: -1, deadline: model.now + 300 }
    const request = { ...common, batch: sent.batch, producer: fields, ticket }
    node.mailbox = [...node.mailbox, { _tag: "Append", request }]
  }

  private makeNoise(): void {
    const node = this.believedLeader()
    if (node === undefined || !node.up) return
    this.noises += 1
    const ticket = { release: () => undefined, complete: () => undefined }
    const common = { count: 1, maxTimestamp: 1, appendTimeMs: 1, acks: 1, deadline: 0, producer: undefined }
    const request = { ...common, batch: noise(this.noises), ticket }
    node.mailbox = [...node.mailbox, { _tag: "Append", request }]
  }

  private kill(node: Node): void {
    const { log } = node
    const isLast = this.model.latest.isr.every((id) => id === node.id || !this.model.node(id).up)
    const state = node.state
    // What only the last replica in sync had, and had not synced, was acknowledged to nobody; but readers may have seen it.
    const floor = isLast ? Math.max(log.synced, Math.min(this.seenByReaders, log.end)) : log.synced
    const spared = this.storm.losesPower ? floor + this.below(log.end - floor + 1) : Number.POSITIVE_INFINITY
    node.checkpointedWatermark = this.below(state.highWatermark + 1)
    this.model.kill(node, spared)
  }

  private changeLeader(): void {
    const { leader, isr } = this.model.latest
    const others = isr.filter((id) => id !== leader && this.model.node(id).up)
    if (leader >= 0 && others.length > 0) this.model.decide({ leader: others[this.below(others.length)]! })
  }

  private moveNode(node: Node, isStormy: boolean): void {
    const { model } = this
    if (!node.up) {
      if (!isStormy || this.random() < 0.02) model.restart(node)
      return
    }
    const { state } = node
    const at = machine.wakeAt(state)
    if (at <= model.now) node.mailbox = [...node.mailbox, { _tag: "Wake" }]
    const choice = this.random()
    if (choice < 0.45) model.drain(node, 1 + this.below(4))
    else if (choice < 0.6) model.ask(node)
    else if (choice < 0.75) model.serve(node)
    else if (choice < 0.87) model.land(node)
    else if (choice < 0.95) model.finishSync(node)
    else if (choice < 0.99) {
      if (node.known < model.metadata.length - 1) model.inform(node)
    } else if (isStormy && node.poll !== undefined && !node.waiting) node.poll = undefined
  }

  /** In calm weather what is on its way is sent until it is answered, and nothing new. */
  private moveClients(isStormy: boolean): void {
    const producer = this.producers[this.below(2)]!
    const isDue = producer.waitsFor < this.model.now
    if (producer.sent === undefined ? isStormy : isDue) this.send(producer)
    if (isStormy && this.random() < 0.2) this.makeNoise()
  }

  private step(isStormy: boolean): void {
    const { model } = this
    model.now += 1
    const choice = this.random()
    if (choice < 0.12) this.moveClients(isStormy)
    else if (choice < 0.2) model.judgeQuestion(isStormy && this.random() < 0.3)
    else if (isStormy && choice < 0.202) this.changeLeader()
    else if (isStormy && choice < 0.204) {
      const node = this.anyNode()
      if (node.up) this.kill(node)
    } else this.moveNode(this.anyNode(), isStormy)
    if (model.now % stepsPerCheck === 0) this.check()
  }

  /** What holds at every moment. */
  private check(): void {
    const online = [...this.model.nodes.values()].filter(({ up, state }) => up && state._tag !== "Offline")
    for (const { id, epoch, state, log } of online) {
      if (state._tag === "Offline") continue
      if (state.highWatermark > log.end) throw new Error(`node ${id}: the watermark is beyond the log end`)
      const key = `${id} ${epoch} ${state.leaderEpoch}`
      const before = this.seen.get(key) ?? -1
      if (state.highWatermark < before) throw new Error(`node ${id}: the watermark fell within an epoch`)
      this.seen.set(key, state.highWatermark)
      this.seenByReaders = Math.max(this.seenByReaders, state.highWatermark)
    }
    for (const one of online) {
      for (const other of online) {
        if (one.id >= other.id) continue
        const below = Math.min(one.state.highWatermark, other.state.highWatermark)
        const [first, second] = [one.log.lines(below), other.log.lines(below)]
        if (first.join("\n") !== second.join("\n")) {
          throw new Error(`nodes ${one.id} and ${other.id} differ below ${below}`)
        }
      }
    }
  }

  run(): void {
    for (let step = 0; step < this.storm.steps; step++) this.step(true)
    for (let step = 0; step < 6000 && !this.isCalm(); step++) this.step(false)
    this.checkEnd()
  }

  private isCalm(): boolean {
    const nodes = [...this.model.nodes.values()]
    return (
      this.model.latest.isr.length === 3 &&
      this.producers.every(({ sent }) => sent === undefined) &&
      this.acknowledged.length > 0 &&
      nodes.every(({ up, known, mailbox }) => up && known === this.model.metadata.length - 1 && mailbox.length === 0) &&
      nodes.every(({ state }) => state.highWatermark === this.model.node(this.model.latest.leader).log.end)
    )
  }

  private summary() {
    const { latest, nodes } = this.model
    const states = [...nodes.values()].map(({ id, up, known, mailbox, state, log }) => ({
      id,
      up,
      behind: this.model.metadata.length - 1 - known,
      waiting: mailbox.length,
      role: state._tag,
      highWatermark: state.highWatermark,
      end: log.end
    }))
    return { leader: latest.leader, isr: latest.isr, states, sent: this.producers.map(({ sent }) => sent?.attempt) }
  }

  /** What holds when all has calmed down. */
  private checkEnd(): void {
    if (!this.isCalm()) throw new Error(`it does not calm down: ${JSON.stringify(this.summary())}`)
    const [first, ...others] = [...this.model.nodes.values()].map(({ log }) => log)
    for (const log of others) {
      if (log.lines().join("\n") !== first!.lines().join("\n")) throw new Error("the logs differ at the end")
    }
    const places = new Map<string, Array<number>>()
    for (const batch of first!.batches) {
      const producerId = RecordBatch.producerId(batch, 0)
      if (producerId === -1) continue
      const key = `${producerId}/${RecordBatch.baseSequence(batch, 0)}`
      places.set(key, [...(places.get(key) ?? []), RecordBatch.baseOffset(batch, 0)])
    }
    for (const [key, offsets] of places) {
      if (offsets.length > 1) throw new Error(`${key} is in the log ${offsets.length} times`)
    }
    for (const { producer, sequence, offset } of this.acknowledged) {
      const found = places.get(`${producer}/${sequence}`)?.[0]
      if (found !== offset) throw new Error(`${producer}/${sequence} was acknowledged at ${offset}, is at ${found}`)
    }
    for (const { state, log } of this.model.nodes.values()) {
      if (state._tag === "Offline") continue
      const known = [...ProducerState.entries(state.producers)].map(({ producerId, batches }) => ({
        producerId,
        batches
      }))
      const replayed = [...ProducerState.entries(log.producers)].map(({ producerId, batches }) => ({
        producerId,
        batches
      }))
      if (JSON.stringify(known) !== JSON.stringify(replayed)) throw new Error("producers do not follow the log")
    }
  }
}
