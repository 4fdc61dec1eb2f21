/**
 * Reads what a share group assigns: one ShareFetch session per leader, which carries acknowledgements along, and hands out what was
 * acquired (KIP-932, behaviours 201 to 203).
 *
 * Invariants: only acquired records are handed out; one request per leader at a time, so session epochs follow one another; after a
 * session error or an unanswered request a new session begins, and what was acquired in the old one comes again to somebody.
 * Neighbours: `../group/ShareGroup.ts` assigns, `Acknowledgements.ts` gathers, `../../ShareConsumer.ts` is the door.
 */

import type { Compression } from "@klamm/protocol"
import {
  ErrorCode,
  ShareAcknowledgeRequest,
  ShareAcknowledgeResponse,
  ShareFetchRequest,
  ShareFetchResponse
} from "@klamm/protocol"
import type { PartitionData } from "@klamm/protocol/api/78-ShareFetch"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import { broker, type Cluster } from "../../Cluster.ts"
import type { ConsumerMeasures } from "../../observe/ConsumerMeasures.ts"
import type { ConsumerError } from "../ConsumerError.ts"
import { type RawRecord, RecordReader } from "../fetch/RecordReader.ts"
import type { Settings } from "../Settings.ts"
import { byTopic, keyFor, keyOf, type TopicPartition } from "../TopicPartition.ts"
import { Acknowledgements } from "./Acknowledgements.ts"

/** An acquired record, and how often it has been delivered, this time included. */
export interface Acquired extends TopicPartition {
  readonly raw: RawRecord
  readonly deliveryCount: number
}

export interface ShareOptions {
  readonly cluster: Cluster
  readonly settings: Settings
  readonly codecs: Compression.Codecs
  readonly group: string
  readonly measures: ConsumerMeasures
  readonly memberId: () => string
  readonly scope: Scope.Scope
}

interface SharePartition extends TopicPartition {
  readonly topicId: string
  readonly acknowledgements: Acknowledgements
}

interface Leader {
  epoch: number
  isBusy: boolean
  held: ReadonlyMap<string, SharePartition>
}

const firstEpoch = 0
const lastEpoch = 0x7fff_ffff
const closingEpoch = -1

export class ShareSession {
  failure: ConsumerError | undefined
  private isClosing = false
  private readonly options: ShareOptions
  private readonly partitions = new Map<string, SharePartition>()
  private readonly leaders = new Map<number, Leader>()
  private ready: Array<Acquired> = []
  private readonly work = Latch.makeUnsafe(true)
  private readonly available = Latch.makeUnsafe(false)

  constructor(options: ShareOptions) {
    this.options = options
  }

  assign(partitions: ReadonlyArray<TopicPartition>): void {
    const { topics } = this.options.cluster.known()
    for (const { topic, partition } of partitions) {
      const topicId = topics.get(topic)?.topicId
      if (topicId === undefined) continue
      this.partitions.set(keyFor(topic, partition), {
        topic,
        partition,
        topicId,
        acknowledgements: new Acknowledgements()
      })
    }
    this.work.openUnsafe()
  }

  remove(partitions: ReadonlyArray<TopicPartition>): void {
    for (const each of partitions) this.partitions.delete(keyOf(each))
    this.work.openUnsafe()
  }

  fail(error: ConsumerError): void {
    this.failure ??= error
    this.available.openUnsafe()
  }

  /** Says what became of a record; it is told with the next request to its leader. */
  acknowledge(partition: TopicPartition, tell: (to: Acknowledgements) => void): void {
    const known = this.partitions.get(keyOf(partition))
    if (known === undefined) return
    tell(known.acknowledgements)
    this.work.openUnsafe()
  }

  /** The records acquired, once there are some. */
  readonly take: Effect.Effect<ReadonlyArray<Acquired>, ConsumerError> = Effect.suspend(() => {
    if (this.failure !== undefined) return Effect.fail(this.failure)
    if (this.ready.length > 0) {
      const taken = this.ready
      this.ready = []
      this.work.openUnsafe()
      for (const [, each] of Map.groupBy(taken, keyOf)) this.options.measures.consumed(each[0]!, each.length)
      return Effect.succeed(taken)
    }
    this.available.closeUnsafe()
    return Effect.andThen(this.available.await, this.take)
  })

