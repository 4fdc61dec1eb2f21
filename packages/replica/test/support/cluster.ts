/**
 * Several nodes' Replicas in one process, on real logs over disks in memory: leaders answer followers by plain calls in place of a
 * network, and a controller of a few lines changes the one partition they share. What is tested is replication as it is composed.
 */
import { defaultLogConfig, type LogConfig, LogDirectory } from "@klamm/log"
import { Brokers, Image, type Topics } from "@klamm/metadata"
import { Disk } from "@klamm/platform"
import { makeArena } from "@klamm/platform/ArenaAllocator"
import { type MemoryDisk, type MemoryDiskOptions, makeMemoryDisk } from "@klamm/platform/DiskMemory"
import type { Survivors } from "@klamm/platform/MemoryFiles"
import * as Moment from "@klamm/platform/Moment"
import type { FetchRequest } from "@klamm/protocol/api/01-Fetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as Scope from "effect/Scope"
import { FetchInterest, type Member, unwatched } from "../../src/FetchInterest.ts"
import * as FetchWaiters from "../../src/FetchWaiters.ts"
import type { AlterPartitionCommand, AlterPartitionReply } from "../../src/IsrUpdates.ts"
import type { AppendResult, PartitionSettings } from "../../src/Partition.ts"
import type { PartitionActor } from "../../src/PartitionActor.ts"
import { failedRead, readPartition } from "../../src/PartitionRead.ts"
import { ReplicaDirectory } from "../../src/ReplicaDirectory.ts"
import * as Replicas from "../../src/Replicas.ts"
import { ReplicationQuota } from "../../src/ReplicationQuota.ts"
import { decompression } from "../support.ts"
import { answerOf } from "./answers.ts"
import { recoveryThreads, upkeep } from "./housekeeping.ts"

export const topicId = "ZRItVlJ5R3WVAhTgbtf6oQ"
export const topicName = "t"
const MiB = 1024 * 1024
const arena = makeArena(new ArrayBuffer(64 * MiB), 0, 64 * MiB, { poison: true })
export const usedArenaBytes = () => arena.usedBytes

export const settings: PartitionSettings = {
  minInsyncReplicas: 2,
  syncBeforeAck: true,
  flushMessages: Number.POSITIVE_INFINITY,
  flushMs: Number.POSITIVE_INFINITY,
  logAppendTime: false,
  lagTimeMaxMs: 30_000
}

const directoryIdOf = (node: number, index = 0): string => `AAAAAAAAAAAAAAAAAAA${index === 0 ? "A" : index}${node}A`

interface Node {
  readonly id: number
  readonly epoch: number
  readonly scope: Scope.Closeable
  readonly replicas: Replicas.Replicas
  readonly waiters: FetchWaiters.FetchWaiters
}

export class Cluster {
  readonly disks = new Map<number, MemoryDisk>()
  readonly up = new Map<number, Node>()
  /** Pairs "from>to" whose fetches fail, those under way included. */
  readonly cut = new Set<string>()
  readonly fetches: Array<string> = []
  partition: Topics.Partition
  topicId = topicId
  settings: PartitionSettings
  partitionMaxBytes = MiB
  fetchers = 1
  /** Consumers may read from followers. */
  servesConsumers = false
  readonly fetchersSeen = new Set<number>()
  /** The log directories of every node. */
  directories: ReadonlyArray<string> = ["/data"]
  /** Where replicas were said to be: node, directory id. */
  readonly assigned: Array<string> = []
  /** Between the opening of a node's directories and that of the logs in them. */
  onOpened: (directories: ReadonlyArray<ReplicaDirectory>) => void = () => undefined
  diskOptions: MemoryDiskOptions = {}
  logConfig: LogConfig = { ...defaultLogConfig, segmentBytes: 4096 }
  /** Of all nodes together, as followers. */
  quota = new ReplicationQuota(
    () => ({ bytesPerSecond: Number.POSITIVE_INFINITY, window: { sampleMs: 1, samples: 1 }, replicas: new Map() }),
    () => 0
  )
  private epochs = 100
  private brokers = Brokers.empty

