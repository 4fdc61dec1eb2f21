import { expect, it } from "vitest"
import { failuresOf, format, headOf, holds, type Report, rowsOf } from "../src/Report.ts"
import { markdownTable, textTable } from "../src/Table.ts"

const report: Report = {
  when: "2026-01-01T00:00:00.000Z",
  machine: "a machine",
  command: "pnpm bench",
  client: "librdkafka",
  names: { ours: "klamm", other: "another" },
  secondsEach: 3,
  results: [
    {
      id: "produce-64k",
      group: "produce",
      title: "produce",
      figures: [
        { name: "throughput", unit: "MB/s", better: "more", goal: 2.5 },
        { name: "broker CPU", unit: "s/GB", better: "less", goal: 0.4 }
      ],
      rounds: {
        ours: [
          { throughput: 300, "broker CPU": 2, "generator cores": 0.5 },
          { throughput: 310, "broker CPU": 2, "generator cores": 0.5 }
        ],
        other: [{ throughput: 100, "generator cores": 0.25 }, {}]
      },
      failures: [{ role: "other", round: 1, why: "it fell silent" }]
    }
  ]
}

it("a row has medians with their spread, the ratio of the same rounds, the goal and whether it holds", () => {
  expect(headOf(report)).toEqual(["", "", "klamm", "another", "ratio", "goal", "holds", "generator cores"])
  expect(rowsOf(report)[0]).toEqual([
    "produce",
    "throughput, MB/s",
    "305 ±2%",
    "100",
    "3.00",
    "≥ 2.5",
    "yes",
    "0.5 / 0.3"
  ])
})

it("what was not measured is told, and has no ratio and no verdict", () => {
  expect(rowsOf(report)[1]).toEqual(["", "broker CPU, s/GB", "2.00 ±0%", "failed", "", "≤ 0.4", "", ""])
  expect(failuresOf(report)).toEqual(["produce, another, round 2: it fell silent"])
})

it("the plain loop has a ratio and no verdict, and nothing where a load is not for it", () => {
  const [load] = report.results
  const beside: Report = {
    ...report,
    names: { ...report.names, floor: "plain loop" },
    results: [
      { ...load!, rounds: { ...load!.rounds, floor: [{ throughput: 400, "generator cores": 0.75 }, {}] } },
      load!
    ]
  }
  const [, , , , , ratio, floorsRatio, goal, verdict] = headOf(beside)
  expect([ratio, floorsRatio, goal, verdict]).toEqual(["ratio", "plain loop's ratio", "goal", "holds"])
  const [served, , other] = rowsOf(beside)
  expect(served?.slice(2)).toEqual(["305 ±2%", "100", "400", "3.00", "4.00", "≥ 2.5", "yes", "0.5 / 0.3 / 0.8"])
  expect(other?.slice(2)).toEqual(["305 ±2%", "100", "", "3.00", "", "≥ 2.5", "yes", "0.5 / 0.3"])
})

it("alone, ours is measured against nothing", () => {
  const alone: Report = { ...report, names: { ours: "klamm" } }
  expect(headOf(alone)).toEqual(["", "", "klamm", "generator cores"])
  expect(rowsOf(alone)[0]).toEqual(["produce", "throughput, MB/s", "305 ±2%", "0.5"])
})

it("a goal is a lower bound of what should be more and an upper one of what should be less", () => {
  expect(holds({ name: "", unit: "", better: "more", goal: 2 }, 2)).toBe(true)
  expect(holds({ name: "", unit: "", better: "less", goal: 2 }, 2.1)).toBe(false)
  expect(holds({ name: "", unit: "", better: "less" }, 1)).toBeUndefined()
})

it("numbers show three digits that count", () => {
  expect([0, 0.123, 9.876, 12.34, 123.4, 1234.5].map(format)).toEqual(["0", "0.12", "9.88", "12.3", "123", "1,235"])
})

it("a table for a terminal has columns, numbers to the right", () => {
  expect(
    textTable(
      ["", "MB/s"],
      [
        ["a", "5"],
        ["load", "1,234"]
      ]
    )
  ).toBe(["      MB/s", "────  ─────", "a         5", "load  1,234"].join("\n"))
})

it("a table for a page escapes what would end a cell", () => {
  expect(markdownTable(["what", "n"], [["a|b", "1"]])).toBe("| what | n |\n|---|---|\n| a\\|b | 1 |")
})
