/** Runs of worlds from the command line: many seeds, one seed, or the hunt for a bug that was put back in. */
import { gzip, zstd } from "@klamm/platform/node/Codecs"
import { makeCodecs } from "@klamm/protocol/Compression"
import { bugs, withBug } from "@klamm/testing/Bugs"
import type { SwarmOverrides } from "@klamm/testing/Faults"
import { type Outcome, simulate } from "@klamm/testing/Simulation"
import { Trace } from "@klamm/testing/Trace"

const codecs = makeCodecs({ gzip, zstd })
const msPerMinute = 60_000
/** Violations of one run that are printed. */
const toldViolations = 10

const sum = (counts: ReadonlyMap<string, number>): number => counts.values().reduce((total, count) => total + count, 0)

const command = (seed: number, { brokers, settings, kinds }: SwarmOverrides): string => {
  const set = Object.entries(settings ?? {}).map(([key, value]) => ` --set ${key}=${value}`)
  return `pnpm sim --seed ${seed} --brokers ${brokers ?? 1}${kinds === undefined ? "" : ` --faults ${kinds}`}${set.join("")}`
}

const tell = (outcome: Outcome, overrides: SwarmOverrides): void => {
  const { swarm: drawn, hash, violations } = outcome
  console.log(`seed ${drawn.seed} (${hash}): ${violations.length} broken promises`)
  for (const { check, detail } of violations.slice(0, toldViolations)) console.log(`  ${check}: ${detail}`)
  console.log(`  replay: ${command(drawn.seed, overrides)} --trace`)
}

/** What many runs came to. */
class Tally {
  private readonly startedAt = performance.now()
  private seeds = 0
  private steps = 0
  private faults = 0
  private acknowledged = 0
  private reads = 0
  private worldMs = 0
  failed = 0

  add(outcome: Outcome): void {
    this.seeds += 1
    this.steps += outcome.steps
    this.faults += sum(outcome.faults)
    this.acknowledged += outcome.acknowledged
    this.reads += outcome.reads
    this.worldMs += outcome.worldMs
    if (outcome.violations.length > 0) this.failed += 1
  }

  get elapsedMs(): number {
    return performance.now() - this.startedAt
  }

  get told(): string {
    const perMinute = (count: number) => Math.round((count / this.elapsedMs) * msPerMinute)
    return (
      `seeds=${this.seeds} steps=${this.steps} faults=${this.faults} acknowledged=${this.acknowledged} reads=${this.reads} ` +
      `world=${Math.round(this.worldMs / 1_000)}s wall=${Math.round(this.elapsedMs / 1_000)}s ` +
      `seeds/min=${perMinute(this.seeds)} steps/min=${perMinute(this.steps)} faults/min=${perMinute(this.faults)} failed=${this.failed}`
    )
  }
}

/** New seeds until the time is over. */
export const swarm = (from: number, seconds: number, overrides: SwarmOverrides): boolean => {
  console.log(`worlds of ${overrides.brokers ?? 1} brokers for ${seconds} s, --from ${from}`)
  const tally = new Tally()
  for (let seed = from; tally.elapsedMs < seconds * 1_000; seed++) {
    const outcome = simulate({ seed, codecs, overrides })
    tally.add(outcome)
    if (outcome.violations.length > 0) tell(outcome, overrides)
  }
  console.log(tally.told)
  return tally.failed === 0
}

/** One seed. */
export const replay = (seed: number, traced: boolean, overrides: SwarmOverrides): boolean => {
  const hosts = Array.from({ length: overrides.brokers ?? 1 }, (_, index) => `b${index + 1}`)
  const trace = new Trace(["world", ...hosts])
  const tally = new Tally()
  const outcome = simulate({ seed, codecs, overrides, trace })
  tally.add(outcome)
  if (traced) for (const line of trace.printed) console.log(line)
  console.log(`seed=${seed} hash=${outcome.hash} ${tally.told}`)
  if (outcome.violations.length > 0) tell(outcome, overrides)
  return outcome.violations.length === 0
}

/** Seeds with a bug put back in, until one finds it. */
export const hunt = (name: string, from: number, seconds: number, overrides: SwarmOverrides): boolean => {
  const bug = bugs.find((each) => each.name === name)
  if (bug === undefined) throw new RangeError(`there is no bug ${name}; --bug list names them`)
  const startedAt = performance.now()
  for (let seed = from; performance.now() - startedAt < seconds * 1_000; seed++) {
    const outcome = withBug(name, () => simulate({ seed, codecs, overrides: { ...bug.overrides, ...overrides } }))
    if (outcome.violations.length === 0) continue
    const [first] = outcome.violations
    console.log(`${name}: found by seed ${seed}, after ${seed - from + 1} seeds: ${first?.check}: ${first?.detail}`)
    return true
  }
  console.log(`${name}: not found in ${seconds} s`)
  return false
}
