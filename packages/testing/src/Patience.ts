/**
 * The operator of brokers that go on without one of their directories: at once, or in his own time, he stops such a broker, which then is
 * started again with a whole disk. Invariant: while he takes his time nothing else begins to go wrong, so that it shows whether all that
 * does not need the directory goes on (`check/Standstill.ts`). Neighbour: `Director.ts`.
 */
import type { Chance } from "./Chance.ts"
import type { SimCluster, SimNode } from "./SimCluster.ts"

/** As long as a partition may stand still, and longer, in milliseconds. */
const leastMs = 25_000
const mostMs = 45_000

export interface PatienceOptions {
  readonly cluster: SimCluster
  readonly chance: Chance
  readonly nowMs: () => number
  /** Otherwise he is there at once. */
  readonly isPatient: boolean
}

const lacksDirectory = ({ state, broker }: SimNode): boolean =>
  state === "Up" && broker?.replicas.directories().some(({ failed }) => failed) === true

export class Patience {
  private readonly options: PatienceOptions
  /** When he will stop which node. */
  private readonly until = new Map<number, number>()

  constructor(options: PatienceOptions) {
    this.options = options
  }

  /** He leaves a broker as it is. */
  get isWaiting(): boolean {
    return this.until.size > 0
  }

  /** Stops those whose time is over; all, when he is in a hurry. */
  tend(isInHurry: boolean): void {
    const { cluster, nowMs } = this.options
    for (const node of cluster.nodes) {
      if (!lacksDirectory(node)) this.until.delete(node.id)
      else if (isInHurry || nowMs() >= this.endOf(node)) node.stop()
    }
  }

  private endOf({ id }: SimNode): number {
    const { chance, isPatient, nowMs } = this.options
    if (!isPatient) return nowMs()
    const known = this.until.get(id)
    const end = known ?? nowMs() + leastMs + chance.below(mostMs - leastMs)
    this.until.set(id, end)
    return end
  }
}
