/**
 * What is measured of a consumer: how much it reads and works, how far it is behind, what it holds unread, and how often its
 * partitions change hands. Records are counted by the handful in which they are handed out. Invariant: a record is counted once each
 * time it is handed out. Neighbours: `../consumer/Engine.ts`, `../consumer/Session.ts`, `../processing/Processed.ts`.
 */
import { monotonicMsOf } from "@klamm/platform/Moment"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Conventions from "./Conventions.ts"
import { counter, type Definition, histogram, type Instrument, observe, type Series } from "./Instrument.ts"

const consumedMessages: Definition = {
  name: "messaging.client.consumed.messages",
  unit: "{message}",
  description: "Records that were handed out to the application."
}
const duration: Definition = {
  name: "messaging.client.operation.duration",
  unit: "s",
  description: "How long the application waited for records, and how long commits took."
}
const processDuration: Definition = {
  name: "messaging.process.duration",
  unit: "s",
  description: "How long the application worked on a record, all its retries together."
}
const rebalances: Definition = {
  name: "kafka.consumer.rebalances",
  unit: "{rebalance}",
  description: "How often partitions were assigned, revoked or lost."
}
const lag: Definition = {
  name: "kafka.consumer.lag",
  unit: "{message}",
  description: "Records between what is done of a partition and its end."
}
const partitions: Definition = {
  name: "kafka.consumer.partitions",
  unit: "{partition}",
  description: "Partitions that are read."
}
const bufferUsage: Definition = {
  name: "kafka.consumer.buffer.usage",
  unit: "By",
  description: "Bytes that were fetched and not handed out yet."
}
const bufferLimit: Definition = {
  name: "kafka.consumer.buffer.limit",
  unit: "By",
  description: "Bytes beyond which nothing more is fetched (prefetchMaxBytes)."
}

const msPerSecond = 1_000

interface Partition {
  readonly topic: string
  readonly partition: number
}

interface Lagging extends Partition {
  readonly isClosed: boolean
  readonly lag: (isCommittedOnly: boolean) => number
}

export class ConsumerMeasures {
  readonly group: string | undefined
  private readonly context: Context.Context<never>
  private readonly clock: Clock.Clock
  private readonly consumedMessages: Instrument
  private readonly duration: Instrument
  private readonly processDuration: Instrument
  private readonly rebalances: Instrument
  private readonly processing = new WeakMap<Partition, Series>()
  private readonly followed = new Map<Lagging, () => void>()

  constructor(context: Context.Context<never>, clock: Clock.Clock, group: string | undefined) {
    this.context = context
    this.clock = clock
    this.group = group
    this.consumedMessages = counter(context, consumedMessages)
    this.duration = histogram(context, duration)
    this.processDuration = histogram(context, processDuration)
    this.rebalances = counter(context, rebalances)
  }

  get nowMs(): number {
    return monotonicMsOf(this.clock)
  }

  private of(operation: Conventions.Operation, topic: string | undefined): Conventions.Attributes {
    return { ...Conventions.operationOn(operation, topic), ...Conventions.groupOf(this.group) }
  }

  consumed({ topic, partition }: Partition, count: number): void {
    this.consumedMessages.record(count, `${partition} ${topic}`, () => ({
      ...this.of(Conventions.operation.poll, topic),
      ...Conventions.partitionOf(partition)
    }))
  }

  /** Somebody who asked for records has them. */
  polled({ topic, partition }: Partition, sinceMs: number): void {
    this.duration.record((this.nowMs - sinceMs) / msPerSecond, `poll ${partition} ${topic}`, () => ({
      ...this.of(Conventions.operation.poll, topic),
      ...Conventions.partitionOf(partition)
    }))
  }

  committed(sinceMs: number, errorType: string | undefined): void {
    this.duration.record((this.nowMs - sinceMs) / msPerSecond, `commit ${errorType}`, () => ({
      ...this.of(Conventions.operation.commit, undefined),
      ...Conventions.errorOf(errorType)
    }))
  }

  /** Called for each record, and so without a look at names: the partition is known by what it is to its consumer. */
  processed(partition: Partition, sinceMs: number): void {
    let series = this.processing.get(partition)
    if (series === undefined) {
      series = this.processDuration.of(this.workOn(partition, undefined))
      this.processing.set(partition, series)
    }
    series((this.nowMs - sinceMs) / msPerSecond)
  }

  failed(partition: Partition, sinceMs: number, errorType: string): void {
    this.processDuration.of(this.workOn(partition, errorType))((this.nowMs - sinceMs) / msPerSecond)
  }

  private workOn({ topic, partition }: Partition, errorType: string | undefined): Conventions.Attributes {
    return {
      ...this.of(Conventions.operation.process, topic),
      ...Conventions.partitionOf(partition),
      ...Conventions.errorOf(errorType)
    }
  }

  rebalanced(event: "Assigned" | "Revoked" | "Lost"): void {
    this.rebalances.record(1, event, () => ({
      [Conventions.attribute.system]: "kafka",
      ...Conventions.groupOf(this.group),
      [Conventions.attribute.rebalance]: event.toLowerCase()
    }))
  }

  /** Answers for the lag of a partition from when it is known, until `unfollow`. */
  follow(partition: Lagging, isCommittedOnly: boolean): void {
    if (this.followed.has(partition) || partition.isClosed || partition.lag(isCommittedOnly) < 0) return
    this.followed.set(
      partition,
      this.observeLag(partition, () => partition.lag(isCommittedOnly))
    )
  }

  unfollow(partition: Lagging): void {
    this.followed.get(partition)?.()
    this.followed.delete(partition)
  }

  /** `read` is negative while the lag is not known, as it is for a moment behind a seek. */
  private observeLag({ topic, partition }: Partition, read: () => number): () => void {
    let latest = 0
    const attributes = {
      [Conventions.attribute.system]: "kafka",
      [Conventions.attribute.topic]: topic,
      ...Conventions.partitionOf(partition),
      ...Conventions.groupOf(this.group)
    }
    return observe(this.context, lag, "max", attributes, () => {
      const now = read()
      if (now >= 0) latest = now
      return latest
    })
  }

  /** Answers for what the consumer holds until what it returns is called. */
  observeHeld(
    clientId: string,
    limitBytes: number,
    held: () => { readonly bytes: number; readonly partitions: number }
  ): () => void {
    const attributes = {
      [Conventions.attribute.system]: "kafka",
      [Conventions.attribute.clientId]: clientId,
      ...Conventions.groupOf(this.group)
    }
    const ends = [
      observe(this.context, partitions, "sum", attributes, () => held().partitions),
      observe(this.context, bufferUsage, "sum", attributes, () => held().bytes),
      observe(this.context, bufferLimit, "sum", attributes, () => limitBytes)
    ]
    return () => {
      for (const end of [...ends, ...this.followed.values()]) end()
      this.followed.clear()
    }
  }
}
