/**
 * An idempotent producer with acks=all: one batch under way for each partition, sent again with its sequence until it is acknowledged,
 * to whoever leads. Invariant: the next batch of a partition is made only when the one before it is acknowledged, so the
 * log must hold exactly the batches of the ledger, in their order. Neighbours: Client.ts, Ledger.ts.
 */
import type { Place } from "klamm-test-crash/Calls"
import type { Chance } from "klamm-test-crash/Chance"
import { keyOf } from "klamm-test-crash/Ledger"
import { batch } from "klamm-test-differential/Batches"
import { at, numberAt } from "klamm-test-differential/Value"
import { Client, RETRIABLE, RETRY_AFTER_MS } from "./Client.ts"
import type { Ledger, Sent } from "./Ledger.ts"
import { Gone } from "./Link.ts"
import type { Topology } from "./Topology.ts"
import { now, sleep } from "./Waiting.ts"

const PRODUCE = 0
const INIT_PRODUCER_ID = 22
const DUPLICATE_SEQUENCE_NUMBER = 46
/** Less than a client waits for its answer. */
const SERVER_TIMEOUT_MS = 4_000
const RECORDS_MAX = 5
const VALUE_BYTES = 200
const PAUSE_MIN_MS = 20
const PAUSE_MAX_MS = 60
const CRC_AT = 17

const crcOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(CRC_AT)

export class Producer {
  private readonly name: string
  private readonly chance: Chance
  private readonly client: Client
  private readonly topology: Topology
  private readonly ledger: Ledger
  private producerId = -1
  private readonly sequences = new Map<string, number>()
  private stopping = false

  constructor(name: string, chance: Chance, topology: Topology, ledger: Ledger) {
    this.name = name
    this.chance = chance
    this.topology = topology
    this.client = new Client(topology.addresses, name)
    this.ledger = ledger
  }

  /** Asks one broker after the other until one gives it. */
  private async initProducerId(): Promise<void> {
    const body = { transactionalId: null, transactionTimeoutMs: 60_000 }
    for (let turn = 0; this.producerId < 0; turn++) {
      try {
        const broker = this.topology.ids[turn % this.topology.ids.length]!
        const answer = await this.client.call(broker, INIT_PRODUCER_ID, 4, body)
        if (numberAt(answer, "errorCode") === 0) this.producerId = numberAt(answer, "producerId")
      } catch (cause) {
        if (!(cause instanceof Gone)) throw cause
      }
      if (this.producerId < 0) await sleep(RETRY_AFTER_MS)
    }
  }

  private make(place: Place): { readonly bytes: Uint8Array; readonly sent: Sent } {
    const key = keyOf(place)
    const baseSequence = this.sequences.get(key) ?? 0
    const count = this.chance.between(1, RECORDS_MAX)
    this.sequences.set(key, baseSequence + count)
    const bytes = batch({
      records: Array.from({ length: count }, (_, index) => ({
        key: `${this.name} ${baseSequence + index}`,
        value: this.chance.bytes(this.chance.between(0, VALUE_BYTES))
      })),
      producerId: this.producerId,
      producerEpoch: 0,
      baseSequence
    })
    const sent = { baseSequence, count, crc: crcOf(bytes), acknowledged: false, baseOffset: -1 }
    this.ledger.send(place, this.producerId, sent)
    return { bytes, sent }
  }

  /** One attempt: the error code of the answer and the offset, or undefined when there was nobody to ask or no answer. */
  private async attempt(place: Place, bytes: Uint8Array) {
    const leader = this.topology.of(place)?.leader ?? -1
    if (leader < 0) return undefined
    try {
      const answer = await this.client.call(leader, PRODUCE, 9, {
        acks: -1,
        timeoutMs: SERVER_TIMEOUT_MS,
        topicData: [{ name: place.topic, partitionData: [{ index: place.partition, records: bytes }] }]
      })
      const path = "responses.0.partitionResponses.0"
      return {
        errorCode: numberAt(answer, `${path}.errorCode`),
        message: String(at(answer, `${path}.errorMessage`)),
        baseOffset: numberAt(answer, `${path}.baseOffset`)
      }
    } catch (cause) {
      if (cause instanceof Gone) return undefined
      throw cause
    }
  }

  /** Sends it until it is acknowledged. False when the answer is one that must never come. */
  private async send(place: Place, bytes: Uint8Array, sent: Sent): Promise<boolean> {
    for (let attempts = 1; ; attempts++) {
      const sentAt = now()
      const leader = this.topology.of(place)
      const got = await this.attempt(place, bytes)
      if (got?.errorCode === 0 || got?.errorCode === DUPLICATE_SEQUENCE_NUMBER) {
        if (got.errorCode !== 0) this.ledger.known += 1
        if (attempts > 1) this.ledger.retried += 1
        this.ledger.acknowledge(place, sent, got.errorCode === 0 ? got.baseOffset : -1, sentAt)
        return true
      }
      if (got !== undefined && !RETRIABLE.has(got.errorCode)) {
        this.ledger.fault(
          `${this.name}: ${keyOf(place)}: broker ${leader?.leader} in epoch ${leader?.epoch} answered ${got.errorCode} ` +
            `(${got.message}) to sequence ${sent.baseSequence} of producer ${this.producerId}, attempt ${attempts}`
        )
        return false
      }
      await this.topology.refresh()
      await sleep(RETRY_AFTER_MS)
    }
  }

  private async writeTo(place: Place): Promise<void> {
    while (!this.stopping) {
      const { bytes, sent } = this.make(place)
      if (!(await this.send(place, bytes, sent))) return
      await sleep(this.chance.between(PAUSE_MIN_MS, PAUSE_MAX_MS))
    }
  }

  /** Writes to all of them until it is told to stop; ends when what was under way is acknowledged. */
  async run(places: ReadonlyArray<Place>): Promise<void> {
    await this.initProducerId()
    await Promise.all(places.map((place) => this.writeTo(place)))
  }

  stop(): void {
    this.stopping = true
  }

  close(): void {
    this.client.close()
  }
}
