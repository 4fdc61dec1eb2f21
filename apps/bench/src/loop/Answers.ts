/**
 * What the plain loop answers to each API key: just what a producer, a consumer of named partitions, and this bench ask for. Ids and
 * sequences of producers are given out and not looked at; all groups, transactions, ids of topics and sessions are left out. Invariant: a
 * request is answered as its version wants it, or refused. Neighbours: Loop.ts, Partitions.ts, @klamm/protocol (the tables).
 */
import type { Message } from "@klamm/protocol/Api"
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { ListOffsetsRequest, ListOffsetsResponse } from "@klamm/protocol/api/02-ListOffsets"
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol/api/18-ApiVersions"
import { CreateTopicsRequest, CreateTopicsResponse } from "@klamm/protocol/api/19-CreateTopics"
import { DeleteTopicsRequest, DeleteTopicsResponse } from "@klamm/protocol/api/20-DeleteTopics"
import { InitProducerIdRequest, InitProducerIdResponse } from "@klamm/protocol/api/22-InitProducerId"
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from "@klamm/protocol/api/35-DescribeLogDirs"
import type { Reader, Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { decodeRequestHeader, encodeResponseHeader, type RequestHeader } from "@klamm/protocol/Header"
import { sizeInBytes, verifyBatch } from "@klamm/protocol/RecordBatch"
import { HOST, leaderOf, type Members, nodeIds } from "./Members.ts"
import type { Topics } from "./Partitions.ts"
import type { Replicas } from "./Replicas.ts"

/** A request after which its connection is of no use. */
export class Refused extends Error {}

/** ListOffsets asks by it for the first offset; all other times are taken for the end. */
const EARLIEST = -2

/** Writes a whole frame. */
const writeAnswer = <G>(
  writer: Writer,
  response: Message<G>,
  { apiVersion, correlationId }: RequestHeader,
  answer: Message<G>["Input"]
): void => {
  const frame = writer.beginFrame()
  encodeResponseHeader(writer, response.key, apiVersion, correlationId)
  codec(response, apiVersion).encode(writer, answer)
  writer.endFrame(frame)
}

/** A fetch waits until there is something to tell, or its time is over. */
export class Fetch {
  private readonly topics: Topics
  private readonly header: RequestHeader
  private readonly request: FetchRequest

  constructor(topics: Topics, header: RequestHeader, request: FetchRequest) {
    this.topics = topics
    this.header = header
    this.request = request
  }

  get maxWaitMs(): number {
    return this.request.maxWaitMs
  }

  /** Anything but being at the high watermark of all its partitions. */
  get hasNews(): boolean {
    return this.request.topics.some(({ topic, partitions }) =>
      partitions.some((each) => this.topics.partition(topic, each.partition)?.highWatermark !== each.fetchOffset)
    )
  }

  /** Into a writer of its own, which passes on what was read without copying it. */
  write(writer: Writer): void {
    const responses = this.request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((each) => this.partition(topic, each))
    }))
    writeAnswer(writer, FetchResponse, this.header, { errorCode: ErrorCode.NONE, sessionId: 0, responses })
  }

  private partition(topic: string, asked: FetchRequest["topics"][number]["partitions"][number]) {
    const { partition: partitionIndex, fetchOffset, partitionMaxBytes } = asked
    const none = { partitionIndex, highWatermark: -1, abortedTransactions: null, records: new Uint8Array(0) }
    const partition = this.topics.partition(topic, partitionIndex)
    if (partition === undefined) return { ...none, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
    const { startOffset: logStartOffset, highWatermark } = partition
    const ends = { highWatermark, lastStableOffset: highWatermark, logStartOffset }
    if (fetchOffset < logStartOffset || fetchOffset > highWatermark) {
      return { ...none, ...ends, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }
    }
    return { ...none, ...ends, errorCode: ErrorCode.NONE, records: partition.read(fetchOffset, partitionMaxBytes) }
  }
}

/** What answers are about. */
export interface Held {
  readonly members: Members
  readonly topics: Topics
  readonly replicas: Replicas
}

interface PartitionData {
  readonly index: number
  readonly records: Uint8Array | null
}

