/**
 * One record at a time over a raw connection, in frames made beforehand: for the first acknowledgement after a start, for a thousand
 * connections, and for the pause of a partition. Invariant: an acknowledgement is an answer of the leader without an error.
 * Neighbours: Link.ts, Cluster.ts, loads.
 */
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { buildBatch } from "@klamm/protocol/RecordBatch"
import { askForTopic, partitionsOf, sleep, type TopicPlan } from "./Cluster.ts"
import { decodeAnswer, frameOf, Link } from "./Link.ts"

const PRODUCE = 9
const ACKS_ALL = -1
const TIMEOUT_MS = 2_000
const CONNECT_WITHIN_MS = 200
const ANSWER_WITHIN_MS = 2_000
const TRY_AGAIN_AFTER_MS = 5

/** A Produce request with one record of `bytes`, acks=all. */
export const oneRecord = (topic: string, partition: number, bytes: number): Uint8Array => {
  const records = buildBatch([{ value: new Uint8Array(bytes).fill(0x61), timestamp: Date.now() }])
  return frameOf(ProduceRequest, PRODUCE, {
    transactionalId: null,
    acks: ACKS_ALL,
    timeoutMs: TIMEOUT_MS,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }]
  })
}

export const isAcknowledged = (answer: Uint8Array): boolean => {
  const { responses } = decodeAnswer(ProduceResponse, PRODUCE, answer)
  return responses[0]?.partitionResponses[0]?.errorCode === 0
}

const tryOnce = async (address: string, plan: TopicPlan, frame: Uint8Array): Promise<boolean> => {
  const link = await Link.open(address, CONNECT_WITHIN_MS)
  try {
    if ((await askForTopic(link, plan, ANSWER_WITHIN_MS)) !== undefined) return false
    const [first] = await partitionsOf(link, plan.name, ANSWER_WITHIN_MS)
    return first !== undefined && first.leader >= 0 && isAcknowledged(await link.exchange(frame, ANSWER_WITHIN_MS))
  } finally {
    link.close()
  }
}

/** Tries until a node acknowledges a record. */
export const untilFirstAcknowledged = async (address: string, topic: string, withinMs: number): Promise<void> => {
  const plan = { name: topic, partitions: 1, replication: 1 }
  const frame = oneRecord(topic, 0, 100)
  const giveUp = performance.now() + withinMs
  let why: unknown = "no answer"
  while (performance.now() < giveUp) {
    try {
      if (await tryOnce(address, plan, frame)) return
    } catch (cause) {
      // Not there yet; what it was is told when time is up.
      why = cause
    }
    await sleep(TRY_AGAIN_AFTER_MS)
  }
  throw new Error(`no record was acknowledged at ${address} within ${withinMs} ms`, { cause: why })
}

const leaderOf = async (addresses: ReadonlyMap<number, string>, topic: string, partition: number) => {
  for (const address of addresses.values()) {
    try {
      const link = await Link.open(address, CONNECT_WITHIN_MS)
      try {
        const found = (await partitionsOf(link, topic, ANSWER_WITHIN_MS)).find((one) => one.partition === partition)
        if (found !== undefined && found.leader >= 0) return addresses.get(found.leader)
      } finally {
        link.close()
      }
    } catch {
      // That node is the one that is gone; the next one is asked.
    }
  }
  return undefined
}

/** One partition, written to until it is told to stop, whoever leads it. */
export class PartitionProbe {
  readonly times: Array<number> = []
  private readonly addresses: ReadonlyMap<number, string>
  private readonly topic: string
  private readonly partition: number
  private isStopping = false
  private link: Link | undefined

  constructor(addresses: ReadonlyMap<number, string>, topic: string, partition: number) {
    this.addresses = addresses
    this.topic = topic
    this.partition = partition
  }

  /** Resolves when it has been stopped. */
  async run(everyMs: number): Promise<void> {
    const frame = oneRecord(this.topic, this.partition, 100)
    while (!this.isStopping) {
      try {
        this.link ??= await this.connect()
        if (this.link !== undefined && isAcknowledged(await this.link.exchange(frame, ANSWER_WITHIN_MS))) {
          this.times.push(performance.now())
        } else this.drop()
      } catch {
        // Its leader is gone or is another now: both are the pause that is measured.
        this.drop()
      }
      await sleep(everyMs)
    }
    this.drop()
  }

  private async connect(): Promise<Link | undefined> {
    const address = await leaderOf(this.addresses, this.topic, this.partition)
    return address === undefined ? undefined : Link.open(address, CONNECT_WITHIN_MS)
  }

  private drop(): void {
    this.link?.close()
    this.link = undefined
  }

  stop(): void {
    this.isStopping = true
  }
}

/** The longest time between two acknowledgements that follow each other, ms. */
export const longestPause = (times: ReadonlyArray<number>): number =>
  times.reduce((longest, time, at) => (at === 0 ? longest : Math.max(longest, time - times[at - 1]!)), 0)
