/** What is measured, and what a client has to do for it. Neighbours: `main.ts` asks for it, `one.ts` does one measurement. */

export interface Place {
  readonly bootstrap: string
  readonly topic: string
}

/** Records that are handed over together. */
export interface Lots {
  readonly recordBytes: number
  readonly perLot: number
  readonly lots: number
  /** Lots handed over before the first of them is acknowledged. */
  readonly atOnce: number
}

export interface Contender {
  readonly name: string
  /** Connects; what it answers sends a lot and waits until all replicas have it. */
  readonly sender: (place: Place, isLone: boolean) => Promise<Sender>
  /**
   * Reads a topic from its beginning as the only member of a group: says when it has its partitions, then calls `seen` with the number
   * of records each time, until that says true.
   */
  readonly read: (place: Place, joined: () => void, seen: (records: number) => boolean) => Promise<void>
}

export interface Sender {
  readonly send: (values: ReadonlyArray<Buffer>) => Promise<unknown>
  readonly close: () => Promise<void>
}

export const measures = [
  "produce 1 KiB",
  "produce 100 B",
  "one at a time",
  "until it is read",
  "consume 1 KiB",
  "consume 100 B"
] as const
/** Those of single records, told by their times. */
export const isLone = (measure: Measure): boolean => measure === "one at a time" || measure === "until it is read"

export type Measure = (typeof measures)[number]

export interface Figures {
  readonly mbPerSecond?: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** Processor time of the client for a megabyte, or for a record that is sent alone: what a busy machine changes least. */
  readonly cpuMs: number
}

export const partitions = 3
const kibibyte = 1_024
const lotBytes = 512 * kibibyte

/** So much data in lots of half a mebibyte, some of them under way at a time. */
export const lotsOf = (recordBytes: number, megabytes: number): Lots => {
  const perLot = Math.floor(lotBytes / recordBytes)
  return { recordBytes, perLot, lots: Math.max(1, Math.round((megabytes * 1e6) / (perLot * recordBytes))), atOnce: 5 }
}

export const recordBytesOf = (measure: Measure): number => (measure.endsWith("100 B") ? 100 : kibibyte)

/** Values that compress as little as anything does. */
export const valuesOf = (count: number, bytes: number): ReadonlyArray<Buffer> => {
  const noise = Buffer.alloc(bytes + count)
  for (let index = 0; index < noise.length; index++) noise[index] = (Math.imul(index, 2_654_435_761) >>> 16) & 0xff
  return Array.from({ length: count }, (_, index) => noise.subarray(index, index + bytes))
}
