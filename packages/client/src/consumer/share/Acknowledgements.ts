/**
 * What is to be told of a share partition's acquired records: runs of offsets, each with what became of it. Pure.
 *
 * Invariants: offsets rise and no offset is told twice; offsets acquired that hold no record (compaction, markers) are told as gaps, or
 * the broker would wait for them until their lock times out. Neighbour: `ShareSession.ts` sends what `take` gives.
 */

/** What became of a record. `renew`: more time is needed. */
export type Outcome = "accept" | "release" | "reject" | "renew"

/** Acknowledgement types on the wire. */
const codes = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 } as const

export interface AcknowledgementBatch {
  readonly firstOffset: number
  readonly lastOffset: number
  /** One for the whole run. */
  readonly acknowledgeTypes: ReadonlyArray<number>
}

export class Acknowledgements {
  private readonly told = new Map<number, number>()

  get isEmpty(): boolean {
    return this.told.size === 0
  }

  add(offset: number, outcome: Outcome): void {
    this.told.set(offset, codes[outcome])
  }

  /** Acquired offsets without a record. */
  gaps(first: number, last: number, records: ReadonlySet<number>): void {
    for (let offset = first; offset <= last; offset++) if (!records.has(offset)) this.told.set(offset, codes.gap)
  }

  /** Everything to be told, which is told with it. */
  take(): ReadonlyArray<AcknowledgementBatch> {
    const batches: Array<{ firstOffset: number; lastOffset: number; acknowledgeTypes: [number] }> = []
    for (const [offset, code] of [...this.told].toSorted(([left], [right]) => left - right)) {
      const last = batches.at(-1)
      if (last !== undefined && last.lastOffset + 1 === offset && last.acknowledgeTypes[0] === code)
        last.lastOffset = offset
      else batches.push({ firstOffset: offset, lastOffset: offset, acknowledgeTypes: [code] })
    }
    this.told.clear()
    return batches
  }
}
