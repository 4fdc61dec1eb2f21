/**
 * What a run of the matrix is told as: a summary for people, and the same as JSON. Invariant: every undocumented difference
 * and every stale anchor is named. Neighbours: Matrix.ts, Documented.ts, main.ts.
 */
import type { Difference } from "./Compare.ts"
import type { Judged } from "./Documented.ts"
import type { Tally } from "./Matrix.ts"

/** Differences printed in full; the rest is counted (and is in the JSON). */
const SHOWN = 200
const VALUE_SHOWN = 160

const short = (value: string | undefined): string => {
  if (value === undefined) return "(no such field)"
  return value.length > VALUE_SHOWN ? `${value.slice(0, VALUE_SHOWN)}…` : value
}

const runs = (versions: ReadonlyArray<number>): string => {
  const sorted = [...new Set(versions)].toSorted((a, b) => a - b)
  const parts: Array<[number, number]> = []
  for (const version of sorted) {
    const last = parts.at(-1)
    if (last !== undefined && last[1] === version - 1) last[1] = version
    else parts.push([version, version])
  }
  return parts.map(([low, high]) => (low === high ? `v${low}` : `v${low}-${high}`)).join(",")
}

/** Differences of one name and the same two values, over their versions. */
const gathered = (differences: ReadonlyArray<Difference>): ReadonlyArray<string> => {
  const groups = Map.groupBy(differences, (one) => `${one.name}\n${one.reference}\n${one.ours}`)
  return [...groups.values()].map((group) => {
    const first = group[0]!
    const versions = runs(group.map((one) => one.version))
    return `${first.name}  ${versions}\n    kafka: ${short(first.reference)}\n    ours:  ${short(first.ours)}`
  })
}

const covered = (tally: Tally): ReadonlyArray<string> => {
  const byKey = Map.groupBy([...tally.covered], (pair) => Number(pair.split(".")[0]))
  return [...byKey.keys()]
    .toSorted((a, b) => a - b)
    .map((key) => `${key}:${runs(byKey.get(key)!.map((pair) => Number(pair.split(".")[1])))}`)
}

export const asText = (tally: Tally, judged: Judged, tookMs: number): string => {
  const lines = gathered(judged.undocumented)
  const keys = covered(tally)
  return [
    ...lines.slice(0, SHOWN),
    ...(lines.length > SHOWN ? [`… and ${lines.length - SHOWN} more`] : []),
    ...judged.stale.map((anchor) => `stale: nothing differs any more as ${anchor.text} says`),
    `covered ${keys.length} keys, ${tally.covered.size} key versions: ${keys.join(" ")}`,
    `slowest: ${tally.slowest.map(([name, ms]) => `${name} ${ms} ms`).join(", ")}`,
    `${tally.cases} scenario runs, ${tally.steps} steps, ${tally.fields} fields in ${Math.round(tookMs / 1000)} s: ` +
      `${tally.equalSteps} steps equal, ${judged.documented.length} differences documented, ` +
      `${judged.undocumented.length} undocumented, ${judged.stale.length} stale entries`
  ].join("\n")
}

export const asJson = (tally: Tally, judged: Judged, tookMs: number): string =>
  JSON.stringify(
    {
      cases: tally.cases,
      steps: tally.steps,
      fields: tally.fields,
      equalSteps: tally.equalSteps,
      tookMs: Math.round(tookMs),
      covered: [...tally.covered],
      slowest: tally.slowest,
      documented: judged.documented,
      undocumented: judged.undocumented,
      stale: judged.stale.map((anchor) => anchor.text)
    },
    undefined,
    2
  )
