/**
 * What is measured of a producer: where the time of its records goes (waiting to be sent, being sent, being sent again), how large its
 * batches are, and how full its memory is. Everything is counted once for a batch. Invariant: each record that was handed over and sent
 * is counted once, as stored or with the error it ended with. Neighbours: `../producer/Sender.ts` calls, `Instrument.ts` counts.
 */
import type * as Context from "effect/Context"
import type { Broker, ClusterMetadata } from "../Cluster.ts"
import { nameOf } from "../KlammError.ts"
import * as Conventions from "./Conventions.ts"
import { counter, type Definition, histogram, type Instrument, observe, type Series } from "./Instrument.ts"

const duration: Definition = {
  name: "messaging.client.operation.duration",
  unit: "s",
  description: "From when the first record of a batch was handed over until the batch was stored or given up."
}
const sentMessages: Definition = {
  name: "messaging.client.sent.messages",
  unit: "{message}",
  description: "Records that were sent, once each, whether they were stored or given up."
}
const queueDuration: Definition = {
  name: "kafka.producer.queue.duration",
  unit: "s",
  description: "From when the first record of a batch was handed over until the batch was sent for the first time."
}
const batchSize: Definition = {
  name: "kafka.producer.batch.size",
  unit: "By",
  description: "Bytes of a batch as it is sent, compressed."
}
const batchRecords: Definition = {
  name: "kafka.producer.batch.records",
  unit: "{message}",
  description: "Records of a batch."
}
const retries: Definition = {
  name: "kafka.producer.retries",
  unit: "{batch}",
  description: "Batches that are to be sent again, by what they were answered with."
}
const bufferUsage: Definition = {
  name: "kafka.producer.buffer.usage",
  unit: "By",
  description: "Memory that records take that were handed over and have not ended."
}
const bufferLimit: Definition = {
  name: "kafka.producer.buffer.limit",
  unit: "By",
  description: "Memory that records may take (buffer.memory)."
}
const waiting: Definition = {
  name: "kafka.producer.buffer.waiting",
  unit: "{fiber}",
  description: "Fibers that wait for room in the memory."
}

const sizes = [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304]
const counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]
const msPerSecond = 1_000

/** A batch, as far as it is measured. */
export interface MeasuredBatch {
  readonly createdAtMs: number
  readonly count: number
  /** How often it was sent. */
  readonly attempts: number
}

/** Where a batch goes. */
export interface Place {
  readonly topic: string
  readonly partition: number
}

/** The series of batches of a topic that leave. */
interface Leaving {
  readonly queued: Series
  readonly size: Series
  readonly records: Series
}

/** The series of batches of a partition that end in the same way. */
interface Ending {
  readonly leader: Broker | undefined
  readonly duration: Series
  readonly sent: Series
}

export class ProducerMeasures {
  private readonly known: () => ClusterMetadata
  private readonly duration: Instrument
  private readonly sentMessages: Instrument
  private readonly queueDuration: Instrument
  private readonly batchSize: Instrument
  private readonly batchRecords: Instrument
  private readonly retries: Instrument
  private readonly leaving = new Map<string, Leaving>()
  /** By what a partition is to its producer. */
  private readonly stored = new WeakMap<Place, Ending>()

  constructor(context: Context.Context<never>, known: () => ClusterMetadata) {
    this.known = known
    this.duration = histogram(context, duration)
    this.sentMessages = counter(context, sentMessages)
    this.queueDuration = histogram(context, queueDuration)
    this.batchSize = histogram(context, batchSize, sizes)
    this.batchRecords = histogram(context, batchRecords, counts)
    this.retries = counter(context, retries)
  }

  private leaderOf({ topic, partition }: Place): Broker | undefined {
    const { topics, brokers } = this.known()
    return brokers.get(topics.get(topic)?.partitions[partition]?.leaderId ?? -1)
  }

  /** The batch is on its way for the first time, as so many bytes. */
  left({ topic }: Place, { createdAtMs, count }: MeasuredBatch, sizeBytes: number, nowMs: number): void {
    let leaving = this.leaving.get(topic)
    if (leaving === undefined) {
      const attributes = Conventions.operationOn(Conventions.operation.send, topic)
      leaving = {
        queued: this.queueDuration.of(attributes),
        size: this.batchSize.of(attributes),
        records: this.batchRecords.of(attributes)
      }
      this.leaving.set(topic, leaving)
    }
    leaving.queued((nowMs - createdAtMs) / msPerSecond)
    leaving.size(sizeBytes)
    leaving.records(count)
  }

  /** The batch is to be sent again. */
  retried({ topic }: Place, code: number): void {
    this.retries.record(1, `${code} ${topic}`, () => ({
      ...Conventions.operationOn(Conventions.operation.send, topic),
      ...Conventions.errorOf(nameOf(code))
    }))
  }

  private endingOf(place: Place, leader: Broker | undefined, code: number | undefined): Ending {
    const attributes = {
      ...Conventions.operationOn(Conventions.operation.send, place.topic),
      ...Conventions.partitionOf(place.partition),
      ...Conventions.serverOf(leader),
      ...Conventions.errorOf(code === undefined ? undefined : nameOf(code))
    }
    return { leader, duration: this.duration.of(attributes), sent: this.sentMessages.of(attributes) }
  }

  /** The batch is stored, or given up with this code. */
  ended(place: Place, batch: MeasuredBatch, code: number | undefined, nowMs: number): void {
    const leader = this.leaderOf(place)
    let ending = code === undefined ? this.stored.get(place) : undefined
    if (ending === undefined || ending.leader !== leader) {
      ending = this.endingOf(place, leader, code)
      if (code === undefined) this.stored.set(place, ending)
    }
    ending.duration((nowMs - batch.createdAtMs) / msPerSecond)
    if (batch.attempts > 0) ending.sent(batch.count)
  }
}

/** A producer's memory, as it is when somebody asks. */
export interface Memory {
  readonly usedBytes: number
  readonly limitBytes: number
  readonly waitingCount: number
}

/** Answers for a producer's memory until what it returns is called. */
export const observeMemory = (context: Context.Context<never>, clientId: string, memory: Memory): (() => void) => {
  const attributes = { [Conventions.attribute.system]: "kafka", [Conventions.attribute.clientId]: clientId }
  const ends = [
    observe(context, bufferUsage, "sum", attributes, () => memory.usedBytes),
    observe(context, bufferLimit, "sum", attributes, () => memory.limitBytes),
    observe(context, waiting, "sum", attributes, () => memory.waitingCount)
  ]
  return () => {
    for (const end of ends) end()
  }
}