  /** Keeps a request at every leader while nothing waits to be taken; for ever. */
  readonly run: Effect.Effect<never> = Effect.forever(
    Effect.suspend(() => {
      this.work.closeUnsafe()
      return Effect.andThen(this.round(), Effect.timeoutOption(this.work.await, this.options.settings.fetchMaxWaitMs))
    })
  )

  private byLeader(): ReadonlyMap<number, ReadonlyArray<SharePartition>> {
    const { topics } = this.options.cluster.known()
    const leaders = new Map<number, Array<SharePartition>>()
    for (const each of this.partitions.values()) {
      const leader = topics.get(each.topic)?.partitions[each.partition]?.leaderId ?? -1
      if (leader < 0) this.options.cluster.invalidate(each.topic)
      else leaders.set(leader, [...(leaders.get(leader) ?? []), each])
    }
    return leaders
  }

  private round(): Effect.Effect<void> {
    const { cluster, scope } = this.options
    const topics = [...new Set(Array.from(this.partitions.values(), ({ topic }) => topic))]
    return Effect.andThen(
      Effect.ignore(cluster.metadata(topics)),
      Effect.suspend(() => {
        const requests: Array<Effect.Effect<void>> = []
        for (const [id, partitions] of this.byLeader()) {
          const leader = this.leaders.get(id) ?? { epoch: firstEpoch, isBusy: false, held: new Map() }
          this.leaders.set(id, leader)
          if (leader.isBusy || this.isClosing) continue
          // What is acquired runs against a lock's time: no more is acquired than is being worked on.
          if (this.ready.length === 0) requests.push(this.fetch(id, leader, partitions))
          else if (leader.epoch !== firstEpoch && partitions.some(({ acknowledgements }) => !acknowledgements.isEmpty))
            requests.push(this.tell(id, leader, partitions, leader.epoch))
        }
        return Effect.forEach(requests, (each) => Effect.forkIn(each, scope), { discard: true })
      })
    )
  }

  private acknowledged(partitions: ReadonlyArray<SharePartition>, isFirst: boolean) {
    // A session opens without acknowledgements: those of an old one would be refused.
    return partitions.map(({ topicId, topic, partition, acknowledgements }) => ({
      topic: topicId === "" ? topic : topicId,
      partition,
      partitionIndex: partition,
      acknowledgementBatches: isFirst
        ? []
        : acknowledgements.take().map((each) => ({ ...each, acknowledgeTypes: [...each.acknowledgeTypes] }))
    }))
  }

  private fetch(id: number, leader: Leader, partitions: ReadonlyArray<SharePartition>): Effect.Effect<void> {
    const { cluster, settings, group, memberId } = this.options
    const isFirst = leader.epoch === firstEpoch
    const wanted = new Map(partitions.map((each) => [keyOf(each), each]))
    const gone = isFirst ? [] : [...leader.held.values()].filter((each) => !wanted.has(keyOf(each)))
    leader.held = wanted
    const topics = Array.from(byTopic(this.acknowledged(partitions, isFirst)), ([topicId, each]) => ({
      topicId,
      partitions: each
    }))
    const forgotten = Array.from(
      byTopic(gone.map((each) => ({ ...each, topic: each.topicId }))),
      ([topicId, each]) => ({ topicId, partitions: each.map(({ partition }) => partition) })
    )
    const asked = cluster.ask(
      broker(id),
      { request: ShareFetchRequest, response: ShareFetchResponse },
      {
        groupId: group,
        memberId: memberId(),
        shareSessionEpoch: leader.epoch,
        maxWaitMs: settings.fetchMaxWaitMs,
        minBytes: settings.fetchMinBytes,
        maxBytes: settings.fetchMaxBytes,
        maxRecords: settings.maxPollRecords,
        batchSize: settings.maxPollRecords,
        shareAcquireMode: 0,
        isRenewAck: false,
        topics,
        forgottenTopicsData: forgotten
      },
      (body) => {
        this.answered(leader, body.errorCode)
        if (body.errorCode !== ErrorCode.NONE) return
        for (const { topicId, partitions: answers } of body.responses)
          for (const data of answers) this.receive(wanted, topicId, data)
      },
      { timeoutMs: settings.requestTimeoutMs + settings.fetchMaxWaitMs, lane: `fetch-${settings.lane}` }
    )
    return this.exchange(leader, asked)
  }

