/**
 * The command line of the broker daemon. Invariant: every word is understood or refused; a mistake is told in one sentence
 * with the nearest right spelling, and never starts a broker.
 */
import { parseArgs } from "node:util"

export const usage = `Starts a Klamm broker: Kafka's protocol, one Node process, no JVM.

  pnpm start [options]

  -c, --config FILE      read a server.properties file
  -s, --set KEY=VALUE    set one property (may be repeated); stronger than the file and the environment
      --memory           keep nothing: all data lives in memory and is gone at the end
      --brokers N        start a cluster of N brokers on this machine, one process and one data folder each
      --racks A,B,C      the racks of these brokers, in turn
      --port N           the first broker's port (default 9092); with --brokers the others follow, two apart
      --cluster-id ID    the cluster that a node with a new data folder belongs to
      --profile FILE     write a CPU profile (.cpuprofile) when the broker stops
      --initial-controllers ID@HOST:PORT:DIRECTORY_ID,...
                         the controllers that found it together, for a node with a new data folder
  -h, --help             show this text
      --version          show the version

Every key of Kafka's server.properties works in the file, with --set, and as an environment variable
(log.retention.ms is KAFKA_LOG_RETENTION_MS). Without any, a single node listens on localhost:9092 and keeps its data in ./data.
With --brokers, settings are every broker's; node 2 keeps its settings in ./data/broker-2.properties, to be started by itself with -c.
`

export interface Options {
  readonly configFile: string | undefined
  readonly settings: ReadonlyArray<string>
  readonly memory: boolean
  /** The cluster that new data directories are made for. */
  readonly clusterId: string | undefined
  /** The controllers that found it, as `klamm storage format` takes them. */
  readonly initialControllers: string | undefined
  /** Where a profile of the processor's time goes. */
  readonly profile: string | undefined
}

/** A cluster of processes on this machine. */
export interface ClusterOptions {
  readonly brokers: number
  readonly racks: ReadonlyArray<string>
  readonly firstPort: number
  readonly settings: ReadonlyArray<string>
  readonly memory: boolean
}

export type Parsed =
  | { readonly _tag: "Run"; readonly options: Options }
  | { readonly _tag: "RunCluster"; readonly options: ClusterOptions }
  | { readonly _tag: "Help" }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Wrong"; readonly reason: string }

const maxPort = 65_535
const maxBrokers = 100
const defaultPort = 9092

/** A whole number in words that say what it is for, or the reason why it is none. */
const parseNumber = (name: string, text: string, max: number): number => {
  const number = Number(text)
  if (/^[0-9]+$/.test(text) && number >= 1 && number <= max) return number
  throw new Error(`--${name} takes a whole number from 1 to ${max}, not "${text}"`)
}

const optionKinds = {
  config: { type: "string", short: "c" },
  set: { type: "string", short: "s", multiple: true },
  memory: { type: "boolean" },
  brokers: { type: "string" },
  racks: { type: "string" },
  port: { type: "string" },
  "cluster-id": { type: "string" },
  "initial-controllers": { type: "string" },
  profile: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" }
} as const

const read = (args: ReadonlyArray<string>) =>
  // pnpm hands a separating "--" on to the script.
  parseArgs({ args: args.filter((each) => each !== "--"), options: optionKinds, allowPositionals: false }).values

type Values = ReturnType<typeof read>

const clusterOptions = (values: Values, brokers: string): ClusterOptions => {
  if (values.config !== undefined) throw new Error("--brokers writes a properties file for each broker: leave out -c")
  if (values.profile !== undefined) throw new Error("--profile is of one broker: start that one by itself with -c")
  return {
    brokers: parseNumber("brokers", brokers, maxBrokers),
    racks: values.racks === undefined ? [] : values.racks.split(",").map((rack) => rack.trim()),
    firstPort: values.port === undefined ? defaultPort : parseNumber("port", values.port, maxPort),
    settings: values.set ?? [],
    memory: values.memory ?? false
  }
}

const nodeOptions = (values: Values): Options => {
  if (values.racks !== undefined)
    throw new Error("--racks goes with --brokers; for one node say --set broker.rack=RACK")
  if (values["initial-controllers"] !== undefined && values["cluster-id"] === undefined) {
    throw new Error("--initial-controllers goes with --cluster-id, the same for each of them")
  }
  const port = values.port === undefined ? undefined : parseNumber("port", values.port, maxPort)
  const listeners = port === undefined ? [] : [`listeners=PLAINTEXT://localhost:${port}`]
  return {
    configFile: values.config,
    settings: [...listeners, ...(values.set ?? [])],
    memory: values.memory ?? false,
    clusterId: values["cluster-id"],
    initialControllers: values["initial-controllers"],
    profile: values.profile
  }
}

export const parseOptions = (args: ReadonlyArray<string>): Parsed => {
  try {
    const values = read(args)
    if (values.help === true) return { _tag: "Help" }
    if (values.version === true) return { _tag: "Version" }
    const { brokers } = values
    if (brokers !== undefined) return { _tag: "RunCluster", options: clusterOptions(values, brokers) }
    return { _tag: "Run", options: nodeOptions(values) }
  } catch (error) {
    return { _tag: "Wrong", reason: error instanceof Error ? error.message : String(error) }
  }
}
