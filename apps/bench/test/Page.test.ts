import { expect, it } from "vitest"
import { blockOf, circumstancesOf, withBlock } from "../src/Page.ts"
import type { Report } from "../src/Report.ts"

const report: Report = {
  when: "2026-01-02T03:04:05.678Z",
  machine: "2 cores of a machine",
  command: "pnpm bench",
  client: "librdkafka 2.16.0",
  names: { ours: "klamm" },
  secondsEach: 3,
  results: [
    {
      id: "a",
      group: "produce",
      title: "a load",
      figures: [{ name: "throughput", unit: "MB/s", better: "more" }],
      rounds: {
        ours: [
          { throughput: 5, "other cores": 0.5 },
          { throughput: 7, "other cores": 0.7 }
        ]
      },
      failures: []
    }
  ]
}

it("a block is replaced and nothing around it", () => {
  const page = "# Page\n\n<!-- table -->\nold\n<!-- /table -->\nafter\n"
  expect(withBlock(page, "table", "new\n")).toBe("# Page\n\n<!-- table -->\nnew\n<!-- /table -->\nafter\n")
  expect(withBlock(withBlock(page, "table", "a"), "table", "b")).toBe(withBlock(page, "table", "b"))
  expect(() => withBlock(page, "floors", "new")).toThrow("no block")
})

it("a page tells when, where and how it was measured, and what else the machine did", () => {
  expect(circumstancesOf(report)).toBe(
    "2026-01-02 03:04 UTC, 2 cores of a machine; librdkafka 2.16.0; 2 rounds of 3.0 s, the systems in turn. " +
      "Meanwhile 0.60 cores were busy with something else (median)."
  )
  expect(blockOf(report)).toContain("| a load | throughput, MB/s | 6.00 ±17% |")
})
