/**
 * How long writes stood still. Invariant: a write counts as the next after a deed only if it was sent after it; an answer that was on
 * its way already proves nothing. Neighbours: Ledger.ts (feeds it), Rounds.ts, Report.ts.
 */
import { now } from "./Waiting.ts"

/** Watches the acknowledged writes from the moment of a deed. */
export class Watch {
  at: number
  /** When the latest acknowledged write was sent. */
  latestSent = 0
  /** Milliseconds from the deed to the first write that was sent after it and acknowledged, by partition. */
  readonly next = new Map<string, number>()
  /** The longest time between two acknowledged writes since the deed, by partition. */
  readonly longest = new Map<string, number>()
  private readonly last = new Map<string, number>()
  /** The same for the controller's writes. */
  nextControllerWrite: number | undefined

  constructor(at: number) {
    this.at = at
  }

  /** What was seen until now does not count. */
  restart(): void {
    this.at = now()
    this.next.clear()
    this.longest.clear()
    this.last.clear()
    this.nextControllerWrite = undefined
  }

  acknowledged(key: string, sentAt: number): void {
    this.latestSent = Math.max(this.latestSent, sentAt)
    const time = now()
    const gap = time - (this.last.get(key) ?? this.at)
    this.last.set(key, time)
    this.longest.set(key, Math.max(this.longest.get(key) ?? 0, gap))
    if (sentAt >= this.at && !this.next.has(key)) this.next.set(key, time - this.at)
  }

  controllerWrote(sentAt: number): void {
    if (sentAt >= this.at) this.nextControllerWrite ??= now() - this.at
  }
}

export interface Spread {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Whole milliseconds; the nearest rank. */
export const spread = (values: ReadonlyArray<number>): Spread => {
  const sorted = values.toSorted((one, other) => one - other)
  const rank = (share: number): number => Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0)
  return { count: sorted.length, p50: rank(0.5), p99: rank(0.99), max: rank(1) }
}

export const printSpread = ({ count, p50, p99, max }: Spread): string =>
  count === 0 ? "none" : `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms (${count})`