const appended = ({ members, topics, replicas }: Held, topic: string, { index, records }: PartitionData) => {
  const refused = (errorCode: ErrorCode) => ({ index, errorCode, baseOffset: -1 })
  const partition = topics.partition(topic, index)
  if (partition === undefined) return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (leaderOf(members, index) !== members.nodeId) return refused(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  // Producers have put one batch into a request for each partition since batches have this format.
  if (records === null || verifyBatch(records) !== undefined || sizeInBytes(records, 0) !== records.length) {
    return refused(ErrorCode.CORRUPT_MESSAGE)
  }
  const baseOffset = topics.append(partition, records)
  replicas.append(topic, index, records)
  return { index, errorCode: ErrorCode.NONE, baseOffset, logStartOffset: partition.startOffset }
}

/** Undefined with acks=0: nobody waits for an answer. */
const produce = (held: Held, { acks, topicData }: ProduceRequest) => {
  const responses = topicData.map(({ name, partitionData }) => ({
    name,
    partitionResponses: partitionData.map((each) => appended(held, name, each))
  }))
  return acks === 0 ? undefined : { responses }
}

const described = ({ members, topics }: Held, name: string) => {
  const partitions = topics.partitionsOf(name)
  const nodes = nodeIds(members)
  return {
    name,
    errorCode: partitions === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.NONE,
    partitions: (partitions ?? []).map((_, partitionIndex) => ({
      errorCode: ErrorCode.NONE,
      partitionIndex,
      leaderId: leaderOf(members, partitionIndex),
      leaderEpoch: 0,
      replicaNodes: nodes,
      isrNodes: nodes
    }))
  }
}

const metadata = (held: Held, request: MetadataRequest) => {
  // A topic that is asked for by its id alone is one without a name, and not known.
  const names = request.topics?.map(({ name }) => name ?? "") ?? held.topics.names
  return {
    brokers: held.members.ports.map(({ clients: port }, index) => ({ nodeId: index + 1, host: HOST, port })),
    controllerId: held.members.nodeId,
    topics: names.map((name) => described(held, name))
  }
}

/** Each has as many replicas as there are members, however many are asked for. */
const createTopics = ({ members, topics, replicas }: Held, request: CreateTopicsRequest) => ({
  topics: request.topics.map(({ name, numPartitions }) => {
    const partitions = Math.max(1, numPartitions)
    const isNew = topics.create(name, partitions)
    if (isNew) replicas.create(name, partitions)
    return {
      name,
      errorCode: isNew ? ErrorCode.NONE : ErrorCode.TOPIC_ALREADY_EXISTS,
      errorMessage: null,
      numPartitions: partitions,
      replicationFactor: members.ports.length,
      configs: []
    }
  })
})

const removed = ({ topics, replicas }: Held, name: string): ErrorCode => {
  if (!topics.remove(name)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  replicas.remove(name)
  return ErrorCode.NONE
}

const deleteTopics = (held: Held, { topicNames }: DeleteTopicsRequest) => ({
  responses: topicNames.map((name) => ({ name, errorCode: removed(held, name) }))
})

const listOffsets = ({ topics }: Held, request: ListOffsetsRequest) => ({
  topics: request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, timestamp }) => {
      const partition = topics.partition(name, partitionIndex)
      if (partition === undefined) return { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
      const offset = timestamp === EARLIEST ? partition.startOffset : partition.highWatermark
      return { partitionIndex, errorCode: ErrorCode.NONE, offset, leaderEpoch: 0 }
    })
  }))
})

/** All topics, whichever are asked for. */
const describeLogDirs = ({ topics }: Held) => {
  const held = topics.names.map((name) => ({
    name,
    partitions: (topics.partitionsOf(name) ?? []).map(({ sizeBytes: partitionSize }, partitionIndex) => ({
      partitionIndex,
      partitionSize,
      offsetLag: 0,
      isFutureKey: false
    }))
  }))
  return { results: [{ errorCode: ErrorCode.NONE, logDir: topics.folder, topics: held }] }
}

interface Api {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
  /** Carries out the request whose body the reader stands on, and writes the answer but for a fetch, which may have to wait. */
  readonly answer: (reader: Reader, header: RequestHeader, writer: Writer) => Fetch | undefined
}