  constructor(replicas: ReadonlyArray<number>, change: Partial<PartitionSettings> = {}) {
    this.settings = { ...settings, ...change }
    const recovered = { leaderRecoveryState: 0 }
    this.partition = {
      ...recovered,
      index: 0,
      replicas,
      directories: replicas.map((id) => directoryIdOf(id)),
      isr: replicas,
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      addingReplicas: [],
      removingReplicas: [],
      leader: replicas[0] ?? -1,
      leaderEpoch: 0,
      partitionEpoch: 0
    }
  }

  directoryIds(id: number): ReadonlyArray<string> {
    return this.directories.map((_, index) => directoryIdOf(id, index))
  }

  private get topic(): Topics.Topic {
    return { name: topicName, id: this.topicId, partitions: [this.partition] }
  }

  private applyTo({ replicas }: Node): Effect.Effect<void> {
    const changes = {
      partitions: [{ topic: this.topic, partition: this.partition }],
      removedTopics: [],
      configs: false,
      brokers: true
    }
    return replicas.apply(changes, { ...Image.empty, brokers: this.brokers })
  }

  readonly start = (id: number): Effect.Effect<Node> =>
    Effect.gen({ self: this }, function* () {
      const memory = this.disks.get(id) ?? makeMemoryDisk(this.diskOptions)
      this.disks.set(id, memory)
      this.epochs += 1
      const epoch = this.epochs
      const scope = yield* Scope.make()
      const life = Effect.gen({ self: this }, function* () {
        const directories = yield* Effect.forEach(this.directories, (path, index) =>
          Effect.gen(function* () {
            const newDirectoryId = directoryIdOf(id, index)
            const log = yield* LogDirectory.open({ path, clusterId: "c", nodeId: id, newDirectoryId, recoveryThreads })
            yield* memory.disk.syncDirectory("/")
            return new ReplicaDirectory(memory.disk, log, yield* log.find(0))
          })
        )
        this.onOpened(directories)
        const waiters = yield* FetchWaiters.make
        const replicas = yield* Replicas.make(this.optionsFor(id, epoch, directories))
        return { id, epoch, scope, replicas, waiters }
      })
      const node = yield* Effect.orDie(life.pipe(Scope.provide(scope), Effect.provideService(Disk, memory.disk)))
      this.register(id, epoch, false)
      this.up.set(id, node)
      yield* this.applyTo(node)
      return node
    })

  private optionsFor(
    id: number,
    epoch: number,
    directories: ReadonlyArray<ReplicaDirectory>
  ): Replicas.ReplicasOptions {
    return {
      nodeId: id,
      directories,
      rules: () => ({ log: this.logConfig, partition: this.settings }),
      ...upkeep,
      decompression: () => decompression,
      otherLogs: [],
      moves: { quota: this.quota, concurrency: 1 },
      fetchSettings: () => ({
        minBytes: 1,
        maxWaitMs: 500,
        partitionMaxBytes: this.partitionMaxBytes,
        responseMaxBytes: MiB,
        backoffMs: 50,
        timeoutMs: 5000,
        fetchers: this.fetchers,
        servesConsumers: this.servesConsumers
      }),
      addressOf: (broker) => ({ host: `${broker}`, port: 1 }),
      fetch: ({ address, fetcher }, body) => {
        this.fetchersSeen.add(fetcher)
        return this.fetch(id, Number(address.host), body)
      },
      disconnect: () => Effect.void,
      quota: this.quota,
      brokerEpoch: () => epoch,
      alterPartition: (command) => this.alterPartition(id, command),
      assignDirectory: (_topicId, _partition, directoryId) => void this.assigned.push(`${id} ${directoryId}`),
      onAllFailed: () => Effect.void,
      onDefect: (cause) => Effect.logError("a partition died", cause)
    }
  }

  private register(id: number, epoch: number, fenced: boolean): void {
    this.brokers = HashMap.set(this.brokers, id, {
      id,
      epoch,
      fenced,
      incarnationId: "",
      endpoints: [],
      features: [],
      rack: null,
      inControlledShutdown: false,
      logDirs: []
    })
  }

