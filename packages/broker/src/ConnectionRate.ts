/**
 * How fast connections are taken (KIP-612, max.connection.creation.rate): for all listeners of a role together, and for a listener by
 * itself where its own key says so.
 *
 * Invariants: too fast means later and never not at all, by no more than one sample of the window at a time; what other brokers connect to
 * is not slowed by what clients do, where it is a listener of its own. Kafka: ConnectionQuotas. Neighbours: `Listener.ts` waits,
 * `Throttle.ts` of replica keeps the samples.
 */
import type { BrokerSnapshot } from "@klamm/config/BrokerConfig"
import * as Throttle from "@klamm/replica/Throttle"

const secondMs = 1_000

/** The default of max.connection.creation.rate: no limit. */
const unlimited = 2_147_483_647

/** Over what time the samples are spread: as if all samples of the window but the last were there (Kafka's Rate). */
const spanMs = (taken: Throttle.Throttle, nowMs: number, { sampleMs, samples }: Throttle.Window): number => {
  const elapsedMs = nowMs - (taken[0]?.beganMs ?? nowMs)
  const missing = Math.max(0, samples - 1 - Math.floor(elapsedMs / sampleMs))
  return Math.max(elapsedMs + missing * sampleMs, 1)
}

/** Counts one more connection; answers how many milliseconds it has to wait. */
export const takeOne = (
  before: Throttle.Throttle,
  nowMs: number,
  perSecond: number,
  window: Throttle.Window
): readonly [Throttle.Throttle, number] => {
  const taken = Throttle.record(before, 1, nowMs, window)
  const span = spanMs(taken, nowMs, window)
  const rate = (taken.reduce((sum, { bytes }) => sum + bytes, 0) * secondMs) / span
  const delayMs = rate <= perSecond ? 0 : Math.round(((rate - perSecond) / perSecond) * span)
  return [taken, Math.min(delayMs, window.sampleMs)]
}

export interface ConnectionRateOptions {
  readonly snapshot: () => BrokerSnapshot
  readonly monotonicMs: () => number
  /** The listener that only counts for itself; undefined when there is no other. */
  readonly ownCountOnly: string | undefined
}

const windowOf = ({ values }: BrokerSnapshot): Throttle.Window => ({
  samples: values["quota.window.num"],
  sampleMs: values["quota.window.size.seconds"] * secondMs
})

const listenerLimit = ({ set }: BrokerSnapshot, listener: string): number => {
  const value = set.get(`listener.name.${listener.toLowerCase()}.max.connection.creation.rate`)?.value
  return typeof value === "number" ? value : unlimited
}

/** The rates of the listeners of one role. */
export class ConnectionRate {
  private readonly options: ConnectionRateOptions
  private together = Throttle.empty
  private readonly alone = new Map<string, Throttle.Throttle>()

  constructor(options: ConnectionRateOptions) {
    this.options = options
  }

  /** False: nothing is counted, and nobody needs to wait for a turn. */
  isLimited(listener: string): boolean {
    const snapshot = this.options.snapshot()
    return this.limitOfAll(snapshot, listener) < unlimited || listenerLimit(snapshot, listener) < unlimited
  }

  /** Counts a connection that the listener takes; answers how many milliseconds it has to wait. */
  take(listener: string): number {
    const snapshot = this.options.snapshot()
    const now = this.options.monotonicMs()
    const window = windowOf(snapshot)
    const [alone, aloneMs] = takeOne(
      this.alone.get(listener) ?? Throttle.empty,
      now,
      listenerLimit(snapshot, listener),
      window
    )
    this.alone.set(listener, alone)
    if (this.options.ownCountOnly === listener) return aloneMs
    const [together, togetherMs] = takeOne(this.together, now, this.limitOfAll(snapshot, listener), window)
    this.together = together
    return Math.max(aloneMs, togetherMs)
  }

  private limitOfAll({ values }: BrokerSnapshot, listener: string): number {
    return this.options.ownCountOnly === listener ? unlimited : values["max.connection.creation.rate"]
  }
}
