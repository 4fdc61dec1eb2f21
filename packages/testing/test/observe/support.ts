/** A tracer that keeps what ends, and clients of a cluster that say what they measure to a registry of their own. */
import { Klamm } from "@klamm/client"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

class KeptSpan extends Tracer.NativeSpan {
  private readonly kept: Array<Tracer.Span>
  constructor(options: ConstructorParameters<typeof Tracer.NativeSpan>[0], kept: Array<Tracer.Span>) {
    super(options)
    this.kept = kept
  }
  override end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    if (this.status._tag === "Started") this.kept.push(this)
    super.end(endTime, exit)
  }
}

/** Somebody's tracer: spans stand in `spans` in the order in which they ended. */
export const keeping = () => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({ span: (options) => new KeptSpan(options, spans) })
  return { spans, tracer }
}

export const parentOf = ({ parent }: Tracer.Span): string | undefined => Option.getOrUndefined(parent)?.spanId
export const linksOf = ({ links }: Tracer.Span): ReadonlyArray<string> => links.map(({ span }) => span.spanId)

/** Runs with a client of the cluster, and a metric registry of its own. */
export const run = <A, E>(
  bootstrap: string,
  work: Effect.Effect<A, E, Klamm.Klamm>,
  options: Omit<Klamm.KlammOptions, "bootstrap"> = {}
): Promise<A> =>
  Effect.runPromise(
    Effect.provide(work, Layer.fresh(Klamm.layer({ bootstrap, ...options }))).pipe(
      Effect.provideService(Metric.MetricRegistry, new Map())
    )
  )

/** What the registry has of an instrument: attributes and state of each series. */
export const series = (name: string) =>
  Effect.map(Metric.snapshot, (all) =>
    all.flatMap(({ id, attributes, state }) => (id === name ? [{ ...attributes, ...state }] : []))
  )
