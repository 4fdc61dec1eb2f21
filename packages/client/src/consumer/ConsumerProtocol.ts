/**
 * What members of a classic group tell each other inside JoinGroup and SyncGroup, as bytes: subscription and assignment behind an
 * int16 version, and the user data of the two sticky assignors. Invariant: the Java client reads what is written here and the
 * reverse; of a version newer than ours the known part is read, as its rule is.
 */
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  codec,
  MalformedBytes,
  type Message,
  Reader,
  written
} from "@klamm/protocol"
import { compare, flatten, grouped, type TopicPartition } from "./TopicPartition.ts"

/** The highest version of the embedded formats that we write. */
const highestVersion = 3

/** What an assignor knows of a member's wishes. */
export interface Subscription {
  readonly topics: ReadonlyArray<string>
  readonly userData: Uint8Array | null
  readonly owned: ReadonlyArray<TopicPartition>
  /** Of the owned partitions; -1 when unknown. */
  readonly generation: number
  readonly rackId: string | null
}

const versioned = <F>(message: Message<F>, value: Message<F>["Input"]): Uint8Array =>
  written((writer) => {
    writer.int16(highestVersion)
    codec(message, highestVersion).encode(writer, value)
  })

const unversioned = <F>(message: Message<F>, bytes: Uint8Array): Message<F>["Type"] => {
  const reader = new Reader(bytes)
  const version = reader.int16()
  if (version < 0) reader.malformed("a negative version")
  return codec(message, Math.min(version, highestVersion)).decode(reader)
}

export const encodeSubscription = (subscription: Subscription): Uint8Array =>
  versioned(ConsumerProtocolSubscription, {
    topics: subscription.topics.toSorted(),
    userData: subscription.userData,
    ownedPartitions: grouped(subscription.owned.toSorted(compare)),
    generationId: subscription.generation,
    rackId: subscription.rackId
  })

/** Throws MalformedBytes. */
export const decodeSubscription = (bytes: Uint8Array): Subscription => {
  const { topics, userData, ownedPartitions, generationId, rackId } = unversioned(ConsumerProtocolSubscription, bytes)
  return {
    topics,
    userData: userData === null ? null : userData.slice(),
    owned: flatten(ownedPartitions),
    generation: generationId,
    rackId
  }
}

export const encodeAssignment = (partitions: ReadonlyArray<TopicPartition>): Uint8Array =>
  versioned(ConsumerProtocolAssignment, { assignedPartitions: grouped(partitions.toSorted(compare)), userData: null })

/** A member that gets nothing may get no bytes at all (behaviour 118). Throws MalformedBytes. */
export const decodeAssignment = (bytes: Uint8Array): ReadonlyArray<TopicPartition> =>
  bytes.length === 0 ? [] : flatten(unversioned(ConsumerProtocolAssignment, bytes).assignedPartitions)

/** The sticky assignor's memory: what the member had, of which generation. Its own format, without version. */
export const encodeStickyData = (owned: ReadonlyArray<TopicPartition>, generation: number): Uint8Array =>
  written((writer) => {
    const topics = grouped(owned.toSorted(compare))
    writer.count(topics.length)
    for (const { topic, partitions } of topics) {
      writer.string(topic)
      writer.count(partitions.length)
      for (const partition of partitions) writer.int32(partition)
    }
    writer.int32(generation)
  })

export interface StickyData {
  readonly owned: ReadonlyArray<TopicPartition>
  readonly generation: number
}

/** Undefined for what is not the sticky assignor's: a member that cannot be understood owns nothing. */
export const decodeStickyData = (bytes: Uint8Array): StickyData | undefined => {
  try {
    const reader = new Reader(bytes)
    const topics = Array.from({ length: reader.count(6) }, () => {
      const topic = reader.string()
      return { topic, partitions: Array.from({ length: reader.count(4) }, () => reader.int32()) }
    })
    return { owned: flatten(topics), generation: reader.remaining >= 4 ? reader.int32() : -1 }
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}

/** The cooperative sticky assignor's user data: the generation alone, for those whose subscriptions lack it. */
export const encodeCooperativeData = (generation: number): Uint8Array => written((writer) => writer.int32(generation))

export const decodeCooperativeData = (bytes: Uint8Array): number => (bytes.length < 4 ? -1 : new Reader(bytes).int32())