  private tell(
    id: number,
    leader: Leader,
    partitions: ReadonlyArray<SharePartition>,
    epoch: number
  ): Effect.Effect<void> {
    const { cluster, settings, group, memberId } = this.options
    const told = this.acknowledged(
      partitions.filter(({ acknowledgements }) => !acknowledgements.isEmpty),
      false
    )
    const topics = Array.from(byTopic(told), ([topicId, each]) => ({ topicId, partitions: each }))
    const asked = cluster.ask(
      broker(id),
      { request: ShareAcknowledgeRequest, response: ShareAcknowledgeResponse },
      { groupId: group, memberId: memberId(), shareSessionEpoch: epoch, isRenewAck: false, topics },
      ({ errorCode }) => this.answered(leader, errorCode),
      { timeoutMs: settings.requestTimeoutMs, lane: `fetch-${settings.lane}` }
    )
    return this.exchange(leader, asked)
  }

  private exchange(leader: Leader, asked: Effect.Effect<void, ConsumerError>): Effect.Effect<void> {
    leader.isBusy = true
    const failed = (error: ConsumerError) => {
      leader.epoch = firstEpoch
      for (const { topic } of this.partitions.values()) this.options.cluster.invalidate(topic)
      if (!error.retriable) this.fail(error)
      return Effect.sleep(this.options.settings.retryBackoffMs)
    }
    return Effect.ensuring(
      Effect.catch(asked, failed),
      Effect.sync(() => {
        leader.isBusy = false
        this.work.openUnsafe()
      })
    )
  }

  private answered(leader: Leader, errorCode: number): void {
    if (errorCode === ErrorCode.NONE) leader.epoch = leader.epoch === lastEpoch ? 1 : leader.epoch + 1
    else leader.epoch = firstEpoch
  }

  private receive(wanted: ReadonlyMap<string, SharePartition>, topicId: string, data: PartitionData): void {
    const { codecs, settings, cluster } = this.options
    const topic = cluster.nameOf(topicId)
    const partition = topic === undefined ? undefined : wanted.get(keyFor(topic, data.partitionIndex))
    if (partition === undefined) return
    if (data.errorCode !== ErrorCode.NONE) cluster.invalidate(partition.topic)
    const first = data.acquiredRecords[0]
    if (first === undefined || data.records === null) return
    const reader = new RecordReader(data.records.slice(), {
      position: first.firstOffset,
      aborted: null,
      decompression: { codecs, maxBytes: settings.maxBatchBytes },
      checkCrcs: settings.checkCrcs
    })
    const records = reader.take(Number.POSITIVE_INFINITY)
    const offsets = new Set(records.map(({ offset }) => offset))
    for (const { firstOffset, lastOffset, deliveryCount } of data.acquiredRecords) {
      partition.acknowledgements.gaps(firstOffset, lastOffset, offsets)
      for (const raw of records) {
        if (raw.offset < firstOffset || raw.offset > lastOffset) continue
        this.ready.push({ topic: partition.topic, partition: partition.partition, raw, deliveryCount })
      }
    }
    if (this.ready.length > 0) this.available.openUnsafe()
  }

  /**
   * Tells what is still to be told and closes the sessions, which releases what was acquired and not told of. Requests in flight end
   * first: a fetch that still waits at the broker would acquire for this member what the closing releases.
   */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isClosing = true
    const isBusy = [...this.leaders.values()].some((leader) => leader.isBusy)
    if (!isBusy) return this.closeSessions
    this.work.closeUnsafe()
    return Effect.andThen(this.work.await, this.close)
  })

  private readonly closeSessions: Effect.Effect<void> = Effect.suspend(() => {
    const closing: Array<Effect.Effect<void>> = []
    for (const [id, partitions] of this.byLeader()) {
      const leader = this.leaders.get(id)
      if (leader !== undefined && leader.epoch !== firstEpoch)
        closing.push(this.tell(id, leader, partitions, closingEpoch))
    }
    return Effect.all(closing, { discard: true, concurrency: "unbounded" })
  })
}
