/**
 * Creating topics: behaviours 026 to 028, 035 to 039 and 044 (Kafka's ControllerApis and ReplicationControlManager). Each topic
 * is decided alone; the records of all that may be created commit as one.
 */
import { validateTopic } from "@klamm/config/AlterRules"
import type { BrokerSnapshot } from "@klamm/config/BrokerConfig"
import { Brokers, type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import { activeReplicas, checkManual, partitionRecord } from "./Assignment.ts"
import { bounded } from "./Bounded.ts"
import { place } from "./Placement.ts"
import type { ControllerState, Settings } from "./State.ts"
import { collisions, illegal } from "./TopicNames.ts"

export interface NewTopic {
  readonly name: string
  /** -1: num.partitions, or as the assignments say. */
  readonly numPartitions: number
  /** -1: default.replication.factor, or as the assignments say. */
  readonly replicationFactor: number
  readonly assignments: ReadonlyArray<{ readonly partitionIndex: number; readonly brokerIds: ReadonlyArray<number> }>
  readonly configs: ReadonlyArray<{ readonly name: string; readonly value: string | null }>
  /** A fresh id, drawn by the asker: deciding draws no chance. */
  readonly topicId: string
}

export interface CreateTopics {
  readonly _tag: "CreateTopics"
  readonly topics: ReadonlyArray<NewTopic>
  readonly validateOnly: boolean
  readonly placementSeed: number
}

export interface CreatedTopic extends Failure {
  readonly name: string
  readonly topicId: string
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
}

const metadataTopic = "__cluster_metadata"
/** Partitions that one request may create (Kafka's ReplicationControlManager). */
export const maxPartitionsPerRequest = 10_000
const zeroId = "AAAAAAAAAAAAAAAAAAAAAA"

type Refusable<A> = A | Failure
const isFailure = (value: object): value is Failure => "errorCode" in value

const manualReplicas = (state: ControllerState, topic: NewTopic): Refusable<ReadonlyArray<ReadonlyArray<number>>> => {
  if (topic.replicationFactor !== -1) {
    return failure(
      ErrorCode.INVALID_REQUEST,
      "A manual partition assignment was specified, but replication factor was not set to -1."
    )
  }
  if (topic.numPartitions !== -1) {
    return failure(
      ErrorCode.INVALID_REQUEST,
      "A manual partition assignment was specified, but numPartitions was not set to -1."
    )
  }
  const byIndex = new Map<number, ReadonlyArray<number>>()
  let size: number | undefined
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (byIndex.has(partitionIndex)) {
      const message = `Found multiple manual partition assignments for partition ${partitionIndex}`
      return failure(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    }
    const wrong = checkManual(state, brokerIds, size)
    if (wrong !== undefined) return wrong
    if (activeReplicas(state, brokerIds).length === 0) {
      const message = `All brokers specified in the manual partition assignment for partition ${partitionIndex} are fenced or in controlled shutdown.`
      return failure(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    }
    size = brokerIds.length
    byIndex.set(partitionIndex, brokerIds)
  }
  const replicas = Array.from({ length: byIndex.size }, (_, index) => byIndex.get(index))
  const whole = replicas.every((each) => each !== undefined)
  return whole
    ? replicas
    : failure(ErrorCode.INVALID_REPLICA_ASSIGNMENT, "partitions should be a consecutive 0-based integer sequence")
}

const placedReplicas = (
  state: ControllerState,
  topic: NewTopic,
  defaults: BrokerSnapshot["values"],
  seed: number
): Refusable<ReadonlyArray<ReadonlyArray<number>>> => {
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    return failure(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      "Replication factor must be larger than 0, or -1 to use the default value."
    )
  }
  if (topic.numPartitions < -1 || topic.numPartitions === 0) {
    return failure(ErrorCode.INVALID_PARTITIONS, "Number of partitions was set to an invalid non-positive value.")
  }
  const partitions = topic.numPartitions === -1 ? defaults["num.partitions"] : topic.numPartitions
  const factor = topic.replicationFactor === -1 ? defaults["default.replication.factor"] : topic.replicationFactor
  const brokers = Brokers.all(state.image.brokers).map((broker) => ({
    id: broker.id,
    rack: broker.rack,
    fenced: broker.fenced || broker.inControlledShutdown
  }))
  const placed = place(brokers, partitions, factor, seed)
  return "reason" in placed ? failure(ErrorCode.INVALID_REPLICATION_FACTOR, placed.reason) : placed
}

/** What all topics of a request are decided on. */
interface Context {
  readonly state: ControllerState
  readonly snapshot: BrokerSnapshot
  readonly colliding: ReturnType<typeof collisions>
}

const checkName = ({ state, colliding }: Context, name: string): Failure | undefined => {
  if (name === metadataTopic) {
    return failure(ErrorCode.INVALID_REQUEST, `Creation of internal topic ${metadataTopic} is prohibited.`)
  }
  const reason = illegal(name)
  if (reason !== undefined) return failure(ErrorCode.INVALID_TOPIC_EXCEPTION, reason)
  if (Topics.byName(state.image.topics, name) !== undefined) {
    return failure(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
  }
  const other = colliding(name)
  return other === undefined
    ? undefined
    : failure(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic '${name}' collides with existing topic: ${other}`)
}

/** The topic's own values; a null one is refused as Kafka refuses it. */
const readConfigs = (topic: NewTopic): Refusable<ReadonlyMap<string, string>> => {
  const nulls = topic.configs.filter((config) => config.value === null).map((config) => config.name)
  if (nulls.length > 0) {
    return failure(ErrorCode.INVALID_CONFIG, `Null value not supported for topic configs: ${nulls.join(",")}`)
  }
  return new Map(topic.configs.map(({ name, value }) => [name, value ?? ""]))
}

interface Decided {
  readonly answer: CreatedTopic
  readonly records: ReadonlyArray<MetadataRecordInput>
}

const refused = (topic: { readonly name: string }, { errorCode, message }: Failure): Decided => ({
  answer: {
    name: topic.name,
    errorCode,
    message,
    topicId: zeroId,
    numPartitions: -1,
    replicationFactor: -1,
    configs: new Map()
  },
  records: []
})

const createOne = (context: Context, topic: NewTopic, seed: number): Decided => {
  const { state, snapshot } = context
  const wrongName = checkName(context, topic.name)
  if (wrongName !== undefined) return refused(topic, wrongName)
  const configs = readConfigs(topic)
  if (isFailure(configs)) return refused(topic, configs)
  const wrongConfig = validateTopic(snapshot, configs)
  if (wrongConfig !== null) return refused(topic, failure(wrongConfig.errorCode, wrongConfig.message))
  const replicas =
    topic.assignments.length > 0 ? manualReplicas(state, topic) : placedReplicas(state, topic, snapshot.values, seed)
  if (isFailure(replicas)) return refused(topic, replicas)
  const answer = {
    ...ok,
    name: topic.name,
    topicId: topic.topicId,
    numPartitions: replicas.length,
    replicationFactor: replicas[0]?.length ?? 0,
    configs
  }
  const configRecords = [...configs].map(
    ([name, value]): MetadataRecordInput => ({
      _tag: "Config",
      resourceType: 2,
      resourceName: topic.name,
      name,
      value
    })
  )
  const partitions = replicas.map((each, index) => partitionRecord(state, topic.topicId, index, each))
  const records: ReadonlyArray<MetadataRecordInput> = [
    { _tag: "Topic", name: topic.name, topicId: topic.topicId },
    ...configRecords,
    ...partitions
  ]
  return { answer, records }
}

/** Topics that the request names more than once (behaviour 035). */
export const repeatedNames = (names: ReadonlyArray<string>): ReadonlySet<string> => {
  const seen = new Set<string>()
  return new Set(names.filter((name) => seen.size === seen.add(name).size))
}

/** Partitions that the request would make, by what it says alone: nothing is placed for one that is too large. */
const partitionsAsked = (topics: ReadonlyArray<NewTopic>, defaultPartitions: number): number =>
  topics.reduce((sum, { assignments, numPartitions }) => {
    if (assignments.length > 0) return sum + assignments.length
    return sum + (numPartitions === -1 ? defaultPartitions : Math.max(0, numPartitions))
  }, 0)

/** Decides all topics, each on the state without the others; two new names can't collide with one another's dots. */
export const createTopics = (state: ControllerState, settings: Settings, command: CreateTopics) => {
  const snapshot = settings.snapshot(state.image)
  const context: Context = { state, snapshot, colliding: collisions(state.image.topics) }
  const repeated = repeatedNames(command.topics.map((topic) => topic.name))
  const answered = new Set<string>()
  const records: Array<MetadataRecordInput> = []
  const reply: Array<CreatedTopic> = []
  if (partitionsAsked(command.topics, snapshot.values["num.partitions"]) > maxPartitionsPerRequest) {
    const failed = failure(ErrorCode.POLICY_VIOLATION, "Excessively large number of partitions per request.")
    return { records: [], reply: command.topics.map((topic) => refused(topic, failed).answer) }
  }
  for (const [index, topic] of command.topics.entries()) {
    if (repeated.has(topic.name)) {
      if (answered.has(topic.name)) continue
      answered.add(topic.name)
      reply.push(refused(topic, failure(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")).answer)
      continue
    }
    const decided = createOne(context, topic, command.placementSeed + index)
    reply.push(decided.answer)
    records.push(...decided.records)
  }
  return bounded(records, reply, command.validateOnly, (answer, failed) => refused(answer, failed).answer)
}
