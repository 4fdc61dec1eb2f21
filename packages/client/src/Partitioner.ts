/**
 * Which partition a record goes to. By default as Kafka's Java client does it, so that both agree on where a key is: the murmur2 hash of
 * the key's bytes over the number of partitions; records without a key stay with one partition until a batch's worth has gone there
 * (KIP-794). Invariant: pure; which partition is next is drawn by whoever asks. Neighbour: `Accumulator.ts`.
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
