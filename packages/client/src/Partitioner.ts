/**
 * Which partition a record goes to. By default as Kafka's Java client does it, so that both agree on where a key is: the murmur2 hash of
 * the key's bytes over the number of partitions; records without a key stay with one partition until a batch's worth has gone there
 * (KIP-794), and then with one that has less to do. Invariant: pure; chance is drawn by whoever asks. Neighbour: `producer/Sticky.ts`.
 */

/** What a partitioner of one's own is told of a record. */
export interface PartitionerInput {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly partitionCount: number
}

/** Answers the partition, or undefined to leave the record to the default. */
export type Partitioner = (input: PartitionerInput) => number | undefined

const seed = 0x9747b28c
const multiplier = 0x5bd1e995
const shift = 24

/** MurmurHash2 as Kafka has it: 32 bits, little-endian words, that seed. */
export const murmur2 = (bytes: Uint8Array): number => {
  const { length } = bytes
  const whole = length - (length % 4)
  let hash = seed ^ length
  for (let at = 0; at < whole; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, multiplier)
    word ^= word >>> shift
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier)
  }
  const rest = length - whole
  if (rest > 2) hash ^= bytes[whole + 2]! << 16
  if (rest > 1) hash ^= bytes[whole + 1]! << 8
  if (rest > 0) hash = Math.imul(hash ^ bytes[whole]!, multiplier)
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}

/** Where a key belongs. */
export const ofKey = (key: Uint8Array, partitionCount: number): number => (murmur2(key) & 0x7fffffff) % partitionCount

/**
 * One of the partitions, the likelier the less waits for it (KIP-794): `waiting` are the batches queued for each, undefined for one that
 * has no leader; `draw` is chance from 0 to 1. Without any leader all are alike.
 */
export const ofLoad = (waiting: ReadonlyArray<number | undefined>, draw: number): number => {
  const most = waiting.reduce<number>((largest, each) => Math.max(largest, each ?? 0), 0)
  const weights = waiting.map((each) => (each === undefined ? 0 : most + 1 - each))
  const total = weights.reduce((sum, each) => sum + each, 0)
  if (total === 0) return Math.floor(draw * waiting.length)
  let left = draw * total
  for (const [partition, weight] of weights.entries()) {
    left -= weight
    if (left < 0) return partition
  }
  return weights.length - 1
}
