/**
 * `klamm storage`: what Kafka's kafka-storage does to the data directories of a node, in the same words where scripts may read them.
 * Invariant: everything is checked before anything is written. Neighbours: packages/broker/src/Format.ts (the directories),
 * Cli.ts (the flags).
 */
import { hostname } from "node:os"
import * as Format from "@klamm/broker/Format"
import { parseInitialControllers, quorumOf, standalone } from "@klamm/broker/InitialControllers"
import { staticVoters } from "@klamm/broker/QuorumConfig"
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { roles } from "@klamm/config/Derived"
import * as Features from "@klamm/controller/Features"
import * as MetaProperties from "@klamm/log/MetaProperties"
import * as Entropy from "@klamm/platform/Entropy"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { CommandFailed, failed } from "./CommandFailed.ts"
import { featureProblem } from "./FeatureLevels.ts"
import * as NodeConfig from "./NodeConfig.ts"

export interface FormatFlags {
  readonly config: string
  readonly clusterId: string
  readonly standalone: boolean
  readonly initialControllers: string | undefined
  readonly noInitialControllers: boolean
  readonly ignoreFormatted: boolean
  readonly features: ReadonlyArray<string>
}

export const randomUuid = Effect.flatMap(Entropy.uuid, Console.log)

/** Which of the three ways to begin a quorum is asked for, in the words of the flags. */
const waysOf = (flags: FormatFlags): ReadonlyArray<string> => [
  ...(flags.standalone ? ["--standalone"] : []),
  ...(flags.initialControllers === undefined ? [] : ["--initial-controllers"]),
  ...(flags.noInitialControllers ? ["--no-initial-controllers"] : [])
]

/** What is wrong with the flags for this node; undefined when nothing is. */
const problemOf = (flags: FormatFlags, config: StaticConfig): string | undefined => {
  const ways = waysOf(flags)
  const isController = roles(config.values).controller
  const hasVoters = staticVoters(config).length > 0
  if (flags.clusterId.trim() === "") return "--cluster-id: an id is missing."
  if (ways.length > 1) return `${ways[1]}: not allowed with ${ways[0]}`
  if (hasVoters && (flags.standalone || flags.initialControllers !== undefined)) {
    return (
      "You cannot specify controller.quorum.voters and format the node with --initial-controllers or --standalone. If you want to use " +
      "dynamic quorum, please remove controller.quorum.voters and specify controller.quorum.bootstrap.servers instead."
    )
  }
  if (flags.standalone && !isController) return "You can only use --standalone on a controller."
  if (isController && !hasVoters && ways.length === 0) {
    return (
      "Because controller.quorum.voters is not set on this controller, you must specify one of the following: --standalone, " +
      "--initial-controllers, or --no-initial-controllers."
    )
  }
  return featureProblem(flags.features, !hasVoters && ways.length > 0)
}

/** What is wrong with the directories as they are; undefined when they can be formatted. */
const obstacleOf = (found: ReadonlyArray<Format.Found>, flags: FormatFlags, nodeId: number): string | undefined => {
  for (const { path, state } of found) {
    const file = `${path}/${MetaProperties.metaProperties}`
    if (state._tag === "NotADirectory") return `${path} is not a directory`
    if (state._tag === "Malformed") return `${file}: ${state.detail}`
    if (state._tag !== "Formatted") continue
    const { clusterId, nodeId: stored } = state.meta
    if (clusterId !== flags.clusterId) {
      return `Invalid cluster.id in: ${file}. Expected ${flags.clusterId}, but read ${clusterId}`
    }
    if (stored !== nodeId) return `Invalid node.id in: ${file}. Expected ${nodeId}, but read ${stored}`
    if (!flags.ignoreFormatted) {
      return (
        `Log directory ${path} is already formatted. Use --ignore-formatted to ignore this directory and format the ` +
        "others."
      )
    }
  }
  return undefined
}

