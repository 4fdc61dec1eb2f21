/**
 * One producer: takes records in, and has a sender fiber see them stored. Invariants: a record is encoded before anything of its call
 * is handed over; handing over waits for metadata and for room in the memory, at most `maxBlockMs` in all; when the scope ends, what
 * was handed over is delivered first. Neighbours: `Accumulator.ts`, `Sender.ts`; `../Producer.ts` is its face.
 */
import { momentOf, monotonicMsOf } from "@klamm/platform/Moment"
import type { Codecs } from "@klamm/protocol/Compression"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type { RecordInput } from "@klamm/protocol/RecordBatch"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { Cluster, TopicMetadata } from "../Cluster.ts"
import { EncodeError, type KlammError, ProduceError } from "../KlammError.ts"
import { Life } from "../Life.ts"
import { observeMemory, ProducerMeasures } from "../observe/ProducerMeasures.ts"
import type { Traced } from "../observe/Spans.ts"
import { ofKey } from "../Partitioner.ts"
import type { HeadersOf, Topic } from "../Topic.ts"
import { Accumulator } from "./Accumulator.ts"
import { sizeOf, type Waiter } from "./Batch.ts"
import { IdempotentIdentities, type Identities, noIdentities } from "./Identity.ts"
import type { ProducerSettings } from "./ProducerSettings.ts"
import { Sender } from "./Sender.ts"
import { Sticky } from "./Sticky.ts"
import { Transactions } from "./Transactions.ts"

/** A record as it is handed over. */
export type ProducerRecord<K, V, H> = {
  readonly value: V
  readonly headers?: HeadersOf<H>
  readonly partition?: number
  /** Milliseconds since 1970; now, when left out. */
  readonly timestamp?: number
} & (undefined extends K ? { readonly key?: K } : { readonly key: K })

/** A record in bytes. */
export interface Encoded extends RecordInput {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly partition: number | undefined
}

interface Deps {
  readonly cluster: Cluster
  readonly clock: Clock.Clock
  readonly life: Life
  readonly settings: ProducerSettings
  readonly accumulator: Accumulator<ProduceError>
  readonly sender: Sender
  readonly sticky: Sticky
  readonly identities: Identities
}

/** What keeps a record from being handed over right now. */
type Obstacle = "Metadata" | "Room" | ProduceError

export class ProducerLive {
  /** There with a transactional id. */
  readonly transactions: Transactions | undefined
  readonly client: Traced
  private readonly deps: Deps
  private isClosing = false
  private readonly looking = new Map<string, Deferred.Deferred<void, KlammError>>()

  constructor(deps: Deps, client: Traced, transactions: Transactions | undefined) {
    this.deps = deps
    this.client = client
    this.transactions = transactions
  }

  encode<K, V, H>(
    { name, key, value, headers }: Topic<K, V, H>,
    record: ProducerRecord<K, V, H>,
    wallMs: number
  ): Result.Result<Encoded, EncodeError> {
    const keyBytes = key.encode(record.key as K)
    if (Result.isFailure(keyBytes)) return failed(name, "key", keyBytes.failure)
    const valueBytes = value.encode(record.value)
    if (Result.isFailure(valueBytes)) return failed(name, "value", valueBytes.failure)
    const headerInputs = headers.encode(record.headers)
    if (Result.isFailure(headerInputs)) return failed(name, "headers", headerInputs.failure)
    return Result.succeed({
      key: keyBytes.success,
      value: valueBytes.success,
      headers: headerInputs.success,
      timestamp: record.timestamp ?? wallMs,
      partition: record.partition
    })
  }

  get wallMs(): number {
    return momentOf(this.deps.clock).wallMs
  }

  /** Hands records over, in order; done when the last is in the memory. `waiter` is told of each by its place from `slot` on. */
  handOver(
    topic: string,
    records: ReadonlyArray<Encoded>,
    waiter: Waiter<ProduceError>,
    slot = 0
  ): Effect.Effect<void, ProduceError> {
    return Effect.suspend(() => {
      const untilMs = monotonicMsOf(this.deps.clock) + this.deps.settings.maxBlockMs
      return this.handOverFrom(topic, records, 0, false, untilMs, waiter, slot)
    })
  }