  /** The process is gone; with `power`, so is what was not synced. */
  readonly kill = (id: number, power?: Survivors): Effect.Effect<void> =>
    Effect.gen({ self: this }, function* () {
      const node = this.up.get(id)
      if (node === undefined) return
      this.up.delete(id)
      this.register(id, node.epoch, true)
      const disk = this.disks.get(id)!
      if (power === undefined) disk.crash()
      else disk.losePower(power)
      yield* Scope.close(node.scope, Exit.void)
    })

  /** The controller's decision reaches every node that is up. */
  readonly publish = (change: Partial<Topics.Partition>): Effect.Effect<void> =>
    Effect.gen({ self: this }, function* () {
      const { leaderEpoch, partitionEpoch } = this.partition
      this.partition = {
        ...this.partition,
        ...change,
        leaderEpoch: change.leader === undefined ? leaderEpoch : leaderEpoch + 1,
        partitionEpoch: partitionEpoch + 1
      }
      yield* Effect.forEach([...this.up.values()], (node) => this.applyTo(node), { discard: true })
    })

  private alterPartition(id: number, command: AlterPartitionCommand): Effect.Effect<AlterPartitionReply | undefined> {
    return Effect.gen({ self: this }, function* () {
      yield* Effect.sleep(1)
      const asked = command.topics[0]?.partitions[0]
      if (asked === undefined || !this.up.has(id)) return undefined
      const { leaderEpoch, partitionEpoch, leader } = this.partition
      const stale = asked.leaderEpoch !== leaderEpoch || asked.partitionEpoch !== partitionEpoch || leader !== id
      const errorCode = stale ? ErrorCode.INVALID_UPDATE_VERSION : ErrorCode.NONE
      const isr = asked.newIsr.map(({ brokerId }) => brokerId)
      if (!stale) yield* Effect.forkDetach(this.publish({ isr }))
      const answer = { partitionIndex: 0, errorCode, leaderId: leader, leaderEpoch, isr, leaderRecoveryState: 0 }
      const partitions = [{ ...answer, partitionEpoch: partitionEpoch + 1 }]
      return { errorCode: 0, topics: [{ topicId, partitions }] }
    })
  }

  find(id: number): PartitionActor | undefined {
    return this.up.get(id)?.replicas.find(this.topicId, 0)
  }

  private fetch(from: number, to: number, request: FetchRequest) {
    const way = `${from}>${to}`
    const refused = Effect.fail({ message: "refused" })
    return Effect.suspend(() => {
      const node = this.up.get(to)
      this.fetches.push(way)
      if (node === undefined || this.cut.has(way)) return refused
      return Effect.flatMap(this.serve(node, request), (answer) =>
        this.cut.has(way) ? Effect.andThen(Effect.sync(answer.release), refused) : Effect.succeed(answer)
      )
    })
  }

  private serve(node: Node, request: FetchRequest) {
    return Effect.gen({ self: this }, function* () {
      const deadline = (yield* Moment.monotonicMs) + request.maxWaitMs
      while (true) {
        const reads = yield* Effect.forEach(request.topics[0]?.partitions ?? [], (asked) =>
          this.readOne(node, request, asked)
        )
        const now = yield* Moment.monotonicMs
        const isFinal = reads.some(
          ({ read }) => read.records.byteLength > 0 || read.errorCode !== 0 || read.endsWait || read.divergingEpoch
        )
        if (isFinal || now >= deadline) return answerOf(topicId, reads)
        const partition = this.find(node.id)
        const interest = new FetchInterest<Member>("Follower")
        const member = unwatched()
        yield* node.waiters.awaitBytes(interest, 1, deadline, () => {
          if (partition !== undefined) interest.watch(member, partition)
        })
        interest.dispose([member])
      }
    })
  }

