/**
 * A consumer group: reads every partition from its leader up to the high watermark and commits how far it is. Invariant: it reads no
 * offset twice and leaves none out; what it has read it holds the brokers to, for a record that was seen may not change or
 * go; its commits only rise. Neighbours: Client.ts, Ledger.ts, Verify.ts.
 */
import * as Batch from "@klamm/protocol/RecordBatch"
import type { Place } from "klamm-test-crash/Calls"
import { keyOf } from "klamm-test-crash/Ledger"
import { at, listAt, numberAt, type Value } from "klamm-test-differential/Value"
import { batchesIn } from "./Batches.ts"
import { Client, RETRIABLE, RETRY_AFTER_MS } from "./Client.ts"
import type { Ledger } from "./Ledger.ts"
import { Gone } from "./Link.ts"
import type { Topology } from "./Topology.ts"
import { now, sleep } from "./Waiting.ts"

const FETCH = 1
const OFFSET_COMMIT = 8
const OFFSET_FETCH = 9
const FIND_COORDINATOR = 10
const FETCH_EVERY_MS = 50
const COMMIT_EVERY_MS = 50
const FETCH_MAX_BYTES = 1024 * 1024
const COMMITS_WITHIN_MS = 60_000

export const GROUP = "cluster-group"

export class Group {
  private readonly topology: Topology
  private readonly ledger: Ledger
  private readonly reader: Client
  private readonly committer: Client
  private readonly positions = new Map<string, number>()
  private coordinator = -1
  private stopping = false

  constructor(topology: Topology, ledger: Ledger) {
    this.topology = topology
    this.ledger = ledger
    this.reader = new Client(topology.addresses, "cluster-reader")
    this.committer = new Client(topology.addresses, "cluster-committer")
  }

  private take(key: string, partition: Value): void {
    const records = at(partition, "records")
    if (!(records instanceof Uint8Array)) return
    const read = this.ledger.read.get(key) ?? new Map<number, number>()
    this.ledger.read.set(key, read)
    for (const [from] of batchesIn(records)) {
      const position = this.positions.get(key) ?? 0
      const offset = Batch.baseOffset(records, from)
      if (offset !== position) this.ledger.fault(`${key}: the group was at ${position} and was given ${offset}`)
      read.set(offset, Batch.crc(records, from))
      this.positions.set(key, Batch.lastOffset(records, from) + 1)
    }
  }

