/** `klamm storage` as its user meets it: a process, its two outputs, its exit code, and the files it leaves. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"

const MAIN = resolve(import.meta.dirname, "../src/main.mjs")
const ENDED_WITHIN_MS = 20_000
const CLUSTER = "14KVdRM1SEu3Ww2C7m7SNQ"
const FIRST = "JEXY6aqzQY-32P5TStzaFg"
const SECOND = "MvDxzVmcRsaTz33bUuRU6A"

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

const klamm = (...words: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((ended) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KAFKA_")))
    execFile(process.execPath, [MAIN, ...words], { env, timeout: ENDED_WITHIN_MS }, (error, out, err) =>
      ended({ code: error === null ? 0 : Number(error.code ?? -1), out, err })
    )
  })

let home = ""
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "klamm-cli-"))
})
afterAll(() => rm(home, { recursive: true, force: true }))

interface Node {
  readonly file: string
  readonly first: string
  readonly second: string
}

const byVoters = "controller.quorum.voters=1@localhost:9093"
const byServers = "controller.quorum.bootstrap.servers=localhost:9093"

/** A node with two data directories of its own. */
const node = async (name: string, quorum: string, roles = "broker,controller"): Promise<Node> => {
  const controller = roles.includes("controller") ? ",CONTROLLER://localhost:9093" : ""
  const [first, second] = [join(home, `${name}-a`), join(home, `${name}-b`)]
  const lines = [
    "node.id=1",
    `process.roles=${roles}`,
    `listeners=PLAINTEXT://localhost:9092${controller}`,
    "controller.listener.names=CONTROLLER",
    quorum,
    `log.dirs=${first},${second}`
  ]
  const file = join(home, `${name}.properties`)
  await writeFile(file, `${lines.join("\n")}\n`)
  return { file, first, second }
}

const formatted = (path: string): Promise<string> => readFile(join(path, "meta.properties"), "utf8")

it("formats every directory of a node with static voters, each with an id of its own", async () => {
  const { file, first, second } = await node("voters", byVoters)
  const { code, out, err } = await klamm("storage", "format", "-t", CLUSTER, "-c", file)
  expect({ code, err }).toEqual({ code: 0, err: "" })
  expect(out).toMatch(new RegExp(`^Formatting metadata directory ${first} with metadata.version \\S+\\.$`, "m"))
  expect(out).toMatch(new RegExp(`^Formatting data directory ${second} with metadata.version \\S+\\.$`, "m"))
  const ids = await Promise.all(
    [first, second].map(async (path) => {
      const text = await formatted(path)
      expect(text).toContain(`node.id=1\n`)
      expect(text).toContain(`cluster.id=${CLUSTER}\n`)
      return /^directory\.id=(\S{22})$/m.exec(text)?.[1]
    })
  )
  expect(new Set(ids).size).toBe(2)
  expect(ids).not.toContain(undefined)
})

it("does not format twice, unless it is told to leave what is formatted", async () => {
  const { file, first, second } = await node("twice", byVoters)
  const words = ["storage", "format", "--cluster-id", CLUSTER, "--config", file]
  await klamm(...words)
  const before = await formatted(first)
  const again = await klamm(...words)
  expect(again.code).toBe(1)
  expect(again.err).toContain(
    `Log directory ${first} is already formatted. Use --ignore-formatted to ignore this directory and format the others.`
  )
  expect(await klamm(...words, "-g")).toEqual({
    code: 0,
    out: "All of the log directories are already formatted.\n",
    err: ""
  })
  await rm(second, { recursive: true })
  const replaced = await klamm(...words, "--ignore-formatted")
  expect(replaced.code).toBe(0)
  expect(replaced.out).toContain(`Formatting data directory ${second} `)
  expect(replaced.out).not.toContain(first)
  expect(await formatted(first)).toBe(before)
})

