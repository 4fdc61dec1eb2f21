/**
 * Names and small texts inside a log directory: `topic-partition`, its form while it waits for removal, `partition.metadata`
 * and the mark of a clean stop. Pure, Kafka's formats.
 */
import * as Uuid from "@klamm/protocol/Uuid"

/** The longest name a file system takes; a deleted directory's topic part is cut to fit. */
const maxNameLength = 255
const uniqueIdLength = 32

const deletedPattern = /^\S+-\S+\.\S+-delete$/
const futurePattern = /^([a-zA-Z0-9._-]+)-(0|[1-9]\d*)\.[0-9a-f]{32}-future$/
const namePattern = /^([a-zA-Z0-9._-]+)-(0|[1-9]\d*)$/

/** Which log: two that come after one another under a name are not told apart. */
export interface LogName {
  readonly topic: string
  readonly partition: number
}

/** The name of its directory, and of what is kept of it elsewhere. */
export const nameOf = ({ topic, partition }: LogName): string => `${topic}-${partition}`

export const parse = (name: string): LogName | undefined => {
  const match = namePattern.exec(name)
  return match === null ? undefined : { topic: match[1]!, partition: Number(match[2]) }
}

/** The partition that a copy under way is of (KIP-113). */
export const parseFuture = (name: string): LogName | undefined => {
  const match = futurePattern.exec(name)
  return match === null ? undefined : { topic: match[1]!, partition: Number(match[2]) }
}

export const isDeleted = (name: string): boolean => deletedPattern.test(name)

/** The name of a log that the cluster does not know: kept for a person to look at, never opened and never removed by us. */
export const stray = (topic: string, partition: number, uniqueId: string): string => {
  const suffix = `-${partition}.${uniqueId}-stray`
  return `${topic.slice(0, maxNameLength - suffix.length)}${suffix}`
}

/** The name of a copy that will take the place of a log in another directory. It can't be cut, or it would not say of which. */
export const future = (topic: string, partition: number, uniqueId: string): string =>
  `${topic}-${partition}.${uniqueId}-future`

/** No file system takes the name that a copy would have (KAFKA-4893). */
export const isTooLongToMove = (topic: string, partition: number): boolean =>
  future(topic, partition, "0".repeat(uniqueIdLength)).length > maxNameLength

export const deleted = (topic: string, partition: number, uniqueId: string): string => {
  const suffix = `-${partition}.${uniqueId}-delete`
  return `${topic.slice(0, maxNameLength - suffix.length)}${suffix}`
}

export const encodePartitionMetadata = (topicId: string): Uint8Array =>
  new TextEncoder().encode(`version: 0\ntopic_id: ${topicId}`)

/** The topic id, or undefined when the file is damaged. */
export const decodePartitionMetadata = (bytes: Uint8Array): string | undefined => {
  const match = /^version: 0\ntopic_id: (\S+)\s*$/.exec(new TextDecoder().decode(bytes))
  return match !== null && Uuid.isUuid(match[1]!) ? match[1] : undefined
}

/** The broker epoch in the mark of a clean stop, -1 when it says none: the mark counts all the same. */
export const brokerEpoch = (bytes: Uint8Array): number => {
  const match = /"brokerEpoch"\s*:\s*(-?\d+)/.exec(new TextDecoder().decode(bytes))
  return match === null ? -1 : Number(match[1])
}
