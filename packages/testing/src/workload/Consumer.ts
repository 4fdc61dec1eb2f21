/**
 * A consumer that reads all partitions of a topic by Fetch, and commits for a group whose only member it is. Invariant: within one
 * life it reads on where it stopped; what it was told is noted as told.
 */
import { FetchRequest, FetchResponse, type PartitionData } from "@klamm/protocol/api/01-Fetch"
import { OffsetCommitRequest, OffsetCommitResponse } from "@klamm/protocol/api/08-OffsetCommit"
import { OffsetFetchRequest, OffsetFetchResponse } from "@klamm/protocol/api/09-OffsetFetch"
import type { Decompression } from "@klamm/protocol/Compression"
import { ErrorCode, errorByCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import type { Commit, History } from "../History.ts"
import { backoffMs, type Client, type Leader, refused, requestTimeoutMs } from "./Client.ts"
import { readBatches } from "./Payload.ts"

export interface ConsumerOptions {
  readonly client: Client
  readonly history: History
  readonly nowMs: () => number
  readonly decompression: Decompression
  readonly topic: string
  readonly partitions: number
  /** Undefined: begins anew somewhere in each life. */
  readonly group: string | undefined
  readonly maxWaitMs: number
  readonly maxBytes: number
  /** Fetches within sessions (KIP-227). */
  readonly sessions: boolean
  /** How often a round is followed by a commit, and by a new life. */
  readonly commits: number
  readonly restarts: number
  /** Between two rounds, in milliseconds. */
  readonly paceMs: number
  readonly isStopping: () => boolean
}

const rewoundOffsets = 200

/** A fetch session with a broker, and of which partitions. */
interface Session {
  readonly id: number
  readonly epoch: number
  readonly partitions: string
}

const noSession = { sessionId: 0, sessionEpoch: -1 }

interface Position {
  readonly partition: number
  readonly offset: number
}

class Consumer {
  private readonly options: ConsumerOptions
  private readonly positions: Array<number>
  /** By the broker's id. */
  private readonly sessions = new Map<number, Session>()
  private life = 1

  constructor(options: ConsumerOptions) {
    this.options = options
    this.positions = Array.from({ length: options.partitions }, () => 0)
  }

  get run(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.options.isStopping()) return Effect.void
      return Effect.andThen(this.round, this.run)
    })
  }

  private get round(): Effect.Effect<void> {
    const self = this
    return Effect.gen(function* () {
      const { client, topic, partitions, commits, restarts } = self.options
      const leaders = yield* Effect.forEach(
        Array.from({ length: partitions }, (_, index) => index),
        (partition) => client.findLeader(topic, partition)
      )
      const nodes = new Map(leaders.map((leader) => [leader.nodeId, leader]))
      yield* Effect.forEach(
        nodes.values(),
        (node) => {
          const mine = leaders.flatMap((leader, partition) => (leader.nodeId === node.nodeId ? [partition] : []))
          return self.fetch(node, mine, leaders)
        },
        { concurrency: "unbounded", discard: true }
      )
      if (client.chance.happens(commits)) yield* self.commit
      if (client.chance.happens(restarts)) yield* self.restart
      yield* Effect.sleep(self.options.paceMs)
    })
  }

  private fetch(node: Leader, partitions: ReadonlyArray<number>, leaders: ReadonlyArray<Leader>): Effect.Effect<void> {
    const { client, topic, maxWaitMs, maxBytes } = this.options
    const session = this.sessionWith(node, partitions)
    const asked = client.ask(
      node.address,
      { request: FetchRequest, response: FetchResponse },
      12,
      {
        maxWaitMs,
        minBytes: 1,
        maxBytes,
        ...session,
        topics: [
          {
            topic,
            partitions: partitions.map((partition) => ({
              partition,
              currentLeaderEpoch: leaders[partition]!.epoch,
              fetchOffset: this.positions[partition]!,
              partitionMaxBytes: maxBytes
            }))
          }
        ]
      },
      ({ errorCode, sessionId, responses }) => {
        this.goOn(node, partitions, session.sessionEpoch, errorCode === ErrorCode.NONE ? sessionId : 0)
        const parts = responses.flatMap((each) => each.partitions)
        return parts.map((part) => this.take(node, leaders, part)).every((isGood) => isGood)
      },
      maxWaitMs + requestTimeoutMs
    )
    const again = Effect.andThen(Effect.exit(client.refresh(topic)), Effect.sleep(backoffMs))
    const lost = Effect.suspend(() => {
      this.sessions.delete(node.nodeId)
      return again
    })
    return Effect.matchEffect(asked, { onFailure: () => lost, onSuccess: (isGood) => (isGood ? Effect.void : again) })
  }

  /** The session goes on while it is about the same partitions; another begins in place of one that was about others. */
  private sessionWith({ nodeId }: Leader, partitions: ReadonlyArray<number>) {
    if (!this.options.sessions) return noSession
    const known = this.sessions.get(nodeId)
    if (known === undefined) return { sessionId: 0, sessionEpoch: 0 }
    return { sessionId: known.id, sessionEpoch: known.partitions === String(partitions) ? known.epoch : 0 }
  }

  /** As the broker has answered: no id means that it has no such session. */
  private goOn({ nodeId }: Leader, partitions: ReadonlyArray<number>, askedEpoch: number, id: number): void {
    if (id === 0) this.sessions.delete(nodeId)
    else this.sessions.set(nodeId, { id, epoch: askedEpoch + 1, partitions: String(partitions) })
  }

  /** False when the partition has to be looked for anew. */
  private take(node: Leader, leaders: ReadonlyArray<Leader>, part: PartitionData): boolean {
    const { history, client, nowMs } = this.options
    const { partitionIndex: partition, errorCode, highWatermark } = part
    const atMs = nowMs()
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      const what = `${client.clientId} has read partition ${partition} to ${this.positions[partition]}, which is out of range`
      history.oddities.push({ kind: "range", what, atMs })
      this.positions[partition] = 0
      this.life += 1
      return true
    }
    if (errorCode !== ErrorCode.NONE) {
      if (errorByCode(errorCode)?.retriable !== true) {
        history.oddities.push({ kind: "answer", what: `Fetch: ${errorByCode(errorCode)?.name ?? errorCode}`, atMs })
      }
      return false
    }
    const { epoch } = leaders[partition]!
    history.watermarks.push({ reader: client.clientId, partition, nodeId: node.nodeId, epoch, highWatermark, atMs })
    if (part.records !== null) this.read(partition, part.records, highWatermark)
    return true
  }

  private read(partition: number, bytes: Uint8Array, highWatermark: number): void {
    const { history, client, decompression, nowMs } = this.options
    const reader = client.clientId
    const atMs = nowMs()
    for (const { fault, baseOffset, nextOffset, records } of readBatches(bytes, decompression)) {
      const position = this.positions[partition]!
      if (fault !== undefined || nextOffset > highWatermark) {
        const what = `${reader} was served a batch of partition ${partition} at ${baseOffset}: ${fault ?? "above the high watermark"}`
        history.oddities.push({ kind: "bytes", what, atMs })
        return
      }
      for (const { offset, epoch, value } of records) {
        if (offset >= position) history.reads.push({ reader, life: this.life, partition, offset, epoch, value, atMs })
      }
      this.positions[partition] = Math.max(position, nextOffset)
    }
  }

  /** Each partition is read again from somewhere not far back. */
  private rewind(): void {
    const { chance } = this.options.client
    for (const [partition, position] of this.positions.entries()) {
      this.positions[partition] = Math.max(0, position - chance.below(rewoundOffsets))
    }
  }

  private get restart(): Effect.Effect<void> {
    const { group, history } = this.options
    this.life += 1
    if (group === undefined) return Effect.sync(() => this.rewind())
    const invokedMs = this.options.nowMs()
    return Effect.map(this.committed(group), (offsets) => {
      for (const { partition, offset } of offsets) {
        history.committed.push({ group, partition, offset, invokedMs })
        this.positions[partition] = Math.max(0, offset)
      }
    })
  }

  /** Asks until there is an answer. */
  private committed(groupId: string): Effect.Effect<ReadonlyArray<Position>> {
    const { client, topic, partitions } = this.options
    const partitionIndexes = Array.from({ length: partitions }, (_, index) => index)
    const asked = Effect.flatMap(client.coordinatorOf(groupId), (coordinator) =>
      client.ask(
        coordinator,
        { request: OffsetFetchRequest, response: OffsetFetchResponse },
        7,
        { groupId, topics: [{ name: topic, partitionIndexes }], groups: [], requireStable: true },
        ({ errorCode, topics }) => ({
          errorCode: topics[0]?.partitions.find((each) => each.errorCode !== ErrorCode.NONE)?.errorCode ?? errorCode,
          offsets: (topics[0]?.partitions ?? []).map(({ partitionIndex, committedOffset }) => ({
            partition: partitionIndex,
            offset: Number(committedOffset)
          }))
        })
      )
    )
    const answered = Effect.flatMap(asked, ({ errorCode, offsets }) =>
      errorCode === ErrorCode.NONE ? Effect.succeed(offsets) : Effect.fail(refused(errorCode))
    )
    return Effect.catch(answered, () => {
      client.forgetCoordinator(groupId)
      return Effect.andThen(
        Effect.sleep(backoffMs),
        Effect.suspend(() => this.committed(groupId))
      )
    })
  }

  /** Commits once where this reader is; without an answer it stays unknown whether it counts. */
  private get commit(): Effect.Effect<void> {
    const { client, history, topic, group, nowMs } = this.options
    if (group === undefined) return Effect.void
    const commits = this.positions.map(
      (offset, partition): Commit => ({
        group,
        partition,
        offset,
        invokedMs: nowMs(),
        endedMs: -1,
        isAcknowledged: false
      })
    )
    history.commits.push(...commits)
    const partitions = commits.map(({ partition, offset }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedMetadata: ""
    }))
    const asked = Effect.flatMap(client.coordinatorOf(group), (coordinator) =>
      client.ask(
        coordinator,
        { request: OffsetCommitRequest, response: OffsetCommitResponse },
        8,
        { groupId: group, memberId: "", topics: [{ name: topic, topicId: ZERO, partitions }] },
        ({ topics }) => new Map((topics[0]?.partitions ?? []).map((each) => [each.partitionIndex, each.errorCode]))
      )
    )
    return Effect.match(asked, {
      onFailure: () => client.forgetCoordinator(group),
      onSuccess: (codes) => {
        for (const commit of commits) {
          commit.endedMs = nowMs()
          commit.isAcknowledged = codes.get(commit.partition) === ErrorCode.NONE
          if (!commit.isAcknowledged) client.forgetCoordinator(group)
        }
      }
    })
  }
}

export const runConsumer = (options: ConsumerOptions): Effect.Effect<void> => new Consumer(options).run
