/**
 * The one normalisation before two brokers' answers are compared. What differs between any two clusters, two Kafkas among
 * them, is replaced by a word that keeps what matters (absent or present, own or foreign):
 *
 *  1. the run's suffix in names of topics and groups; own host, port, folder and cluster id, in any text, other ports of this
 *     machine, and who of several nodes is the controller;
 *  2. ids: topic ids by the alias they were created under, other uuids by <uuid>, producer ids and fetch session ids by the
 *     order in which a scenario first saw them (-1 and 0, which mean none, stay);
 *  3. the own node id, in the fields that hold node ids;
 *  4. times the broker's clock gave (log append time, last timestamp), throttle times, broker and feature epochs, sizes of
 *     disks, and how long the metadata log is;
 *  5. record batches are taken apart into their header's fields; where a producer id or an append time is in them, their
 *     checksum is not compared.
 *
 * Lists whose order Kafka leaves open are compared as sets: an element goes by its key (`KEYS`), not by its place. All else,
 * messages of errors among it, is compared as it is. Neighbours: Compare.ts, Run.ts.
 */
import * as Header from "@klamm/protocol/RecordBatch"
import { isStruct, type Struct, type Value } from "./Value.ts"

/** What is known of one broker, and of one scenario on it. */
export interface Names {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  /** Ports of other nodes of the cluster, with what stands for them. */
  readonly ports: ReadonlyMap<number, string>
  /** Texts to replace wherever they occur, with what stands for them. */
  readonly texts: Map<string, string>
  readonly producers: Map<number, string>
  readonly sessions: Map<number, string>
}

/** The key of an element of a list, first found first taken. */
const KEYS = [
  "name",
  "topicName",
  "topic",
  "topicId",
  "key",
  "groupId",
  "resourceName",
  "partitionIndex",
  "partition",
  "index",
  "nodeId",
  "brokerId",
  "apiKey",
  "memberId",
  "logDir",
  "replicaId"
] as const

const NODE_FIELDS = new Set([
  "nodeId",
  "leaderId",
  "controllerId",
  "brokerId",
  "replicaNodes",
  "isrNodes",
  "offlineReplicas",
  "preferredReadReplica",
  "currentLeader",
  "replicaId"
])
const TIME_FIELDS = new Set(["logAppendTimeMs", "lastTimestamp", "lastFetchTimestamp", "lastCaughtUpTimestamp"])
const CONSTANT_FIELDS = new Set([
  "throttleTimeMs",
  "brokerEpoch",
  "finalizedFeaturesEpoch",
  "totalBytes",
  "usableBytes",
  "logEndOffset"
])
/** Ids of nodes in no order. */
const SETS = new Set(["isrNodes"])
/** In an answer that has voters: the metadata log, which is another in every cluster. */
const QUORUM_FIELDS = new Set(["highWatermark", "leaderEpoch", "leaderId"])

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
/** Another listener of this machine, such as the controllers'. */
const LOOPBACK = /127\.0\.0\.1:\d+/g
/** How the message of error 32 tells the window, which moves with the clock. */
const TIME_WINDOW = /within \[-?\d+, -?\d+\]/g
const ID_FIELDS = new Set(["topicId", "directoryId", "incarnationId", "replicaDirectoryId"])
const ZERO_ID = "AAAAAAAAAAAAAAAAAAAAAA"

const numbered = (names: Map<number, string>, word: string, value: number): string => {
  const known = names.get(value)
  if (known !== undefined) return known
  const made = `<${word} ${names.size + 1}>`
  names.set(value, made)
  return made
}

const text = (field: string, value: string, names: Names): string => {
  let seen = value
  for (const [from, to] of names.texts) seen = seen.replaceAll(from, to)
  seen = seen.replace(LOOPBACK, "<address>").replace(UUID, "<uuid>").replace(TIME_WINDOW, "within [<time>, <time>]")
  if (ID_FIELDS.has(field) && seen === value && value !== ZERO_ID) return "<id>"
  if (field === "clusterId") return "<cluster>"
  if (field === "host" && value === names.host) return "<host>"
  if (field === "logDir") return "<folder>"
  return seen
}

