/**
 * What waits for one partition, and what is under way to it, in the order in which it is to be stored. Pure but for its own state.
 *
 * Invariants, with an identity: sequences are given once, in order, without gaps; a batch that has one comes before all that have none;
 * one that is sent again goes alone until it is stored, so that nothing behind it can pass; a producer id's first batch goes alone too;
 * when a batch with a sequence is given up while later ones have theirs, the partition goes on under a new identity, and only when
 * nothing of the old one is under way.
 * Neighbour: `Accumulator.ts`, which holds one for each partition.
 */
import type { RecordInput } from "@klamm/protocol/RecordBatch"
import { Batch, type Identity, noSequence, type Waiter } from "./Batch.ts"

/** Sequences are int32 and begin again at 0 (behaviour 063). */
const sequenceEnd = 2 ** 31

export const sequenceAfter = (sequence: number, count: number): number => (sequence + count) % sequenceEnd

/** How far `later` is behind `earlier`, over the end of the range too. */
const distance = (earlier: number, later: number): number => (later - earlier + sequenceEnd) % sequenceEnd

const isBefore = (one: number, other: number): boolean => one !== other && distance(one, other) < sequenceEnd / 2

export class PartitionQueue<Failure> {
  readonly topic: string
  readonly partition: number
  /** Nothing is sent before, in milliseconds of the monotonic clock. */
  notBeforeMs = 0
  /** Metadata is being asked for anew on its account. */
  awaitsMetadata = false
  identity: Identity | undefined
  /** A batch was given up whose sequence leaves a gap: the identity is of no more use here. */
  isBroken = false
  private nextSequence = 0
  /** The producer id under which a batch of this partition was stored. */
  private storedId: number | undefined
  private waiting: Array<Batch<Failure>> = []
  private underWay: Array<Batch<Failure>> = []

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.underWay.length === 0
  }

  get waitingCount(): number {
    return this.waiting.length
  }

  get inFlightCount(): number {
    return this.underWay.length
  }

  get head(): Batch<Failure> | undefined {
    return this.waiting[0]
  }

  isUnderWay(batch: Batch<Failure>): boolean {
    return this.underWay.includes(batch)
  }

  /** Every batch that has not ended. */
  get unfinished(): ReadonlyArray<Batch<Failure>> {
    return [...this.underWay, ...this.waiting]
  }

  /** Adds a record; answers whether there is now something that need not wait for more. */
  append(
    record: RecordInput,
    sizeBytes: number,
    limitBytes: number,
    nowMs: number,
    waiter: Waiter<Failure>,
    slot: number
  ): boolean {
    let tail = this.waiting.at(-1)
    if (tail !== undefined && !tail.isClosed && tail.sizeBytes + sizeBytes > limitBytes) tail.isClosed = true
    if (tail === undefined || tail.isClosed) {
      tail = new Batch(nowMs)
      this.waiting.push(tail)
    }
    tail.add(record, sizeBytes, waiter, slot)
    if (tail.sizeBytes >= limitBytes) tail.isClosed = true
    return tail.isClosed || this.waiting.length > 1
  }

  /** When the first batch may leave: at once when full, sent before or hurried, else when it has lingered. */
  readyAtMs(lingerMs: number, isHurried: boolean): number {
    const { head } = this
    if (head === undefined || this.awaitsMetadata) return Number.POSITIVE_INFINITY
    const isDue = head.isClosed || this.waiting.length > 1 || isHurried
    return Math.max(this.notBeforeMs, isDue ? 0 : head.createdAtMs + lingerMs)
  }

  /** Whether order allows the first batch to leave now. */
  get mayLeave(): boolean {
    const { head } = this
    if (head === undefined) return false
    if (this.isBroken) return this.underWay.length === 0
    if (head.baseSequence === noSequence) return this.isKnown || this.underWay.length === 0
    return this.underWay.every(({ baseSequence }) => isBefore(head.baseSequence, baseSequence))
  }

  /**
   * Whether the broker holds this producer id's state. One that does not takes any sequence: a second batch that it took while it had
   * refused the first (not the leader yet) would put the first out of sequence for ever.
   */
  private get isKnown(): boolean {
    return this.identity === undefined || this.storedId === this.identity.id
  }

  /** Takes the first batch out, under way. With an identity it gets its sequence, or keeps the one it has. */
  leave(identity: Identity | undefined): { readonly batch: Batch<Failure>; readonly sequence: number } | undefined {
    const batch = this.waiting.shift()
    if (batch === undefined) return undefined
    this.underWay.push(batch)
    batch.attempts += 1
    if (identity === undefined) return { batch, sequence: noSequence }
    this.adopt(identity, batch)
    if (batch.baseSequence !== noSequence) return { batch, sequence: batch.baseSequence }
    const sequence = this.nextSequence
    this.nextSequence = sequenceAfter(sequence, batch.count)
    return { batch, sequence }
  }

  /** Takes a new identity as soon as nothing of the old one is under way or waits to be sent again: sequences begin at 0. */
  private adopt(identity: Identity, leaving: Batch<Failure>): void {
    if (this.identity === identity) return
    const isOpen = this.underWay.length > 1 || leaving.baseSequence !== noSequence
    if (this.identity !== undefined && isOpen && !this.isBroken) return
    this.identity = identity
    this.isBroken = false
    this.nextSequence = 0
    leaving.baseSequence = noSequence
    for (const batch of this.waiting) batch.baseSequence = noSequence
  }

  /** Whether the batch is the one the broker has to take next: all before it are stored. */
  isNext(batch: Batch<Failure>): boolean {
    return this.unfinished.every(
      (other) =>
        other === batch || other.baseSequence === noSequence || isBefore(batch.baseSequence, other.baseSequence)
    )
  }

  /** Back to where it was, to be sent again. */
  comeBack(batch: Batch<Failure>): void {
    this.landed(batch)
    const behind = this.waiting.findIndex(
      ({ baseSequence }) => baseSequence === noSequence || isBefore(batch.baseSequence, baseSequence)
    )
    this.waiting.splice(behind === -1 ? this.waiting.length : behind, 0, batch)
  }

  stored(batch: Batch<Failure>): void {
    this.finish(batch)
    this.storedId = batch.identity?.id
  }

  /** Ended, however it did. */
  finish(batch: Batch<Failure>): void {
    this.landed(batch)
    this.unqueue(batch)
  }

  /**
   * Given up. Its sequence is free again when it is certain that the broker did not take it and no later one was given; else the
   * identity is broken here.
   */
  giveUp(batch: Batch<Failure>, isCertain: boolean): void {
    this.landed(batch)
    this.unqueue(batch)
    if (batch.baseSequence === noSequence) return
    const isLast = sequenceAfter(batch.baseSequence, batch.count) === this.nextSequence
    if (isLast && isCertain) this.nextSequence = batch.baseSequence
    else this.isBroken = true
  }

  /** In place of a batch that is too large, its halves. */
  replace(batch: Batch<Failure>, halves: ReadonlyArray<Batch<Failure>>): void {
    this.giveUp(batch, true)
    this.waiting.unshift(...halves)
  }

  private landed(batch: Batch<Failure>): void {
    this.underWay = this.underWay.filter((each) => each !== batch)
  }

  private unqueue(batch: Batch<Failure>): void {
    const index = this.waiting.indexOf(batch)
    if (index >= 0) this.waiting.splice(index, 1)
  }
}
