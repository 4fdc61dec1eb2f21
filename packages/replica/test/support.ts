/** Batches as producers send them, and the topics they are sent to. */

import { developmentPreset, presetLayer } from "@klamm/config"
import { effective, noOverrides, resolve } from "@klamm/config/BrokerConfig"
import { topicConfig } from "@klamm/config/TopicConfig"
import * as platformCodecs from "@klamm/platform/node/Codecs"
import { makeCodecs } from "@klamm/protocol/Compression"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Result from "effect/Result"
import type { AppendOptions } from "../src/AppendRules.ts"
import type { EligibleBrokers } from "../src/Isr.ts"

export const codecs = makeCodecs(platformCodecs)
export const decompression = { codecs, maxBytes: 1 << 22 }
export const broker = effective(
  Result.getOrThrow(resolve([presetLayer(developmentPreset())])),
  noOverrides,
  noOverrides
)
export const now = 1_700_000_000_000
export const hour = 3_600_000
export const utf8 = new TextEncoder()

export type Settings = { readonly [key: string]: string }

export const options = (settings: Settings = {}, change: Partial<AppendOptions> = {}): AppendOptions => ({
  topic: topicConfig(broker, new Map(Object.entries(settings))),
  apiVersion: 13,
  transactionalId: null,
  now,
  decompression,
  ...change
})

export const records = (count: number, change: (index: number) => Partial<RecordBatch.RecordInput> = () => ({})) =>
  Array.from({ length: count }, (_, index) => ({
    key: utf8.encode(`key ${index}`),
    value: utf8.encode(`value ${index}, which may repeat itself, repeat itself, repeat itself`),
    headers: [{ key: utf8.encode("trace"), value: index % 2 === 0 ? utf8.encode("x") : null }],
    timestamp: now - 1000 + index,
    ...change(index)
  }))

export const idempotent = { producerId: 77, producerEpoch: 3, baseSequence: 40 }
export const good = (settings: RecordBatch.BatchOptions = {}): Uint8Array =>
  RecordBatch.buildBatch(records(4), settings)
export const compressed = (codecId: number, settings: RecordBatch.BatchOptions = {}): Uint8Array =>
  good({ ...settings, compression: { codecId, codecs } })

/** The batch with a change to its bytes, and the checksum made right again. */
export const changed = (bytes: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array => {
  change(bytes)
  RecordBatch.updateCrc(bytes, 0)
  return bytes
}

export const timed = (...times: ReadonlyArray<number>): Uint8Array =>
  RecordBatch.buildBatch(records(times.length, (index) => ({ timestamp: times[index]! })))

/** Brokers with the epochs of their lives, each with one directory. */
export const brokersOf = (epochs: Iterable<readonly [number, number]>): EligibleBrokers =>
  new Map([...epochs].map(([id, epoch]) => [id, { epoch, logDirs: directoriesOf([id]) }]))

export const directoriesOf = (brokers: ReadonlyArray<number>): ReadonlyArray<string> => brokers.map((id) => `d${id}`)