  /** One fetch from one leader; true when somebody else has to be asked. */
  private async fetch(leader: number, places: ReadonlyArray<Place>): Promise<boolean> {
    const [first] = places
    const answer = await this.reader.call(leader, FETCH, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: FETCH_MAX_BYTES * places.length,
      topics: [
        {
          topic: first!.topic,
          partitions: places.map((place) => ({
            partition: place.partition,
            currentLeaderEpoch: this.topology.of(place)?.epoch ?? -1,
            fetchOffset: this.positions.get(keyOf(place)) ?? 0,
            partitionMaxBytes: FETCH_MAX_BYTES
          }))
        }
      ]
    })
    let elsewhere = false
    for (const partition of listAt(answer, "responses.0.partitions")) {
      const errorCode = numberAt(partition, "errorCode")
      const key = keyOf({ topic: first!.topic, partition: numberAt(partition, "partitionIndex") })
      if (errorCode === 0) this.take(key, partition)
      else if (RETRIABLE.has(errorCode)) elsewhere = true
      else
        this.ledger.fault(
          `${key}: a fetch at ${this.positions.get(key)} from broker ${leader} was answered ${errorCode}`
        )
    }
    return elsewhere
  }

  private async read(places: ReadonlyArray<Place>): Promise<void> {
    while (!this.stopping) {
      const leaders = Map.groupBy(places, (place) => this.topology.of(place)?.leader ?? -1)
      const asked = [...leaders].map(async ([leader, led]) => {
        try {
          return leader < 0 || (await this.fetch(leader, led))
        } catch (cause) {
          if (cause instanceof Gone) return true
          throw cause
        }
      })
      if ((await Promise.all(asked)).includes(true)) await this.topology.refresh()
      await sleep(FETCH_EVERY_MS)
    }
  }

  private async findCoordinator(): Promise<void> {
    for (const broker of this.topology.ids) {
      try {
        const body = { keyType: 0, coordinatorKeys: [GROUP] }
        const answer = await this.committer.call(broker, FIND_COORDINATOR, 4, body)
        if (numberAt(answer, "coordinators.0.errorCode") !== 0) continue
        this.coordinator = numberAt(answer, "coordinators.0.nodeId")
        return
      } catch (cause) {
        if (!(cause instanceof Gone)) throw cause
      }
    }
  }

  private async commitOnce(places: ReadonlyArray<Place>): Promise<void> {
    const offsets = places.map((place) => ({ place, offset: this.positions.get(keyOf(place)) ?? 0 }))
    for (const { place, offset } of offsets) {
      const known = this.ledger.commits.get(keyOf(place)) ?? { acknowledged: -1, attempted: -1 }
      known.attempted = offset
      this.ledger.commits.set(keyOf(place), known)
    }
    const answer = await this.committer.call(this.coordinator, OFFSET_COMMIT, 8, {
      groupId: GROUP,
      topics: [
        {
          name: places[0]!.topic,
          partitions: offsets.map(({ place, offset }) => ({
            partitionIndex: place.partition,
            committedOffset: offset,
            committedMetadata: `at ${offset}`
          }))
        }
      ]
    })
    for (const [index, partition] of listAt(answer, "topics.0.partitions").entries()) {
      const errorCode = numberAt(partition, "errorCode")
      const { place, offset } = offsets[index]!
      if (errorCode === 0) {
        this.ledger.commits.get(keyOf(place))!.acknowledged = offset
        this.ledger.commitsAcknowledged += 1
      } else if (RETRIABLE.has(errorCode)) this.coordinator = -1
      else this.ledger.fault(`${GROUP}: a commit of ${keyOf(place)} was answered ${errorCode}`)
    }
  }

  private async commit(places: ReadonlyArray<Place>): Promise<void> {
    while (!this.stopping) {
      if (this.coordinator < 0) await this.findCoordinator()
      try {
        if (this.coordinator >= 0) await this.commitOnce(places)
      } catch (cause) {
        if (!(cause instanceof Gone)) throw cause
        this.coordinator = -1
      }
      await sleep(this.coordinator < 0 ? RETRY_AFTER_MS : COMMIT_EVERY_MS)
    }
  }

  async run(places: ReadonlyArray<Place>): Promise<void> {
    await Promise.all([this.read(places), this.commit(places)])
  }

  /** Reads the commits back: each at least the acknowledged one, at most the last that was sent. */
  async check(places: ReadonlyArray<Place>): Promise<void> {
    const before = places.map((place) => this.ledger.commits.get(keyOf(place))?.acknowledged ?? -1)
    const body = {
      groupId: GROUP,
      topics: [{ name: places[0]!.topic, partitionIndexes: places.map((one) => one.partition) }]
    }
    const deadline = now() + COMMITS_WITHIN_MS
    let last = "nobody answered"
    for (;;) {
      if (now() > deadline) throw new Error(`the commits of ${GROUP} cannot be read: ${last}`)
      await this.findCoordinator()
      try {
        if (this.coordinator < 0) throw new Gone("no coordinator is known")
        const answer = await this.committer.call(this.coordinator, OFFSET_FETCH, 7, body)
        // A coordinator that is not one, or not yet, names no partitions.
        const partitions = numberAt(answer, "errorCode") === 0 ? listAt(answer, "topics.0.partitions") : []
        const found = partitions.length > 0 && partitions.every((part) => numberAt(part, "errorCode") === 0)
        if (found) return this.compare(places, before, partitions)
        const codes = partitions.map((part) => numberAt(part, "errorCode"))
        last = `broker ${this.coordinator} answered ${numberAt(answer, "errorCode")}, partitions ${codes.join(", ")}`
      } catch (cause) {
        if (!(cause instanceof Gone)) throw cause
      }
      await sleep(RETRY_AFTER_MS)
    }
  }

  private compare(places: ReadonlyArray<Place>, before: ReadonlyArray<number>, found: ReadonlyArray<Value>): void {
    for (const [index, place] of places.entries()) {
      const offset = Number(at(found[index], "committedOffset"))
      const attempted = this.ledger.commits.get(keyOf(place))?.attempted ?? -1
      if (offset < before[index]! || offset > attempted) {
        this.ledger.fault(
          `${GROUP}: ${keyOf(place)} had ${before[index]} committed, ${attempted} sent, and has ${offset}`
        )
      }
    }
  }

  stop(): void {
    this.stopping = true
  }

  close(): void {
    this.reader.close()
    this.committer.close()
  }
}
