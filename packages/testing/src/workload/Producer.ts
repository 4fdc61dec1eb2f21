/**
 * An idempotent producer as Kafka's clients are: a few batches in flight per partition, sent again in their order until they are
 * stored, with the same sequence numbers. Invariants: a value is sent in one batch for ever; a batch is given up only when the broker
 * says that its sequence can't be, which is noted as an oddity, since a broker that lost nothing never says so.
 */
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { InitProducerIdRequest, InitProducerIdResponse } from "@klamm/protocol/api/22-InitProducerId"
import { type Codecs, codecIds } from "@klamm/protocol/Compression"
import { ErrorCode, errorByCode } from "@klamm/protocol/ErrorCode"
import { buildBatch } from "@klamm/protocol/RecordBatch"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { History, Send } from "../History.ts"
import { backoffMs, type Client } from "./Client.ts"
import { payload } from "./Payload.ts"

export interface ProducerOptions {
  readonly client: Client
  readonly history: History
  readonly nowMs: () => number
  readonly codecs: Codecs
  readonly topic: string
  readonly partitions: ReadonlyArray<number>
  /** -1 or 1. */
  readonly acks: number
  readonly maxInFlight: number
  /** The mean time between two rounds of a partition, in milliseconds. */
  readonly paceMs: number
  readonly maxRecords: number
  readonly maxValueBytes: number
  /** No new values from then on. */
  readonly isStopping: () => boolean
}

export const produceTimeoutMs = 3_000

interface Batch {
  readonly sends: ReadonlyArray<Send>
  readonly sequence: number
  readonly bytes: Uint8Array
  isStored: boolean
}

/** How one attempt ended; `Lost`: no answer. */
type Attempt =
  | { readonly _tag: "Answered"; readonly errorCode: number; readonly baseOffset: number }
  | { readonly _tag: "Lost" }

export interface Identity {
  readonly id: number
  readonly epoch: number
}

export const askIdentity = (client: Client): Effect.Effect<Identity> => {
  const asked = Effect.suspend(() =>
    client.ask(
      client.anyone,
      { request: InitProducerIdRequest, response: InitProducerIdResponse },
      4,
      { transactionalId: null, transactionTimeoutMs: 60_000, enable2Pc: false, keepPreparedTxn: false },
      ({ errorCode, producerId, producerEpoch }) => ({ errorCode, id: producerId, epoch: producerEpoch })
    )
  )
  const again = Effect.andThen(
    Effect.sleep(backoffMs),
    Effect.suspend(() => askIdentity(client))
  )
  return Effect.matchEffect(asked, {
    onFailure: () => again,
    onSuccess: ({ errorCode, id, epoch }) => (errorCode === ErrorCode.NONE ? Effect.succeed({ id, epoch }) : again)
  })
}

/** One partition of a producer. */
class Sender {
  private readonly options: ProducerOptions
  private readonly partition: number
  private readonly identify: Effect.Effect<Identity>
  private identity: Identity | undefined
  private nextSequence = 0
  private unstored: Array<Batch> = []
  /** What of the present identity was stored first was not its first batch. */
  private isOvertaken = false
  private hasStored = false

  constructor(options: ProducerOptions, partition: number, identify: Effect.Effect<Identity>) {
    this.options = options
    this.partition = partition
    this.identify = identify
  }

