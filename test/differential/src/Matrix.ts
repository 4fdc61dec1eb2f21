/**
 * All scenarios at all their versions against two brokers at once. Invariant: both brokers see the same requests in the same
 * order within a scenario, and scenarios that look at shared state run before the others, one by one. Neighbours: Run.ts,
 * Compare.ts, main.ts.
 */
import { compare, type Difference, type StepResult } from "./Compare.ts"
import { play, type Target } from "./Run.ts"
import type { Scenario } from "./Scenario.ts"

export interface Case {
  readonly scenario: Scenario
  readonly version: number
}

export interface Tally {
  readonly cases: number
  /** Keys and versions that at least one scenario is about, as `key.version`. */
  readonly covered: ReadonlySet<string>
  readonly steps: number
  readonly fields: number
  readonly equalSteps: number
  readonly differences: ReadonlyArray<Difference>
  readonly slowest: ReadonlyArray<readonly [string, number]>
  /** What the reference answered: every field of every step by `scenario vN/step/field`. */
  readonly answers: ReadonlyMap<string, string>
}

/** How many scenarios are played beside one another. */
const AT_ONCE = 6
/** A scenario that takes longer than this is a fault of the scenario. */
const CASE_WITHIN_MS = 90_000
const SLOWEST_SHOWN = 5

export const casesOf = (scenarios: ReadonlyArray<Scenario>): ReadonlyArray<Case> =>
  scenarios.flatMap((scenario) => {
    const [low, high] = scenario.versions
    return Array.from({ length: high - low + 1 }, (_, i) => ({ scenario, version: low + i }))
  })

const label = ({ scenario, version }: Case): string => `${scenario.name} v${version}`

const within = async <A>(what: string, promise: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${CASE_WITHIN_MS} ms`)), CASE_WITHIN_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

interface Played {
  readonly one: Case
  readonly tookMs: number
  readonly reference: ReadonlyArray<StepResult>
  readonly ours: ReadonlyArray<StepResult>
}

const playBoth = async (one: Case, reference: Target, ours: Target, run: string): Promise<Played> => {
  const began = performance.now()
  const both = Promise.all([
    play(reference, one.scenario, one.version, run),
    play(ours, one.scenario, one.version, run)
  ])
  const [left, right] = await within(label(one), both)
  return { one, tookMs: performance.now() - began, reference: left, ours: right }
}

const differencesOf = ({ one, reference, ours }: Played): ReadonlyArray<ReadonlyArray<Difference>> =>
  reference.map((step, index) => {
    const other = ours[index]
    if (other === undefined || other.step !== step.step) {
      throw new Error(`${label(one)}: the two plays have different steps at ${step.step}`)
    }
    return compare(one.scenario, one.version, step, other)
  })

const answersOf = ({ one, reference }: Played): ReadonlyArray<readonly [string, string]> =>
  reference.flatMap(({ step, fields }) =>
    [...fields].map(([path, value]) => [`${label(one)}/${step}/${path}`, value] as const)
  )

/** Plays everything; `run` is the suffix for names. */
export const runMatrix = async (
  scenarios: ReadonlyArray<Scenario>,
  reference: Target,
  ours: Target,
  run: string
): Promise<Tally> => {
  const cases = casesOf(scenarios)
  const played: Array<Played> = []
  const waiting = cases.filter(({ scenario }) => scenario.alone !== true)
  for (const one of cases) {
    if (one.scenario.alone === true) played.push(await playBoth(one, reference, ours, run))
  }
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      played.push(await playBoth(one, reference, ours, run))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const perStep = played.flatMap(differencesOf)
  return {
    cases: cases.length,
    covered: new Set(cases.map(({ scenario, version }) => `${scenario.api}.${version}`)),
    steps: perStep.length,
    fields: played.flatMap(({ reference: steps }) => steps).reduce((sum, step) => sum + step.fields.size, 0),
    equalSteps: perStep.filter((differences) => differences.length === 0).length,
    differences: perStep.flat(),
    answers: new Map(played.flatMap(answersOf)),
    slowest: played
      .map(({ one, tookMs }) => [label(one), Math.round(tookMs)] as const)
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, SLOWEST_SHOWN)
  }
}
