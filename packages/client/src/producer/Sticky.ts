/**
 * Where records without a key go: to one partition of the topic until a batch's worth has gone there, then to the next (KIP-794), so
 * that batches are full and the partitions that are slow get less. Neighbour: `../Partitioner.ts` draws the next.
 */
import { ofLoad } from "../Partitioner.ts"

interface Current {
  readonly partition: number
  readonly partitionCount: number
  takenBytes: number
}

export class Sticky {
  private readonly limitBytes: number
  private readonly draw: () => number
  private readonly topics = new Map<string, Current>()

  constructor(limitBytes: number, draw: () => number) {
    this.limitBytes = limitBytes
    this.draw = draw
  }

  /** The partition of the next record; `waiting` tells what waits for each, undefined without a leader. */
  next(
    topic: string,
    partitionCount: number,
    sizeBytes: number,
    waiting: () => ReadonlyArray<number | undefined>
  ): number {
    let current = this.topics.get(topic)
    if (current === undefined || current.takenBytes >= this.limitBytes || current.partitionCount !== partitionCount) {
      current = { partition: ofLoad(waiting(), this.draw()), partitionCount, takenBytes: 0 }
      this.topics.set(topic, current)
    }
    current.takenBytes += sizeBytes
    return current.partition
  }
}