  /** Sends until the producer stops and all that was begun has ended. */
  get run(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { isStopping, client, paceMs } = this.options
      if (isStopping() && this.unstored.length === 0) return Effect.void
      const pause = Effect.sleep(client.chance.skewed(paceMs / 10, paceMs * 3))
      return Effect.andThen(Effect.andThen(pause, this.round), this.run)
    })
  }

  private get round(): Effect.Effect<void> {
    const self = this
    return Effect.gen(function* () {
      const { client, topic } = self.options
      if (self.identity === undefined) {
        self.identity = yield* self.identify
        self.nextSequence = 0
        self.isOvertaken = false
        self.hasStored = false
      }
      self.fill(self.identity, yield* Clock.currentTimeMillis)
      yield* client.findLeader(topic, self.partition)
      const flights = yield* Effect.forEach(self.unstored, (batch) =>
        Effect.forkChild(self.attempt(batch), { startImmediately: true })
      )
      const attempts: Array<Attempt> = []
      for (const flight of flights) attempts.push(yield* Fiber.join(flight))
      if (!self.settle(attempts)) {
        yield* Effect.exit(client.refresh(topic))
        yield* Effect.sleep(backoffMs)
      }
    })
  }

  /** New batches up to the limit, as long as new values are wanted. */
  private fill(identity: Identity, timestamp: number): void {
    const { client, maxInFlight, isStopping } = this.options
    if (isStopping()) return
    const wanted = 1 + client.chance.below(maxInFlight)
    while (this.unstored.length < wanted) this.unstored.push(this.makeBatch(identity, timestamp))
  }

  private makeBatch(identity: Identity, timestamp: number): Batch {
    const { client, history, codecs, nowMs, maxRecords, maxValueBytes, acks } = this.options
    const { chance } = client
    const sends = Array.from({ length: 1 + chance.below(maxRecords) }, (): Send => {
      const value = history.values.next(this.partition)
      const invokedMs = nowMs()
      const { partition } = this
      const send: Send = {
        producer: client.clientId,
        partition,
        value,
        acks,
        invokedMs,
        state: "invoked",
        endedMs: -1,
        offset: -1,
        attempts: 0
      }
      history.sends.push(send)
      return send
    })
    const codecId = chance.happens(0.3) ? chance.pick([codecIds.gzip, codecIds.lz4, codecIds.snappy, codecIds.zstd]) : 0
    const bytes = buildBatch(
      sends.map(({ value }) => ({ value: payload(value, Math.floor(chance.skewed(1, maxValueBytes + 1))), timestamp })),
      {
        producerId: identity.id,
        producerEpoch: identity.epoch,
        baseSequence: this.nextSequence,
        compression: codecId === 0 ? undefined : { codecId, codecs }
      }
    )
    const batch: Batch = { sends, sequence: this.nextSequence, bytes, isStored: false }
    this.nextSequence += sends.length
    return batch
  }

  private attempt(batch: Batch): Effect.Effect<Attempt> {
    const { client, topic, acks } = this.options
    const leader = client.leaderOf(topic, this.partition)
    if (leader === undefined) return Effect.succeed({ _tag: "Lost" })
    for (const send of batch.sends) send.attempts += 1
    const partitionData = [{ index: this.partition, records: batch.bytes }]
    const body = {
      transactionalId: null,
      acks,
      timeoutMs: produceTimeoutMs,
      topicData: [{ name: topic, partitionData }]
    }
    const asked = client.ask(
      leader.address,
      { request: ProduceRequest, response: ProduceResponse },
      9,
      body,
      (answer): Attempt => {
        const found = answer.responses[0]?.partitionResponses[0]
        if (found === undefined) return { _tag: "Lost" }
        return { _tag: "Answered", errorCode: found.errorCode, baseOffset: found.baseOffset }
      }
    )
    return Effect.catch(asked, () => Effect.succeed<Attempt>({ _tag: "Lost" }))
  }

  /** Takes the outcomes in order; false when something has to be sent again. */
  private settle(attempts: ReadonlyArray<Attempt>): boolean {
    let isFirst = true
    for (const [index, attempt] of attempts.entries()) {
      const batch = this.unstored[index]!
      if (attempt._tag === "Answered") {
        const { errorCode, baseOffset } = attempt
        if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
          if (!isFirst && !this.hasStored) this.isOvertaken = true
          this.stored(batch, errorCode === ErrorCode.NONE ? baseOffset : -1)
        } else if (isFirst && this.isBroken(errorCode)) {
          this.giveUp(errorCode)
          return true
        } else this.question(errorCode)
      }
      isFirst &&= batch.isStored
    }
    this.unstored = this.unstored.filter(({ isStored }) => !isStored)
    return this.unstored.length === 0
  }

  private stored(batch: Batch, baseOffset: number): void {
    batch.isStored = true
    this.hasStored = true
    const endedMs = this.options.nowMs()
    for (const [index, send] of batch.sends.entries()) {
      send.state = "ok"
      send.endedMs = endedMs
      if (baseOffset >= 0) send.offset = baseOffset + index
    }
  }

  /** The broker refuses the very next sequence, all before which it has acknowledged. */
  private isBroken(errorCode: number): boolean {
    return (
      errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER ||
      errorCode === ErrorCode.UNKNOWN_PRODUCER_ID ||
      errorCode === ErrorCode.INVALID_PRODUCER_EPOCH
    )
  }

  /**
   * A broker that was restarted remembers of a producer what its snapshots say, one batch, and what it replays behind them: of several
   * batches under way all may be stored, and all but the last be forgotten. And one that knows nothing of a producer takes any sequence:
   * where it refused the first batch, for want of replicas, and took the second, the first is out of order for ever. Kafka's producers
   * end with this error too.
   */
  private mayBeForgotten(errorCode: number): boolean {
    return errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER && (this.unstored.length > 1 || this.isOvertaken)
  }

  private giveUp(errorCode: number): void {
    const { history, client, nowMs } = this.options
    const what = `${errorByCode(errorCode)?.name} for the next sequence of ${client.clientId} in partition ${this.partition}`
    if (!this.mayBeForgotten(errorCode)) history.oddities.push({ kind: "sequence", what, atMs: nowMs() })
    for (const { sends } of this.unstored) {
      for (const send of sends) {
        if (send.state !== "invoked") continue
        send.state = "unknown"
        send.endedMs = nowMs()
      }
    }
    this.unstored = []
    this.identity = undefined
  }

  /** An answer that clients don't try again after is none that a healthy broker gives to this producer. */
  private question(errorCode: number): void {
    const info = errorByCode(errorCode)
    if (info?.retriable === true || errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER) return
    const { history, client, nowMs } = this.options
    history.oddities.push({
      kind: errorCode === ErrorCode.INVALID_TIMESTAMP ? "timestamp" : "answer",
      what: `Produce of ${client.clientId}: ${info?.name ?? errorCode}`,
      atMs: nowMs()
    })
  }
}

/** Runs until it stops and everything that was begun has ended. */
export const runProducer = (options: ProducerOptions): Effect.Effect<void> =>
  Effect.gen(function* () {
    const identify = askIdentity(options.client)
    const senders = options.partitions.map((partition) => new Sender(options, partition, identify))
    yield* Effect.forEach(senders, (sender) => sender.run, { concurrency: "unbounded", discard: true })
  })
