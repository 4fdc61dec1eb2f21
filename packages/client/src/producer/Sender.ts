/**
 * The fiber that takes batches out of the accumulator and sees them stored: whom to send what and when, and again.
 *
 * Invariants: a broker has at most `maxInFlight` requests of this producer under way; a partition's records are stored in the order in
 * which they came (with an identity, or with one request at a time); every batch ends in its delivery time. Neighbours: `Outcome.ts`
 * decides what becomes of a batch, `Identity.ts` says under which id it goes, `Produce.ts` has the request.
 */
import { monotonicMsOf } from "@klamm/platform/Moment"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { broker, type Cluster } from "../Cluster.ts"
import { type KlammError, ProduceError, type RequestError, saysMetadataIsStale } from "../KlammError.ts"
import type { ProducerMeasures } from "../observe/ProducerMeasures.ts"
import type { Accumulator } from "./Accumulator.ts"
import type { Batch, Encoding } from "./Batch.ts"
import { noSequence } from "./Batch.ts"
import { Bell } from "./Bell.ts"
import type { Identities } from "./Identity.ts"
import { mayBeStored, outcomeOf } from "./Outcome.ts"
import type { PartitionQueue } from "./PartitionQueue.ts"
import { type Answered, bodyOf, keyOf, maxVersionFor, type Part, produceApi, read, saidOf } from "./Produce.ts"

type Queue = PartitionQueue<ProduceError>

export interface SenderOptions {
  readonly acks: number
  readonly maxInFlight: number
  readonly lingerMs: number
  readonly maxRequestSize: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  readonly encoding: Encoding
}

export interface SenderParts {
  readonly options: SenderOptions
  readonly cluster: Cluster
  readonly clock: Clock.Clock
  readonly scope: Scope.Scope
  readonly accumulator: Accumulator<ProduceError>
  readonly identities: Identities
  readonly measures: ProducerMeasures
}

interface Sent {
  readonly queue: Queue
  readonly batch: Batch<ProduceError>
}

interface Plan {
  readonly leaderId: number
  readonly parts: Array<Sent>
  sizeBytes: number
}

export class Sender {
  readonly bell = new Bell()
  private readonly parts: SenderParts
  private readonly inFlight = new Map<number, number>()
  /** Batches that were given up while an answer to them may still come. */
  private readonly givenUp = new Set<Batch<ProduceError>>()
  private readonly topicsToLearn = new Set<string>()
  private isLearning = false
  private flushes = 0
  /** No batch has to be given up before: what began later ends later. */
  private expireAtMs = 0

  constructor(parts: SenderParts) {
    this.parts = parts
  }

  private get nowMs(): number {
    return monotonicMsOf(this.parts.clock)
  }

  /** From now until `endHurry`, nothing lingers. */
  beginHurry(): void {
    this.flushes += 1
    this.bell.ring()
  }