  private readOne(node: Node, request: FetchRequest, asked: FetchRequest["topics"][number]["partitions"][number]) {
    return Effect.gen({ self: this }, function* () {
      const partition = node.replicas.find(topicId, asked.partition)
      if (partition === undefined) return { asked, read: failedRead(ErrorCode.NOT_LEADER_OR_FOLLOWER) }
      const { fetchOffset, logStartOffset, partitionMaxBytes: maxBytes } = asked
      const common = { readCommitted: false, minOneBatch: true, reader: "Follower" } as const
      const read = yield* readPartition(partition, { ...asked, ...common, maxBytes }, arena)
      if (read.errorCode === 0 && read.divergingEpoch === undefined) {
        const { replicaId, replicaEpoch: brokerEpoch } = request.replicaState
        const atMs = yield* Moment.monotonicMs
        const fetch = { replicaId, brokerEpoch, fetchOffset, logStartOffset, atMs }
        partition.actor.tell({ _tag: "FollowerFetched", leaderEpoch: read.leaderEpoch, fetch })
      }
      return { asked, read }
    })
  }
}

export interface Produce {
  readonly batch: Uint8Array
  readonly acks?: number
  readonly timeoutMs?: number
}

/** Appends a batch at a node, and waits for its answer. */
export const produce = (cluster: Cluster, id: number, { batch, acks = -1, timeoutMs = 5000 }: Produce) =>
  Effect.gen(function* () {
    const answered = yield* Deferred.make<AppendResult>()
    const now = yield* Clock.currentTimeMillis
    const producerId = RecordBatch.producerId(batch, 0)
    const firstSequence = RecordBatch.baseSequence(batch, 0)
    const count = RecordBatch.count(batch, 0)
    const lastSequence = firstSequence + count - 1
    const producerEpoch = RecordBatch.producerEpoch(batch, 0)
    const producer =
      producerId === -1 ? undefined : { producerId, producerEpoch, firstSequence, lastSequence, isTransactional: false }
    const complete = (result: AppendResult) => Deferred.doneUnsafe(answered, Exit.succeed(result))
    const ticket = { release: () => undefined, complete }
    const request = {
      batch,
      count,
      producer,
      maxTimestamp: now,
      appendTimeMs: now,
      acks,
      deadline: (yield* Moment.monotonicMs) + timeoutMs,
      ticket
    }
    const told = cluster.find(id)?.actor.tell({ _tag: "Append", request }) === true
    if (!told) return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 }
    return yield* Deferred.await(answered)
  })

/** Asks again and again until it holds. */
export const eventually = (what: string, holds: () => boolean, withinMs = 5000): Effect.Effect<void> =>
  Effect.gen(function* () {
    const until = (yield* Clock.currentTimeMillis) + withinMs
    while (!holds()) {
      if ((yield* Clock.currentTimeMillis) > until) return yield* Effect.die(new Error(`never: ${what}`))
      yield* Effect.sleep(2)
    }
  })

/** All batches of a node's log, as text: base offset, leader epoch, checksum. */
export const logOf = (cluster: Cluster, id: number): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const log = cluster.find(id)!.log
    const lines: Array<string> = []
    let offset = log.logStartOffset
    while (offset < log.logEndOffset) {
      const read = yield* Effect.orDie(
        log.read({
          offset,
          maxBytes: MiB,
          upToOffset: log.logEndOffset,
          minOneBatch: true,
          allocate: (size) => new Uint8Array(size)
        })
      )
      if (read === "none") break
      const { bytes } = read
      RecordBatch.forEachBatch(bytes, 0, bytes.length, (at) => {
        const epoch = RecordBatch.partitionLeaderEpoch(bytes, at)
        lines.push(`${RecordBatch.baseOffset(bytes, at)} e${epoch} ${RecordBatch.crc(bytes, at)}`)
        offset = RecordBatch.lastOffset(bytes, at) + 1
      })
    }
    return lines
  })

/** Runs a test on a cluster whose nodes are all up; they end with it. */
export const withCluster = <A, E>(cluster: Cluster, test: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const nodes = [...cluster.partition.replicas]
    yield* Effect.forEach(nodes, cluster.start, { discard: true })
    return yield* test
  }).pipe(
    Effect.ensuring(
      Effect.suspend(() => Effect.forEach([...cluster.up.keys()], (id) => cluster.kill(id), { discard: true }))
    )
  )
