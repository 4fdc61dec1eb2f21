/**
 * Three of our brokers that are controllers too, and a fourth that may join them, for the tools of this folder. Invariant: the quorum
 * is a dynamic one (kraft.version 1), as `pnpm start --brokers 3` makes it; every process and folder is gone after `remove`.
 * Neighbours: test/cluster/src/Nodes.ts (a node's process), Part.ts.
 */
import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { freePort, QUICK_GROUPS, REPOSITORY } from "klamm-test-clients/Processes"
import { CLUSTER_ID, NodeProcess } from "klamm-test-cluster/Nodes"
import type { Kit } from "../Tool.ts"

const run = promisify(execFile)

const FOUNDERS = [1, 2, 3] as const
/** The node that joins later. */
export const NEWCOMER = 4
const RACKS = new Map([
  [1, "a"],
  [2, "b"],
  [3, "c"],
  [NEWCOMER, "a"]
])
const FORMAT_WITHIN_MS = 20_000
const KLAMM = join(REPOSITORY, "apps/cli/src/main.mjs")

export interface ClusterKit extends Kit {
  /** `--bootstrap-controller` and the addresses of all controllers. */
  readonly atControllers: ReadonlyArray<string>
  /** `--bootstrap-server` and the addresses of these brokers only. */
  readonly atBrokers: (...ids: ReadonlyArray<number>) => ReadonlyArray<string>
  readonly clusterId: string
  readonly address: string
  readonly ids: ReadonlyArray<number>
  readonly addressOf: (id: number) => string
  readonly controllerOf: (id: number) => string
  readonly rackOf: (id: number) => string
  readonly directoryIdOf: (id: number) => string
  readonly propertiesOf: (id: number) => string
  /** Formats the newcomer's folder as `klamm storage format` does. */
  readonly formatNewcomer: () => Promise<string>
  readonly start: (id: number) => Promise<void>
  readonly kill: (id: number) => Promise<void>
  /** Starts those of the three that are dead. */
  readonly revive: () => Promise<void>
}

export interface ThreeNodes {
  readonly kit: ClusterKit
  /** What a node printed that is a complaint. */
  readonly complaints: () => ReadonlyArray<string>
  readonly remove: () => Promise<void>
}

/** Never begins like an option. */
const newId = (): string => {
  const id = randomBytes(16).toString("base64url")
  return id.startsWith("-") ? newId() : id
}

interface Place {
  readonly client: string
  readonly controller: string
  readonly directoryId: string
  readonly file: string
}

const propertiesText = (id: number, { client, controller }: Place, servers: string, folder: string): string => {
  const all: Readonly<Record<string, string>> = {
    ...QUICK_GROUPS,
    "node.id": String(id),
    "process.roles": "broker,controller",
    "broker.rack": RACKS.get(id)!,
    listeners: `PLAINTEXT://${client},CONTROLLER://${controller}`,
    "controller.listener.names": "CONTROLLER",
    "controller.quorum.bootstrap.servers": servers,
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "offsets.topic.num.partitions": "4",
    "log.dirs": join(folder, `broker-${id}`)
  }
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("")
}

const places = async (folder: string): Promise<ReadonlyMap<number, Place>> => {
  const all = new Map<number, Place>()
  for (const id of [...FOUNDERS, NEWCOMER]) {
    all.set(id, {
      client: `127.0.0.1:${await freePort()}`,
      controller: `127.0.0.1:${await freePort()}`,
      directoryId: newId(),
      file: join(folder, `broker-${id}.properties`)
    })
  }
  return all
}

const format = async (file: string): Promise<string> => {
  const words = ["storage", "format", "--no-initial-controllers", "-t", CLUSTER_ID, "-c", file]
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KAFKA_")))
  return (await run(process.execPath, [KLAMM, ...words], { env, timeout: FORMAT_WITHIN_MS })).stdout
}

export const startThree = async (script: string, folder: string): Promise<ThreeNodes> => {
  const known = await places(folder)
  const place = (id: number): Place => known.get(id)!
  const servers = FOUNDERS.map((id) => place(id).controller).join(",")
  const founders = FOUNDERS.map((id) => `${id}@${place(id).controller}:${place(id).directoryId}`).join(",")
  const nodes = new Map<number, NodeProcess>()
  for (const [id, one] of known) {
    await writeFile(one.file, propertiesText(id, one, servers, folder))
    nodes.set(id, new NodeProcess(one.file, id === NEWCOMER ? [] : ["--initial-controllers", founders]))
  }
  const node = (id: number): NodeProcess => nodes.get(id)!
  const atBrokers = (...ids: ReadonlyArray<number>): ReadonlyArray<string> => [
    "--bootstrap-server",
    ids.map((id) => place(id).client).join(",")
  ]
  const kit: ClusterKit = {
    script,
    folder,
    address: place(1).client,
    at: atBrokers(...FOUNDERS),
    atBrokers,
    atControllers: ["--bootstrap-controller", servers],
    clusterId: CLUSTER_ID,
    ids: FOUNDERS,
    addressOf: (id) => place(id).client,
    controllerOf: (id) => place(id).controller,
    rackOf: (id) => RACKS.get(id)!,
    directoryIdOf: (id) => place(id).directoryId,
    propertiesOf: (id) => place(id).file,
    formatNewcomer: () => format(place(NEWCOMER).file),
    start: (id) => node(id).start(),
    kill: async (id) => {
      await node(id).end("SIGKILL")
    },
    revive: async () => {
      await Promise.all(FOUNDERS.filter((id) => node(id).pid === undefined).map((id) => node(id).start()))
    }
  }
  const remove = async (): Promise<void> => {
    await Promise.all([...nodes.values()].map((one) => one.end("SIGKILL")))
  }
  const founding = await Promise.allSettled(FOUNDERS.map((id) => node(id).start()))
  const failed = founding.find((each) => each.status === "rejected")
  if (failed !== undefined) {
    await remove()
    throw new Error("three brokers could not be started", { cause: failed.reason })
  }
  return {
    kit,
    complaints: () => [
      ...[...nodes].flatMap(([id, { output }]) =>
        output.split("\n").flatMap((line) => (/\b(?:ERROR|FATAL)\b/.test(line) ? [`broker ${id}: ${line}`] : []))
      ),
      ...[...nodes.values()].flatMap(({ deaths }) => deaths)
    ],
    remove
  }
}
