/**
 * `pnpm bench`: the same loads on our brokers and, with `--against`, on another system in turn; progress while it runs, a table at the
 * end, JSON and charts where they are asked for. The exit code is 0 when every measurement was made. Neighbours: Options.ts (the
 * command line), Run.ts, Report.ts, Charts.ts, Floors.ts, loop/.
 */
import { writeFileSync } from "node:fs"
import { cpus, release, totalmem, type } from "node:os"
import { writeCharts } from "./Charts.ts"
import { driverOf } from "./driver/Driver.ts"
import { FLOORS_HEAD, measureFloors } from "./Floors.ts"
import { loads } from "./loads/index.ts"
import { serveLoop } from "./loop/Serve.ts"
import { isWanted, type Options, parseOptions, usage } from "./Options.ts"
import { blockOf, circumstancesOf, replaceIn } from "./Page.ts"
import { measureBudget } from "./Profiles.ts"
import { failuresOf, headOf, type Report, rowsOf } from "./Report.ts"
import { runAll } from "./Run.ts"
import { PLAIN_LOOP } from "./System.ts"
import { markdownTable, textTable } from "./Table.ts"

const WRONG_USAGE = 2
const FAILURES_TOLD_MAX = 20

const write = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const machine = (): string => {
  const [first] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores of ${first?.model.trim()}, ${memory} GiB, ${type()} ${release()}, node ${process.version}`
}

const run = async (options: Options): Promise<boolean> => {
  const wanted = loads.filter((load) => isWanted(load, options))
  const driver = driverOf(options.client)
  write(`${machine()}; load generator: ${driver.client}`)
  const { results, seconds, clients } = await runAll({ loads: wanted, options, driver, say: write })
  const report: Report = {
    when: new Date().toISOString(),
    machine: machine(),
    command: `pnpm bench ${process.argv.slice(2).join(" ")}`.trim(),
    client: clients.join(", "),
    names: {
      ours: "klamm",
      ...(options.synced ? { synced: "klamm, synced" } : {}),
      ...(options.against.length > 0 ? { other: options.name } : {}),
      ...(options.floor ? { floor: PLAIN_LOOP } : {})
    },
    secondsEach: seconds,
    results
  }
  write(`\n${textTable(headOf(report), rowsOf(report))}\n\n${circumstancesOf(report)}`)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  if (options.page !== undefined) replaceIn(options.page, "measured", blockOf(report))
  if (options.svg !== undefined) write(`charts: ${writeCharts(report, options.svg).join(", ")}`)
  const failures = failuresOf(report)
  for (const failure of failures.slice(0, FAILURES_TOLD_MAX)) write(`failed: ${failure}`)
  return failures.length === 0
}

const floors = async (page: string | undefined): Promise<void> => {
  const { rows, notes } = await measureFloors()
  write(`${textTable(FLOORS_HEAD, rows)}\n${notes}`)
  if (page !== undefined) replaceIn(page, "floors", `${markdownTable(FLOORS_HEAD, rows)}\n\n${notes}`)
}

const budget = async (options: Options): Promise<void> => {
  const { head, rows, notes } = await measureBudget({ options, driver: driverOf(options.client), say: write })
  write(`\n${textTable(head, rows)}\n${notes}`)
  if (options.page !== undefined) replaceIn(options.page, "budget", `${markdownTable(head, rows)}\n\n${notes}`)
}

const main = async (): Promise<number> => {
  const parsed = parseOptions(
    process.argv.slice(2),
    loads.map(({ id }) => id)
  )
  switch (parsed.kind) {
    case "help":
      write(usage)
      return 0
    case "wrong":
      write(`✗ ${parsed.reason}\n\n${usage}`)
      return WRONG_USAGE
    case "list":
      for (const { id, group, title } of loads) write(`${group.padEnd(12)} ${id.padEnd(20)} ${title}`)
      return 0
    case "floors":
      await floors(parsed.page)
      return 0
    case "loop":
      return serveLoop(parsed.port)
    case "budget":
      await budget(parsed.options)
      return 0
    case "run":
      return (await run(parsed.options)) ? 0 : 1
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
try {
  process.exit(await main())
} catch (cause) {
  const because = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : ""
  write(`✗ ${cause instanceof Error ? cause.message : String(cause)}${because}`)
  process.exit(1)
}