  private handOverFrom(
    topic: string,
    records: ReadonlyArray<Encoded>,
    from: number,
    hasWaited: boolean,
    untilMs: number,
    waiter: Waiter<ProduceError>,
    slot: number
  ): Effect.Effect<void, ProduceError> {
    const nowMs = monotonicMsOf(this.deps.clock)
    let shouldRing = false
    let mayPass = hasWaited
    for (let index = from; index < records.length; index++) {
      const obstacle = this.add(topic, records[index]!, nowMs, mayPass, waiter, slot + index)
      mayPass = false
      if (obstacle === true || obstacle === false) {
        shouldRing ||= obstacle
        continue
      }
      this.deps.sender.bell.ring()
      const goOn = Effect.suspend(() =>
        this.handOverFrom(topic, records, index, obstacle === "Room", untilMs, waiter, slot)
      )
      return Effect.andThen(this.overcome(topic, obstacle, records[index]!, untilMs - nowMs), goOn)
    }
    if (shouldRing) this.deps.sender.bell.ring()
    return Effect.void
  }

  /** Waits until the obstacle may be gone. */
  private overcome(
    topic: string,
    obstacle: Obstacle,
    record: Encoded,
    limitMs: number
  ): Effect.Effect<unknown, ProduceError> {
    const { accumulator } = this.deps
    const refused = (code: number, cause?: unknown) => unsent(topic, record, code, cause)
    if (obstacle === "Room") {
      const late = () => Effect.fail(refused(ErrorCode.REQUEST_TIMED_OUT, new Error("no room in bufferMemory")))
      return Effect.timeoutOrElse(accumulator.room(), { duration: Math.max(0, limitMs), orElse: late })
    }
    if (obstacle !== "Metadata") return Effect.fail(obstacle)
    if (limitMs <= 0) return Effect.fail(refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
    const late = () => {
      const known = this.deps.cluster.known().topics.get(topic)?.errorCode ?? ErrorCode.NONE
      return Effect.fail(refused(known === ErrorCode.NONE ? ErrorCode.REQUEST_TIMED_OUT : known))
    }
    return this.look(topic, record.partition ?? 0, limitMs).pipe(
      Effect.timeoutOrElse({ duration: limitMs, orElse: late }),
      Effect.mapError((error) => (error._tag === "ProduceError" ? error : refused(error.code, error)))
    )
  }

  /** Looks for the topic's metadata, once for all who wait for it: they go on in the order in which they came. */
  private look(topic: string, partition: number, limitMs: number): Effect.Effect<void, KlammError> {
    const { cluster, life } = this.deps
    const known = this.looking.get(topic)
    if (known !== undefined) return Deferred.await(known)
    const found = Deferred.makeUnsafe<void, KlammError>()
    this.looking.set(topic, found)
    const looked = Effect.flatMap(cluster.topic(topic, limitMs), ({ partitions }) => {
      if (partition < partitions.length) return Effect.void
      // The topic may be growing just now.
      cluster.invalidate(topic)
      return Effect.sleep(cluster.backoffMs(1))
    })
    const tell = (exit: Exit.Exit<void, KlammError>): void => {
      this.looking.delete(topic)
      Deferred.doneUnsafe(found, exit)
    }
    const begun = life.run(Effect.map(Effect.exit(looked), tell), (error) => tell(Exit.fail(error)))
    return Effect.andThen(begun, Deferred.await(found))
  }

  /** Puts a record into the memory; answers whether the sender should look, or what is in the way. */
  private add(
    topic: string,
    record: Encoded,
    nowMs: number,
    hasWaited: boolean,
    waiter: Waiter<ProduceError>,
    slot: number
  ): boolean | Obstacle {
    const { cluster, accumulator, settings, identities, life } = this.deps
    const { refusal } = identities
    if (this.isClosing) {
      return unsent(topic, record, life.ended.code, life.ended)
    }
    if (refusal !== undefined) return unsent(topic, record, refusal)
    const known = cluster.known().topics.get(topic)
    const partitionCount = known?.errorCode === ErrorCode.NONE ? known.partitions.length : 0
    if (known === undefined || partitionCount === 0 || (record.partition ?? 0) >= partitionCount) return "Metadata"
    const sizeBytes = sizeOf(record)
    if (sizeBytes > settings.maxRequestSize || sizeBytes > settings.bufferMemory) {
      return unsent(topic, record, ErrorCode.MESSAGE_TOO_LARGE)
    }
    if (!accumulator.mayEnter(sizeBytes, hasWaited)) return "Room"
    const partition = this.partitionOf(known, record, sizeBytes)
    const queue = accumulator.queueOf(topic, partition)
    return accumulator.append(queue, record, sizeBytes, nowMs, waiter, slot)
  }

  private partitionOf({ name, partitions }: TopicMetadata, record: Encoded, sizeBytes: number): number {
    if (record.partition !== undefined) return record.partition
    const { settings, sticky, accumulator, cluster } = this.deps
    const { key, value } = record
    const partitionCount = partitions.length
    const chosen = settings.partitioner?.({ topic: name, key, value, partitionCount })
    if (chosen !== undefined) return Math.max(0, Math.min(partitionCount - 1, Math.floor(chosen)))
    if (key !== null) return ofKey(key, partitionCount)
    return sticky.next(name, partitionCount, sizeBytes, () => {
      const { brokers } = cluster.known()
      return partitions.map(({ partition, leaderId }) =>
        brokers.has(leaderId) ? accumulator.queueOf(name, partition).waitingCount : undefined
      )
    })
  }

  /** Sends everything that was handed over so far without lingering; done when all of it has ended. */
  readonly flush: Effect.Effect<void> = Effect.suspend(() =>
    this.hurrying(Effect.suspend(() => this.deps.accumulator.settled(monotonicMsOf(this.deps.clock))))
  )

  /** Nothing lingers while this is done. */
  hurrying<A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const { sender } = this.deps
    return Effect.acquireUseRelease(
      Effect.sync(() => sender.beginHurry()),
      () => work,
      () => Effect.sync(() => sender.endHurry())
    )
  }

