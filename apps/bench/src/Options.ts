/** The command line of `pnpm bench`. Invariant: every word is understood or refused in one sentence. Neighbours: main.ts. */
import { parseArgs } from "node:util"
import { CLIENTS, type ClientName } from "./driver/Driver.ts"
import { GROUPS, type Load } from "./Load.ts"

export const usage = `Measures brokers under the same loads: ours, and beside it another.

  pnpm bench [options]        starts brokers of this tree and measures them
  pnpm bench floors           what the machine itself can do: a TCP sink with append, a memory copy, the checksum
  pnpm bench loop             serves the plain loop, the least that a broker of Node can be, until it is ended
  pnpm bench budget           where our broker's time goes, layer by layer, from profiles of it under load

      --against HOST:PORT,... another system that runs already, measured in turn with ours; may be given twice: a single
                              node for the loads of one broker, a cluster of three for those of three
      --against-restart CMD   a shell command that starts a node of it again on its data, {port} standing for the node's
                              port; the n-th belongs to the n-th --against. With it starts are measured (the node is
                              ended by SIGTERM) and failovers (a leader is killed); without it they are not
      --name NAME             what to call the other system (default: other)
      --only GROUP,...        of ${GROUPS.join(", ")};
                              or goals, for those that have one; or single loads by their ids
      --quick                 a minute or so: few loads, one round
      --seconds N             about how long all may take (default: 3 s for each measurement; with --quick 60)
      --rounds N              of each load, in turns (default 3; with --quick 1)
      --port N                the first port of our brokers (default 19500); where the plain loop listens (default 19492)
      --floor                 measure the plain loop too, in the loads that it can serve (produce and latency, of one broker
                              and of three): what a goal can ask of a broker of Node on this machine
      --no-synced             leave out our default of syncing before an acknowledgement
      --client CLIENT         ${CLIENTS.join(" or ")}: the load generator (default: the first that is installed)
      --json FILE             write everything that was measured
      --page FILE             write the table into a page, between <!-- measured --> and <!-- /measured -->
      --svg DIRECTORY         write charts of throughput and latency
      --list                  name the loads
  -h, --help                  show this text
`

export interface Against {
  readonly bootstrap: string
  readonly restart: string | undefined
}

export interface Options {
  readonly against: ReadonlyArray<Against>
  readonly name: string
  /** Groups and ids of loads; all when it is empty. */
  readonly only: ReadonlyArray<string>
  readonly isQuick: boolean
  /** For everything together; undefined to give each measurement its usual time. */
  readonly seconds: number | undefined
  readonly rounds: number
  readonly port: number
  readonly synced: boolean
  /** The plain loop is measured too. */
  readonly floor: boolean
  readonly client: ClientName | undefined
  readonly json: string | undefined
  readonly svg: string | undefined
  readonly page: string | undefined
}

export type Parsed =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "list" | "help" }
  | { readonly kind: "floors"; readonly page: string | undefined }
  | { readonly kind: "loop"; readonly port: number }
  | { readonly kind: "budget"; readonly options: Options }
  | { readonly kind: "wrong"; readonly reason: string }

const QUICK_SECONDS = 60
const OURS_PORT = 19_500
const LOOP_PORT = 19_492
/** Of `--only`: every load that has a goal. */
const WITH_GOAL = "goals"
const ADDRESSES = /^[^:,\s]+:\d+(?:,[^:,\s]+:\d+)*$/

const kinds = {
  against: { type: "string", multiple: true },
  "against-restart": { type: "string", multiple: true },
  name: { type: "string" },
  only: { type: "string" },
  quick: { type: "boolean" },
  seconds: { type: "string" },
  rounds: { type: "string" },
  port: { type: "string" },
  floor: { type: "boolean" },
  "no-synced": { type: "boolean" },
  client: { type: "string" },
  json: { type: "string" },
  page: { type: "string" },
  svg: { type: "string" },
  list: { type: "boolean" },
  help: { type: "boolean", short: "h" }
} as const

const read = (args: ReadonlyArray<string>) =>
  // pnpm hands a separating "--" on to the script.
  parseArgs({ args: args.filter((each) => each !== "--"), options: kinds, allowPositionals: true })

const whole = <A>(name: string, text: string | undefined, otherwise: A): number | A => {
  if (text === undefined) return otherwise
  if (/^[1-9][0-9]*$/.test(text)) return Number(text)
  throw new Error(`--${name} takes a whole number from 1, not "${text}"`)
}

const clientOf = (text: string | undefined): ClientName | undefined => {
  const found = CLIENTS.find((each) => each === text)
  if (text !== undefined && found === undefined)
    throw new Error(`--client takes ${CLIENTS.join(" or ")}, not "${text}"`)
  return found
}

const againstOf = (addresses: ReadonlyArray<string>, restarts: ReadonlyArray<string>): ReadonlyArray<Against> => {
  const wrong = addresses.find((each) => !ADDRESSES.test(each))
  if (wrong !== undefined) throw new Error(`--against takes HOST:PORT,..., not "${wrong}"`)
  if (restarts.length > addresses.length) throw new Error("each --against-restart belongs to an --against")
  return addresses.map((bootstrap, index) => ({ bootstrap, restart: restarts[index] }))
}

/** `ids` are those of the loads there are. */
const onlyOf = (text: string | undefined, ids: ReadonlyArray<string>): ReadonlyArray<string> => {
  const wanted = text === undefined ? [] : text.split(",")
  const known: ReadonlyArray<string> = [...GROUPS, WITH_GOAL, ...ids]
  const unknown = wanted.find((each) => !known.includes(each))
  if (unknown !== undefined) throw new Error(`--only knows no "${unknown}"; --list names the loads`)
  return wanted
}

export const parseOptions = (args: ReadonlyArray<string>, ids: ReadonlyArray<string>): Parsed => {
  try {
    const { values, positionals } = read(args)
    if (values.help === true) return { kind: "help" }
    if (values.list === true) return { kind: "list" }
    if (positionals.length === 1 && positionals[0] === "floors") return { kind: "floors", page: values.page }
    if (positionals.length === 1 && positionals[0] === "loop") {
      return { kind: "loop", port: whole("port", values.port, LOOP_PORT) }
    }
    const isBudget = positionals.length === 1 && positionals[0] === "budget"
    if (positionals.length > 0 && !isBudget) throw new Error(`"${positionals.join(" ")}" is not understood`)
    const isQuick = values.quick === true
    const options: Options = {
      against: againstOf(values.against ?? [], values["against-restart"] ?? []),
      name: values.name ?? "other",
      only: onlyOf(values.only, ids),
      isQuick,
      seconds: whole("seconds", values.seconds, isQuick ? QUICK_SECONDS : undefined),
      rounds: whole("rounds", values.rounds, isQuick ? 1 : 3),
      port: whole("port", values.port, OURS_PORT),
      synced: values["no-synced"] !== true,
      floor: values.floor === true,
      client: clientOf(values.client),
      json: values.json,
      svg: values.svg,
      page: values.page
    }
    return { kind: isBudget ? "budget" : "run", options }
  } catch (error) {
    return { kind: "wrong", reason: error instanceof Error ? error.message : String(error) }
  }
}

export const isWanted = (load: Load, { only, isQuick }: Options): boolean => {
  if (only.length === 0) return !isQuick || load.isQuick
  const hasGoal = load.figures.some(({ goal }) => goal !== undefined)
  return only.includes(load.id) || only.includes(load.group) || (hasGoal && only.includes(WITH_GOAL))
}
