/**
 * What was sent, what was acknowledged and when, what was read, what was committed. Invariant: an entry is made before its request goes
 * out, in the order of its producer. Neighbours: Producer.ts and Group.ts (write it), Rounds.ts (watches it), Verify.ts (holds
 * the brokers to it).
 */
import type { Place } from "klamm-test-crash/Calls"
import { keyOf } from "klamm-test-crash/Ledger"
import type { Watch } from "./Times.ts"

export interface Sent {
  readonly baseSequence: number
  readonly count: number
  /** Over everything from the attributes on: what no broker may change. */
  readonly crc: number
  acknowledged: boolean
  /** Where it was acknowledged; -1 where it was not told. */
  baseOffset: number
}

export interface Committed {
  acknowledged: number
  attempted: number
}

const FAULTS_KEPT = 30

export class Ledger {
  /** By partition, then by producer id, in order of their sequences. */
  readonly sent = new Map<string, Map<number, Array<Sent>>>()
  readonly places = new Map<string, Place>()
  /** What the group has read, by partition: checksums by base offset. */
  readonly read = new Map<string, Map<number, number>>()
  readonly commits = new Map<string, Committed>()
  readonly faults: Array<string> = []
  acknowledgedRecords = 0
  acknowledgedBatches = 0
  retried = 0
  /** Batches that were told to be there already when they were sent again. */
  known = 0
  commitsAcknowledged = 0
  controllerWrites = 0
  watch: Watch | undefined

  fault(what: string): void {
    if (this.faults.length < FAULTS_KEPT) this.faults.push(what)
  }

  send(place: Place, producerId: number, batch: Sent): void {
    const key = keyOf(place)
    this.places.set(key, place)
    const byProducer = this.sent.get(key) ?? new Map<number, Array<Sent>>()
    this.sent.set(key, byProducer)
    const batches = byProducer.get(producerId) ?? []
    byProducer.set(producerId, batches)
    batches.push(batch)
  }

  acknowledge(place: Place, batch: Sent, baseOffset: number, sentAt: number): void {
    batch.acknowledged = true
    batch.baseOffset = baseOffset
    this.acknowledgedRecords += batch.count
    this.acknowledgedBatches += 1
    this.watch?.acknowledged(keyOf(place), sentAt)
  }
}
