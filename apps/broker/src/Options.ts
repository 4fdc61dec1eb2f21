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
  -h, --help             show this text
      --version          show the version

Every key of Kafka's server.properties works in the file, with --set, and as an environment variable
(log.retention.ms is KAFKA_LOG_RETENTION_MS). Without any, a single node listens on localhost:9092 and keeps its data in ./data.
`

export interface Options {
  readonly configFile: string | undefined
  readonly settings: ReadonlyArray<string>
  readonly memory: boolean
}

export type Parsed =
  | { readonly _tag: "Run"; readonly options: Options }
  | { readonly _tag: "Help" }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Wrong"; readonly reason: string }

export const parseOptions = (args: ReadonlyArray<string>): Parsed => {
  try {
    const { values } = parseArgs({
      // pnpm hands a separating "--" on to the script.
      args: args.filter((each) => each !== "--"),
      options: {
        config: { type: "string", short: "c" },
        set: { type: "string", short: "s", multiple: true },
        memory: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" }
      },
      allowPositionals: false
    })
    if (values.help === true) return { _tag: "Help" }
    if (values.version === true) return { _tag: "Version" }
    const options = { configFile: values.config, settings: values.set ?? [], memory: values.memory ?? false }
    return { _tag: "Run", options }
  } catch (error) {
    return { _tag: "Wrong", reason: error instanceof Error ? error.message : String(error) }
  }
}