type Range = readonly [minVersion: number, maxVersion: number]

/** Nothing is written when there is no answer. */
const api = <F, G>(
  request: Message<F>,
  response: Message<G>,
  [minVersion, maxVersion]: Range,
  carryOut: (request: Message<F>["Type"]) => Message<G>["Input"] | undefined
): Api => ({
  apiKey: request.key,
  minVersion,
  maxVersion,
  answer: (reader, header, writer) => {
    const answer = carryOut(codec(request, header.apiVersion).decode(reader))
    if (answer !== undefined) writeAnswer(writer, response, header, answer)
    return undefined
  }
})

/** The highest versions in which topics have names and not yet ids, or else what clients of today ask for. */
const RANGES = {
  produce: [3, 12],
  fetch: [4, 12],
  listOffsets: [1, 6],
  // Up to 0 an empty list of topics means all.
  metadata: [1, 12],
  apiVersions: [0, 3],
  createTopics: [2, 7],
  deleteTopics: [1, 5],
  initProducerId: [0, 4],
  describeLogDirs: [1, 4]
} as const satisfies Readonly<Record<string, Range>>

export class Answers {
  private readonly apis: ReadonlyMap<number, Api>
  private readonly members: Members
  private producers = 0

  constructor(held: Held) {
    this.members = held.members
    const fetch: Api = {
      apiKey: FetchRequest.key,
      minVersion: RANGES.fetch[0],
      maxVersion: RANGES.fetch[1],
      answer: (reader, header) => new Fetch(held.topics, header, codec(FetchRequest, header.apiVersion).decode(reader))
    }
    const apis = [
      fetch,
      api(ProduceRequest, ProduceResponse, RANGES.produce, (request) => produce(held, request)),
      api(ListOffsetsRequest, ListOffsetsResponse, RANGES.listOffsets, (request) => listOffsets(held, request)),
      api(MetadataRequest, MetadataResponse, RANGES.metadata, (request) => metadata(held, request)),
      api(ApiVersionsRequest, ApiVersionsResponse, RANGES.apiVersions, () => this.versions(ErrorCode.NONE)),
      api(CreateTopicsRequest, CreateTopicsResponse, RANGES.createTopics, (request) => createTopics(held, request)),
      api(DeleteTopicsRequest, DeleteTopicsResponse, RANGES.deleteTopics, (request) => deleteTopics(held, request)),
      api(InitProducerIdRequest, InitProducerIdResponse, RANGES.initProducerId, () => this.producer()),
      api(DescribeLogDirsRequest, DescribeLogDirsResponse, RANGES.describeLogDirs, () => describeLogDirs(held))
    ]
    this.apis = new Map(apis.map((each) => [each.apiKey, each]))
  }

  private versions(errorCode: ErrorCode) {
    const apiKeys = [...this.apis.values()].map(({ apiKey, minVersion, maxVersion }) => ({
      apiKey,
      minVersion,
      maxVersion
    }))
    return { errorCode, apiKeys }
  }

  private producer() {
    const producerId = this.producers * this.members.ports.length + this.members.nodeId
    this.producers += 1
    return { errorCode: ErrorCode.NONE, producerId, producerEpoch: 0 }
  }

  /** Carries out the request that the reader stands on, and writes its answer unless it is the fetch that is given back. */
  take(reader: Reader, writer: Writer): Fetch | undefined {
    const header = decodeRequestHeader(reader)
    const { apiKey, apiVersion } = header
    const found = this.apis.get(apiKey)
    if (found === undefined) throw new Refused(`API key ${apiKey} is not served`)
    if (apiVersion >= found.minVersion && apiVersion <= found.maxVersion) return found.answer(reader, header, writer)
    if (apiKey !== ApiVersionsRequest.key) throw new Refused(`API key ${apiKey} is not served in version ${apiVersion}`)
    // Any client understands the oldest version, and asks again in one that it finds there (KIP-511).
    const answer = this.versions(ErrorCode.UNSUPPORTED_VERSION)
    writeAnswer(writer, ApiVersionsResponse, { ...header, apiVersion: 0 }, answer)
    return undefined
  }
}