  endHurry(): void {
    this.flushes -= 1
  }

  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      this.expire(this.nowMs)
      yield* this.identify
      const plannedMs = yield* this.launchAll
      yield* this.learn
      yield* this.bell.wait(this.wakeAtMs(plannedMs) - this.nowMs)
    }
  })

  /** Sends what may be sent; answers as of when nothing more could be, in ms. */
  private get launchAll(): Effect.Effect<number> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const plannedMs = this.nowMs
        const plans = this.plan(plannedMs)
        if (plans.length === 0) return plannedMs
        for (const plan of plans) yield* this.launch(plan)
      }
    })
  }

  /** Sees to it that there is an identity, and a new one where the present one is broken. */
  private get identify(): Effect.Effect<void> {
    const { identities, accumulator, scope } = this.parts
    if (!identities.isNeeded || accumulator.active.size === 0) return Effect.void
    const isBroken = [...accumulator.active].some((queue) => queue.isBroken && queue.identity === identities.current)
    if (isBroken) identities.retire()
    const isLeftToOthers = identities.transactionalId !== null
    if (isLeftToOthers || identities.current !== undefined || identities.isUnderWay) return Effect.void
    const acquiring = Effect.match(identities.acquire, {
      onFailure: (error) => this.failAll(error),
      onSuccess: () => undefined
    })
    return Effect.asVoid(
      Effect.forkIn(
        Effect.andThen(
          acquiring,
          Effect.sync(() => this.bell.ring())
        ),
        scope
      )
    )
  }

  /** What may be sent now, at most one request for each broker. */
  private plan(nowMs: number): ReadonlyArray<Plan> {
    const { accumulator, options, identities } = this.parts
    if (identities.isNeeded && identities.current === undefined) return []
    const isHurried = this.flushes > 0 || accumulator.isFull
    const plans = new Map<number, Plan>()
    for (const queue of [...accumulator.active]) {
      if (queue.readyAtMs(options.lingerMs, isHurried) > nowMs || !queue.mayLeave || !identities.admits(queue)) continue
      const leaderId = this.leaderOf(queue)
      if (leaderId === undefined) continue
      const plan = plans.get(leaderId) ?? { leaderId, parts: [], sizeBytes: 0 }
      if (plan.parts.length === 0 && (this.inFlight.get(leaderId) ?? 0) >= options.maxInFlight) continue
      const sizeBytes = queue.head?.sizeBytes ?? 0
      if (plan.parts.length > 0 && plan.sizeBytes + sizeBytes > options.maxRequestSize) continue
      this.take(queue, plan, sizeBytes)
      plans.set(leaderId, plan)
    }
    return [...plans.values()]
  }

  private take(queue: Queue, plan: Plan, sizeBytes: number): void {
    const { accumulator, identities, measures } = this.parts
    const left = queue.leave(identities.current)
    accumulator.rotate(queue)
    if (left === undefined) return
    const bytes = left.batch.encode(this.parts.options.encoding, queue.identity, left.sequence)
    if (left.batch.attempts === 1) measures.left(queue, left.batch, bytes.length, this.nowMs)
    plan.parts.push({ queue, batch: left.batch })
    plan.sizeBytes += sizeBytes
  }

  /** The partition's leader as known; without one its metadata is asked for. */
  private leaderOf(queue: Queue): number | undefined {
    const { topics, brokers } = this.parts.cluster.known()
    const leaderId = topics.get(queue.topic)?.partitions[queue.partition]?.leaderId ?? -1
    if (brokers.has(leaderId)) return leaderId
    this.wantMetadata(queue)
    return undefined
  }

  private wantMetadata(queue: Queue): void {
    queue.awaitsMetadata = true
    this.topicsToLearn.add(queue.topic)
  }

  /** Asks for the metadata that is wanted, in one fiber; partitions without a leader then wait a little. */
  private get learn(): Effect.Effect<void> {
    const { cluster, scope, accumulator } = this.parts
    if (this.topicsToLearn.size === 0 || this.isLearning) return Effect.void
    const topics = [...this.topicsToLearn]
    this.topicsToLearn.clear()
    this.isLearning = true
    const learned = Effect.map(Effect.exit(cluster.refresh(topics)), () => {
      this.isLearning = false
      for (const queue of accumulator.active) {
        if (!queue.awaitsMetadata || !topics.includes(queue.topic)) continue
        queue.awaitsMetadata = false
        const { topics: known, brokers } = cluster.known()
        const leaderId = known.get(queue.topic)?.partitions[queue.partition]?.leaderId ?? -1
        if (!brokers.has(leaderId)) queue.notBeforeMs = Math.max(queue.notBeforeMs, this.nowMs + cluster.backoffMs(1))
      }
      this.bell.ring()
    })
    return Effect.asVoid(Effect.forkIn(learned, scope))
  }

  private launch({ leaderId, parts }: Plan): Effect.Effect<void> {
    this.inFlight.set(leaderId, (this.inFlight.get(leaderId) ?? 0) + 1)
    const sending = Effect.map(Effect.result(this.send(leaderId, parts)), (result) => {
      this.inFlight.set(leaderId, (this.inFlight.get(leaderId) ?? 1) - 1)
      if (result._tag === "Success") this.settleAll(parts, result.success)
      else this.settleLost(parts, result.failure)
      this.bell.ring()
    })
    return Effect.asVoid(Effect.forkIn(sending, this.parts.scope, { startImmediately: true }))
  }

  /** One request, and what its answer says of each partition. */
  private send(
    leaderId: number,
    sent: ReadonlyArray<Sent>
  ): Effect.Effect<ReadonlyMap<string, Answered>, RequestError> {
    const { cluster, options, identities } = this.parts
    const { acks, requestTimeoutMs: timeoutMs } = options
    const known = cluster.known()
    const records = sent.map(({ queue, batch }): Part => {
      const { topic, partition } = queue
      return { topic, partition, records: batch.encode(options.encoding, batch.identity, batch.baseSequence) }
    })
    const body = bodyOf(known, records, { acks, timeoutMs, transactionalId: identities.transactionalId })
    const maxVersion = Math.min(maxVersionFor(known, records), identities.maxProduceVersion())
    if (acks === 0) {
      const none = { errorCode: ErrorCode.NONE, baseOffset: -1, logAppendTimeMs: -1, errorMessage: null }
      return Effect.map(cluster.tell(broker(leaderId), produceApi, body, { maxVersion }), () => {
        return new Map(records.map((each) => [keyOf(each.topic, each.partition), { ...each, ...none }]))
      })
    }
    return cluster.ask(
      broker(leaderId),
      produceApi,
      body,
      (answer, version) => {
        const { answers, news } = read(answer, version, cluster.nameOf)
        if (news.length > 0) cluster.learn(news, answer.nodeEndpoints)
        return answers
      },
      { timeoutMs, maxVersion }
    )
  }

  private settleAll(parts: ReadonlyArray<Sent>, answers: ReadonlyMap<string, Answered>): void {
    for (const sent of parts) {
      const answer = answers.get(keyOf(sent.queue.topic, sent.queue.partition))
      if (mayBeStored(answer?.errorCode ?? ErrorCode.NETWORK_EXCEPTION)) sent.batch.mayBeStored = true
      if (answer === undefined) this.settle(sent, ErrorCode.NETWORK_EXCEPTION, undefined)
      else this.settle(sent, answer.errorCode, answer)
    }
  }

  private settleLost(parts: ReadonlyArray<Sent>, error: RequestError): void {
    for (const sent of parts) {
      if (mayBeStored(error.code, error)) sent.batch.mayBeStored = true
      if (error.retriable) this.settle(sent, ErrorCode.NETWORK_EXCEPTION, undefined, error)
      else this.fail(sent, error.code, false, error)
    }
  }

  private settle({ queue, batch }: Sent, errorCode: number, answer: Answered | undefined, cause?: RequestError): void {
    const { accumulator, options, identities, cluster } = this.parts
    if (this.givenUp.delete(batch)) {
      queue.finish(batch)
      return
    }
    const outcome = outcomeOf(errorCode, {
      isIdempotent: identities.isNeeded,
      isTransactional: identities.transactionalId !== null,
      isNext: queue.isNext(batch),
      isBroken: queue.isBroken,
      mayBeStored: batch.mayBeStored,
      isExpired: identities.isAborting || this.isExpired(batch, this.nowMs),
      canSplit: batch.count > 1
    })
    switch (outcome._tag) {
      case "Stored":
        queue.stored(batch)
        this.deliver(queue, batch, answer)
        return
      case "Split":
        queue.replace(batch, batch.split(options.encoding.codecs) ?? [])
        accumulator.active.add(queue)
        return
      case "Renumber":
        queue.isBroken = true
        this.again(queue, batch, errorCode)
        return
      case "Retry":
        if (saysMetadataIsStale({ _tag: "", code: errorCode })) {
          cluster.invalidate(queue.topic)
          this.wantMetadata(queue)
        }
        this.again(queue, batch, errorCode)
        return
      case "Fail":
        this.fail({ queue, batch }, errorCode, outcome.isCertain, cause ?? saidOf(answer))
    }
  }

  private deliver(queue: Queue, batch: Batch<ProduceError>, answer: Answered | undefined): void {
    this.parts.measures.ended(queue, batch, undefined, this.nowMs)
    batch.stored(queue.topic, queue.partition, answer?.baseOffset ?? -1, answer?.logAppendTimeMs ?? -1)
    this.parts.accumulator.ended(batch.recordBytes)
    this.parts.identities.delivered()
  }

  private again(queue: Queue, batch: Batch<ProduceError>, errorCode: number): void {
    queue.comeBack(batch)
    this.parts.measures.retried(queue, errorCode)
    const isOutOfTurn = errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    if (!isOutOfTurn) queue.notBeforeMs = this.nowMs + this.parts.cluster.backoffMs(batch.attempts)
    this.parts.accumulator.active.add(queue)
  }

  private fail({ queue, batch }: Sent, code: number, isCertain: boolean, cause: unknown): void {
    const { accumulator, identities, measures } = this.parts
    const { topic, partition } = queue
    if (this.givenUp.delete(batch)) {
      queue.finish(batch)
      return
    }
    queue.giveUp(batch, isCertain)
    if (queue.waitingCount === 0) accumulator.active.delete(queue)
    identities.failed(code)
    measures.ended(queue, batch, code, this.nowMs)
    batch.failed(new ProduceError({ topic, partition, code, mayBeStored: batch.mayBeStored, cause }))
    accumulator.ended(batch.recordBytes)
  }

  private isExpired(batch: Batch<ProduceError>, nowMs: number): boolean {
    return nowMs - batch.createdAtMs >= this.parts.options.deliveryTimeoutMs
  }

  /** Gives up what could not be delivered in its time, be it under way or not. */
  private expire(nowMs: number): void {
    if (nowMs < this.expireAtMs) return
    this.expireAtMs = nowMs + this.parts.options.deliveryTimeoutMs
    for (const queue of this.parts.accumulator.queues()) {
      for (const batch of queue.unfinished) {
        if (this.givenUp.has(batch)) continue
        const endMs = batch.createdAtMs + this.parts.options.deliveryTimeoutMs
        if (endMs > nowMs) this.expireAtMs = Math.min(this.expireAtMs, endMs)
        else this.abandon(queue, batch, ErrorCode.REQUEST_TIMED_OUT, undefined)
      }
    }
  }

  private abandon(queue: Queue, batch: Batch<ProduceError>, code: number, cause: unknown): void {
    const { accumulator, identities, measures } = this.parts
    const isUnderWay = queue.isUnderWay(batch)
    const hasSequence = batch.baseSequence !== noSequence
    if (isUnderWay) this.givenUp.add(batch)
    else queue.giveUp(batch, false)
    if (isUnderWay && hasSequence) queue.isBroken = true
    if (queue.waitingCount === 0) accumulator.active.delete(queue)
    identities.failed(code)
    measures.ended(queue, batch, code, this.nowMs)
    const { topic, partition } = queue
    batch.failed(new ProduceError({ topic, partition, code, mayBeStored: isUnderWay || batch.mayBeStored, cause }))
    accumulator.ended(batch.recordBytes)
  }

  /** Gives up everything: there will be no identity to send it under, or the transaction it belongs to is over. */
  failAll(error: KlammError | ProduceError): void {
    for (const queue of this.parts.accumulator.queues()) {
      for (const batch of queue.unfinished) {
        if (!this.givenUp.has(batch)) this.abandon(queue, batch, error.code, error)
      }
    }
  }

  /** Gives up what is not under way. */
  dropWaiting(code: number, cause: unknown): void {
    for (const queue of this.parts.accumulator.queues()) {
      for (const batch of queue.unfinished) {
        if (!queue.isUnderWay(batch)) this.abandon(queue, batch, code, cause)
      }
    }
  }

  /**
   * When something has to be done though nothing happens. What was not ready when it was planned last counts, even if it is by now: time
   * goes on between the two, and nobody would ring for it.
   */
  private wakeAtMs(plannedMs: number): number {
    const { accumulator, options, identities } = this.parts
    const isHurried = this.flushes > 0 || accumulator.isFull
    let wakeAtMs = Number.POSITIVE_INFINITY
    for (const queue of accumulator.active) {
      const readyAtMs = queue.readyAtMs(options.lingerMs, isHurried)
      // One that was ready and did not leave waits for an answer, which rings.
      if (readyAtMs > plannedMs) wakeAtMs = Math.min(wakeAtMs, readyAtMs)
    }
    return Math.min(wakeAtMs, this.expireAtMs, identities.wakeAtMs)
  }
}
