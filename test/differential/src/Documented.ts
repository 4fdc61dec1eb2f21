/**
 * The differences that docs/differences.md admits. An entry carries its anchor in a comment line of its own:
 *
 *     <!-- difference: scenario/step/field -->
 *     <!-- difference: scenario/step/field versions 0-3 -->
 *
 * `*` stands for any characters. Invariant: an anchor that matches nothing is an error too, so that the page says what is
 * true. Neighbours: Compare.ts (the names), Report.ts.
 */
import { readFile } from "node:fs/promises"
import type { Difference } from "./Compare.ts"

export interface Anchor {
  readonly text: string
  readonly pattern: RegExp
  readonly versions: readonly [number, number]
}

const LINE = /^<!-- difference: (.+?)(?: versions (\d+)-(\d+))? -->$/

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`
  )

export const parseAnchors = (page: string): ReadonlyArray<Anchor> =>
  page.split("\n").flatMap((line) => {
    const found = LINE.exec(line.trim())
    if (found === null) return []
    const [, text, low, high] = found
    const versions: readonly [number, number] =
      low === undefined ? [0, Number.MAX_SAFE_INTEGER] : [Number(low), Number(high)]
    return [{ text: found[0], pattern: patternOf(text!), versions }]
  })

export const readAnchors = async (path: string): Promise<ReadonlyArray<Anchor>> =>
  parseAnchors(await readFile(path, "utf8"))

export interface Judged {
  readonly documented: ReadonlyArray<Difference>
  readonly undocumented: ReadonlyArray<Difference>
  /** Anchors that nothing matched. */
  readonly stale: ReadonlyArray<Anchor>
}

/** Sorts differences into those that an anchor admits and those that none does. */
export const judge = (differences: ReadonlyArray<Difference>, anchors: ReadonlyArray<Anchor>): Judged => {
  const used = new Set<Anchor>()
  const documented: Array<Difference> = []
  const undocumented: Array<Difference> = []
  for (const difference of differences) {
    const admitting = anchors.filter(
      ({ pattern, versions }) =>
        pattern.test(difference.name) && difference.version >= versions[0] && difference.version <= versions[1]
    )
    for (const anchor of admitting) used.add(anchor)
    if (admitting.length > 0) documented.push(difference)
    else undocumented.push(difference)
  }
  return { documented, undocumented, stale: anchors.filter((anchor) => !used.has(anchor)) }
}
