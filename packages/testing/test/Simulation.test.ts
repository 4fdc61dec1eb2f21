/** Whole runs: a seed repeats itself, a healthy broker keeps its promises, and what breaks one is reported. */
import { gzip, zstd } from "@klamm/platform/node/Codecs"
import { makeCodecs } from "@klamm/protocol/Compression"
import { assert, describe, it } from "vitest"
import { bugs, withBug } from "../src/Bugs.ts"
import type { Promises, SwarmOverrides } from "../src/Faults.ts"
import { type Outcome, simulate } from "../src/Simulation.ts"

const codecs = makeCodecs({ gzip, zstd })
const short: SwarmOverrides = { stormMs: 4_000 }

const run = (seed: number, overrides: SwarmOverrides = short, promises: Partial<Promises> = {}): Outcome =>
  simulate({ seed, codecs, overrides, promises })

/** The checks that report something in the first seeds that break a promise. */
const brokenBy = (seeds: number, attempt: (seed: number) => Outcome): ReadonlySet<string> => {
  for (let seed = 1; seed <= seeds; seed++) {
    const { violations } = attempt(seed)
    if (violations.length > 0) return new Set(violations.map(({ check }) => check))
  }
  return new Set()
}

describe("a run", () => {
  it("goes the same way again, whatever ran in between", () => {
    const first = run(7)
    const other = run(8)
    const again = run(7)
    assert.strictEqual(again.hash, first.hash)
    assert.strictEqual(again.steps, first.steps)
    assert.notStrictEqual(other.hash, first.hash)
  })

  it("breaks no promise with the default settings", () => {
    for (let seed = 1; seed <= 8; seed++) assert.deepStrictEqual(run(seed).violations, [], `seed ${seed}`)
  })

  it("owes nothing to a power cut when acknowledgements don't wait for the disk, and would report what is lost", () => {
    const overrides: SwarmOverrides = {
      ...short,
      kinds: ["powerLoss", "powerLossInOperation"],
      settings: { "klamm.acks.all.sync": false }
    }
    assert.isEmpty(brokenBy(4, (seed) => run(seed, overrides)))
    assert.include([...brokenBy(40, (seed) => run(seed, overrides, { keepsAcksAll: true }))], "kept")
  })
})

/** `pnpm sim --bug all` hunts for every one. */
const quick = bugs.filter(({ isRare }) => isRare !== true)
const seedsEach = 120
/** Computes all of the time, so on a busy machine it takes several times of the ten seconds that the longest takes on a quiet one. */
const huntWithinMs = 150_000

describe("a bug that is put back in", () => {
  it.each(quick)("$name is found", { timeout: huntWithinMs }, ({ name, overrides }) => {
    const found = brokenBy(seedsEach, (seed) => withBug(name, () => run(seed, { ...short, ...overrides })))
    assert.isNotEmpty(found)
  })
})
