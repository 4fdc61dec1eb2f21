/**
 * Frames to throw at a broker: requests with random contents by the tables, the same with damage, and bytes of no meaning.
 * Invariant: what a seed gives is always the same. Neighbours: Live.ts, packages/protocol/test/arbitrary.ts.
 */

import type { Api } from "@klamm/protocol/Api"
import { apis } from "@klamm/protocol/api/index"
import { Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { encodeRequestHeader } from "@klamm/protocol/Header"
import * as fc from "fast-check"
import type { Chance } from "klamm-test-crash/Chance"
import { framed } from "klamm-test-differential/Wire"
import { type Value, valuesOf } from "../../../packages/protocol/test/arbitrary.ts"

const NOISE_MAX_BYTES = 400
/**
 * Well-formed ones of these would make a broker do, rightly, more work than a test has time for, or serve everyone in
 * another way (quotas, settings).
 */
const ONLY_DAMAGED = new Set([
  "CreateTopics",
  "CreatePartitions",
  "AlterClientQuotas",
  "AlterConfigs",
  "IncrementalAlterConfigs"
])
/** These take a broker out of its cluster, and are obeyed: an Apache Kafka 4.3.1 halts on a voter without listener name. */
const NEVER = new Set([
  "UnregisterBroker",
  "UnregisterController",
  "UpdateFeatures",
  "AddRaftVoter",
  "RemoveRaftVoter",
  "UpdateRaftVoter"
])
const THROWN = apis.filter(({ name }) => !NEVER.has(name))
const VALUES_AT_ONCE = 20

/** Values of one table at one version, drawn many at a time because drawing is dear. */
class Stock {
  private readonly api: Api
  private readonly version: number
  private values: Array<Value> = []

  constructor(api: Api, version: number) {
    this.api = api
    this.version = version
  }

  next(chance: Chance): Uint8Array {
    if (this.values.length === 0) {
      const seed = chance.between(0, 0x7fffffff)
      this.values = fc.sample(valuesOf(this.api.request, this.version), { seed, numRuns: VALUES_AT_ONCE })
    }
    const writer = new Writer()
    encodeRequestHeader(writer, this.api.key, this.version, chance.between(0, 0x7fffffff), "fuzz")
    codec(this.api.request, this.version).encode(writer, this.values.pop() ?? {})
    return writer.toBytes()
  }
}

export class FrameMaker {
  private readonly chance: Chance
  private readonly stocks = new Map<string, Stock>()

  constructor(chance: Chance) {
    this.chance = chance
  }

  private request(): { readonly api: Api; readonly bytes: Uint8Array } {
    const api = this.chance.pick(THROWN)
    const { min, max } = api.request.versions
    const version = this.chance.between(min, max)
    const key = `${api.key} ${version}`
    const stock = this.stocks.get(key) ?? new Stock(api, version)
    this.stocks.set(key, stock)
    return { api, bytes: stock.next(this.chance) }
  }

  private damaged(bytes: Uint8Array): Uint8Array {
    let changed = bytes.slice()
    for (let times = this.chance.between(1, 4); times > 0 && changed.length > 0; times--) {
      const at = this.chance.between(0, changed.length - 1)
      if (this.chance.happens(0.2)) changed = changed.slice(0, at)
      else changed[at] = this.chance.pick([0, 1, 127, 128, 255, this.chance.between(0, 255)])
    }
    return changed
  }

  /** Bytes for the wire, their length before them (which is a lie now and then). */
  next(): Uint8Array {
    const kind = this.chance.between(0, 9)
    if (kind === 0) return this.chance.bytes(this.chance.between(1, NOISE_MAX_BYTES))
    const { api, bytes } = this.request()
    const body = kind <= 5 || ONLY_DAMAGED.has(api.name) ? this.damaged(bytes) : bytes
    const frame = framed(body)
    if (kind === 1) new DataView(frame.buffer).setInt32(0, this.chance.between(-10, body.length + 100))
    return frame
  }
}