it("refuses a directory of another cluster or node, and writes nothing", async () => {
  const { file, first, second } = await node("other", byVoters)
  await mkdir(second)
  const foreign = `version=1\nnode.id=1\ncluster.id=another\ndirectory.id=${FIRST}\n`
  await writeFile(join(second, "meta.properties"), foreign)
  const cluster = await klamm("storage", "format", "-g", "-t", CLUSTER, "-c", file)
  expect(cluster).toMatchObject({ code: 1, out: "" })
  expect(cluster.err).toContain(
    `Invalid cluster.id in: ${second}/meta.properties. Expected ${CLUSTER}, but read another`
  )
  await writeFile(join(second, "meta.properties"), foreign.replace("node.id=1", "node.id=2"))
  const other = await klamm("storage", "format", "-g", "-t", "another", "-c", file)
  expect(other.err).toContain(`Invalid node.id in: ${second}/meta.properties. Expected 1, but read 2`)
  expect(existsSync(first)).toBe(false)
})

it("asks a controller without static voters how its quorum begins", async () => {
  const { file, first } = await node("servers", byServers)
  const words = ["storage", "format", "-t", CLUSTER, "-c", file]
  const unsaid = await klamm(...words)
  expect(unsaid.code).toBe(1)
  expect(unsaid.err).toContain(
    "you must specify one of the following: --standalone, --initial-controllers, or --no-initial-controllers."
  )
  const both = await klamm(...words, "-s", "-N")
  expect(both).toMatchObject({ code: 1, err: expect.stringContaining("not allowed with --standalone") })
  expect(existsSync(first)).toBe(false)
  expect(await klamm(...words, "-N")).toMatchObject({ code: 0, err: "" })
  expect(await formatted(first)).toContain(CLUSTER)
})

it("keeps initial controllers to the nodes and the form that they are for", async () => {
  const voters = await node("static", byVoters)
  const controller = await node("dynamic", byServers)
  const broker = await node("broker", byServers, "broker")
  const format = (file: string, ...more: ReadonlyArray<string>) =>
    klamm("storage", "format", "-t", CLUSTER, "-c", file, ...more)
  expect((await format(voters.file, "-s")).err).toContain("You cannot specify controller.quorum.voters and format")
  expect((await format(broker.file, "-s")).err).toContain("You can only use --standalone on a controller.")
  for (const wrong of ["1localhost:9093", "1@localhost:9093", "1@localhost:9093:short", `1@localhost:99999:${FIRST}`]) {
    const refused = await format(controller.file, "-I", wrong)
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringContaining(`"${wrong}" is not ID@HOST:PORT:DIRECTORY_ID`)
    })
  }
  const twice = await format(controller.file, "-I", `1@a:1:${FIRST},1@b:1:${SECOND}`)
  expect(twice.err).toContain("controller 1 is there twice")
  expect(existsSync(controller.first)).toBe(false)
})

/** What a snapshot that names voters holds of a controller. */
const namesIn = async (path: string): Promise<string> =>
  readFile(join(path, "__cluster_metadata-0/00000000000000000000-0000000000.checkpoint"), "latin1")

it("lets a controller found a cluster alone, and records it as the only voter", async () => {
  const { file, first, second } = await node("alone", byServers)
  const { code, out, err } = await klamm("storage", "format", "-t", CLUSTER, "-c", file, "--standalone")
  expect({ code, err }).toEqual({ code: 0, err: "" })
  expect(out).toContain(`Formatting dynamic metadata voter directory ${first} `)
  expect(out).toContain(`Formatting data directory ${second} `)
  const directoryId = /^directory\.id=(\S{22})$/m.exec(await formatted(first))?.[1] ?? ""
  const snapshot = await namesIn(first)
  expect(snapshot).toContain("CONTROLLER")
  expect(snapshot).toContain(Buffer.from(directoryId, "base64url").toString("latin1"))
  expect(existsSync(join(second, "__cluster_metadata-0"))).toBe(false)
})

