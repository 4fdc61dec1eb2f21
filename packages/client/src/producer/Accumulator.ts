/**
 * All records that a producer has taken and not delivered yet, by partition, within its memory. Invariant: what is counted as used is
 * what its unfinished batches were counted for when their records came in; who waits for room gets it in the order of waiting.
 * Neighbours: `PartitionQueue.ts` is one partition's, `Sender.ts` takes batches from here.
 */
import type { RecordInput } from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import type { Waiter } from "./Batch.ts"
import { PartitionQueue } from "./PartitionQueue.ts"

export interface AccumulatorOptions {
  readonly batchSize: number
  readonly bufferMemory: number
}

export class Accumulator<Failure> {
  /** Those with something that waits to be sent; one that has sent goes to the end. */
  readonly active = new Set<PartitionQueue<Failure>>()
  private readonly options: AccumulatorOptions
  private readonly topics = new Map<string, Array<PartitionQueue<Failure> | undefined>>()
  private readonly forRoom: Array<() => void> = []
  /** How often it was somebody's turn to look for room, if there was anybody. */
  private turns = 0
  /** Those who wait for batches to end look again at each end. */
  private readonly forEnd = new Set<() => void>()
  /** Of the records that have not ended. */
  usedBytes = 0

  constructor(options: AccumulatorOptions) {
    this.options = options
  }

  /** Somebody waits for room: nothing lingers then. */
  get isFull(): boolean {
    return this.forRoom.length > 0
  }

  get limitBytes(): number {
    return this.options.bufferMemory
  }

  get waitingCount(): number {
    return this.forRoom.length
  }

  /** Whether a record may come in now; who has not waited yet does not pass those who do. */
  mayEnter(sizeBytes: number, hasWaited: boolean): boolean {
    if (!hasWaited && this.isFull) return false
    return this.usedBytes === 0 || this.usedBytes + sizeBytes <= this.options.bufferMemory
  }

  /** Done when something was delivered since there was no room, and it is this one's turn to look whether there is. */
  room(): Effect.Effect<void> {
    const { turns } = this
    return Effect.callback<void>((resume) => {
      if (turns !== this.turns) return resume(Effect.void)
      const told = () => resume(Effect.void)
      this.forRoom.push(told)
      return Effect.sync(() => {
        const index = this.forRoom.indexOf(told)
        if (index >= 0) this.forRoom.splice(index, 1)
        else this.nextTurn()
      })
    })
  }

  private nextTurn(): void {
    this.turns += 1
    this.forRoom.shift()?.()
  }

  /** Lets all who wait for room look, whether there is any or not. */
  dismiss(): void {
    for (const told of this.forRoom.splice(0)) told()
  }

  queueOf(topic: string, partition: number): PartitionQueue<Failure> {
    let queues = this.topics.get(topic)
    if (queues === undefined) {
      queues = []
      this.topics.set(topic, queues)
    }
    const queue = queues[partition] ?? new PartitionQueue<Failure>(topic, partition)
    queues[partition] = queue
    return queue
  }

  /** Every queue there ever was anything in. */
  *queues(): Generator<PartitionQueue<Failure>, void> {
    for (const queues of this.topics.values()) for (const queue of queues) if (queue !== undefined) yield queue
  }

  /** Takes a record in; answers whether somebody should look, because there was nothing before or something is full. */
  append(
    queue: PartitionQueue<Failure>,
    record: RecordInput,
    sizeBytes: number,
    nowMs: number,
    waiter: Waiter<Failure>,
    slot: number
  ): boolean {
    this.usedBytes += sizeBytes
    if (this.usedBytes < this.options.bufferMemory) this.nextTurn()
    const isFull = queue.append(record, sizeBytes, this.options.batchSize, nowMs, waiter, slot)
    if (this.active.has(queue)) return isFull
    this.active.add(queue)
    return true
  }

  /** A batch has ended, and takes no memory any more. */
  ended(recordBytes: number): void {
    this.usedBytes -= recordBytes
    this.nextTurn()
    for (const look of [...this.forEnd]) look()
  }

  /** Behind all other queues, or out when nothing waits in it. */
  rotate(queue: PartitionQueue<Failure>): void {
    this.active.delete(queue)
    if (queue.waitingCount > 0) this.active.add(queue)
  }

  /** Done when every batch that was begun until `nowMs` has ended. */
  settled(nowMs: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const look = () => {
        if (!this.isSettled(nowMs)) return
        this.forEnd.delete(look)
        resume(Effect.void)
      }
      this.forEnd.add(look)
      look()
      return Effect.sync(() => {
        this.forEnd.delete(look)
      })
    })
  }

  private isSettled(nowMs: number): boolean {
    for (const queue of this.queues()) {
      if (queue.unfinished.some(({ isDone, createdAtMs }) => !isDone && createdAtMs <= nowMs)) return false
    }
    return true
  }
}
