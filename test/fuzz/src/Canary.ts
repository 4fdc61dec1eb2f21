/**
 * A well-behaved client beside the ill-behaved ones: it produces a record with acks=all, reads it back and compares, over
 * and over. Invariant: each turn ends within a limit or is a fault. Neighbours: Live.ts, test/clients/hostile.test.ts.
 */

import { Calls, type Place } from "klamm-test-crash/Calls"
import { batch } from "klamm-test-differential/Batches"

export interface CanaryReport {
  readonly turns: number
  readonly slowestMs: number
  readonly faults: ReadonlyArray<string>
}

const TURN_WITHIN_MS = 8_000
const REST_MS = 5

const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

export class Canary {
  private readonly calls: Calls
  private readonly place: Place
  private readonly faults: Array<string> = []
  private turns = 0
  private slowestMs = 0
  private over = false
  private done: Promise<void> = Promise.resolve()

  private constructor(calls: Calls, place: Place) {
    this.calls = calls
    this.place = place
  }

  static async start(address: string, topic: string): Promise<Canary> {
    const calls = await Calls.open(address)
    await calls.createTopic(topic, 1)
    const place = { topic, partition: 0 }
    await calls.until("a first record", async () => (await calls.produce(place, batch())).errorCode === 0)
    const canary = new Canary(calls, place)
    canary.done = canary.sing()
    return canary
  }

  private async turn(): Promise<void> {
    const bytes = batch({ records: [{ key: `turn ${this.turns}` }] })
    const { errorCode, baseOffset } = await this.calls.produce(this.place, bytes)
    if (errorCode !== 0) throw new Error(`a produce was answered ${errorCode}`)
    const fetched = await this.calls.fetch(this.place, baseOffset)
    if (fetched.errorCode !== 0) throw new Error(`a fetch was answered ${fetched.errorCode}`)
    if (Buffer.compare(fetched.records.subarray(21), bytes.subarray(21)) !== 0) throw new Error("read something else")
  }

  private async sing(): Promise<void> {
    while (!this.over) {
      const began = performance.now()
      try {
        await this.turn()
      } catch (cause) {
        this.faults.push(`turn ${this.turns}: ${String(cause)}`)
        return
      }
      const tookMs = performance.now() - began
      this.turns += 1
      this.slowestMs = Math.max(this.slowestMs, tookMs)
      if (tookMs > TURN_WITHIN_MS) this.faults.push(`turn ${this.turns} took ${Math.round(tookMs)} ms`)
      await sleep(REST_MS)
    }
  }

  /** Ends it and tells how it fared. */
  async stop(): Promise<CanaryReport> {
    this.over = true
    await this.done
    this.calls.close()
    if (this.turns === 0) this.faults.push("it was never served")
    return { turns: this.turns, slowestMs: Math.round(this.slowestMs), faults: this.faults }
  }
}
