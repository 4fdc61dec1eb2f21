/**
 * `pnpm tools`: Apache Kafka's own command-line tools against a fresh broker, each doing its whole job, then kafka-dump-log over
 * what the broker left on disk after a clean stop and after a kill; then against three brokers, which are killed and started in
 * between. One line a tool; the exit code is 0 when all did their job and the brokers had nothing to complain of.
 *
 *   --only TEXT     the checks whose name contains TEXT (some need what those before them have written); `--only cluster:` is
 *                   the part with three brokers
 *
 * Needs KAFKA_REFERENCE=script, which runs a tool by its name; without it nothing is run, and it says so. Neighbours: src/.
 */
import { rm } from "node:fs/promises"
import { optionsOf } from "klamm-test-clients/CommandLine"
import {
  freePort,
  type LaunchedBroker,
  QUICK_GROUPS,
  referenceScript,
  startBroker,
  temporaryFolder
} from "klamm-test-clients/Processes"
import { CLIENT_CHECKS } from "./src/Clients.ts"
import { CLUSTER_CHECKS } from "./src/Clusters.ts"
import { CONFIG_CHECKS } from "./src/Configs.ts"
import { CLUSTER, nodesAreQuiet } from "./src/cluster/Part.ts"
import { startThree } from "./src/cluster/ThreeNodes.ts"
import { dumpChecks } from "./src/Dumps.ts"
import { GROUP_CHECKS } from "./src/Groups.ts"
import { type Check, type Kit, startTool } from "./src/Tool.ts"
import { TOPIC_CHECKS } from "./src/Topics.ts"

const options = optionsOf(import.meta.filename, { only: { type: "string", default: "" } })

/** Few partitions of the offsets topic, and metadata snapshots soon, so that there are some to read. */
const SETTINGS = {
  ...QUICK_GROUPS,
  "offsets.topic.num.partitions": "4",
  "metadata.log.max.record.bytes.between.snapshots": "2048"
}

const ONLINE = [...TOPIC_CHECKS, ...CONFIG_CHECKS, ...CLIENT_CHECKS, ...GROUP_CHECKS, ...CLUSTER_CHECKS]

let failed = 0

const isAsked = ({ name }: { readonly name: string }): boolean => name.includes(options.only)

const runCheck = async <K extends Kit>(check: Check<K>, kit: K): Promise<void> => {
  if (!isAsked(check)) return
  const { name, run } = check
  const began = performance.now()
  const took = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`
  try {
    await run(kit)
    console.log(`ok    ${name} (${took()})`)
  } catch (error) {
    failed++
    console.log(`FAIL  ${name} (${took()}): ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** What the broker printed beyond its banner is a complaint. */
const brokerIsQuiet = (broker: LaunchedBroker, exitCode: number | null): Check => ({
  name: "the broker",
  run: async () => {
    const complaint = /^.*\b(?:WARN|ERROR|FATAL)\b[\s\S]*/m.exec(broker.output())
    if (complaint !== null) throw new Error(`it printed:\n${complaint[0]}`)
    if (exitCode !== 0) throw new Error(`it ended with ${exitCode}`)
  }
})

/** Kills the broker in the middle of a producer's load. */
const killUnderLoad = async (kit: Kit, broker: LaunchedBroker): Promise<void> => {
  const load = ["--topic", "tools-perf", "--num-records", "100000000", "--record-size", "200", "--throughput", "20000"]
  const settings = ["--reporting-interval", "1000", "--command-property", "acks=all"]
  const producer = startTool(kit, "kafka-producer-perf-test", [...kit.at, ...load, ...settings])
  await producer.printed(/records sent/)
  await broker.kill()
  producer.stop("SIGKILL")
  await producer.ended
}

const withOneBroker = async (script: string, directory: string, folder: string): Promise<void> => {
  const launch = { directory, port: await freePort(), settings: SETTINGS }
  const first = await startBroker(launch)
  const kit: Kit = { script, address: first.bootstrap, at: ["--bootstrap-server", first.bootstrap], folder }
  try {
    for (const check of ONLINE) await runCheck(check, kit)
  } finally {
    await runCheck(brokerIsQuiet(first, await first.stop()), kit)
  }
  for (const check of dumpChecks({ folder: directory, after: "a clean stop" })) await runCheck(check, kit)
  await killUnderLoad(kit, await startBroker(launch))
  for (const check of dumpChecks({ folder: directory, after: "a kill" })) await runCheck(check, kit)
}

const withThreeBrokers = async (script: string, folder: string): Promise<void> => {
  const nodes = await startThree(script, folder)
  try {
    for (const check of [...CLUSTER, nodesAreQuiet(nodes)]) await runCheck(check, nodes.kit)
  } finally {
    await nodes.remove()
  }
}

const main = async (script: string): Promise<void> => {
  const directory = await temporaryFolder("tools-data")
  const folder = await temporaryFolder("tools")
  const dumps = dumpChecks({ folder: directory, after: "a kill" })
  try {
    if ([...ONLINE, ...dumps].some(isAsked)) await withOneBroker(script, directory, folder)
    if (CLUSTER.some(isAsked)) await withThreeBrokers(script, folder)
  } finally {
    await rm(directory, { recursive: true, force: true })
    await rm(folder, { recursive: true, force: true })
  }
  console.log(failed === 0 ? "all did their job" : `${failed} did not do their job`)
}

const script = referenceScript()
if (script === undefined) console.log("not run: Apache Kafka's tools: KAFKA_REFERENCE is not set")
else await main(script)
process.exitCode = failed === 0 ? 0 : 1
