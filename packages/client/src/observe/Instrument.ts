/**
 * Instruments in Effect's own metrics, which whoever exports them finds in the registry of the context they were made in. What is counted
 * is counted once for a batch, by a plain call; what can be looked up is looked up when somebody asks, and costs nothing before.
 *
 * Invariants: one series for one set of attributes; a value that can be looked up is there as long as somebody answers for it. The only
 * file that knows Effect's unstable way to look a value up. Neighbours: `Conventions.ts` has the names, `Measures.ts` what is measured.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import type { Attributes } from "./Conventions.ts"

/** The conventions' boundaries for durations, in seconds. */
export const durations: ReadonlyArray<number> = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
]

export interface Definition {
  readonly name: string
  /** As UCUM writes it: `s`, `By`, `{message}`. */
  readonly unit: string
  readonly description: string
}

type Series = Metric.Metric<number, unknown>

/** An instrument: the series of one definition. */
export class Instrument {
  private readonly context: Context.Context<never>
  private readonly make: (attributes: Attributes) => Series
  private readonly series = new Map<string, Series>()

  constructor(context: Context.Context<never>, make: (attributes: Attributes) => Series) {
    this.context = context
    this.make = make
  }

  /** Counts in the series of these attributes. */
  of(attributes: Attributes): (value: number) => void {
    const series = this.make(attributes)
    return (value) => series.updateUnsafe(value, this.context)
  }

  /** Counts the value in the series of this key; its attributes are asked for when it is new. */
  record(value: number, key: string, attributesOf: () => Attributes): void {
    let series = this.series.get(key)
    if (series === undefined) {
      series = this.make(attributesOf())
      this.series.set(key, series)
    }
    series.updateUnsafe(value, this.context)
  }
}

export const histogram = (
  context: Context.Context<never>,
  { name, unit, description }: Definition,
  boundaries: ReadonlyArray<number> = durations
): Instrument =>
  new Instrument(context, (attributes) =>
    Metric.histogram(name, { description, boundaries, attributes: { ...attributes, unit } })
  )

export const counter = (context: Context.Context<never>, { name, unit, description }: Definition): Instrument =>
  new Instrument(context, (attributes) =>
    Metric.counter(name, { description, incremental: true, attributes: { ...attributes, unit } })
  )

/** Who answers for the series of a registry. */
const answering = new WeakMap<Metric.MetricRegistry, Map<string, Set<() => number>>>()

/** How the values of several who answer for the same series become one. */
export type Together = "sum" | "max"

const togetherOf = (values: ReadonlyArray<number>, together: Together): number =>
  together === "max" ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0)

/** Answers for a series from now on, until what it returns is called. */
export const observe = (
  context: Context.Context<never>,
  { name, unit, description }: Definition,
  together: Together,
  attributes: Attributes,
  read: () => number
): (() => void) => {
  const registry = Context.get(context, Metric.MetricRegistry)
  const known = answering.get(registry) ?? new Map<string, Set<() => number>>()
  answering.set(registry, known)
  const key = JSON.stringify([name, attributes])
  const readers = known.get(key) ?? new Set<() => number>()
  known.set(key, readers)
  readers.add(read)
  const gauge = Metric.gauge(name, { description, attributes: { ...attributes, unit } })
  const value = () =>
    togetherOf(
      Array.from(readers, (each) => each()),
      together
    )
  const hooks = { get: () => ({ value: value() }), update: () => undefined, modify: () => undefined }
  Metric.registerUnsafe(gauge, context, hooks)
  return () => {
    readers.delete(read)
    if (readers.size > 0) return
    known.delete(key)
    Metric.removeUnsafe(gauge, context)
  }
}
