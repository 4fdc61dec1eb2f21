/**
 * Who leads what, as the brokers tell it. Invariant: what is known of a partition never falls back to an older leader epoch, whichever
 * broker answers last: one that slept still tells of its own leadership. Neighbours: Client.ts, Rounds.ts.
 */
import type { Place } from "klamm-test-crash/Calls"
import { keyOf } from "klamm-test-crash/Ledger"
import { listAt, numberAt, type Struct, stringAt } from "klamm-test-differential/Value"
import { Client } from "./Client.ts"
import { Gone } from "./Link.ts"
import { now, sleep } from "./Waiting.ts"

const METADATA = 3
const DESCRIBE_QUORUM = 55
const ANSWER_WITHIN_MS = 1_500
const LARGE_ANSWER_WITHIN_MS = 10_000
/** Refreshes closer together than this are one. */
const REFRESH_EVERY_MS = 20

export interface PartitionView extends Place {
  readonly leader: number
  readonly epoch: number
  readonly replicas: ReadonlyArray<number>
  readonly isr: ReadonlyArray<number>
}

/** What one broker says of the cluster. */
export interface View {
  readonly brokers: ReadonlyArray<number>
  readonly partitions: ReadonlyArray<PartitionView>
  readonly clusterId: string
}

const numbers = (value: Struct, path: string): ReadonlyArray<number> => listAt(value, path).map(Number)

const viewOf = (answer: Struct): View => ({
  brokers: listAt(answer, "brokers").map((broker) => numberAt(broker, "nodeId")),
  clusterId: stringAt(answer, "clusterId"),
  partitions: listAt(answer, "topics").flatMap((topic) =>
    listAt(topic, "partitions").map((partition) => ({
      topic: stringAt(topic, "name"),
      partition: numberAt(partition, "partitionIndex"),
      leader: numberAt(partition, "leaderId"),
      epoch: numberAt(partition, "leaderEpoch"),
      replicas: numbers(partition as Struct, "replicaNodes"),
      isr: numbers(partition as Struct, "isrNodes")
    }))
  )
})

export class Topology {
  readonly addresses: ReadonlyMap<number, string>
  private topics: ReadonlyArray<string> = []
  private readonly known = new Map<string, PartitionView>()
  private readonly client: Client
  private refreshing: Promise<void> | undefined

  constructor(addresses: ReadonlyMap<number, string>) {
    this.addresses = addresses
    this.client = new Client(addresses, "cluster-topology")
  }

  get ids(): ReadonlyArray<number> {
    return [...this.addresses.keys()]
  }

  follow(topics: ReadonlyArray<string>): void {
    this.topics = topics
  }

  of(place: Place): PartitionView | undefined {
    return this.known.get(keyOf(place))
  }

  /** What this broker says; throws `Gone` when it does not say it in time. */
  async ask(broker: number, withinMs: number = ANSWER_WITHIN_MS): Promise<View> {
    const topics = this.topics.map((name) => ({ name }))
    return viewOf(await this.client.call(broker, METADATA, 9, { topics, allowAutoTopicCreation: false }, withinMs))
  }

  /** What each broker says that answers. */
  async askAll(): Promise<ReadonlyMap<number, View>> {
    const views = new Map<number, View>()
    const one = async (broker: number): Promise<void> => {
      try {
        views.set(broker, await this.ask(broker, LARGE_ANSWER_WITHIN_MS))
      } catch (cause) {
        if (!(cause instanceof Gone)) throw cause
      }
    }
    await Promise.all(this.ids.map(one))
    return views
  }

  private take(view: View): void {
    for (const partition of view.partitions) {
      const key = keyOf(partition)
      const before = this.known.get(key)
      if (before === undefined || partition.epoch >= before.epoch) this.known.set(key, partition)
    }
  }

  /** Asks every broker and returns with the first answer; the others are taken when they come. */
  refresh(): Promise<void> {
    this.refreshing ??= this.refreshOnce().finally(() => {
      this.refreshing = undefined
    })
    return this.refreshing
  }

  private async refreshOnce(): Promise<void> {
    const from = now()
    const asked = this.ids.map(async (broker) => this.take(await this.ask(broker)))
    await Promise.any(asked).catch(() => undefined)
    await sleep(Math.max(0, REFRESH_EVERY_MS - (now() - from)))
  }

  /** The node that leads the metadata quorum, from the first broker that knows; undefined when none does. */
  async activeController(): Promise<number | undefined> {
    const body = { topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }] }
    for (const broker of this.ids) {
      try {
        const answer = await this.client.call(broker, DESCRIBE_QUORUM, 0, body, ANSWER_WITHIN_MS)
        if (numberAt(answer, "errorCode") !== 0) continue
        const leader = numberAt(answer, "topics.0.partitions.0.leaderId")
        if (leader >= 0) return leader
      } catch (cause) {
        if (!(cause instanceof Gone)) throw cause
      }
    }
    return undefined
  }

  close(): void {
    this.client.close()
  }
}
