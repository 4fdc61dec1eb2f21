import { readFileSync } from "node:fs"
import { metricTable } from "@klamm/platform/Telemetry"
import { expect, it } from "vitest"

it("docs/metrics.md has every metric as the table has it", () => {
  const page = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8")
  const rows = page.split("\n").filter((line) => /^\| `/.test(line))
  const expected = Object.entries(metricTable).map(([name, { kind, description, ...rest }]) => {
    const label = "label" in rest ? `{${rest.label}}` : ""
    return `| \`${name}${label}\` | ${kind} | ${description} |`
  })
  expect(rows).toEqual(expected)
})
