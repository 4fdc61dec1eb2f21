/**
 * How long brokers take to answer, by request and broker: what of a slow producer or consumer is the cluster's and what is its own.
 * Invariant: one measurement for each request that was sent. Neighbour: `../connection/BrokerConnection.ts`.
 */
import { monotonicMsOf } from "@klamm/platform/Moment"
import type { Address } from "@klamm/platform/Network"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Conventions from "./Conventions.ts"
import { type Definition, durations, histogram, type Instrument } from "./Instrument.ts"

const requestDuration: Definition = {
  name: "kafka.client.request.duration",
  unit: "s",
  description: "From when a request was written until its answer was there, or it was given up."
}

/** The conventions' durations, and a loopback's. */
const boundaries = [0.0005, 0.001, 0.0025, ...durations, 30, 60]
const msPerSecond = 1_000

export class RequestMeasures {
  private readonly clock: Clock.Clock
  private readonly duration: Instrument

  constructor(context: Context.Context<never>, clock: Clock.Clock) {
    this.clock = clock
    this.duration = histogram(context, requestDuration, boundaries)
  }

  get nowMs(): number {
    return monotonicMsOf(this.clock)
  }

  ended(request: string, { host, port }: Address, sinceMs: number, errorType?: string): void {
    this.duration.record((this.nowMs - sinceMs) / msPerSecond, `${errorType} ${request} ${host}:${port}`, () => ({
      [Conventions.attribute.system]: "kafka",
      [Conventions.attribute.request]: request.replace(/Request$/, ""),
      ...Conventions.serverOf({ host, port }),
      ...Conventions.errorOf(errorType)
    }))
  }
}
