/**
 * What a load generator is told and what it tells: one job for one process, so that its own processor time is known and the next job
 * finds nothing of the last. Neighbours: Driver.ts, librdkafka.py, platformatic.ts (carry jobs out).
 */
export type Codec = "none" | "gzip" | "snappy" | "lz4" | "zstd"

interface Common {
  readonly brokers: string
  readonly topic: string
  readonly partitions: number
  /** Bytes of a record's value; there are no keys. */
  readonly size: number
}

/** As fast as it goes, for `seconds` after `warmSeconds` that do not count. */
export interface ProduceJob extends Common {
  readonly kind: "produce"
  readonly batchBytes: number
  readonly acks: "all" | "1"
  readonly codec: Codec
  readonly warmSeconds: number
  readonly seconds: number
  /** Ends earlier when so many were acknowledged. */
  readonly records?: number
}

/** Reads until each instance has `records`, or `seconds` have gone since `warmSeconds` after the first one. */
export interface ConsumeJob extends Common {
  readonly kind: "consume"
  readonly from: "beginning" | "end"
  readonly instances: number
  /** Each instance is the only member of a group of its own. */
  readonly groups: boolean
  readonly records: number
  readonly warmSeconds: number
  readonly seconds: number
  /** Sets groups of different runs apart. */
  readonly run: number
}

/** One record at a time: the next one at `rate` per second, or, with rate 0, when the last one has arrived. */
export interface LatencyJob extends Common {
  readonly kind: "latency"
  readonly acks: "all" | "1"
  readonly rate: number
  readonly count: number
}

export type Job = ProduceJob | ConsumeJob | LatencyJob

/** Of the measured time alone. */
export interface Outcome {
  /** The client and its version. */
  readonly client: string
  readonly records: number
  readonly bytes: number
  readonly seconds: number
  /** What the generator itself used of the processors. */
  readonly cpuSeconds: number
  /** Microseconds from sending to the acknowledgement, and to a consumer; one for each record of a latency job. */
  readonly acknowledgedUs?: ReadonlyArray<number>
  readonly endToEndUs?: ReadonlyArray<number>
}

/** A line of a generator's output. */
export type Line = { readonly event: "begin" } | ({ readonly event: "end" } & (Outcome | { readonly error: string }))
