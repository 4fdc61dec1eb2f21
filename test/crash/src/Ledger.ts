/**
 * What the broker has acknowledged, and what it may or may not have done when it died. Invariant: an entry is made before
 * the next request of the same writer goes out, so that nothing acknowledged is missing here. Neighbours: Load.ts (writes
 * it), Verify.ts (holds the broker to it).
 */
import type { Place } from "./Calls.ts"

export interface Acknowledged {
  readonly baseOffset: number
  readonly count: number
  /** From the attributes on: what the broker must not change. */
  readonly content: Uint8Array
}

export interface GroupCommit {
  /** The highest offset that was acknowledged, and the highest that was sent. */
  readonly acknowledged: number
  readonly attempted: number
}

export const keyOf = (place: Place): string => `${place.topic}-${place.partition}`

export class Ledger {
  /** By partition, then by base offset. */
  readonly batches = new Map<string, Map<number, Acknowledged>>()
  readonly places = new Map<string, Place>()
  readonly commits = new Map<string, GroupCommit & { readonly place: Place }>()
  acknowledgedRecords = 0
  /** Batches that an idempotent producer sent again after a crash. */
  retried = 0
  /** An answer that contradicts an earlier one: two batches at one offset, an offset twice. */
  readonly contradictions: Array<string> = []

  acknowledge(place: Place, batch: Acknowledged): void {
    const key = keyOf(place)
    this.places.set(key, place)
    const known = this.batches.get(key) ?? new Map<number, Acknowledged>()
    if (known.has(batch.baseOffset)) this.contradictions.push(`${key}: offset ${batch.baseOffset} acknowledged twice`)
    known.set(batch.baseOffset, batch)
    this.batches.set(key, known)
    this.acknowledgedRecords += batch.count
  }

  attemptCommit(group: string, place: Place, offset: number): void {
    const known = this.commits.get(group)
    this.commits.set(group, { place, acknowledged: known?.acknowledged ?? -1, attempted: offset })
  }

  acknowledgeCommit(group: string, place: Place, offset: number): void {
    this.commits.set(group, { place, acknowledged: offset, attempted: offset })
  }
}