/** The quorum that the flags begin; undefined where the configuration names it or others found the cluster. */
const initialQuorum = (flags: FormatFlags, config: StaticConfig) =>
  Effect.gen(function* () {
    if (flags.initialControllers !== undefined) {
      const parsed = parseInitialControllers(flags.initialControllers)
      return Result.isSuccess(parsed) ? quorumOf(config, parsed.success) : yield* Effect.fail(failed(parsed.failure))
    }
    if (!flags.standalone) return undefined
    const alone = standalone(config, yield* Entropy.uuid, hostname())
    if (alone !== undefined) return quorumOf(config, [alone])
    return yield* Effect.fail(failed("--standalone: listeners has no listener that controller.listener.names names."))
  })

const describeError = (error: CommandFailed | Format.FormatError): CommandFailed =>
  error instanceof CommandFailed ? error : failed(error.message)

/** What Kafka calls the directory that will hold the metadata log. */
const metadataKind = (initial: Format.InitialQuorum | undefined): string => {
  if (initial === undefined) return "metadata"
  return initial.directoryId === undefined ? "dynamic metadata" : "dynamic metadata voter"
}

export const format = (flags: FormatFlags) =>
  Effect.gen(function* () {
    const config = yield* NodeConfig.read(flags.config)
    const problem = problemOf(flags, config)
    if (problem !== undefined) return yield* Effect.fail(failed(problem))
    const found = yield* Format.inspect(config)
    const obstacle = obstacleOf(found, flags, config.values["node.id"])
    if (obstacle !== undefined) return yield* Effect.fail(failed(obstacle))
    const initial = yield* initialQuorum(flags, config)
    const done = yield* Format.format(config, flags.clusterId, initial)
    const fresh = done.filter(({ before }) => !before)
    if (fresh.length === 0) return yield* Console.log("All of the log directories are already formatted.")
    for (const { path, isHome } of fresh) {
      const kind = isHome ? metadataKind(initial) : "data"
      yield* Console.log(`Formatting ${kind} directory ${path} with metadata.version ${Features.metadataVersion}.`)
    }
  }).pipe(Effect.mapError(describeError))

const counted = (noun: string, plural: string, lines: ReadonlyArray<string>): string =>
  lines.length === 0
    ? ""
    : [`Found ${lines.length === 1 ? noun : plural}:`, ...lines.map((line) => `  ${line}`), "", ""].join("\n")

const problemIn = ({ path, state }: Format.Found): string | undefined => {
  switch (state._tag) {
    case "Absent":
      return `${path} does not exist`
    case "NotADirectory":
      return `${path} is not a directory`
    case "Unformatted":
      return `${path} is not formatted.`
    case "Malformed":
      return `${path}/${MetaProperties.metaProperties}: ${state.detail}`
    case "Formatted":
      return undefined
  }
}

export const info = (configFile: string) =>
  Effect.gen(function* () {
    const config = yield* NodeConfig.read(configFile)
    const found = yield* Format.inspect(config)
    const problems = found.map(problemIn).filter((problem) => problem !== undefined)
    const there = found.filter(({ state }) => state._tag !== "Absent" && state._tag !== "NotADirectory")
    const metas = found.flatMap(({ state }) => (state._tag === "Formatted" ? [state.meta] : []))
    const refusal = MetaProperties.refusal(
      found.flatMap(({ path, state }) => (state._tag === "Formatted" ? [{ directory: path, meta: state.meta }] : [])),
      { clusterId: metas[0]?.clusterId ?? "", nodeId: config.values["node.id"] }
    )
    const all = refusal === undefined ? problems : [...problems, refusal.message]
    const [meta] = metas
    const identity =
      meta === undefined
        ? ""
        : `Found metadata: {cluster.id=${meta.clusterId}, directory.id=${meta.directoryId}, node.id=${meta.nodeId}, version=1}\n\n`
    const directories = counted(
      "log directory",
      "log directories",
      there.map(({ path }) => path)
    )
    const report = directories + identity + counted("problem", "problems", all)
    yield* Console.log(report.replace(/\n$/, ""))
    if (all.length > 0) return yield* Effect.fail(new CommandFailed({ message: "" }))
  }).pipe(Effect.mapError(describeError))
