/** A shard's machine under a time and a log that the test moves by hand. */
import type { OffsetCommitRequest } from "@klamm/protocol/api/08-OffsetCommit"
import type { JoinGroupRequest } from "@klamm/protocol/api/11-JoinGroup"
import type { SyncGroupRequest } from "@klamm/protocol/api/14-SyncGroup"
import type { Codec } from "@klamm/protocol/Compression"
import { CompressionError } from "@klamm/protocol/Compression"
import { count } from "@klamm/protocol/RecordBatch"
import { ZERO } from "@klamm/protocol/Uuid"
import type { Command } from "../src/Commands.ts"
import type { GroupSettings } from "../src/Contract.ts"
import type { Complete, Group, JoinAnswer, SyncAnswer } from "../src/Group.ts"
import { groupOf } from "../src/Groups.ts"
import type { HeartbeatAnswer } from "../src/Heartbeat.ts"
import type { LeaveAnswer } from "../src/Leave.ts"
import type { CommitAnswer, OffsetDeleteAnswer } from "../src/Offsets.ts"
import { Loading } from "../src/Replay.ts"
import { loadingShard, type ShardMessage, type ShardState, shardMachine } from "../src/Shard.ts"

export const settings: GroupSettings = {
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  maxSize: 1_000,
  offsetMetadataMaxBytes: 16,
  offsetsCommitTimeoutMs: 1_000_000_000,
  offsetsRetentionMs: 1_000_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  offsetsTopicNumPartitions: 1
}

const refuse = (): never => {
  throw new CompressionError("UnknownCodec", "nothing here is compressed")
}
const noCodec: Codec = { compress: refuse, decompress: refuse }
export const decompression = () => ({
  codecs: { gzip: noCodec, snappy: noCodec, lz4: noCodec, zstd: noCodec },
  maxBytes: 0
})

/** What was answered so far; a second answer is a fault of the machine. */
export class Asked<Answer> {
  answer: Answer | undefined

  get waits(): boolean {
    return this.answer === undefined
  }
}

export const bytes = (...values: ReadonlyArray<number>): Uint8Array => Uint8Array.from(values)

export interface JoinOptions {
  readonly memberId?: string
  readonly instance?: string
  readonly protocols?: ReadonlyArray<readonly [string, number]>
  readonly protocolType?: string
  readonly apiVersion?: number
  readonly newMemberId?: string
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
}

export const joinBody = (groupId: string, options: JoinOptions): typeof JoinGroupRequest.Type => ({
  groupId,
  sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
  rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
  memberId: options.memberId ?? "",
  groupInstanceId: options.instance ?? null,
  protocolType: options.protocolType ?? "consumer",
  protocols: (options.protocols ?? [["range", 1]]).map(([name, byte]) => ({ name, metadata: bytes(byte) })),
  reason: null
})

export class Bench {
  now = 1_000
  /** By how much the wall clock is ahead of the monotonic one. */
  wallAhead = 0
  state: ShardState = loadingShard
  /** Batches appended and not yet settled; at most one. */
  open: Array<Uint8Array> = []
  /** Batches that committed. */
  readonly log: Array<Uint8Array> = []
  readonly groupId = "g"
  private readonly machine: ReturnType<typeof shardMachine>
  private ids = 0

  constructor(change: Partial<GroupSettings> = {}, log: ReadonlyArray<Uint8Array> = [], now = 1_000) {
    this.now = now
    this.machine = shardMachine(
      () => ({ ...settings, ...change }),
      () => this.now + this.wallAhead
    )
    const loading = new Loading(now, now, decompression())
    for (const batch of log) loading.replay(batch)
    this.log.push(...log)
    this.tell({ _tag: "Loaded", groups: loading.groups() })
  }

  /** Steps over the messages as one drain, and over what they bring forth at once. */
  tell(...messages: ReadonlyArray<ShardMessage>): void {
    let left = messages
    while (left.length > 0) {
      const next: Array<ShardMessage> = []
      const given: Array<() => void> = []
      for (const message of left) {
        const [state, outs] = this.machine.step(this.state, message, this.now)
        this.state = state
        for (const out of outs) {
          if (out._tag === "Answer") given.push(out.give)
          else if (out._tag === "Gather") next.push({ _tag: "StartAppend" })
          else if (out._tag === "Append") this.open.push(out.batch)
        }
      }
      for (const give of given) give()
      left = next
    }
    if (this.open.length > 1) throw new Error("more than one append under way")
  }

  /** The append under way ends. */
  settle(errorCode = 0): void {
    const [batch] = this.open
    if (batch === undefined) throw new Error("no append under way")
    this.open = []
    if (errorCode === 0) this.log.push(batch)
    this.tell({ _tag: "Appended", errorCode })
  }

  settleAll(): void {
    while (this.open.length > 0) this.settle()
  }