  /** Takes no more records, delivers what it has as far as the time goes, and gives up the rest. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const { settings, sender, accumulator, life } = this.deps
    this.isClosing = true
    const delivering = Effect.interruptible(Effect.timeoutOption(this.flush, settings.requestTimeoutMs))
    return Effect.map(Effect.exit(delivering), () => {
      sender.failAll(life.ended)
      accumulator.dismiss()
    })
  })
}

const unsent = (topic: string, { partition = -1 }: Encoded, code: number, cause?: unknown) =>
  new ProduceError({ topic, partition, code, mayBeStored: false, cause })

const failed = (topic: string, part: "key" | "value" | "headers", cause: unknown) =>
  Result.fail(new EncodeError({ topic, part, cause }))

export interface ProducerParts {
  readonly cluster: Cluster
  readonly codecs: Codecs
  readonly connection: Traced
  readonly settings: ProducerSettings
}

/** A producer that delivers what it has before its scope ends, within a request's time. */
export const make = ({
  cluster,
  codecs,
  connection,
  settings
}: ProducerParts): Effect.Effect<ProducerLive, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
    const context = yield* Effect.context<never>()
    const scope = yield* Scope.make()
    const life = new Life("producer", scope)
    const accumulator = new Accumulator<ProduceError>(settings)
    const encoding = {
      codecs,
      compression: settings.compression,
      level: settings.compressionLevel,
      isTransactional: settings.transactionalId !== undefined
    }
    const sticky = new Sticky(settings.batchSize, () => random.nextDoubleUnsafe())
    const transactions =
      settings.transactionalId === undefined
        ? undefined
        : new Transactions({ ...settings, cluster, transactionalId: settings.transactionalId })
    const identities = transactions ?? (settings.isIdempotent ? new IdempotentIdentities(cluster) : noIdentities())
    const options = { ...settings, encoding }
    const measures = new ProducerMeasures(context, () => cluster.known())
    const sender = new Sender({ options, cluster, clock, scope, accumulator, identities, measures })
    const deps = { cluster, clock, life, settings, accumulator, sender, sticky, identities }
    const producer = new ProducerLive(deps, connection, transactions)
    transactions?.attach({
      flush: producer.flush,
      dropWaiting: (cause) => sender.dropWaiting(cause.code, cause),
      settled: Effect.suspend(() => accumulator.settled(monotonicMsOf(clock))),
      ring: () => sender.bell.ring()
    })
    yield* Effect.forkIn(sender.run, scope)
    if (transactions !== undefined) yield* Effect.forkIn(transactions.adding, scope)
    const unobserve = observeMemory(context, connection.clientId, accumulator)
    yield* Effect.addFinalizer(() => Effect.sync(unobserve))
    yield* Effect.addFinalizer((exit) => Effect.andThen(producer.close, Scope.close(scope, exit)))
    return producer
  })
