/**
 * For how long a leader has heard nobody, from one look to the next. Invariant: whatever may have reached it between two looks begins the
 * time anew, though neither look sees it: a path that was open for a moment, a node that lived for less.
 */

/** What a look at a leader sees. */
export interface Look {
  /** Of the leader's own clock. */
  readonly monotonicMs: number
  /** Somebody lives now, and can reach it. */
  readonly mayHear: boolean
  /** How often a path was opened, or another node began a life, until now. */
  readonly chances: number
}

export class Solitude {
  private readonly alone = new Map<number, { readonly sinceMs: number; readonly chances: number }>()

  /** The time that the node has certainly heard nobody, in milliseconds of its clock. */
  note(nodeId: number, { monotonicMs, mayHear, chances }: Look): number {
    if (mayHear) {
      this.alone.delete(nodeId)
      return 0
    }
    const before = this.alone.get(nodeId)
    const sinceMs = before?.chances === chances ? before.sinceMs : monotonicMs
    this.alone.set(nodeId, { sinceMs, chances })
    return monotonicMs - sinceMs
  }

  /** The node does not lead, or not by itself. */
  forget(nodeId: number): void {
    this.alone.delete(nodeId)
  }
}
