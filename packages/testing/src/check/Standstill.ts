/**
 * Whether partitions go on while nothing is in their way, looked at while the world goes on: a record that is sent with acks=all is
 * acknowledged within a bound, also where one broker has gone on without one of its directories for long. Invariants: the time begins anew
 * with whatever may hold a partition up, a fault, its end, a life, a directory that fails, a partition without a leader; a broker without a
 * directory counts for nothing that others have to wait for.
 */
import { Topics } from "@klamm/metadata"
import type { Promises } from "../Faults.ts"
import type { History, Send } from "../History.ts"
import type { SimCluster, SimNode } from "../SimCluster.ts"
import type { Violation } from "./Evidence.ts"

/**
 * How long a send may wait where nothing is in its way, in milliseconds: until a broker that went unheard is fenced (9 s by default), a
 * producer has given up waiting for an answer (3 s), has rested (3 s at its slowest) and asked anew who leads, and a controller that has
 * just begun has done all that. Below replica.lag.time.max.ms (30 s), for no sound replica is waited for that long.
 */
export const standstillMs = 20_000

/** What a look sees of one partition's surroundings. */
export interface Surroundings {
  readonly nowMs: number
  /** Nothing that is wrong is in its way. */
  readonly mayGoOn: boolean
  /** Another value after whatever may have held it up for a moment between two looks. */
  readonly happened: string
}

/** Since when nothing has been in the way of a partition. */
export class Unhindered {
  private since: { readonly sinceMs: number; readonly happened: string } | undefined

  note({ nowMs, mayGoOn, happened }: Surroundings): number {
    if (!mayGoOn) this.since = undefined
    else if (this.since?.happened !== happened) this.since = { sinceMs: nowMs, happened }
    return this.since?.sinceMs ?? nowMs
  }
}

/** How long a send has waited, in milliseconds, since nothing has been in the way of its partition. */
export const waitedMs = ({ invokedMs }: Send, nowMs: number, sinceMs: number): number =>
  nowMs - Math.max(invokedMs, sinceMs)

export interface StandstillOptions {
  readonly cluster: SimCluster
  readonly history: History
  readonly topic: string
  readonly partitions: number
  readonly nowMs: () => number
  readonly promises: () => Promises
  /** When the last fault began or ended; undefined while one lasts. */
  readonly disturbedMs: () => number | undefined
}

const hasFailed = ({ broker }: SimNode): boolean => broker?.replicas.directories().some(({ failed }) => failed) === true

export class StandstillWatch {
  private readonly options: StandstillOptions
  private readonly unhindered: ReadonlyArray<Unhindered>
  private waiting: Array<Send> = []
  private sendsSeen = 0
  /** Partitions that were told of. */
  private readonly told = new Set<number>()

  constructor(options: StandstillOptions) {
    this.options = options
    this.unhindered = Array.from({ length: options.partitions }, () => new Unhindered())
  }

  look(): ReadonlyArray<Violation> {
    const { history, nowMs } = this.options
    this.waiting = [...this.waiting, ...history.sends.slice(this.sendsSeen)].filter(
      ({ acks, state }) => acks === -1 && state === "invoked"
    )
    this.sendsSeen = history.sends.length
    const { happened, mayGoOn } = this.world()
    const since = this.unhindered.map((each, partition) =>
      each.note({ nowMs: nowMs(), mayGoOn: mayGoOn && this.isLed(partition), happened })
    )
    return this.waiting.flatMap((send) => this.judge(send, waitedMs(send, nowMs(), since[send.partition]!)))
  }

  private judge({ partition, value }: Send, waited: number): ReadonlyArray<Violation> {
    if (waited <= standstillMs || this.told.has(partition)) return []
    this.told.add(partition)
    const at = this.options.nowMs().toFixed(0)
    const detail = `at ${at} ms partition ${partition} has not acknowledged ${value} for ${waited.toFixed(0)} ms, with nothing in its way`
    return [{ check: "standstill", detail }]
  }

  private world(): { readonly mayGoOn: boolean; readonly happened: string } {
    const { cluster, disturbedMs, promises } = this.options
    const failed = cluster.nodes.filter(hasFailed)
    const lives = cluster.nodes.reduce((sum, node) => sum + node.lives, 0)
    const at = disturbedMs()
    // Of three replicas two are enough; whoever has no other needs that one.
    const areEnough = failed.length === 0 || (failed.length === 1 && cluster.nodes.length >= 3)
    return {
      mayGoOn: at !== undefined && cluster.isUp && areEnough && promises().clocksAgree,
      happened: `${at} ${lives} ${failed.map(({ id }) => id)}`
    }
  }

  /** As every broker knows it: where all that were in sync are gone, it waits for them. */
  private isLed(partition: number): boolean {
    const { cluster, topic } = this.options
    return cluster.nodes.every(({ control }) => {
      const found = control === undefined ? undefined : Topics.byName(control.controller.image().topics, topic)
      const leader = found?.partitions[partition]?.leader
      return leader !== undefined && leader >= 0
    })
  }
}
