/**
 * `pnpm differential:nodes`: the same requests to three nodes of Apache Kafka and to three of ours, both fresh, before one of them is
 * killed, without it, and when it is back; and what differs. Invariant: exit code 0 means that every difference is an entry of
 * docs/differences.md, and that every entry for three nodes occurs.
 *
 *   --json FILE           writes the report there
 *
 * Needs KAFKA_REFERENCE=script. Neighbours: test/differential (all but the nodes), src/Nodes.ts, src/Reference.ts.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { optionsOf } from "klamm-test-clients/CommandLine"
import { REPOSITORY, referenceScript } from "klamm-test-clients/Processes"
import { judge, readAnchors } from "klamm-test-differential/Documented"
import { runMatrix, type Tally } from "klamm-test-differential/Matrix"
import { asJson, asText } from "klamm-test-differential/Report"
import type { Target } from "klamm-test-differential/Run"
import { THREE_NODES } from "klamm-test-differential/scenarios/threeNodes"
import { given } from "klamm-test-differential/Targets"
import { type Nodes, ours } from "./src/Nodes.ts"
import { reference } from "./src/Reference.ts"

const options = optionsOf(import.meta.filename, { json: { type: "string" } })

const ASKED = 1
const KILLED = 3
/** Both notice within seconds that a broker is gone, and none moves leaders by itself. */
const SETTINGS = {
  "broker.session.timeout.ms": "4000",
  "broker.heartbeat.interval.ms": "1000",
  "auto.leader.rebalance.enable": "false"
}
const OF_THREE_NODES = "difference: three."

const targetOf = async (nodes: Nodes): Promise<Target> => {
  const { target } = await given(nodes.addresses.get(ASKED)!)
  const ports = new Map([...nodes.addresses].map(([id, address]) => [Number(address.split(":")[1]), `<port of ${id}>`]))
  return { ...target, nodeId: ASKED, ports }
}

const together = (tallies: ReadonlyArray<Tally>): Tally => ({
  cases: tallies.reduce((sum, { cases }) => sum + cases, 0),
  covered: new Set(tallies.flatMap(({ covered }) => [...covered])),
  steps: tallies.reduce((sum, { steps }) => sum + steps, 0),
  fields: tallies.reduce((sum, { fields }) => sum + fields, 0),
  equalSteps: tallies.reduce((sum, { equalSteps }) => sum + equalSteps, 0),
  differences: tallies.flatMap(({ differences }) => differences),
  slowest: tallies.flatMap(({ slowest }) => slowest),
  answers: new Map(tallies.flatMap(({ answers }) => [...answers]))
})

const compareBoth = async (left: Nodes, right: Nodes): Promise<boolean> => {
  const began = performance.now()
  const [theirs, mine] = [await targetOf(left), await targetOf(right)]
  const both = (deed: (nodes: Nodes) => Promise<void>) => Promise.all([deed(left), deed(right)])
  const tallies = [await runMatrix(THREE_NODES.whole, theirs, mine, "")]
  await both((nodes) => nodes.kill(KILLED))
  tallies.push(await runMatrix(THREE_NODES.oneDead, theirs, mine, ""))
  await both((nodes) => nodes.start(KILLED))
  tallies.push(await runMatrix(THREE_NODES.back, theirs, mine, ""))
  const tally = together(tallies)
  const all = judge(tally.differences, await readAnchors(join(REPOSITORY, "docs/differences.md")))
  const judged = { ...all, stale: all.stale.filter(({ text }) => text.includes(OF_THREE_NODES)) }
  const tookMs = performance.now() - began
  if (options.json !== undefined) await writeFile(options.json, asJson(tally, judged, tookMs))
  console.log(asText(tally, judged, tookMs))
  return judged.undocumented.length === 0 && judged.stale.length === 0
}

const main = async (script: string): Promise<boolean> => {
  const left = await reference(script, 3, SETTINGS)
  const right = await ours(3, SETTINGS)
  try {
    await left.startAll()
    await right.startAll()
    return await compareBoth(left, right)
  } finally {
    await Promise.all([left.remove(), right.remove()])
  }
}

const script = referenceScript()
if (script === undefined) console.log("not run: KAFKA_REFERENCE names no Apache Kafka")
else process.exitCode = (await main(script)) ? 0 : 1
