/**
 * `pnpm crash`: kills a broker under load, again and again, and checks after each restart that nothing it acknowledged is
 * lost. Prints one line per round and a summary; the exit code is 0 when nothing was lost and no log is damaged.
 *
 *   --rounds N       how often (default 50)
 *   --seed N         of the load and the moments (default: from the clock, printed)
 *   --reference      crashes the real Kafka that KAFKA_REFERENCE starts, to prove this test
 *
 * With KAFKA_REFERENCE set, Kafka's own kafka-dump-log reads our log folders at the end. Neighbours: src/.
 */
import { optionsOf } from "klamm-test-clients/CommandLine"
import { referenceScript } from "klamm-test-clients/Processes"
import { dumpLogs } from "./src/DumpLog.ts"
import { runRounds } from "./src/Rounds.ts"
import { kafka, ours, type Subject } from "./src/Subject.ts"

const options = optionsOf(
  import.meta.filename,
  {
    rounds: { type: "string", default: "50" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    reference: { type: "boolean", default: false }
  },
  ["rounds", "seed"]
)

const subject = (): Promise<Subject> => {
  if (!options.reference) return ours()
  const script = referenceScript()
  if (script === undefined) throw new Error("--reference needs KAFKA_REFERENCE=script")
  return kafka(script)
}

const main = async (): Promise<boolean> => {
  const seed = Number(options.seed)
  const crashed = await subject()
  console.log(`crashing ${crashed.name} at ${crashed.address}, ${options.rounds} rounds, --seed ${seed}`)
  try {
    const total = await runRounds(crashed, Number(options.rounds), seed)
    const script = referenceScript()
    if (script === undefined) console.log("not run: kafka-dump-log over the logs: KAFKA_REFERENCE is not set")
    const dumped = script === undefined ? [] : await dumpLogs(script, crashed.logFolder)
    for (const fault of [...total.faults, ...dumped]) console.log(`fault: ${fault}`)
    console.log(
      `rounds=${total.rounds} acknowledged=${total.acknowledged} verified=${total.verified} lost=${total.lost} ` +
        `commits=${total.commits} retried=${total.retried} faults=${total.faults.length + dumped.length}`
    )
    return total.lost === 0 && total.faults.length + dumped.length === 0
  } finally {
    await crashed.remove()
  }
}

process.exitCode = (await main()) ? 0 : 1
