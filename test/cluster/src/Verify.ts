/**
 * Holds the brokers to the ledger when all is quiet: the leader's log of each partition must be the ledger's batches, each once and in
 * its producer's order, at the offsets that were acknowledged and that were read; every replica must hold the same bytes, as it
 * serves them and as they lie in its folder. Neighbours: Ledger.ts, Rounds.ts.
 */
import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import * as Batch from "@klamm/protocol/RecordBatch"
import type { Place } from "klamm-test-crash/Calls"
import { keyOf } from "klamm-test-crash/Ledger"
import { at, numberAt } from "klamm-test-differential/Value"
import { batchesIn } from "./Batches.ts"
import { Client, RETRIABLE } from "./Client.ts"
import type { Ledger, Sent } from "./Ledger.ts"
import { Gone } from "./Link.ts"
import type { Nodes } from "./Nodes.ts"
import type { Topology } from "./Topology.ts"
import { until } from "./Waiting.ts"

const FETCH = 1
const CONSUMER = -1
/** Who asks as this one is served by followers too. */
const DEBUGGING_REPLICA = -2
const FETCH_MAX_BYTES = 4 * 1024 * 1024
const FETCH_WITHIN_MS = 30_000

export interface Verdict {
  /** Acknowledged records that lie where they belong. */
  readonly verified: number
  readonly lost: number
  readonly duplicated: number
  /** Replicas that were compared with their leader, as served and as stored. */
  readonly replicasServed: number
  readonly replicasStored: number
}

interface Counts {
  verified: number
  lost: number
  duplicated: number
  replicasServed: number
  replicasStored: number
}

type Visit = (bytes: Uint8Array, from: number, to: number) => void

/** Reads a partition from one broker to its end and hands each batch over; answers the end. */
export const drain = async (
  client: Client,
  broker: number,
  replicaId: number,
  place: Place,
  visit: Visit
): Promise<number> => {
  let offset = 0
  for (;;) {
    let records = new Uint8Array()
    await until(`${keyOf(place)} at ${offset} from broker ${broker}`, FETCH_WITHIN_MS, async () => {
      try {
        const answer = await client.call(broker, FETCH, 12, {
          replicaId,
          maxWaitMs: 0,
          minBytes: 1,
          maxBytes: FETCH_MAX_BYTES,
          topics: [
            {
              topic: place.topic,
              partitions: [{ partition: place.partition, fetchOffset: offset, partitionMaxBytes: FETCH_MAX_BYTES }]
            }
          ]
        })
        const path = "responses.0.partitions.0"
        const errorCode = numberAt(answer, `${path}.errorCode`)
        if (errorCode !== 0 && !RETRIABLE.has(errorCode)) {
          throw new Error(`${keyOf(place)}: a fetch at ${offset} from broker ${broker} was answered ${errorCode}`)
        }
        const found = at(answer, `${path}.records`)
        if (found instanceof Uint8Array) records = new Uint8Array(found)
        return errorCode === 0
      } catch (cause) {
        if (cause instanceof Gone) return false
        throw cause
      }
    })
    const ranges = batchesIn(records)
    if (ranges.length === 0) return offset
    for (const [from, to] of ranges) {
      visit(records, from, to)
      offset = Batch.lastOffset(records, from) + 1
    }
  }
}

/** How far the log has come with the batches of each producer. */
class Progress {
  private readonly key: string
  private readonly ledger: Ledger
  private readonly counts: Counts
  private readonly next = new Map<number, number>()
  private expected = 0

  constructor(key: string, ledger: Ledger, counts: Counts) {
    this.key = key
    this.ledger = ledger
    this.counts = counts
  }

  private batchesOf(producerId: number): ReadonlyArray<Sent> {
    return this.ledger.sent.get(this.key)?.get(producerId) ?? []
  }

  private compare(sent: Sent, bytes: Uint8Array, from: number, offset: number): void {
    const told = sent.baseOffset >= 0 && sent.baseOffset !== offset
    if (sent.crc !== Batch.crc(bytes, from))
      this.ledger.fault(`${this.key}: the batch at ${offset} is not the one that was sent`)
    else if (told) this.ledger.fault(`${this.key}: the batch at ${offset} was acknowledged at ${sent.baseOffset}`)
    else if (sent.acknowledged) this.counts.verified += sent.count
  }

  /** The batches that were skipped are lost, if they were acknowledged. */
  private skip(producerId: number, skipped: ReadonlyArray<Sent>, where: string): void {
    for (const sent of skipped) {
      if (!sent.acknowledged) continue
      this.counts.lost += sent.count
      this.ledger.fault(
        `${this.key}: ${sent.count} records of producer ${producerId} from sequence ${sent.baseSequence}, acknowledged at ` +
          `${sent.baseOffset}, are not there: ${where}`
      )
    }
  }

