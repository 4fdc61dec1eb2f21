/**
 * The records of the metadata log: the only way the cluster's state changes. They are Kafka's own records in Kafka's own
 * framing, so that its dump tool and metadata shell read our log (docs/decisions/0002).
 *
 * Evolution: a record's version only rises, with `metadata.version`; fields are only added, with defaults. A record type that
 * this build does not know ends the replay: guessing on would make two brokers disagree.
 */
import type { Message, Table } from "@klamm/protocol/Api"
import { Reader, written } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { defaultOf, includes } from "@klamm/protocol/Field"
import {
  BrokerRegistrationChangeRecord,
  FenceBrokerRecord,
  RegisterBrokerRecord,
  UnfenceBrokerRecord,
  UnregisterBrokerRecord
} from "@klamm/protocol/records/metadata/Brokers"
import { ConfigRecord, FeatureLevelRecord } from "@klamm/protocol/records/metadata/Configs"
import { RegisterControllerRecord, UnregisterControllerRecord } from "@klamm/protocol/records/metadata/Controllers"
import { NoOpRecord, ProducerIdsRecord } from "@klamm/protocol/records/metadata/Log"
import {
  PartitionChangeRecord,
  PartitionRecord,
  RemoveTopicRecord,
  TopicRecord
} from "@klamm/protocol/records/metadata/Topics"

/** Tables by name; the name tags the record. */
const tables = {
  RegisterBroker: RegisterBrokerRecord,
  UnregisterBroker: UnregisterBrokerRecord,
  FenceBroker: FenceBrokerRecord,
  UnfenceBroker: UnfenceBrokerRecord,
  BrokerRegistrationChange: BrokerRegistrationChangeRecord,
  RegisterController: RegisterControllerRecord,
  UnregisterController: UnregisterControllerRecord,
  Topic: TopicRecord,
  Partition: PartitionRecord,
  PartitionChange: PartitionChangeRecord,
  RemoveTopic: RemoveTopicRecord,
  Config: ConfigRecord,
  FeatureLevel: FeatureLevelRecord,
  ProducerIds: ProducerIdsRecord,
  NoOp: NoOpRecord
} as const

type Tables = typeof tables
export type RecordName = keyof Tables
/** A record as it is decided and replayed: `{ _tag: "Topic", name, topicId }`. */
export type MetadataRecord = { [Name in RecordName]: { readonly _tag: Name } & Tables[Name]["Type"] }[RecordName]
/** The same with fields that have a default left out. */
export type MetadataRecordInput = { [Name in RecordName]: { readonly _tag: Name } & Tables[Name]["Input"] }[RecordName]

/** The only version of the frame around a record: frame version, record type and record version, as unsigned varints. */
const frameVersion = 1

export class UnknownRecord extends Error {
  readonly _tag = "UnknownRecord"
}

const names = Object.keys(tables) as ReadonlyArray<RecordName>
const nameByKey: ReadonlyMap<number, RecordName> = new Map(names.map((name) => [tables[name].key, name]))

/** Every record is written in its latest version, which is that of the metadata version that new clusters begin with. */
export const encodeRecord = (record: MetadataRecordInput): Uint8Array => {
  const table: Message = tables[record._tag]
  return written((writer) => {
    writer.uvarint(frameVersion)
    writer.uvarint(table.key)
    writer.uvarint(table.versions.max)
    codec(table, table.versions.max).encode(writer, record)
  })
}

/** Throws MalformedBytes for what is no record, and UnknownRecord for one of a later release. */
export const decodeRecord = (bytes: Uint8Array): MetadataRecord => {
  const reader = new Reader(bytes)
  const frame = reader.uvarint()
  const key = reader.uvarint()
  const version = reader.uvarint()
  const name = nameByKey.get(key)
  if (frame !== frameVersion || name === undefined || version > tables[name].versions.max) {
    throw new UnknownRecord(`metadata record type ${key} version ${version} in frame version ${frame}`)
  }
  const fields = codec<object>(tables[name] as Message<object>, version).decode(reader)
  return { _tag: name, ...fields } as MetadataRecord
}

/** Whether no field of the table has fields of its own. */
const isFlat = ({ members }: Table): boolean =>
  members.every(({ spec }) => spec.kind !== "struct" && spec.element?.kind !== "struct")

const flat: ReadonlySet<RecordName> = new Set(names.filter((name) => isFlat(tables[name])))

const filled = (record: MetadataRecordInput): MetadataRecord => {
  const { members, versions }: Table = tables[record._tag]
  const given: { readonly [name: string]: unknown } = record
  const whole: { [name: string]: unknown } = {}
  for (const { name, spec } of members) {
    const isTold = given[name] !== undefined && includes(spec.versions, versions.max)
    whole[name] = isTold ? given[name] : defaultOf(spec)
  }
  return { _tag: record._tag, ...whole } as MetadataRecord
}

/** The record as it will be read back: every field there, defaults filled in. Of thousands of partitions it is not done by their bytes. */
export const normalize = (record: MetadataRecordInput): MetadataRecord =>
  flat.has(record._tag) ? filled(record) : decodeRecord(encodeRecord(record))
