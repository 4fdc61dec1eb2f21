import { expect, it } from "vitest"
import { loads } from "../src/loads/index.ts"
import { isWanted, type Options, parseOptions } from "../src/Options.ts"
import { secondsEach } from "../src/Run.ts"

const ids = loads.map(({ id }) => id)

const optionsOf = (...args: ReadonlyArray<string>): Options => {
  const parsed = parseOptions(args, ids)
  if (parsed.kind !== "run") throw new Error(JSON.stringify(parsed))
  return parsed.options
}

const reasonOf = (...args: ReadonlyArray<string>): string => {
  const parsed = parseOptions(args, ids)
  return parsed.kind === "wrong" ? parsed.reason : parsed.kind
}

it("the command to start a node belongs to the system in the same place", () => {
  const { against } = optionsOf("--against", "a:1", "--against-restart", "one", "--against", "b:2,b:3")
  expect(against).toEqual([
    { bootstrap: "a:1", restart: "one" },
    { bootstrap: "b:2,b:3", restart: undefined }
  ])
})

it("what is not understood is refused with the reason", () => {
  expect(reasonOf("--against", "9092")).toContain("HOST:PORT")
  expect(reasonOf("--against-restart", "x")).toContain("--against")
  expect(reasonOf("--only", "speed")).toContain('"speed"')
  expect(reasonOf("--rounds", "0")).toContain("--rounds")
  expect(reasonOf("--client", "mine")).toContain("librdkafka")
  expect(reasonOf("fast")).toContain('"fast"')
  expect(reasonOf("--", "--help")).toBe("help")
  expect(reasonOf("floors")).toBe("floors")
  expect(reasonOf("loop", "--port", "x")).toContain("--port")
})

it("the plain loop listens beside our brokers unless it is told where", () => {
  expect(parseOptions(["loop"], ids)).toEqual({ kind: "loop", port: 19_492 })
  expect(parseOptions(["loop", "--port", "7000"], ids)).toEqual({ kind: "loop", port: 7_000 })
})

it("the plain loop is measured when that is asked for, with one replica or with three, all of which answer", () => {
  expect([optionsOf().floor, optionsOf("--floor").floor]).toEqual([false, true])
  const served = loads.filter(({ hasFloor }) => hasFloor === true)
  const kinds = new Set(served.map(({ group, nodes }) => `${group} ${nodes}`))
  expect(kinds).toEqual(new Set(["produce 1", "latency 1", "replicated 3"]))
  const alone = loads.filter(({ group, hasFloor }) => group === "replicated" && hasFloor !== true)
  expect(alone.map(({ id }) => id)).toEqual(["replicated-acks1", "replicated-rf1", "partitions-2000-rf3"])
})

it("loads are chosen by group, by id, or as the quick ones", () => {
  const chosen = (...args: ReadonlyArray<string>) => loads.filter((load) => isWanted(load, optionsOf(...args)))
  expect(chosen("--only", "failover,produce-64k").map(({ id }) => id)).toEqual(["produce-64k", "failover"])
  expect(chosen("--quick").every(({ isQuick }) => isQuick)).toBe(true)
  expect(chosen("--quick").length).toBeGreaterThan(3)
  expect(chosen()).toEqual(loads)
})

it("every load has an id of its own and a figure", () => {
  expect(new Set(ids).size).toBe(ids.length)
  expect(loads.filter(({ figures }) => figures.length === 0)).toEqual([])
})

it("loads with a goal are one choice", () => {
  const chosen = loads.filter((load) => isWanted(load, optionsOf("--only", "goals")))
  expect(chosen.length).toBeGreaterThan(8)
  expect(chosen.every(({ figures }) => figures.some(({ goal }) => goal !== undefined))).toBe(true)
})

it("measurements share the time there is, within bounds", () => {
  expect(secondsEach(12, optionsOf("--seconds", "96"))).toBe(5)
  expect(secondsEach(12, optionsOf("--seconds", "1"))).toBe(1)
  expect(secondsEach(12, optionsOf("--seconds", "9999"))).toBe(10)
  expect(secondsEach(12, optionsOf())).toBe(3)
})