  /** Lets time pass, waking the machine whenever it asks. */
  pass(ms: number): void {
    const until = this.now + ms
    for (let wakeAt = this.machine.wakeAt(this.state); wakeAt <= until; wakeAt = this.machine.wakeAt(this.state)) {
      this.now = Math.max(this.now, wakeAt)
      this.tell({ _tag: "Wake" })
    }
    this.now = until
  }

  ask<Answer>(command: (complete: Complete<Answer>) => Command): Asked<Answer> {
    const asked = new Asked<Answer>()
    const complete = (answer: Answer): void => {
      if (asked.answer !== undefined) throw new Error("answered twice")
      asked.answer = answer
    }
    this.tell(command(complete))
    return asked
  }

  join(options: JoinOptions = {}): Asked<JoinAnswer> {
    this.ids += 1
    const newMemberId = options.newMemberId ?? `m${this.ids}`
    const caller = { apiVersion: options.apiVersion ?? 9, clientId: "c", clientHost: "/127.0.0.1" }
    const body = joinBody(this.groupId, options)
    return this.ask((complete) => ({ _tag: "Join", body, caller, newMemberId, complete }))
  }

  /** A dynamic member in both steps of KIP-394. */
  joinKnown(memberId: string, options: JoinOptions = {}): Asked<JoinAnswer> {
    this.join({ ...options, newMemberId: memberId })
    return this.join({ ...options, memberId })
  }

  sync(
    memberId: string,
    generationId: number,
    assignments: ReadonlyArray<readonly [string, number]> = [],
    change: Partial<typeof SyncGroupRequest.Type> = {}
  ): Asked<SyncAnswer> {
    const body = {
      groupId: this.groupId,
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: assignments.map(([id, byte]) => ({ memberId: id, assignment: bytes(byte) })),
      ...change
    }
    return this.ask((complete) => ({ _tag: "Sync", body, complete }))
  }

  heartbeat(memberId: string, generationId: number, groupInstanceId: string | null = null): number | undefined {
    const body = { groupId: this.groupId, generationId, memberId, groupInstanceId }
    return this.ask<HeartbeatAnswer>((complete) => ({ _tag: "Heartbeat", body, complete })).answer?.errorCode
  }

  leave(
    ...members: ReadonlyArray<{ readonly memberId: string; readonly groupInstanceId?: string }>
  ): Asked<LeaveAnswer> {
    const identities = members.map(({ memberId, groupInstanceId = null }) => ({
      memberId,
      groupInstanceId,
      reason: null
    }))
    const body = { groupId: this.groupId, members: identities }
    return this.ask((complete) => ({ _tag: "Leave", body, complete }))
  }

  commit(
    offset: bigint,
    change: Partial<typeof OffsetCommitRequest.Type> = {},
    metadata: string | null = "",
    apiVersion = 9
  ): Asked<CommitAnswer> {
    const body = {
      groupId: this.groupId,
      generationIdOrMemberEpoch: -1,
      memberId: "",
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [
        {
          name: "t",
          topicId: ZERO,
          partitions: [
            { partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: 5, committedMetadata: metadata }
          ]
        }
      ],
      ...change
    }
    return this.ask((complete) => ({ _tag: "Commit", body, apiVersion, complete }))
  }

  deleteGroup(): Asked<number> {
    return this.ask((complete) => ({ _tag: "DeleteGroup", groupId: this.groupId, complete }))
  }

  deleteOffsets(topic = "t", partitionIndex = 0): Asked<OffsetDeleteAnswer> {
    const body = { groupId: this.groupId, topics: [{ name: topic, partitions: [{ partitionIndex }] }] }
    return this.ask((complete) => ({ _tag: "DeleteOffsets", body, complete }))
  }

  /** The group as it is now. */
  get group(): Group | undefined {
    return groupOf(this.state.groups, this.groupId)
  }

  /** What a fetch would find. */
  offset(topic = "t", partition = 0): bigint | undefined {
    return this.group?.offsets.get(topic)?.get(partition)?.offset
  }

  get recordsInLog(): number {
    return this.log.reduce((sum, batch) => sum + count(batch, 0), 0)
  }

  /** Members `a`, `b`, … in a stable generation 1, assigned 1, 2, …; `a` leads. */
  stable(ids: ReadonlyArray<string>, options: JoinOptions = {}): void {
    for (const id of ids) this.joinKnown(id, options)
    this.pass(6_000)
    for (const id of ids.slice(1)) this.sync(id, 1)
    this.sync(
      ids[0] ?? "",
      1,
      ids.map((id, at) => [id, at + 1] as const)
    )
    this.settleAll()
  }
}

export const commitError = (asked: Asked<CommitAnswer>): number | undefined =>
  asked.answer?.topics[0]?.partitions[0]?.errorCode