const number = (field: string, value: number, names: Names): Value => {
  if (field === "controllerId" && names.ports.size > 0) return value > 0 ? "<controller>" : value
  if (NODE_FIELDS.has(field) && value === names.nodeId) return "<node>"
  if (CONSTANT_FIELDS.has(field)) return `<${field}>`
  if (TIME_FIELDS.has(field) && value >= 0) return "<time>"
  if (field === "port" && value === names.port) return "<port>"
  if (field === "port") return names.ports.get(value) ?? value
  if (field === "producerId" && value >= 0) return numbered(names.producers, "producer", value)
  if (field === "sessionId" && value > 0) return numbered(names.sessions, "session", value)
  return value
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const batchStruct = (bytes: Uint8Array, from: number, to: number, names: Names): Struct => {
  const producer = Header.producerId(bytes, from)
  const appended = Header.timestampType(bytes, from) === Header.logAppendTime
  const open = appended || producer >= 0
  return {
    baseOffset: Header.baseOffset(bytes, from),
    batchLength: Header.batchLength(bytes, from),
    leaderEpoch: Header.partitionLeaderEpoch(bytes, from),
    magic: Header.magic(bytes, from),
    crc: open ? "<crc>" : Header.crc(bytes, from),
    attributes: Header.attributes(bytes, from),
    lastOffsetDelta: Header.lastOffsetDelta(bytes, from),
    baseTimestamp: Header.baseTimestamp(bytes, from),
    maxTimestamp: appended ? "<time>" : Header.maxTimestamp(bytes, from),
    producerId: number("producerId", producer, names),
    producerEpoch: Header.producerEpoch(bytes, from),
    baseSequence: Header.baseSequence(bytes, from),
    count: Header.count(bytes, from),
    records: hex(bytes.subarray(from + Header.headerBytes, to))
  }
}

/** Whole batches as structs, and what is left behind the last whole one as hex. */
const records = (bytes: Uint8Array, names: Names): Struct => {
  const batches: Array<Value> = []
  let from = 0
  while (from + Header.headerBytes <= bytes.length) {
    const to = from + Header.sizeInBytes(bytes, from)
    if (to > bytes.length || to <= from) break
    batches.push(batchStruct(bytes, from, to, names))
    from = to
  }
  return { batches, left: hex(bytes.subarray(from)) }
}

const keyOf = (element: Value): string | undefined => {
  if (!isStruct(element)) return undefined
  const name = KEYS.find((key) => {
    const value = element[key]
    return value !== undefined && value !== null && value !== "" && value !== ZERO_ID
  })
  return name === undefined ? undefined : String(element[name])
}

/** A list of structs with keys becomes a struct of them; equal keys, and those that are empty, are counted. */
const list = (field: string, values: ReadonlyArray<Value>, names: Names): Value => {
  const inner = values.map((value) => normalise(field, value, names))
  const keys = inner.map(keyOf)
  if (keys.every((key) => key === undefined)) return inner
  const counts = new Map<string, number>()
  const entries = inner.map((value, index): [string, Value] => {
    const key = keys[index] ?? ""
    const seen = (counts.get(key) ?? 0) + 1
    counts.set(key, seen)
    return [seen === 1 ? `[${key}]` : `[${key} #${seen}]`, value]
  })
  return Object.fromEntries(entries)
}

/** A field's value with everything replaced that has to be. */
export const normalise = (field: string, value: Value, names: Names): Value => {
  if (typeof value === "string") return text(field, value, names)
  if (typeof value === "number") return number(field, value, names)
  if (value instanceof Uint8Array) return field === "records" ? records(value, names) : hex(value)
  if (SETS.has(field) && Array.isArray(value)) return list(field, value.map(Number).sort(), names)
  if (Array.isArray(value)) return list(field, value, names)
  if (!isStruct(value)) return value
  const isQuorum = value.currentVoters !== undefined
  const inner = (name: string, part: Value): Value =>
    isQuorum && QUORUM_FIELDS.has(name) && part !== 0 ? `<${name}>` : normalise(name, part, names)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inner(name, part)]))
}
