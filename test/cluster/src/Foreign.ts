/**
 * Clients of others through every failure: each writes numbered records idempotently with acks=all and reads them in a group of its own
 * from before the first round to behind the last. Invariant: what a client was told is acknowledged is in the log, and there once for
 * each time the client itself sent it anew. Neighbours: Kafkajs.ts, Librdkafka.ts, Verify.ts (reads the log), Rounds.ts.
 */
import * as Record from "@klamm/protocol/Record"
import * as Batch from "@klamm/protocol/RecordBatch"
import type { Place } from "klamm-test-crash/Calls"
import { keyOf } from "klamm-test-crash/Ledger"
import { Client } from "./Client.ts"
import type { Topology } from "./Topology.ts"
import { drain } from "./Verify.ts"
import { until } from "./Waiting.ts"

export interface Foreign {
  readonly name: string
  readonly topic: string
  /** Writes and reads until told to stop. */
  readonly start: () => Promise<void>
  /** Ends writing, reads what is left, and tells what happened. */
  readonly stop: () => Promise<Told>
  /** Ends at once, whatever was going on. */
  readonly abandon: () => void
}

/** What a client knows of itself. */
export interface Told {
  readonly acknowledged: ReadonlySet<string>
  /** What its group has read. */
  readonly read: ReadonlySet<string>
  /** Sends that it gave up: not acknowledged, and perhaps there. */
  readonly givenUp: number
}

export interface ForeignReport {
  readonly acknowledged: number
  /** Acknowledged and not in the log. */
  readonly lost: number
  /** In the log twice with one sequence number: what idempotence excludes. */
  readonly duplicated: number
  /** In the log twice because the client sent them anew, with another number. */
  readonly sentAnew: number
  /** Acknowledged, in the log, and passed over by the client's own group. */
  readonly unread: number
  readonly givenUp: number
}

/** How long the group may take to read what is left, once all is whole again. */
export const readWithinMs = 60_000

export const foreignPartitions = 3

/** Nothing here is compressed. */
const noCodec = () => {
  throw new Error("a batch is compressed")
}
const plain = { compress: noCodec, decompress: noCodec }
const uncompressed = { codecs: { gzip: plain, snappy: plain, lz4: plain, zstd: plain }, maxBytes: 0 }

const ledWithinMs = 60_000

const leaderOf = async (topology: Topology, place: Place): Promise<number> => {
  const leader = (): number => topology.of(place)?.leader ?? -1
  await until(`a leader of ${keyOf(place)}`, ledWithinMs, async () => {
    await topology.refresh()
    return leader() >= 0
  })
  return leader()
}

/** Each value of a topic with the numbers it was written under. */
const valuesIn = async (topology: Topology, topic: string): Promise<ReadonlyMap<string, ReadonlyArray<string>>> => {
  const values = new Map<string, Array<string>>()
  const client = new Client(topology.addresses, "cluster-foreign")
  const text = new TextDecoder()
  for (let partition = 0; partition < foreignPartitions; partition++) {
    await drain(client, await leaderOf(topology, { topic, partition }), -1, { topic, partition }, (bytes, from) => {
      const producer = `${Batch.producerId(bytes, from)}.${Batch.producerEpoch(bytes, from)}`
      const first = Batch.baseSequence(bytes, from)
      let index = 0
      for (const record of Record.iterateRecords(bytes, from, uncompressed)) {
        const value = text.decode(record.value ?? new Uint8Array())
        const numbers = values.get(value) ?? []
        numbers.push(`${partition} ${producer} ${first + index++}`)
        values.set(value, numbers)
      }
    })
  }
  client.close()
  return values
}

/** Holds a client's word against the log. */
export const judge = async (topology: Topology, { topic }: Foreign, told: Told): Promise<ForeignReport> => {
  const values = await valuesIn(topology, topic)
  const acknowledged = [...told.acknowledged]
  const isTwice = (numbers: ReadonlyArray<string>): boolean => new Set(numbers).size < numbers.length
  const several = [...values.values()].filter((numbers) => numbers.length > 1)
  return {
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((value) => !values.has(value)).length,
    duplicated: several.filter(isTwice).length,
    sentAnew: several.filter((numbers) => !isTwice(numbers)).length,
    unread: acknowledged.filter((value) => values.has(value) && !told.read.has(value)).length,
    givenUp: told.givenUp
  }
}

export const printForeign = (name: string, report: ForeignReport): string =>
  `${name}: ${Object.entries(report)
    .map(([what, count]) => `${what}=${count}`)
    .join(" ")}`
