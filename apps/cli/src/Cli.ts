/**
 * The `klamm` command: its words and flags, and what each leads to. Invariant: a mistake is told on the error output with the command's
 * help, and ends with 1 as Kafka's tools do; nothing is done before every word is understood. The only file that imports effect/cli,
 * which is marked unstable. Neighbours: Storage.ts (what `klamm storage` does).
 */
import * as NodeDisk from "@klamm/platform/node/NodeDisk"
import * as CliConfig from "effect/cli/CliConfig"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import manifest from "../package.json" with { type: "json" }
import * as Storage from "./Storage.ts"

const configFlag = Flag.String("config").pipe(
  Flag.withAlias("c"),
  Flag.withMetavar("FILE"),
  Flag.withDescription("The server.properties of the node.")
)

const format = Command.make(
  "format",
  {
    config: configFlag,
    clusterId: Flag.String("cluster-id").pipe(
      Flag.withAlias("t"),
      Flag.withMetavar("ID"),
      Flag.withDescription("The cluster that the node belongs to; the same for each of its nodes.")
    ),
    standalone: Flag.Boolean("standalone").pipe(
      Flag.withAlias("s"),
      Flag.withDefault(false),
      Flag.withDescription("This controller founds the cluster alone; others can be added to it later.")
    ),
    initialControllers: Flag.String("initial-controllers").pipe(
      Flag.withAlias("I"),
      Flag.withMetavar("ID@HOST:PORT:DIRECTORY_ID,..."),
      Flag.optional,
      Flag.withDescription("The controllers that found the cluster together; the same for each of its nodes.")
    ),
    noInitialControllers: Flag.Boolean("no-initial-controllers").pipe(
      Flag.withAlias("N"),
      Flag.withDefault(false),
      Flag.withDescription("This node joins a cluster that others found.")
    ),
    ignoreFormatted: Flag.Boolean("ignore-formatted").pipe(
      Flag.withAlias("g"),
      Flag.withDefault(false),
      Flag.withDescription("Leave directories that have their cluster already, instead of failing.")
    ),
    features: Flag.String("feature").pipe(
      Flag.withAlias("f"),
      Flag.withMetavar("NAME=LEVEL"),
      Flag.atLeast(0),
      Flag.withDescription("The level of a feature in a new cluster; may be repeated.")
    )
  },
  (flags) => Storage.format({ ...flags, initialControllers: Option.getOrUndefined(flags.initialControllers) })
).pipe(Command.withDescription("Give the data directories of a node their cluster, before its first start."))

const info = Command.make("info", { config: configFlag }, ({ config }) => Storage.info(config)).pipe(
  Command.withDescription("Show which cluster and node the data directories of a node belong to.")
)

const randomUuid = Command.make("random-uuid", {}, () => Storage.randomUuid).pipe(
  Command.withDescription("Print a new id, for a cluster or a directory.")
)

const storage = Command.make("storage").pipe(
  Command.withDescription("The data directories of a node."),
  Command.withSubcommands([format, info, randomUuid])
)

const klamm = Command.make("klamm").pipe(
  Command.withDescription("Looks after Klamm brokers."),
  Command.withSubcommands([storage])
)

const columnsWithoutTerminal = 100

/** What effect/cli asks for. Nothing here prompts, so only the width is ever used. */
const environment = Layer.mergeAll(
  FileSystem.layerNoop({}),
  Path.layer,
  Stdio.layerTest({}),
  Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns: Effect.sync(() => process.stdout.columns ?? columnsWithoutTerminal),
      rows: Effect.succeed(0),
      size: Effect.die("nothing here follows the terminal's size"),
      readInput: Effect.die("nothing here reads keys"),
      readLine: Effect.die("nothing here reads lines"),
      display: (text) => Effect.sync(() => process.stdout.write(text))
    })
  ),
  Layer.succeed(
    ChildProcessSpawner.ChildProcessSpawner,
    ChildProcessSpawner.make(() => Effect.die("nothing here starts a process"))
  ),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] })
)

/** pnpm hands a separating "--" on to the script. */
const words = process.argv.slice(2).filter((word, index) => !(index === 0 && word === "--"))

const program = Command.runWith(klamm, { version: manifest.version })(words).pipe(
  Effect.catchTag("CommandFailed", ({ message }) =>
    Effect.andThen(
      Effect.sync(() => process.stderr.write(message === "" ? "" : `${message}\n`)),
      Effect.fail("told")
    )
  ),
  Effect.provide([environment, NodeDisk.layer])
)

const exit = await Effect.runPromiseExit(program)
if (Exit.isFailure(exit)) process.exitCode = 1
