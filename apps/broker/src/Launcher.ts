/**
 * A cluster on this machine: one child process for each broker, told apart in one output, stopped by one Ctrl-C.
 *
 * Invariants: a broker that ends does not end the others; children end when the launcher does, however it ends (their channel to
 * it closes). What each node is, `ClusterPlan.ts` says; a properties file that is there already is the user's and is kept.
 */
import { type ChildProcess, fork } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { createInterface } from "node:readline"
import manifest from "../package.json" with { type: "json" }
import { clusterBanner, type Readiness } from "./Banner.ts"
import { initialControllers, type NodePlan, plan, printProperties } from "./ClusterPlan.ts"
import type { ClusterOptions } from "./Options.ts"

/** Each node is started as the launcher was. */
const entry = process.argv[1]!

const uuidBytes = 16

/** A second signal that comes later than this ends the children at once. */
const sameStopMs = 1_000

interface Child {
  readonly node: NodePlan
  readonly process: ChildProcess
  readiness: Readiness | undefined
}

/** The folder that the brokers' folders lie in: that of `--set log.dirs`, else ./data. */
const dataFolder = (settings: ReadonlyArray<string>): string => {
  const given = settings.findLast((setting) => setting.startsWith("log.dirs="))
  return resolve(given === undefined ? "data" : given.slice("log.dirs=".length))
}

/** The cluster that the folders hold already. */
const storedClusterId = (directories: ReadonlyArray<string>): string | undefined => {
  for (const directory of directories) {
    const path = join(directory, "meta.properties")
    if (!existsSync(path)) continue
    const id = /^cluster\.id=(.+)$/m.exec(readFileSync(path, "utf8"))?.[1]
    if (id !== undefined) return id.replaceAll("\\", "")
  }
  return undefined
}

/** A new uuid in base64url, which never begins like an option. */
const newId = (): string => {
  const id = randomBytes(uuidBytes).toString("base64url")
  return id.startsWith("-") ? newId() : id
}

/** What the nodes are told of their cluster: the one that is there, or a new one with its first controllers. */
const clusterOf = (nodes: ReadonlyArray<NodePlan>, directories: ReadonlyArray<string>): ReadonlyArray<string> => {
  const stored = storedClusterId(directories)
  if (stored !== undefined) return ["--cluster-id", stored]
  return ["--cluster-id", newId(), "--initial-controllers", initialControllers(nodes, newId)]
}

const write = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const start = (
  node: NodePlan,
  propertiesFile: string,
  cluster: ReadonlyArray<string>,
  options: ClusterOptions
): ChildProcess => {
  const settings = options.settings.filter((setting) => !setting.startsWith("log.dirs="))
  const args = ["-c", propertiesFile, ...cluster, ...settings.flatMap((setting) => ["--set", setting])]
  if (options.memory) args.push("--memory")
  // Of its own process group: a Ctrl-C reaches the launcher alone, which then stops each once.
  const child = fork(entry, args, {
    execArgv: process.execArgv,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true
  })
  const label = `broker ${node.id} | `
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", (line) => write(`${label}${line}`))
  }
  return child
}

const describeExit = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exit code ${code}` : signal

/** Starts all and runs until all have ended; the exit code is that of the worst end. */
export const launch = (options: ClusterOptions): void => {
  const folder = dataFolder(options.settings)
  const directoryOf = (id: number) => join(folder, `broker-${id}`)
  const nodes = plan(options, directoryOf)
  const cluster = clusterOf(
    nodes,
    nodes.map(({ id }) => directoryOf(id))
  )
  mkdirSync(folder, { recursive: true })
  let stoppingSince: number | undefined
  let exitCode = 0
  const children: Array<Child> = nodes.map((node) => {
    const file = join(folder, `broker-${node.id}.properties`)
    if (!existsSync(file)) writeFileSync(file, printProperties(node))
    const child: Child = { node, process: start(node, file, cluster, options), readiness: undefined }
    child.process.on("message", (message) => {
      child.readiness = message as Readiness
      const ready = children.flatMap(({ node: each, readiness }) =>
        readiness === undefined ? [] : [{ node: each, readiness }]
      )
      if (ready.length === nodes.length) write(clusterBanner(ready, manifest.version, cluster[1] ?? "", folder))
    })
    child.process.on("exit", (code, signal) => {
      children.splice(children.indexOf(child), 1)
      if (stoppingSince === undefined) {
        exitCode = 1
        write(
          `broker ${node.id} has ended (${describeExit(code, signal)}); start it again with: pnpm start -c ${relative(".", file)}`
        )
      } else if (code !== 0) exitCode = 1
      if (children.length === 0) process.exit(exitCode)
    })
    return child
  })
  const stop = (): void => {
    if (stoppingSince !== undefined && performance.now() - stoppingSince < sameStopMs) return
    const signal = stoppingSince === undefined ? "SIGTERM" : "SIGKILL"
    stoppingSince ??= performance.now()
    for (const child of children) child.process.kill(signal)
  }
  process.on("SIGINT", stop)
  process.on("SIGTERM", stop)
}