it("records the initial controllers, and gives this one's directory the id that they name", async () => {
  const controllers = `1@localhost:9093:${FIRST},2@localhost:9095:${SECOND}`
  const member = await node("member", byServers)
  const own = await klamm("storage", "format", "-t", CLUSTER, "-c", member.file, "-I", controllers)
  expect(own).toMatchObject({
    code: 0,
    out: expect.stringContaining(`dynamic metadata voter directory ${member.first} `)
  })
  expect(await formatted(member.first)).toContain(`directory.id=${FIRST}\n`)
  expect(await formatted(member.second)).not.toContain(FIRST)
  for (const id of [FIRST, SECOND]) {
    expect(await namesIn(member.first)).toContain(Buffer.from(id, "base64url").toString("latin1"))
  }
  const broker = await node("stranger", byServers, "broker")
  const stranger = await klamm(
    "storage",
    "format",
    "-t",
    CLUSTER,
    "-c",
    broker.file,
    "-I",
    `2@localhost:9095:${SECOND}`
  )
  expect(stranger).toMatchObject({
    code: 0,
    out: expect.stringContaining(`dynamic metadata directory ${broker.first} `)
  })
  expect(await formatted(broker.first)).not.toContain(SECOND)
  expect(await namesIn(broker.first)).toContain("CONTROLLER")
})

it("takes the feature levels that a new cluster has and refuses others", async () => {
  const { file, first } = await node("features", byServers)
  const format = (...features: ReadonlyArray<string>) =>
    klamm("storage", "format", "-N", "-t", CLUSTER, "-c", file, ...features.flatMap((feature) => ["-f", feature]))
  expect((await format("kraft.version")).err).toContain("equals sign not found")
  expect((await format("kraft.version=one")).err).toContain("unable to parse one as a short")
  expect((await format("nope=1")).err).toMatch(/Unsupported feature: nope\. Supported features are: .*kraft\.version/)
  expect((await format("kraft.version=0")).err).toContain("Cannot set kraft.version to 0")
  expect((await format("metadata.version=7")).err).toContain("A new cluster begins with metadata.version")
  expect(existsSync(first)).toBe(false)
  expect((await format("kraft.version=1")).code).toBe(0)
})

it("shows whose directories these are, and what is wrong with them", async () => {
  const { file, first, second } = await node("shown", byVoters)
  const info = () => klamm("storage", "info", "-c", file)
  expect(await info()).toEqual({
    code: 1,
    out: `Found problems:\n  ${first} does not exist\n  ${second} does not exist\n\n`,
    err: ""
  })
  await klamm("storage", "format", "-t", CLUSTER, "-c", file)
  const good = await info()
  expect(good).toMatchObject({ code: 0, err: "" })
  expect(good.out).toMatch(
    new RegExp(
      `^Found log directories:\n  ${first}\n  ${second}\n\n` +
        `Found metadata: \\{cluster\\.id=${CLUSTER}, directory\\.id=\\S{22}, node\\.id=1, version=1\\}\n\n$`
    )
  )
  await rm(join(second, "meta.properties"))
  const half = await info()
  expect(half.code).toBe(1)
  expect(half.out).toContain(`Found problem:\n  ${second} is not formatted.\n`)
  await rm(second, { recursive: true })
  await writeFile(second, "")
  expect((await info()).out).toContain(`Found log directory:\n  ${first}\n`)
  expect((await info()).out).toContain(`${second} is not a directory`)
})

it("prints a new id each time", async () => {
  const [one, other] = await Promise.all([klamm("storage", "random-uuid"), klamm("storage", "random-uuid")])
  expect(one.out).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}\n$/)
  expect(one.out).not.toBe(other.out)
})

it("tells what it does not understand, and what it would", async () => {
  const missing = await klamm("storage", "format", "-t", CLUSTER)
  expect(missing).toMatchObject({ code: 1, err: expect.stringContaining("--config") })
  const unknown = await klamm("storage", "formt")
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("formt") })
  const flag = await klamm("storage", "format", "--cluster-idd", CLUSTER)
  expect(flag).toMatchObject({ code: 1, err: expect.stringContaining("--cluster-id") })
  const absent = await klamm("storage", "info", "-c", join(home, "absent.properties"))
  expect(absent).toMatchObject({ code: 1, err: expect.stringContaining("cannot read") })
  const help = await klamm("storage", "format", "--help")
  expect(help).toMatchObject({ code: 0, err: "" })
  for (const word of ["-t", "-c", "-s", "-I", "-N", "-g", "-f"]) expect(help.out).toContain(`, ${word} `)
})
