/**
 * `pnpm client:bench`: our client beside kafkajs and @platformatic/kafka, against one broker in one run. Each measurement is a process of
 * its own; the clients take turns, round by round, and the medians are told: as a table, and as JSON. In parentheses: the client's own
 * processor time for a megabyte, or for one record that is sent alone.
 *
 *   --bootstrap HOST:PORT   a cluster that is there; without it a broker of this repository is started as a process
 *   --rounds N              3 unless said otherwise
 *   --megabytes N           per throughput measurement; 60 unless said otherwise
 *   --singles N             records sent one at a time; 2000 unless said otherwise
 *   --json FILE             where the JSON goes; printed without it
 */
import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { availableParallelism, cpus } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { Admin, Klamm, Producer, Serde, Topic } from "@klamm/client"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { optionsOf } from "klamm-test-clients/CommandLine"
import { ours } from "klamm-test-cluster/Nodes"
import { type Figures, isLone, lotsOf, type Measure, measures, partitions, recordBytesOf, valuesOf } from "./Load.ts"

const given = optionsOf(
  import.meta.filename,
  {
    bootstrap: { type: "string" },
    rounds: { type: "string", default: "3" },
    megabytes: { type: "string", default: "60" },
    singles: { type: "string", default: "2000" },
    json: { type: "string" }
  },
  ["rounds", "megabytes", "singles"]
)

const run = promisify(execFile)
const measuredWithinMs = 180_000
const names = ["@klamm/client", "kafkajs", "@platformatic/kafka"] as const
type Name = (typeof names)[number]
const megabytes = Number(given.megabytes)
const rounds = Number(given.rounds)

/** A topic with something in it, or without. */
const prepare = (bootstrap: string, topic: string, filledWith: number | undefined): Promise<void> =>
  Effect.gen(function* () {
    yield* Admin.createTopics([{ topic, partitions }])
    if (filledWith === undefined) return
    const { recordBytes, perLot, lots } = lotsOf(filledWith, megabytes)
    const bytes = Topic.make(topic, { value: Serde.bytes(Schema.Uint8Array) })
    const lot = valuesOf(perLot, recordBytes).map((value) => ({ value }))
    const sends = Array.from({ length: lots }, () => Producer.sendMany(bytes, lot))
    yield* Effect.all(sends, { concurrency: 5, discard: true })
  }).pipe(Effect.provide(Klamm.layer({ bootstrap, producer: { batchSize: 262_144 } })), Effect.runPromise)

const measureOne = async (bootstrap: string, name: Name, measure: Measure, round: number): Promise<Figures> => {
  const isReading = measure.startsWith("consume")
  const of = measure.replaceAll(" ", "-")
  const topic = isReading ? `bench-${process.pid}-${of}` : `bench-${process.pid}-${of}-${round}-${names.indexOf(name)}`
  if (!isReading) await prepare(bootstrap, topic, undefined)
  const amount = isLone(measure) ? given.singles : given.megabytes
  const script = join(import.meta.dirname, "one.ts")
  const { stdout } = await run(process.execPath, [script, name, measure, bootstrap, topic, amount], {
    timeout: measuredWithinMs
  })
  if (!isReading) {
    await Effect.runPromise(Effect.provide(Admin.deleteTopics([topic]), Klamm.layer({ bootstrap })))
  }
  return JSON.parse(stdout) as Figures
}

const median = (figures: ReadonlyArray<number>): number => {
  const sorted = figures.toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

type Results = Map<Measure, Map<Name, Array<Figures>>>

const figureNames = ["mbPerSecond", "p50Ms", "p99Ms", "cpuMs"] as const

const mediansOf = (all: ReadonlyArray<Figures>): Partial<Figures> =>
  Object.fromEntries(
    figureNames.flatMap((key) => {
      const found = all.flatMap((each) => each[key] ?? [])
      return found.length === 0 ? [] : [[key, Number(median(found).toFixed(3))]]
    })
  )

const print = ({ mbPerSecond, p50Ms, p99Ms, cpuMs }: Partial<Figures>): string => {
  const cpu = `(cpu ${cpuMs?.toFixed(2)} ms)`
  return mbPerSecond !== undefined
    ? `${mbPerSecond.toFixed(1)} MB/s ${cpu}`
    : `p50 ${p50Ms?.toFixed(2)} p99 ${p99Ms?.toFixed(2)} ms ${cpu}`
}

const tell = async (bootstrap: string, results: Results): Promise<void> => {
  const rows = [...results].map(([measure, by]) => [
    measure,
    ...names.map((name) => print(mediansOf(by.get(name) ?? [])))
  ])
  const all = [["", ...names], ...rows]
  const widths = ["", ...names].map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  for (const row of all) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "))
  const told = {
    node: process.version,
    cpu: `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown"}`,
    broker: given.bootstrap === undefined ? "Klamm, one process" : bootstrap,
    rounds,
    megabytes,
    results: Object.fromEntries(
      Array.from(results, ([measure, by]) => [
        measure,
        Object.fromEntries(Array.from(by, ([name, all]) => [name, { median: mediansOf(all), rounds: all }]))
      ])
    )
  }
  const text = JSON.stringify(told, null, 2)
  if (given.json === undefined) console.log(text)
  else await writeFile(given.json, text)
}

const bench = async (bootstrap: string): Promise<void> => {
  const results: Results = new Map(measures.map((measure) => [measure, new Map(names.map((name) => [name, []]))]))
  for (const measure of measures) {
    if (measure.startsWith("consume")) {
      await prepare(bootstrap, `bench-${process.pid}-${measure.replaceAll(" ", "-")}`, recordBytesOf(measure))
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const measure of measures) {
      // Another begins each time, so that nobody always has the broker as the one before left it.
      const turn = names.map((_, index) => names[(index + round) % names.length]!)
      for (const name of turn) {
        const figures = await measureOne(bootstrap, name, measure, round)
        results.get(measure)?.get(name)?.push(figures)
        console.error(`round ${round + 1}, ${measure}, ${name}: ${print(figures)}`)
      }
    }
  }
  await tell(bootstrap, results)
}

if (given.bootstrap !== undefined) await bench(given.bootstrap)
else {
  const nodes = await ours(1, { "num.partitions": String(partitions), "group.initial.rebalance.delay.ms": "0" })
  process.once("SIGINT", () => process.exit(1))
  process.once("SIGTERM", () => process.exit(1))
  try {
    await nodes.startAll()
    await bench([...nodes.addresses.values()].join(","))
  } finally {
    await nodes.remove()
  }
}
