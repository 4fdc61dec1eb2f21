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

/** One series: counts a value. */
export type Series = (value: number) => void

/** A series and what it shows. */
interface Cell {
  readonly series: Series
  readonly register: (context: Context.Context<never>) => void
}

/** The cells of a registry: who counts with the same attributes counts in the same cell. */
const cells = new WeakMap<Metric.MetricRegistry, Map<string, Cell>>()

const nothing = () => undefined

/** An instrument: the series of one definition. Effect's own would be looked up for each value, which costs more than counting it. */
export class Instrument {
  private readonly context: Context.Context<never>
  private readonly name: string
  private readonly make: (attributes: Attributes) => Cell
  private readonly series = new Map<string, Series>()

  constructor(context: Context.Context<never>, name: string, make: (attributes: Attributes) => Cell) {
    this.context = context
    this.name = name
    this.make = make
  }

  /** The series of these attributes. */
  of(attributes: Attributes): Series {
    const registry = Context.get(this.context, Metric.MetricRegistry)
    const known = cells.get(registry) ?? new Map<string, Cell>()
    cells.set(registry, known)
    const more = Context.get(this.context, Metric.CurrentMetricAttributes)
    const key = JSON.stringify([this.name, attributes, more])
    let cell = known.get(key)
    if (cell === undefined) {
      cell = this.make(attributes)
      cell.register(this.context)
      known.set(key, cell)
    }
    return cell.series
  }

  /** Counts the value in the series of this key; its attributes are asked for when it is new. */
  record(value: number, key: string, attributesOf: () => Attributes): void {
    let series = this.series.get(key)
    if (series === undefined) {
      series = this.of(attributesOf())
      this.series.set(key, series)
    }
    series(value)
  }
}

const histogramCell = (
  { name, unit, description }: Definition,
  boundaries: ReadonlyArray<number>,
  attributes: Attributes
): Cell => {
  const values = new Array<number>(boundaries.length + 1).fill(0)
  let [count, sum, min, max] = [0, 0, Number.MAX_VALUE, -Number.MAX_VALUE]
  const series = (value: number): void => {
    let index = 0
    while (index < boundaries.length && value > boundaries[index]!) index += 1
    values[index]! += 1
    count += 1
    sum += value
    if (value < min) min = value
    if (value > max) max = value
  }
  const get = () => {
    let below = 0
    const buckets = boundaries.map((bound, index): [number, number] => {
      below += values[index]!
      return [bound, below]
    })
    return { buckets, count, min, max, sum }
  }
  const metric = Metric.histogram(name, { description, boundaries, attributes: { ...attributes, unit } })
  const hooks = { get, update: nothing, modify: nothing }
  return { series, register: (context) => void Metric.registerUnsafe(metric, context, hooks) }
}

const counterCell = ({ name, unit, description }: Definition, attributes: Attributes): Cell => {
  let count = 0
  const series = (value: number): void => {
    count += value
  }
  const metric = Metric.counter(name, { description, incremental: true, attributes: { ...attributes, unit } })
  const hooks = { get: () => ({ count, incremental: true }), update: nothing, modify: nothing }
  return { series, register: (context) => void Metric.registerUnsafe(metric, context, hooks) }
}

/** How often, or how much, in the buckets of these boundaries, which rise. */
export const histogram = (
  context: Context.Context<never>,
  definition: Definition,
  boundaries: ReadonlyArray<number> = durations
): Instrument =>
  new Instrument(context, definition.name, (attributes) => histogramCell(definition, boundaries, attributes))

/** How much in all. */
export const counter = (context: Context.Context<never>, definition: Definition): Instrument =>
  new Instrument(context, definition.name, (attributes) => counterCell(definition, attributes))

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
  const hooks = { get: () => ({ value: value() }), update: nothing, modify: nothing }
  Metric.registerUnsafe(gauge, context, hooks)
  return () => {
    readers.delete(read)
    if (readers.size > 0) return
    known.delete(key)
    Metric.removeUnsafe(gauge, context)
  }
}
