/**
 * `pnpm cluster`: three broker processes under load, to which things happen, round after round; and a cluster of many partitions.
 * Prints a line per round and a summary, the last line as JSON; the exit code is 0 when nothing acknowledged was lost, nothing
 * is there twice, order was kept, the replicas are equal and commits never fell.
 *
 *   --rounds N        how often (default 20)
 *   --kill WHAT       only kills, of: leader, controller, or random (either); without it also pauses, clean restarts and two at once
 *   --seed N          of the load and of what is done (default: from the clock, printed)
 *   --brokers N       how many nodes, all of them controllers too (default 3)
 *   --partitions N    of the topic under load (default 12)
 *   --producers N     idempotent producers, each writing to all partitions (default 2)
 *   --clients         beside our own load kafkajs and, where it is installed, librdkafka (confluent-kafka for Python), each with a group
 *   --set KEY=VALUE   a property of every node; may be repeated
 *   --scale N         instead of rounds: times and memory with one topic of N partitions
 *   --reference       the real Kafka that KAFKA_REFERENCE starts, instead of our brokers
 *
 * Neighbours: src/.
 */
import { optionsOf } from "klamm-test-clients/CommandLine"
import { hasConfluent } from "klamm-test-clients/Installed"
import { referenceScript } from "klamm-test-clients/Processes"
import { KINDS, type Kind } from "./src/Deeds.ts"
import { kafkajs } from "./src/Kafkajs.ts"
import { librdkafka } from "./src/Librdkafka.ts"
import { type Nodes, ours } from "./src/Nodes.ts"
import { reference } from "./src/Reference.ts"
import { report } from "./src/Report.ts"
import { runRounds } from "./src/Rounds.ts"
import { runScale } from "./src/Scale.ts"

const options = optionsOf(
  import.meta.filename,
  {
    rounds: { type: "string", default: "20" },
    kill: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    brokers: { type: "string", default: "3" },
    partitions: { type: "string", default: "12" },
    producers: { type: "string", default: "2" },
    clients: { type: "boolean", default: false },
    set: { type: "string", multiple: true, default: [] },
    scale: { type: "string" },
    reference: { type: "boolean", default: false }
  },
  ["rounds", "seed", "brokers", "partitions", "producers", "scale"]
)

const KILLS: ReadonlyMap<string, ReadonlyArray<Kind>> = new Map([
  ["leader", ["kill-leader"]],
  ["controller", ["kill-controller"]],
  ["random", ["kill-leader", "kill-controller"]]
])

const kindsOf = (kill: string | undefined): ReadonlyArray<Kind> => {
  if (kill === undefined) return KINDS.filter((kind) => kind !== "kill-two" || Number(options.brokers) >= 3)
  const kinds = KILLS.get(kill)
  if (kinds === undefined) throw new Error(`--kill takes leader, controller or random, not ${kill}`)
  return kinds
}

const nodesOf = (): Promise<Nodes> => {
  const settings = Object.fromEntries(
    options.set.map((setting) => [setting.slice(0, setting.indexOf("=")), setting.slice(setting.indexOf("=") + 1)])
  )
  const count = Number(options.brokers)
  if (!options.reference) return ours(count, settings)
  const script = referenceScript()
  if (script === undefined) throw new Error("--reference needs KAFKA_REFERENCE=script")
  return reference(script, count, settings)
}

const foreignOf = async (): Promise<ReadonlyArray<typeof kafkajs>> => {
  if (!options.clients) return []
  if (await hasConfluent()) return [kafkajs, librdkafka]
  console.log("not run: librdkafka: no confluent-kafka in CONFLUENT_PYTHON or python3")
  return [kafkajs]
}

/** What the brokers said last, for whoever looks for the reason of a failure. */
const tell = (nodes: Nodes): void => {
  for (const id of nodes.ids) console.log(`broker ${id} said:\n${nodes.output(id).replace(/^/gm, "    ")}`)
}

const main = async (): Promise<boolean> => {
  const seed = Number(options.seed)
  const kinds = kindsOf(options.kill)
  const nodes = await nodesOf()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
  try {
    if (options.scale !== undefined) return await runScale(nodes, Number(options.scale))
    console.log(`${nodes.name}, ${options.rounds} rounds of ${kinds.join(", ")}, --seed ${seed}`)
    const outcome = await runRounds(nodes, {
      rounds: Number(options.rounds),
      seed,
      kinds,
      partitions: Number(options.partitions),
      producers: Number(options.producers),
      foreign: await foreignOf()
    })
    report(outcome, nodes.name, seed)
    if (outcome.ledger.faults.length > 0) tell(nodes)
    return outcome.ledger.faults.length === 0 && outcome.lost === 0
  } catch (cause) {
    tell(nodes)
    throw cause
  } finally {
    await nodes.remove()
  }
}

process.exitCode = (await main()) ? 0 : 1
