/**
 * The load that a crash interrupts: writers with and without idempotence, and groups that commit. Invariant: a writer stops
 * at the first sign that the broker is gone, and what it had sent last stays its open question; an idempotent one sends it
 * again, with the same sequence, when the broker is back. Neighbours: Calls.ts, Ledger.ts, Rounds.ts.
 */
import { type BatchOptions, batch } from "klamm-test-differential/Batches"
import { Calls, Gone, type Place } from "./Calls.ts"
import type { Chance } from "./Chance.ts"
import { keyOf, type Ledger } from "./Ledger.ts"

const ATTRIBUTES_AT = 21
const RECORDS_PER_BATCH = 20
const VALUE_BYTES = 700
/** Of some batches: as large as what a broker writes by threads of its own. */
const LARGE_VALUE_BYTES = 30_000
const LARGE_ONE_IN = 15
/** Answers that a client tries again: the broker is up but not all of it. */
const RETRIABLE = new Set([3, 5, 6, 7, 14, 15, 16, 56, 78])
const RETRY_AFTER_MS = 20

const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

interface Pending {
  readonly place: Place
  readonly bytes: Uint8Array
  readonly count: number
}

const contentOf = (bytes: Uint8Array): Uint8Array => bytes.slice(ATTRIBUTES_AT)

export class BatchWriter {
  private readonly name: string
  private readonly chance: Chance
  private readonly places: ReadonlyArray<Place>
  private readonly idempotent: boolean
  private producerId = -1
  private readonly sequences = new Map<string, number>()
  private pending: Pending | undefined
  private written = 0

  constructor(name: string, chance: Chance, places: ReadonlyArray<Place>, idempotent: boolean) {
    this.name = name
    this.chance = chance
    this.places = places
    this.idempotent = idempotent
  }

  private make(): Pending {
    const place = this.chance.pick(this.places)
    const count = this.chance.between(1, RECORDS_PER_BATCH)
    const most = this.chance.between(1, LARGE_ONE_IN) === 1 ? LARGE_VALUE_BYTES : VALUE_BYTES
    const records = Array.from({ length: count }, () => ({
      key: `${this.name} ${this.written++}`,
      value: this.chance.bytes(this.chance.between(0, most))
    }))
    const sequence = this.sequences.get(keyOf(place)) ?? 0
    const producer: BatchOptions = this.idempotent
      ? { producerId: this.producerId, producerEpoch: 0, baseSequence: sequence }
      : {}
    this.sequences.set(keyOf(place), sequence + count)
    return { place, count, bytes: batch({ records, ...producer }) }
  }

  private async send(calls: Calls, pending: Pending, ledger: Ledger): Promise<void> {
    for (;;) {
      const { errorCode, errorMessage, baseOffset } = await calls.produce(pending.place, pending.bytes)
      if (errorCode === 0) {
        const content = contentOf(pending.bytes)
        return ledger.acknowledge(pending.place, { baseOffset, count: pending.count, content })
      }
      if (!RETRIABLE.has(errorCode))
        throw new Error(`${this.name}: ${keyOf(pending.place)} answered ${errorCode} ${errorMessage}`)
      await sleep(RETRY_AFTER_MS)
    }
  }

  /** Writes until the broker is gone. */
  async run(address: string, ledger: Ledger): Promise<void> {
    const calls = await Calls.open(address)
    try {
      if (this.idempotent && this.producerId < 0) this.producerId = await calls.initProducerId()
      if (this.pending !== undefined && this.idempotent) {
        ledger.retried += 1
        await this.send(calls, this.pending, ledger)
      }
      for (;;) {
        this.pending = this.make()
        await this.send(calls, this.pending, ledger)
        this.pending = undefined
      }
    } catch (cause) {
      if (!(cause instanceof Gone)) throw cause
    } finally {
      calls.close()
    }
  }
}

/** A group that commits ever higher offsets. */
export class Committer {
  private readonly group: string
  private readonly place: Place
  private next = 0

  constructor(group: string, place: Place) {
    this.group = group
    this.place = place
  }

  async run(address: string, ledger: Ledger): Promise<void> {
    const calls = await Calls.open(address)
    try {
      await calls.coordinator(this.group)
      for (;;) {
        const offset = ++this.next
        ledger.attemptCommit(this.group, this.place, offset)
        const errorCode = await calls.commit(this.group, this.place, offset)
        if (errorCode === 0) ledger.acknowledgeCommit(this.group, this.place, offset)
        else if (RETRIABLE.has(errorCode)) await sleep(RETRY_AFTER_MS)
        else throw new Error(`${this.group}: a commit was answered ${errorCode}`)
      }
    } catch (cause) {
      if (!(cause instanceof Gone)) throw cause
    } finally {
      calls.close()
    }
  }
}