  take(bytes: Uint8Array, from: number, to: number): void {
    const offset = Batch.baseOffset(bytes, from)
    const fault = Batch.verifyBatch(bytes, from, to)
    if (fault !== undefined) this.ledger.fault(`${this.key}: the batch at ${offset} is wrong: ${fault}`)
    if (offset !== this.expected) this.ledger.fault(`${this.key}: offset ${this.expected} is followed by ${offset}`)
    this.expected = Batch.lastOffset(bytes, from) + 1
    const producerId = Batch.producerId(bytes, from)
    const sequence = Batch.baseSequence(bytes, from)
    const all = this.batchesOf(producerId)
    const next = this.next.get(producerId) ?? 0
    const found = all.findIndex((sent, index) => index >= next && sent.baseSequence === sequence)
    if (found === -1) {
      this.counts.duplicated += Batch.count(bytes, from)
      this.ledger.fault(
        `${this.key}: the batch at ${offset} is there twice or was never sent: ${producerId}, ${sequence}`
      )
      return
    }
    this.skip(producerId, all.slice(next, found), `sequence ${sequence} follows at ${offset}`)
    this.next.set(producerId, found + 1)
    this.compare(all[found]!, bytes, from, offset)
    const read = this.ledger.read.get(this.key)
    const seen = read?.get(offset)
    if (seen !== undefined && seen !== Batch.crc(bytes, from)) {
      this.ledger.fault(`${this.key}: the group has read another batch at ${offset} than is there now`)
    }
    read?.delete(offset)
  }

  end(): void {
    for (const [producerId, all] of this.ledger.sent.get(this.key) ?? []) {
      this.skip(producerId, all.slice(this.next.get(producerId) ?? 0), `the log ends at ${this.expected}`)
    }
    for (const offset of this.ledger.read.get(this.key)?.keys() ?? []) {
      this.ledger.fault(`${this.key}: the group has read a batch at ${offset} that is not there now`)
    }
  }
}

const digestOf = async (client: Client, broker: number, place: Place) => {
  const hash = createHash("sha256")
  const end = await drain(client, broker, DEBUGGING_REPLICA, place, (bytes, from, to) =>
    hash.update(bytes.subarray(from, to))
  )
  return { end, digest: hash.digest("hex") }
}

/** Reads every partition from its leader and from each replica. */
export const verify = async (topology: Topology, places: ReadonlyArray<Place>, ledger: Ledger): Promise<Verdict> => {
  const counts: Counts = { verified: 0, lost: 0, duplicated: 0, replicasServed: 0, replicasStored: 0 }
  const client = new Client(topology.addresses, "cluster-verify")
  try {
    await topology.refresh()
    for (const place of places) {
      const key = keyOf(place)
      const view = topology.of(place)
      if (view === undefined || view.leader < 0) throw new Error(`${key} has no leader`)
      const progress = new Progress(key, ledger, counts)
      const hash = createHash("sha256")
      const end = await drain(client, view.leader, CONSUMER, place, (bytes, from, to) => {
        progress.take(bytes, from, to)
        hash.update(bytes.subarray(from, to))
      })
      progress.end()
      const digest = hash.digest("hex")
      for (const replica of view.replicas) {
        // A follower serves what it knows to be committed, which the next answer of the leader tells it.
        let found = { end: -1, digest: "" }
        await until(`${key} whole on broker ${replica}`, FETCH_WITHIN_MS, async () => {
          found = await digestOf(client, replica, place)
          return found.end >= end
        })
        if (found.end !== end || found.digest !== digest) {
          ledger.fault(
            `${key}: broker ${replica} ends at ${found.end} and differs from its leader ${view.leader}, which ends at ${end}`
          )
        } else counts.replicasServed += 1
      }
    }
  } finally {
    client.close()
  }
  return counts
}

const storedDigest = async (folder: string): Promise<string> => {
  const hash = createHash("sha256")
  const names = (await readdir(folder)).filter((name) => name.endsWith(".log")).toSorted()
  for (const name of names) {
    const bytes = new Uint8Array(await readFile(join(folder, name)))
    for (const [from, to] of batchesIn(bytes)) hash.update(bytes.subarray(from, to))
  }
  return hash.digest("hex")
}

/** After all have stopped cleanly: the same batches in the folders of all replicas. Answers how many were compared. */
export const compareStored = async (
  nodes: Nodes,
  topology: Topology,
  places: ReadonlyArray<Place>,
  ledger: Ledger
): Promise<number> => {
  let compared = 0
  for (const place of places) {
    const key = keyOf(place)
    const replicas = topology.of(place)?.replicas ?? []
    const digests = await Promise.all(replicas.map((id) => storedDigest(join(nodes.logFolder(id), key))))
    if (new Set(digests).size > 1) ledger.fault(`${key}: the stored logs of brokers ${replicas.join(", ")} differ`)
    else compared += replicas.length
  }
  return compared
}
