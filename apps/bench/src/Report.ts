/**
 * What was measured, as data and as rows of a table. Pure. Invariant: a row shows only what was measured, and says where something was
 * not; ratios are of the same rounds. Neighbours: Run.ts (fills it), Table.ts and Charts.ts (show it), Statistics.ts.
 */
import { type Figure, GENERATOR_CORES, type Group, type Load, type Measured } from "./Load.ts"
import { median, ratioOf, spreadOf, summarise } from "./Statistics.ts"
import { PLAIN_LOOP, type Role } from "./System.ts"

export interface Failure {
  readonly role: Role
  readonly round: number
  readonly why: string
}

/** One load on all systems: what each round told. */
export interface Result {
  readonly id: string
  readonly group: Group
  readonly title: string
  readonly figures: ReadonlyArray<Figure>
  readonly rounds: Readonly<Partial<Record<Role, ReadonlyArray<Measured>>>>
  readonly failures: ReadonlyArray<Failure>
}

export interface Report {
  readonly when: string
  readonly machine: string
  readonly command: string
  readonly client: string
  /** What each system is called. */
  readonly names: Readonly<Partial<Record<Role, string>>>
  readonly secondsEach: number
  readonly results: ReadonlyArray<Result>
}

export const resultOf = ({ id, group, title, figures }: Load): Omit<Result, "rounds" | "failures"> => ({
  id,
  group,
  title,
  figures
})

/** A figure of each round of a system. */
export const valuesOf = ({ rounds }: Result, role: Role, figure: string): ReadonlyArray<number | undefined> =>
  (rounds[role] ?? []).map((measured) => measured[figure])

const known = (values: ReadonlyArray<number | undefined>): ReadonlyArray<number> =>
  values.filter((value) => value !== undefined)

export const medianOf = (result: Result, role: Role, figure: string): number | undefined =>
  median(known(valuesOf(result, role, figure)))

export const holds = ({ better, goal }: Figure, ratio: number): boolean | undefined =>
  goal === undefined ? undefined : better === "more" ? ratio >= goal : ratio <= goal

/** Three digits that count. */
export const format = (value: number): string => {
  const size = Math.abs(value)
  if (size >= 1000) return Math.round(value).toLocaleString("en")
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return size === 0 ? "0" : value.toFixed(2)
}

const NOT_MEASURED = "not measured"
const FAILED = "failed"

/** Empty for a system that the load is not for. */
const cell = (result: Result, role: Role, figure: string): string => {
  if (result.rounds[role] === undefined) return ""
  const summary = summarise(known(valuesOf(result, role, figure)))
  if (summary === undefined) return result.failures.some((failure) => failure.role === role) ? FAILED : NOT_MEASURED
  const text = format(summary.median)
  return summary.rounds > 1 ? `${text} ±${Math.round(100 * spreadOf(summary))}%` : text
}

const ratioText = (result: Result, role: Role, figure: Figure): string => {
  const ratio = ratioOf(valuesOf(result, role, figure.name), valuesOf(result, "other", figure.name))
  return ratio === undefined ? "" : format(ratio)
}

const goalText = ({ better, goal }: Figure): string =>
  goal === undefined ? "" : `${better === "more" ? "≥" : "≤"} ${goal}`

const verdict = (result: Result, figure: Figure): string => {
  const ratio = ratioOf(valuesOf(result, "ours", figure.name), valuesOf(result, "other", figure.name))
  const isHeld = ratio === undefined ? undefined : holds(figure, ratio)
  return isHeld === undefined ? "" : isHeld ? "yes" : "no"
}

const generatorText = (result: Result, roles: ReadonlyArray<Role>): string => {
  const measured = roles.filter((role) => result.rounds[role] !== undefined)
  const cores = measured.map((role) => medianOf(result, role, GENERATOR_CORES))
  return cores.every((each) => each === undefined)
    ? ""
    : cores.map((each) => (each === undefined ? "?" : each.toFixed(1))).join(" / ")
}

const ROLES: ReadonlyArray<Role> = ["ours", "synced", "other", "floor"]

export const rolesOf = ({ names }: Report): ReadonlyArray<Role> => ROLES.filter((role) => names[role] !== undefined)

const SHORT = { synced: "synced", floor: PLAIN_LOOP } as const

/** Those of which no goal is asked, and whose ratios are told all the same. */
const lesser = (roles: ReadonlyArray<Role>): ReadonlyArray<keyof typeof SHORT> =>
  (["synced", "floor"] as const).filter((role) => roles.includes(role))

export const headOf = (report: Report): ReadonlyArray<string> => {
  const roles = rolesOf(report)
  const compared = roles.includes("other")
  return [
    "",
    "",
    ...roles.map((role) => report.names[role] ?? ""),
    ...(compared ? ["ratio", ...lesser(roles).map((role) => `${SHORT[role]}'s ratio`), "goal", "holds"] : []),
    "generator cores"
  ]
}

/** A row for each figure of each load; the load is named in its first one. */
export const rowsOf = (report: Report): ReadonlyArray<ReadonlyArray<string>> => {
  const roles = rolesOf(report)
  const compared = roles.includes("other")
  return report.results.flatMap((result) =>
    result.figures.map((figure, index) => [
      index === 0 ? result.title : "",
      `${figure.name}, ${figure.unit}`,
      ...roles.map((role) => cell(result, role, figure.name)),
      ...(compared
        ? [
            ratioText(result, "ours", figure),
            ...lesser(roles).map((role) => ratioText(result, role, figure)),
            goalText(figure),
            verdict(result, figure)
          ]
        : []),
      index === 0 ? generatorText(result, roles) : ""
    ])
  )
}

/** How many cores others of the machine kept busy while it was measured. */
export const disturbanceOf = ({ results }: Report, figure: string): number | undefined => {
  const all = results.flatMap((result) => ROLES.flatMap((role) => known(valuesOf(result, role, figure))))
  return median(all)
}

export const failuresOf = ({ results, names }: Report): ReadonlyArray<string> =>
  results.flatMap(({ title, failures }) =>
    failures.map(({ role, round, why }) => `${title}, ${names[role] ?? role}, round ${round + 1}: ${why}`)
  )
