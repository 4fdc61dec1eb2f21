/**
 * `pnpm sim`: brokers in seeded worlds, one seed after another for a time budget. Each run is a storm of faults under a workload, then
 * healing, then every promise checked. Prints what it did; a broken promise is told with its seed and the command that replays it, and
 * the exit code is 1.
 *
 *   --seconds N     how long to go on with new seeds (default 60)
 *   --seed N        this one alone
 *   --from N        begin with this seed (default: from the clock, printed)
 *   --trace         print the score of the run: one line per event, a column per machine
 *   --brokers N     in each world (default 1, or what the bug needs)
 *   --faults a,b    only these kinds
 *   --set key=value a setting of all brokers; may be repeated
 *   --bug NAME      with this bug put back in, until it is found; `--bug list` names them, `--bug all` tries each
 *
 * Neighbours: packages/testing, which holds the worlds; src/ beside this file.
 */
import { bugs } from "@klamm/testing/Bugs"
import { faultKinds, type SwarmOverrides } from "@klamm/testing/Faults"
import { optionsOf, refuse } from "klamm-test-clients/CommandLine"
import { hunt, replay, swarm } from "./src/Runs.ts"

const options = optionsOf(
  import.meta.filename,
  {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    from: { type: "string", default: String(Date.now() % 1_000_000_000) },
    trace: { type: "boolean", default: false },
    brokers: { type: "string" },
    faults: { type: "string" },
    set: { type: "string", multiple: true, default: [] },
    bug: { type: "string" }
  },
  ["seconds", "seed", "from", "brokers"]
)

const settings = Object.fromEntries(
  options.set.map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)])
)
/** All kinds where none is named. */
const kindsOf = (names: ReadonlyArray<string>): Pick<SwarmOverrides, "kinds"> => {
  if (names.length === 0) return {}
  const unknown = names.find((name) => faultKinds.every((kind) => kind !== name))
  if (unknown !== undefined)
    refuse(import.meta.filename, `there is no fault ${unknown}; there are ${faultKinds.join(", ")}`)
  return { kinds: faultKinds.filter((kind) => names.includes(kind)) }
}

const overrides: SwarmOverrides = {
  ...(options.brokers === undefined ? {} : { brokers: Number(options.brokers) }),
  ...(options.set.length === 0 ? {} : { settings }),
  ...kindsOf(options.faults?.split(",") ?? [])
}

const main = (): boolean => {
  if (options.bug === "list") {
    for (const { name, story } of bugs) console.log(`${name}: ${story}`)
    return true
  }
  const seconds = Number(options.seconds)
  const from = Number(options.seed ?? options.from)
  if (options.bug === "all") return bugs.map(({ name }) => hunt(name, from, seconds, overrides)).every((found) => found)
  if (options.bug !== undefined) return hunt(options.bug, from, seconds, overrides)
  return options.seed === undefined ? swarm(from, seconds, overrides) : replay(from, options.trace, overrides)
}

process.exit(main() ? 0 : 1)
