/**
 * A page that shows the last run: what stands between `<!-- NAME -->` and `<!-- /NAME -->` is written anew, the rest is its author's.
 * Neighbours: main.ts, docs/performance.md.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { OTHER_CORES } from "./Load.ts"
import { disturbanceOf, failuresOf, headOf, type Report, rowsOf } from "./Report.ts"
import { markdownTable } from "./Table.ts"

/** The page with the block of that name replaced; throws when it has none. */
export const withBlock = (page: string, name: string, text: string): string => {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page has no block from ${begin} to ${end}`)
  return `${page.slice(0, from + begin.length)}\n${text.trim()}\n${page.slice(to)}`
}

export const replaceIn = (path: string, name: string, text: string): void =>
  writeFileSync(path, withBlock(readFileSync(path, "utf8"), name, text))

const roundsOf = ({ results }: Report): number =>
  Math.max(0, ...results.map(({ rounds }) => Math.max(0, ...Object.values(rounds).map((each) => each.length))))

/** In a sentence: when, where, how, and how much the machine did beside. */
export const circumstancesOf = (report: Report): string => {
  const others = disturbanceOf(report, OTHER_CORES)
  const busy =
    others === undefined ? "" : ` Meanwhile ${others.toFixed(2)} cores were busy with something else (median).`
  const rounds = roundsOf(report)
  return (
    `${report.when.slice(0, 16).replace("T", " ")} UTC, ${report.machine}; ${report.client}; ` +
    `${rounds} round${rounds === 1 ? "" : "s"} of ${report.secondsEach.toFixed(1)} s, the systems in turn.${busy}`
  )
}

export const blockOf = (report: Report): string => {
  const failures = failuresOf(report)
  return [
    circumstancesOf(report),
    "",
    markdownTable(headOf(report), rowsOf(report)),
    ...(failures.length === 0 ? [] : ["", ...failures.map((failure) => `- failed: ${failure}`)])
  ].join("\n")
}
