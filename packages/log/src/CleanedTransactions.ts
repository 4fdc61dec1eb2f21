/**
 * Transactions as a cleaning pass meets them, batch by batch in offset order (behaviour 166): data of aborted ones goes, a
 * marker may go once none of its data is left. Invariant: `isDiscardable` is asked for every batch exactly once, in order.
 */
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type * as ProducerState from "./ProducerState.ts"
import * as Replay from "./Replay.ts"
import type { AbortedTransaction } from "./TransactionIndex.ts"

export class CleanedTransactions {
  /** Aborted transactions not yet reached, by first offset. */
  private readonly waiting: Array<AbortedTransaction>
  /** Aborted ones whose first offset has been reached; `seen` once a data batch of theirs was met. */
  private readonly aborted = new Map<number, { readonly transaction: AbortedTransaction; seen: boolean }>()
  /** Producers of whose committed transaction a data batch was met. */
  private readonly committed = new Set<number>()
  private readonly onAborted: (transaction: AbortedTransaction) => void

  /** `onAborted` is told of each aborted transaction that still had data: the cleaned segment's index has to keep it. */
  constructor(transactions: ReadonlyArray<AbortedTransaction>, onAborted: (transaction: AbortedTransaction) => void) {
    this.waiting = transactions.toSorted((one, other) => one.firstOffset - other.firstOffset)
    this.onAborted = onAborted
  }

  private reach(offset: number): void {
    while (this.waiting.length > 0 && this.waiting[0]!.firstOffset <= offset) {
      const transaction = this.waiting.shift()!
      this.aborted.set(transaction.producerId, { transaction, seen: false })
    }
  }

  /** Whether the batch may go as far as transactions are concerned: aborted data, or a marker none of whose data was met. */
  isDiscardable(bytes: Uint8Array, at: number): boolean {
    const lastOffset = RecordBatch.lastOffset(bytes, at)
    this.reach(lastOffset)
    if (RecordBatch.isControl(bytes, at)) {
      const marker = Replay.batchMarker(bytes, at)
      return marker !== undefined && this.isEmptyMarker(marker)
    }
    return RecordBatch.isTransactional(bytes, at) && this.isAbortedData(RecordBatch.producerId(bytes, at))
  }

  private isAbortedData(producerId: number): boolean {
    const ongoing = this.aborted.get(producerId)
    if (ongoing === undefined) {
      this.committed.add(producerId)
      return false
    }
    ongoing.seen = true
    return true
  }

  private isEmptyMarker(marker: ProducerState.Marker): boolean {
    if (marker.committed) return !this.committed.delete(marker.producerId)
    const ongoing = this.aborted.get(marker.producerId)
    this.aborted.delete(marker.producerId)
    if (ongoing === undefined || !ongoing.seen) return true
    this.onAborted(ongoing.transaction)
    return false
  }
}
