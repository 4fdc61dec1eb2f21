/**
 * The aborted transactions whose markers lie in a segment (behaviour 156): what a read_committed reader is told to skip.
 * 34 bytes each as Kafka's: version 0, producer id, first offset, last offset (the marker's), last stable offset at that
 * time. Invariant: last offsets rise. The file exists only once there is an entry.
 */
import type { IndexEntries } from "./IndexFile.ts"

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly lastStableOffset: number
}

const currentVersion = 0

export class TransactionIndex implements IndexEntries {
  static readonly entryBytes = 34
  readonly entryBytes = TransactionIndex.entryBytes
  written = 0
  private readonly entries: Array<AbortedTransaction> = []

  get count(): number {
    return this.entries.length
  }

  append(transaction: AbortedTransaction): void {
    this.entries.push(transaction)
  }

  /** Drops every entry whose marker is at or above `offset`. */
  truncate(offset: number): void {
    while (this.entries.length > 0 && this.entries[this.entries.length - 1]!.lastOffset >= offset) this.entries.pop()
  }

  /**
   * Adds to `found` the transactions that overlap `from`…`to - 1`. True when no later segment can hold another one: an
   * entry's last stable offset has reached `to`.
   */
  collect(from: number, to: number, found: Array<AbortedTransaction>): boolean {
    for (const entry of this.entries) {
      if (entry.lastOffset >= from && entry.firstOffset < to) found.push(entry)
      if (entry.lastStableOffset >= to) return true
    }
    return false
  }

  encode(from: number, to: number): Uint8Array {
    const bytes = new Uint8Array((to - from) * TransactionIndex.entryBytes)
    const view = new DataView(bytes.buffer)
    for (let index = from; index < to; index++) {
      const entry = this.entries[index]!
      const at = (index - from) * TransactionIndex.entryBytes
      view.setInt16(at, currentVersion)
      view.setBigInt64(at + 2, BigInt(entry.producerId))
      view.setBigInt64(at + 10, BigInt(entry.firstOffset))
      view.setBigInt64(at + 18, BigInt(entry.lastOffset))
      view.setBigInt64(at + 26, BigInt(entry.lastStableOffset))
    }
    return bytes
  }

  /** The index a file holds, or undefined when it is damaged and has to be rebuilt. */
  static decode(bytes: Uint8Array, baseOffset: number): TransactionIndex | undefined {
    if (bytes.byteLength % TransactionIndex.entryBytes !== 0) return undefined
    const index = new TransactionIndex()
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let last = baseOffset - 1
    for (let at = 0; at < bytes.byteLength; at += TransactionIndex.entryBytes) {
      const lastOffset = Number(view.getBigInt64(at + 18))
      if (view.getInt16(at) !== currentVersion || lastOffset <= last) return undefined
      index.append({
        producerId: Number(view.getBigInt64(at + 2)),
        firstOffset: Number(view.getBigInt64(at + 10)),
        lastOffset,
        lastStableOffset: Number(view.getBigInt64(at + 26))
      })
      last = lastOffset
    }
    index.written = index.count
    return index
  }
}
