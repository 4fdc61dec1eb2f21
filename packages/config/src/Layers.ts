/**
 * The sources of a broker's static configuration, each read into the same shape: the development preset, a properties
 * file, the environment, and `--set` on the command line. Invariant: nothing is checked against the tables here except
 * which environment variables are meant for us; every value keeps where it came from. Neighbours: Properties.ts (the file
 * format), BrokerConfig.ts (which lays them over each other).
 */
import { brokerKeys } from "./BrokerTable.ts"
import type { ConfigProblem, Origin } from "./Problem.ts"
import type { Position } from "./Properties.ts"
import { parseProperties } from "./Properties.ts"

/** One value as it was written. */
export interface Given {
  readonly name: string
  readonly text: string
  /** Where the name stands, and where the value stands. */
  readonly origin: Origin
  readonly valueOrigin: Origin
}

export interface Layer {
  readonly given: ReadonlyArray<Given>
  readonly problems: ReadonlyArray<ConfigProblem>
}

/**
 * What a lone development node needs and Kafka's defaults do not give: one node in both roles on localhost, internal
 * topics with one replica, data in the working directory.
 */
export const developmentPreset = (): ReadonlyMap<string, string> =>
  new Map([
    ["node.id", "1"],
    ["process.roles", "broker,controller"],
    ["listeners", "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093"],
    ["controller.listener.names", "CONTROLLER"],
    ["controller.quorum.bootstrap.servers", "localhost:9093"],
    ["offsets.topic.replication.factor", "1"],
    ["transaction.state.log.replication.factor", "1"],
    ["transaction.state.log.min.isr", "1"],
    ["share.coordinator.state.topic.replication.factor", "1"],
    ["share.coordinator.state.topic.min.isr", "1"],
    ["group.initial.rebalance.delay.ms", "0"],
    ["log.dirs", "./data"]
  ])

/** The controller's listener of a node that says nothing of one. The quorum's only voter talks to itself without a port. */
const ownController = "CONTROLLER://localhost:0"

/**
 * Who sets `listeners` and nothing about controllers means where clients connect: the preset's controller listener is kept beside it.
 * Acts only while the preset is what names the controller's listener.
 */
export const keepControllerListener = (layers: ReadonlyArray<Layer>): ReadonlyArray<Layer> => {
  const named = layers.some(({ given }) =>
    given.some(({ name, origin }) => origin._tag !== "Preset" && /^(controller\.|process\.roles$)/.test(name))
  )
  if (named) return layers
  const complete = (given: Given): Given =>
    given.name === "listeners" && given.origin._tag !== "Preset" && !/controller:\/\//i.test(given.text)
      ? { ...given, text: `${given.text},${ownController}` }
      : given
  return layers.map(({ given, problems }) => ({ given: given.map(complete), problems }))
}

const givenAt = (name: string, text: string, origin: Origin): Given => ({ name, text, origin, valueOrigin: origin })

export const presetLayer = (preset: ReadonlyMap<string, string>): Layer => ({
  given: [...preset].map(([name, text]) => givenAt(name, text, { _tag: "Preset" })),
  problems: []
})

/** `path` is only for messages: the text is read elsewhere. */
export const fileLayer = (path: string, text: string): Layer => {
  const origin = (at: Position): Origin => ({ _tag: "File", path, line: at.line, column: at.column })
  const read = parseProperties(text)
  return {
    given: read.properties.map((property) => ({
      name: property.key,
      text: property.value,
      origin: origin(property.keyAt),
      valueOrigin: origin(property.valueAt)
    })),
    problems: read.errors.map((error) => ({ _tag: "Malformed", reason: error.reason, origin: origin(error.at) }))
  }
}

const PREFIX = "KAFKA_"
/** Variables of Kafka's start scripts and images, which mean nothing to the server itself. */
const FOREIGN = /^KAFKA_(?:OPTS|HEAP_OPTS|JVM_.*|JMX_.*|GC_LOG_OPTS|LOG4J_.*|TOOLS_.*|DEBUG|HOME|VERSION|URL|MODE)$/
/** Variables a container platform makes for a service that happens to be called kafka. */
const SERVICE_LINK = /^KAFKA_(?:.*_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT(?:_[0-9]+_(?:TCP|UDP).*)?)$/
const LISTENER_VARIABLE = /^LISTENER_NAME_(.+)$/

const variableForm = (name: string): string => name.toUpperCase().replace(/[.-]/g, "_")
const byVariable: ReadonlyMap<string, string> = new Map(brokerKeys.map((row) => [variableForm(row.name), row.name]))

/** The spelling of Kafka's container images: ___ is a dash, __ an underscore, _ a dot. */
const dotted = (variable: string): string =>
  variable
    .replace(/_+/g, (run) => (run.length === 3 ? "-" : run.length === 2 ? "\u0000" : "."))
    .replaceAll("\u0000", "_")
    .toLowerCase()

/** `LISTENER_NAME_INTERNAL_SSL_KEYSTORE_TYPE` ends in a key of the table; what is left in front is the listener. */
const listenerKey = (variable: string): string | null => {
  const rest = LISTENER_VARIABLE.exec(variable)?.[1]
  if (rest === undefined) return null
  const starts = [...rest.matchAll(/_/g)].map((match) => match.index)
  const start = starts.find((each) => byVariable.has(rest.slice(each + 1)))
  return start === undefined
    ? null
    : `listener.name.${dotted(rest.slice(0, start))}.${byVariable.get(rest.slice(start + 1))}`
}

/** The key a variable means, or null when it is none of ours. An unknown key keeps its most likely spelling. */
export const keyOfVariable = (variable: string): string | null => {
  if (!variable.startsWith(PREFIX)) return null
  const rest = variable.slice(PREFIX.length).toUpperCase()
  const known = byVariable.get(rest) ?? byVariable.get(variableForm(dotted(rest))) ?? listenerKey(rest)
  if (known !== null) return known
  return FOREIGN.test(variable) || SERVICE_LINK.test(variable) ? null : dotted(rest)
}

/** `environment` as the process has it; variables that do not start with KAFKA_ are left alone. */
export const environmentLayer = (environment: Readonly<Record<string, string | undefined>>): Layer => {
  const given = Object.entries(environment).flatMap(([variable, text]) => {
    const name = keyOfVariable(variable)
    return name === null || text === undefined ? [] : [givenAt(name, text, { _tag: "Environment", variable })]
  })
  return { given, problems: [] }
}

/** Each argument is `key=value`, as given to `--set`. */
export const setLayer = (settings: ReadonlyArray<string>): Layer => {
  const given: Array<Given> = []
  const problems: Array<ConfigProblem> = []
  for (const setting of settings) {
    const split = setting.indexOf("=")
    const name = setting.slice(0, split === -1 ? undefined : split).trim()
    const origin: Origin = { _tag: "CommandLine", name }
    if (split > 0) given.push(givenAt(name, setting.slice(split + 1), origin))
    else problems.push({ _tag: "Malformed", reason: "a setting must have the form key=value", origin })
  }
  return { given, problems }
}
