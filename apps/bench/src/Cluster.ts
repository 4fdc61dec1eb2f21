/**
 * What has to be asked of a cluster around a load: which nodes there are, topics made and removed, who leads, where the files lie.
 * Works with any Kafka. Invariant: a topic that `createTopic` answered for has a leader for every partition. Neighbours: Link.ts, loads.
 */
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { CreateTopicsRequest, CreateTopicsResponse } from "@klamm/protocol/api/19-CreateTopics"
import { DeleteTopicsRequest, DeleteTopicsResponse } from "@klamm/protocol/api/20-DeleteTopics"
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from "@klamm/protocol/api/35-DescribeLogDirs"
import { CreatePartitionsRequest, CreatePartitionsResponse } from "@klamm/protocol/api/37-CreatePartitions"
import { Link } from "./Link.ts"

const METADATA = 12
const CREATE_TOPICS = 7
const DELETE_TOPICS = 5
const CREATE_PARTITIONS = 3
const DESCRIBE_LOG_DIRS = 4
const CONNECT_WITHIN_MS = 5_000
const LED_WITHIN_MS = 120_000
const LOOK_EVERY_MS = 10
const NO_ERROR = 0
const ALREADY_EXISTS = 36

export const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))
export const now = (): number => performance.now()

export interface TopicPlan {
  readonly name: string
  readonly partitions: number
  readonly replication: number
}

export interface PartitionView {
  readonly partition: number
  /** -1 without one. */
  readonly leader: number
  readonly inSync: number
}

/** The first of the bootstrap addresses that takes a connection. */
export const connect = async (bootstrap: string): Promise<Link> => {
  let last: unknown
  for (const address of bootstrap.split(",")) {
    try {
      return await Link.open(address, CONNECT_WITHIN_MS)
    } catch (cause) {
      last = cause
    }
  }
  throw last
}

const using = async <A>(bootstrap: string, use: (link: Link) => Promise<A>): Promise<A> => {
  const link = await connect(bootstrap)
  try {
    return await use(link)
  } finally {
    link.close()
  }
}

const metadata = (link: Link, topics: ReadonlyArray<string>, withinMs?: number) =>
  link.call(
    MetadataRequest,
    MetadataResponse,
    METADATA,
    { topics: topics.map((name) => ({ name })), allowAutoTopicCreation: false },
    withinMs
  )

/** HOST:PORT by node. */
export const nodesOf = (bootstrap: string): Promise<ReadonlyMap<number, string>> =>
  using(bootstrap, async (link) => {
    const { brokers } = await metadata(link, [])
    return new Map(brokers.map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`]))
  })

export const partitionsOf = async (
  link: Link,
  topic: string,
  withinMs?: number
): Promise<ReadonlyArray<PartitionView>> => {
  const { topics } = await metadata(link, [topic], withinMs)
  return (topics[0]?.partitions ?? []).map(({ partitionIndex, leaderId, errorCode, isrNodes }) => ({
    partition: partitionIndex,
    leader: errorCode === NO_ERROR ? leaderId : -1,
    inSync: isrNodes.length
  }))
}

/** Asks once; answers why the broker did not take it, undefined when it did. */
export const askForTopic = async (link: Link, plan: TopicPlan, withinMs?: number): Promise<string | undefined> => {
  const { name, partitions, replication } = plan
  const topic = { name, numPartitions: partitions, replicationFactor: replication, assignments: [], configs: [] }
  const input = { topics: [topic] }
  const answer = await link.call(CreateTopicsRequest, CreateTopicsResponse, CREATE_TOPICS, input, withinMs)
  const { errorCode, errorMessage } = answer.topics[0] ?? { errorCode: -1, errorMessage: "no answer for it" }
  return errorCode === NO_ERROR || errorCode === ALREADY_EXISTS ? undefined : `error ${errorCode}: ${errorMessage}`
}

const untilLed = async (link: Link, { name, partitions, replication }: TopicPlan): Promise<void> => {
  const giveUp = now() + LED_WITHIN_MS
  for (;;) {
    const view = await partitionsOf(link, name)
    const whole = view.filter(({ leader, inSync }) => leader >= 0 && inSync === replication).length
    if (whole === partitions) return
    if (now() > giveUp) throw new Error(`${name}: ${whole} of ${partitions} partitions have a leader and all replicas`)
    await sleep(LOOK_EVERY_MS)
  }
}

/** A controller takes at most 10,000 records at once, one for each partition and one for the topic. */
const PARTITIONS_AT_ONCE = 5_000

const askForMore = async (link: Link, { name, partitions }: TopicPlan): Promise<string | undefined> => {
  const answer = await link.call(
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CREATE_PARTITIONS,
    { topics: [{ name, count: partitions, assignments: null }], timeoutMs: LED_WITHIN_MS, validateOnly: false },
    LED_WITHIN_MS
  )
  const { errorCode, errorMessage } = answer.results[0] ?? { errorCode: -1, errorMessage: "no answer for it" }
  return errorCode === NO_ERROR ? undefined : `error ${errorCode}: ${errorMessage}`
}

const askForAll = async (link: Link, plan: TopicPlan): Promise<string | undefined> => {
  const first = Math.min(plan.partitions, PARTITIONS_AT_ONCE)
  let refusal = await askForTopic(link, { ...plan, partitions: first }, LED_WITHIN_MS)
  for (let made = first; refusal === undefined && made < plan.partitions; ) {
    made = Math.min(plan.partitions, made + PARTITIONS_AT_ONCE)
    refusal = await askForMore(link, { ...plan, partitions: made })
  }
  return refusal
}

/** Makes it and waits until all its partitions are led and in sync; answers in how many seconds the broker answered. */
export const createTopic = (bootstrap: string, plan: TopicPlan): Promise<number> =>
  using(bootstrap, async (link) => {
    const from = now()
    const refusal = await askForAll(link, plan)
    if (refusal !== undefined) throw new Error(`${plan.name} was not created: ${refusal}`)
    const seconds = (now() - from) / 1000
    await untilLed(link, plan)
    return seconds
  })

export const deleteTopic = (bootstrap: string, name: string): Promise<void> =>
  using(bootstrap, async (link) => {
    await link.call(
      DeleteTopicsRequest,
      DeleteTopicsResponse,
      DELETE_TOPICS,
      { topicNames: [name], topics: [], timeoutMs: LED_WITHIN_MS },
      LED_WITHIN_MS
    )
  })

/** Waits until every partition of a topic has all its replicas in sync. */
export const untilWhole = (bootstrap: string, plan: TopicPlan): Promise<void> =>
  using(bootstrap, (link) => untilLed(link, plan))

const foldersAt = (address: string, topic: string): Promise<ReadonlyArray<string>> =>
  using(address, async (link) => {
    const { results } = await link.call(DescribeLogDirsRequest, DescribeLogDirsResponse, DESCRIBE_LOG_DIRS, {
      topics: null
    })
    return results.flatMap(({ logDir, topics }) =>
      topics
        .filter(({ name }) => name === topic)
        .flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => `${logDir}/${topic}-${partitionIndex}`))
    )
  })

/** The folders on the brokers' machines that hold partitions of a topic, of every broker that is named. */
export const foldersOf = async (bootstrap: string, topic: string): Promise<ReadonlyArray<string>> =>
  (await Promise.all(bootstrap.split(",").map((address) => foldersAt(address, topic)))).flat()
