/**
 * The real Apache Kafka in the place of our brokers, by the script that KAFKA_REFERENCE names: to compare times, to prove this test
 * itself, and for the client's own suite. Neighbours: Nodes.ts, test/client/kafka.
 */
import { execFile } from "node:child_process"
import { rmSync } from "node:fs"
import { createConnection } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import { freePort, temporaryFolder } from "klamm-test-clients/Processes"
import type { Nodes } from "./Nodes.ts"
import { until } from "./Waiting.ts"

const run = promisify(execFile)
const TOOL_WITHIN_MS = 120_000
const READY_WITHIN_MS = 60_000
const ENDED_WITHIN_MS = 60_000

const listens = (port: number): Promise<boolean> =>
  new Promise((told) => {
    const socket = createConnection({ host: "127.0.0.1", port })
    const tell = (open: boolean): void => {
      socket.destroy()
      told(open)
    }
    socket.once("connect", () => tell(true))
    socket.once("error", () => tell(false))
  })

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

export interface ReferencePorts {
  readonly client: number
  readonly controller: number
}

/** `settings` may depend on the ports of the first node, where there is but one: its listeners do. */
export const reference = async (
  script: string,
  count: number,
  settings: Readonly<Record<string, string>> | ((ports: ReferencePorts) => Readonly<Record<string, string>>)
): Promise<Nodes> => {
  const home = await temporaryFolder("cluster-kafka")
  const folder = join(home, "kafka")
  const ids = Array.from({ length: count }, (_, index) => index + 1)
  /** The script takes one port after the other. */
  const first = await freePort()
  const firstController = await freePort()
  const portOf = (id: number): number => first + id - 1
  const pids = new Map<number, number>()
  const tool = async (...parts: ReadonlyArray<string>): Promise<string> =>
    (await run(script, parts, { timeout: TOOL_WITHIN_MS })).stdout
  const readPids = async (): Promise<void> => {
    for (const line of (await tool("pids", folder)).trim().split("\n")) {
      const [id, pid] = line.split(" ").map(Number)
      pids.set(id!, pid!)
    }
  }
  const signal = (id: number, name: NodeJS.Signals): void => {
    const pid = pids.get(id)
    if (pid !== undefined && lives(pid)) process.kill(pid, name)
  }
  const end = async (id: number, name: NodeJS.Signals): Promise<void> => {
    signal(id, name)
    await until(`the end of node ${id}`, ENDED_WITHIN_MS, () => !lives(pids.get(id)!))
  }
  const kill = (): void => {
    for (const id of pids.keys()) signal(id, "SIGKILL")
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once("exit", kill)
  return {
    name: `${count} nodes of Apache Kafka`,
    ids,
    addresses: new Map(ids.map((id) => [id, `127.0.0.1:${portOf(id)}`])),
    logFolder: (id) => join(folder, `data-${id}`),
    startAll: async () => {
      const ports = ["--port", String(first), "--controller-port", String(firstController)]
      const given = typeof settings === "function" ? settings({ client: first, controller: firstController }) : settings
      const sets = Object.entries(given).flatMap(([name, value]) => ["--set", `${name}=${value}`])
      await tool("start", folder, "--nodes", String(count), ...ports, ...sets)
      await readPids()
    },
    start: async (id) => {
      await tool("restart", folder, String(id))
      await readPids()
      await until(`node ${id}`, READY_WITHIN_MS, () => listens(portOf(id)))
    },
    kill: (id) => end(id, "SIGKILL"),
    stop: (id) => end(id, "SIGTERM"),
    pause: (id) => signal(id, "SIGSTOP"),
    resume: (id) => signal(id, "SIGCONT"),
    pid: (id) => pids.get(id),
    output: () => "",
    deaths: () => [],
    remove: async () => {
      for (const id of pids.keys()) await end(id, "SIGKILL")
      kill()
      process.off("exit", kill)
    }
  }
}
