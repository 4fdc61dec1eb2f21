/**
 * A batch of records on its way to one partition: gathered, encoded once, sent until it is stored or given up.
 *
 * Invariants: its bytes are made once, when it leaves first, and later only their producer fields are written anew; each record's
 * waiter is told exactly once how it ended. Neighbour: `PartitionQueue.ts`, which holds them in order.
 */
import { type Codecs, codecIds } from "@klamm/protocol/Compression"
import { iterateRecords, timestampOf } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type { Compression } from "../Options.ts"

/** Where a record was stored. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** -1 where the broker did not say: acks=0, or a batch it had stored already. */
  readonly offset: number
  /** Milliseconds since 1970: the record's own, or the broker's where the topic has it so. */
  readonly timestamp: number
}

/** Who waits for a record; `slot` is what it was given along. */
export interface Waiter<Failure> {
  readonly stored: (slot: number, metadata: RecordMetadata) => void
  readonly failed: (slot: number, failure: Failure) => void
}

export interface Identity {
  readonly id: number
  readonly epoch: number
}

export interface Encoding {
  readonly codecs: Codecs
  readonly compression: Compression
  readonly level: number | undefined
  readonly isTransactional: boolean
}

export const noSequence = -1

/** The largest a record can be beside its key, value and headers: length, attributes, two deltas, three counts. */
const recordOverheadBytes = 36
const headerOverheadBytes = 10

/** An upper bound of what a record takes in a batch. */
export const sizeOf = ({ key, value, headers }: RecordBatch.RecordInput): number => {
  let size = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers ?? []) size += headerOverheadBytes + header.key.length + (header.value?.length ?? 0)
  return size
}

export class Batch<Failure> {
  readonly createdAtMs: number
  sizeBytes = RecordBatch.headerBytes
  baseSequence = noSequence
  identity: Identity | undefined
  attempts = 0
  /** A request with it went out of which nobody knows what became. */
  mayBeStored = false
  /** Everybody has been told how it ended. */
  isDone = false
  /** No more records are taken. */
  isClosed = false
  private records: Array<RecordBatch.RecordInput> = []
  private readonly timestamps: Array<number> = []
  private waiters: Array<Waiter<Failure>> = []
  private slots: Array<number> = []
  private bytes: Uint8Array | undefined

  constructor(createdAtMs: number) {
    this.createdAtMs = createdAtMs
  }

  get count(): number {
    return this.timestamps.length
  }

  add(record: RecordBatch.RecordInput, sizeBytes: number, waiter: Waiter<Failure>, slot: number): void {
    this.records.push(record)
    this.timestamps.push(record.timestamp ?? RecordBatch.noTimestamp)
    this.waiters.push(waiter)
    this.slots.push(slot)
    this.sizeBytes += sizeBytes
  }

  /** What its records were counted for in the producer's memory. */
  get recordBytes(): number {
    return this.sizeBytes - RecordBatch.headerBytes
  }

  /** The batch as it goes over the wire, under this identity and sequence. */
  encode(encoding: Encoding, identity: Identity | undefined, baseSequence: number): Uint8Array {
    this.isClosed = true
    const isSame = this.bytes !== undefined && this.identity === identity && this.baseSequence === baseSequence
    this.identity = identity
    this.baseSequence = baseSequence
    if (this.bytes === undefined) this.bytes = this.build(encoding)
    else if (!isSame) this.stamp(this.bytes)
    return this.bytes
  }

  private build({ codecs, compression, level, isTransactional }: Encoding): Uint8Array {
    const codecId = codecIds[compression]
    const bytes = RecordBatch.buildBatch(this.records, {
      producerId: this.identity?.id ?? RecordBatch.noProducerId,
      producerEpoch: this.identity?.epoch ?? RecordBatch.noProducerEpoch,
      baseSequence: this.identity === undefined ? RecordBatch.noSequence : this.baseSequence,
      isTransactional,
      compression: codecId === 0 ? undefined : { codecId, codecs, ...(level === undefined ? {} : { level }) }
    })
    this.records = []
    return bytes
  }

  private stamp(bytes: Uint8Array): void {
    RecordBatch.setInt64(bytes, RecordBatch.producerIdAt, this.identity?.id ?? RecordBatch.noProducerId)
    RecordBatch.setInt16(bytes, RecordBatch.producerEpochAt, this.identity?.epoch ?? RecordBatch.noProducerEpoch)
    RecordBatch.setInt32(bytes, RecordBatch.baseSequenceAt, this.baseSequence)
    RecordBatch.updateCrc(bytes, 0)
  }

  /** Stored, with its first record at `baseOffset` (-1: nobody knows). */
  stored(topic: string, partition: number, baseOffset: number, logAppendTimeMs: number): void {
    for (let index = 0; index < this.waiters.length; index++) {
      const offset = baseOffset < 0 ? -1 : baseOffset + index
      const timestamp = logAppendTimeMs >= 0 ? logAppendTimeMs : this.timestamps[index]!
      this.waiters[index]!.stored(this.slots[index]!, { topic, partition, offset, timestamp })
    }
    this.forget()
  }

  failed(failure: Failure): void {
    for (let index = 0; index < this.waiters.length; index++) this.waiters[index]!.failed(this.slots[index]!, failure)
    this.forget()
  }

  private forget(): void {
    this.isDone = true
    this.waiters = []
    this.slots = []
    this.bytes = undefined
  }

  /** Two batches of half the records each, for one that the broker finds too large; undefined for a single record. */
  split(codecs: Codecs): readonly [Batch<Failure>, Batch<Failure>] | undefined {
    const { bytes } = this
    if (bytes === undefined || this.count < 2) return undefined
    const halves = [new Batch<Failure>(this.createdAtMs), new Batch<Failure>(this.createdAtMs)] as const
    let index = 0
    for (const record of iterateRecords(bytes, 0, { codecs, maxBytes: this.sizeBytes })) {
      const { key, value, headers, timestampDelta } = record
      const input = { key, value, headers, timestamp: timestampOf(bytes, 0, timestampDelta) }
      const half = halves[index * 2 < this.count ? 0 : 1]
      half.add(input, sizeOf(input), this.waiters[index]!, this.slots[index]!)
      index += 1
    }
    for (const half of halves) {
      half.isClosed = true
      half.mayBeStored = this.mayBeStored
    }
    return halves
  }
}
