/**
 * `pnpm differential`: the same requests to a Kafka and to ours, and what differs. Invariant: exit code 0 means that every
 * difference is an entry of docs/differences.md, every entry occurs, and every key and version that we advertise was compared.
 *
 *   --against HOST:PORT   the Kafka; without it KAFKA_REFERENCE names the script that starts one
 *   --ours HOST:PORT      the broker to judge; without it ours is started on a temporary folder
 *   --only TEXT           scenarios whose name contains TEXT (then no entry counts as stale, and not all need be covered)
 *   --json FILE           writes the report there
 *   --show                prints what the Kafka answered, field by field
 *
 * Neighbours: src/Matrix.ts, src/Targets.ts, src/Report.ts, src/Coverage.ts, src/scenarios/.
 */
import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { optionsOf } from "klamm-test-clients/CommandLine"
import { REPOSITORY, referenceScript } from "klamm-test-clients/Processes"
import { advertisedBy, uncovered } from "./src/Coverage.ts"
import { judge, readAnchors } from "./src/Documented.ts"
import { runMatrix } from "./src/Matrix.ts"
import { asJson, asText } from "./src/Report.ts"
import { SCENARIOS } from "./src/scenarios/index.ts"
import { given, type Started, startedOurs, startedReference } from "./src/Targets.ts"

const options = optionsOf(import.meta.filename, {
  against: { type: "string" },
  ours: { type: "string" },
  only: { type: "string" },
  json: { type: "string" },
  show: { type: "boolean", default: false }
})

/** Those are for `pnpm differential:nodes`. */
const OF_THREE_NODES = "difference: three."

const reference = (): Promise<Started> => {
  if (options.against !== undefined) return given(options.against)
  const script = referenceScript()
  if (script === undefined) throw new Error("name a Kafka: --against HOST:PORT, or KAFKA_REFERENCE=script")
  return startedReference(script)
}

const compareBoth = async (left: Started, right: Started): Promise<boolean> => {
  const began = performance.now()
  const only = options.only
  const chosen = only === undefined ? SCENARIOS : SCENARIOS.filter(({ name }) => name.includes(only))
  const tally = await runMatrix(chosen, left.target, right.target, `-r${randomBytes(4).toString("hex")}`)
  const all = judge(tally.differences, await readAnchors(join(REPOSITORY, "docs/differences.md")))
  const stale = all.stale.filter(({ text }) => only === undefined && !text.includes(OF_THREE_NODES))
  const judged = { ...all, stale }
  const [ours, theirs] = [await advertisedBy(right.target.address), await advertisedBy(left.target.address)]
  const missing = only === undefined ? uncovered(ours, theirs, tally.covered) : []
  const tookMs = performance.now() - began
  if (options.json !== undefined) await writeFile(options.json, asJson(tally, judged, tookMs))
  if (options.show) for (const [name, value] of tally.answers) console.log(`${name} = ${value}`)
  console.log(asText(tally, judged, tookMs))
  if (missing.length > 0) console.log(`no scenario is about ${missing.join(" ")}, which we advertise`)
  return judged.undocumented.length === 0 && judged.stale.length === 0 && missing.length === 0
}

const main = async (): Promise<boolean> => {
  const left = await reference()
  try {
    const right = options.ours === undefined ? await startedOurs() : await given(options.ours)
    try {
      return await compareBoth(left, right)
    } finally {
      await right.stop()
    }
  } finally {
    await left.stop()
  }
}

process.exitCode = (await main()) ? 0 : 1
