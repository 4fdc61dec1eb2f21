/**
 * docs/behaviours.md says what proves each behaviour; here the page is held to it: what it names is there, and what it calls
 * unproven is. Neighbours: sources.ts, test/differential/src/scenarios (the scenarios it names).
 */
import { expect, it } from "vitest"
import { exists, files, read } from "./sources.ts"

type Section = "Proven" | "Documented in differences.md" | "Not proven yet"

interface Entry {
  readonly number: string
  readonly text: string
}

const page = read("docs/behaviours.md")
const differences = read("docs/differences.md")

const entriesOf = (section: Section): ReadonlyArray<Entry> => {
  const body = page.split(/^## /m).find((each) => each.startsWith(`${section}\n`)) ?? ""
  return [...body.matchAll(/^\| (\d{3}) \|(.*)$/gm)].map(([, number = "", text = ""]) => ({ number, text }))
}

const proven = entriesOf("Proven")
const documented = entriesOf("Documented in differences.md")
const unproven = entriesOf("Not proven yet")

/** `behaviour 102`, or one of several: `behaviours 102 and 173`. */
const naming = (number: string): RegExp => new RegExp(`behaviours? (?:\\d{3}(?:, | and ))*${number}\\b`)

/** What a test of `test/differential` may be called; those made in a loop are known by how they begin. */
const scenarioNames = files
  .filter((path) => path.startsWith("test/differential/src/scenarios/"))
  .flatMap((path) => [...read(path).matchAll(/\bscenario\(\s*(["`])([^"`$]+)/g)])
  .map(([, quote, name = ""]) => ({ name, isWhole: quote === '"' }))

const isScenario = (wanted: string): boolean =>
  scenarioNames.some(({ name, isWhole }) => (isWhole ? wanted === name : wanted.startsWith(name)))

/** A test as the page names it: its file, and its title after the number. */
const testsOf = ({ text }: Entry): ReadonlyArray<readonly [path: string, title: string]> =>
  [...text.matchAll(/`([^`]+\.test\.ts)` “([^”]+)”/g)].map(([, path = "", title = ""]) => [path, title])

const scenariosOf = ({ text }: Entry): ReadonlyArray<string> =>
  [...text.matchAll(/scenario `([^`]+)`/g)].map(([, name = ""]) => name)

const hasTest = (number: string, path: string, title: string): boolean =>
  exists(path) &&
  read(path)
    .split("\n")
    .some((line) => naming(number).test(line) && line.includes(`: ${title}"`))

it("every behaviour stands in the ledger once, in order", () => {
  for (const entries of [proven, documented, unproven]) {
    const numbers = entries.map(({ number }) => number)
    expect(numbers).toEqual(numbers.toSorted())
  }
  const all = [...proven, ...documented, ...unproven].map(({ number }) => number)
  expect(all.filter((number, index) => all.indexOf(number) !== index)).toEqual([])
})

it("what a proven behaviour names is there: a test with its number, or a scenario", () => {
  expect(proven.length).toBeGreaterThan(0)
  const missing = proven.flatMap((entry) => [
    ...(testsOf(entry).length + scenariosOf(entry).length === 0 ? [`${entry.number}: no proof named`] : []),
    ...testsOf(entry)
      .filter(([path, title]) => !hasTest(entry.number, path, title))
      .map(([path, title]) => `${entry.number}: ${path} has no "${title}"`),
    ...scenariosOf(entry)
      .filter((name) => !isScenario(name))
      .map((name) => `${entry.number}: no scenario ${name}`)
  ])
  expect(missing).toEqual([])
})

it("what is said to differ is a line of differences.md", () => {
  const lines = [
    ...documented.map(({ number, text }) => ({ number, line: /“([^”]+)” \|$/.exec(text)?.[1] })),
    ...proven.flatMap(({ number, text }) =>
      [...text.matchAll(/differs: “([^”]+)”/g)].map(([, line]) => ({ number, line }))
    )
  ]
  expect(lines.filter(({ line }) => line === undefined || !differences.includes(line))).toEqual([])
})

it("what is called unproven has no test", () => {
  const tests = files.filter((path) => path.endsWith(".test.ts") && path !== "test/tidy/behaviours.test.ts").map(read)
  const proved = unproven.filter(({ number }) => tests.some((text) => naming(number).test(text)))
  expect(proved.map(({ number }) => number)).toEqual([])
})
