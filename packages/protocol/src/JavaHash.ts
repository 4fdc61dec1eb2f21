/**
 * Java's String.hashCode, by which Kafka finds the partition that keeps a group, a client that computes it itself agrees, and the fetch
 * loop that a partition is in.
 */

/** Over UTF-16 code units, in the arithmetic of an int32. */
export const hashCode = (text: string): number => {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}

const minInt32 = -0x8000_0000

/** Kafka's Utils.abs: the smallest int32, which has no positive twin, counts as 0. */
const abs = (hash: number): number => (hash === minInt32 ? 0 : Math.abs(hash))

/** The loop, out of `count`, that fetches a partition from its leader's broker (Kafka's AbstractFetcherManager). */
export const fetcherFor = (topic: string, partition: number, count: number): number =>
  abs((Math.imul(31, hashCode(topic)) + partition) | 0) % count

/** The partition, out of `count`, for a key (behaviour 107). */
export const partitionFor = (key: string, count: number): number => abs(hashCode(key)) % count
