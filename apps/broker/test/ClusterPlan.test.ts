/** What `--brokers N` starts. */
import { expect, it } from "vitest"
import { initialControllers, plan, printProperties } from "../src/ClusterPlan.ts"
import { parseOptions } from "../src/Options.ts"

const optionsOf = (...args: ReadonlyArray<string>) => {
  const parsed = parseOptions(args)
  if (parsed._tag !== "RunCluster") throw new Error(JSON.stringify(parsed))
  return parsed.options
}
const planOf = (...args: ReadonlyArray<string>) => plan(optionsOf(...args), (id) => `data/broker-${id}`)

it("three brokers are three controllers, with racks, ports and folders of their own", () => {
  const nodes = planOf("--brokers", "3", "--racks", "a,b,c", "--port", "19092")
  expect(nodes.map(({ id, port }) => [id, port])).toEqual([
    [1, 19092],
    [2, 19094],
    [3, 19096]
  ])
  const second = nodes[1]!.properties
  expect(second.get("process.roles")).toBe("broker,controller")
  expect(second.get("listeners")).toBe("PLAINTEXT://localhost:19094,CONTROLLER://localhost:19095")
  expect(second.get("controller.quorum.bootstrap.servers")).toBe("localhost:19093,localhost:19095,localhost:19097")
  expect(second.get("broker.rack")).toBe("b")
  expect(second.get("min.insync.replicas")).toBe("2")
  expect(second.get("log.dirs")).toBe("data/broker-2")
})

it("a quorum is odd: two brokers have one controller, five have three", () => {
  const controllers = (brokers: string) =>
    planOf("--brokers", brokers).filter(({ properties }) => properties.get("process.roles")?.includes("controller"))
  expect(controllers("2").map(({ id }) => id)).toEqual([1])
  expect(controllers("5").map(({ id }) => id)).toEqual([1, 2, 3])
  expect(planOf("--brokers", "2")[1]!.properties.get("listeners")).toBe("PLAINTEXT://localhost:9094")
})

it("the controllers found the cluster together, each with a directory of its own", () => {
  let made = 0
  const newId = () => `id${++made}`
  expect(initialControllers(planOf("--brokers", "4", "--port", "19092"), newId)).toBe(
    "1@localhost:19093:id1,2@localhost:19095:id2,3@localhost:19097:id3"
  )
})

it("racks are taken in turn, and are left out where none is named", () => {
  const racks = planOf("--brokers", "3", "--racks", "x,y").map(({ properties }) => properties.get("broker.rack"))
  expect(racks).toEqual(["x", "y", "x"])
  expect(planOf("--brokers", "1")[0]!.properties.has("broker.rack")).toBe(false)
})

it("a plan is printed as properties", () => {
  expect(printProperties(planOf("--brokers", "1")[0]!).split("\n")[0]).toBe("node.id=1")
})

it("what does not fit together is refused in a sentence", () => {
  const reason = (...args: ReadonlyArray<string>) => {
    const parsed = parseOptions(args)
    return parsed._tag === "Wrong" ? parsed.reason : parsed._tag
  }
  expect(reason("--brokers", "none")).toBe('--brokers takes a whole number from 1 to 100, not "none"')
  expect(reason("--brokers", "3", "-c", "file")).toMatch(/leave out -c/)
  expect(reason("--racks", "a")).toMatch(/--racks goes with --brokers/)
  expect(reason("--initial-controllers", "1@h:1:x")).toMatch(/goes with --cluster-id/)
  expect(reason("--port", "70000")).toMatch(/from 1 to 65535/)
})
