import * as Result from "effect/Result"
import { describe, expect, expectTypeOf, it } from "vitest"
import type { BrokerValues } from "../src/BrokerTable.ts"
import { brokerKeys, brokerTable } from "../src/BrokerTable.ts"
import { groupKeys } from "../src/GroupTable.ts"
import { index, key, parse } from "../src/Table.ts"
import type { TopicValues } from "../src/TopicTable.ts"
import { topicKeys, topicTable } from "../src/TopicTable.ts"
import { listOf } from "../src/Validator.ts"

describe("the tables", () => {
  it("give each key its type by inference", () => {
    expectTypeOf<BrokerValues["log.segment.bytes"]>().toEqualTypeOf<number>()
    expectTypeOf<BrokerValues["log.retention.ms"]>().toEqualTypeOf<number | null>()
    expectTypeOf<BrokerValues["auto.create.topics.enable"]>().toEqualTypeOf<boolean>()
    expectTypeOf<BrokerValues["log.dirs"]>().toEqualTypeOf<ReadonlyArray<string> | null>()
    expectTypeOf<BrokerValues["node.id"]>().toEqualTypeOf<number>()
    expectTypeOf<TopicValues["cleanup.policy"]>().toEqualTypeOf<ReadonlyArray<string>>()
  })

  it("refuse a key that is declared twice", () => {
    const row = key("a", { type: "int", default: 1, importance: "low", doc: "" })
    expect(() => index([row, row])).toThrow("declared twice")
  })

  it("describe every key in one line that ends in a full stop", () => {
    for (const row of [...brokerKeys, ...topicKeys, ...groupKeys]) {
      expect(row.doc, row.name).toMatch(/^[A-Z][^\n]*\.$/)
    }
  })

  it("hold defaults that their own rules allow", () => {
    for (const row of [...brokerKeys, ...topicKeys, ...groupKeys]) {
      if (typeof row.default === "symbol" || row.default === null) continue
      const text = Array.isArray(row.default) ? row.default.join(",") : String(row.default)
      const parsed = parse(row, row.default === 2 ** 63 ? "9223372036854775807" : text)
      expect(Result.isSuccess(parsed) && parsed.success.value, row.name).toEqual(row.default)
    }
  })

  it("name only topic keys as what a broker key is the default of, each once", () => {
    const named = brokerKeys.flatMap((row) => row.topic ?? [])
    expect(new Set(named).size).toBe(named.length)
    for (const name of named) expect(topicTable.has(name), name).toBe(true)
    for (const row of brokerKeys) {
      if (row.topic !== null) expect(topicTable.get(row.topic)?.type, row.name).toBe(row.type)
    }
  })

  it("answer a wrong value with Kafka's sentence and drop repeats of a list", () => {
    const row = brokerTable.get("log.segment.bytes")!
    expect(parse(row, " abc ")).toEqual(
      Result.fail("Invalid value abc for configuration log.segment.bytes: Not a number of type INT")
    )
    expect(parse(row, "10")).toEqual(
      Result.fail("Invalid value 10 for configuration log.segment.bytes: Value must be at least 1048576")
    )
    const list = key("l", { type: "list", default: [], valid: listOf(), importance: "low", doc: "" })
    expect(Result.getOrThrow(parse(list, "a,b,a"))).toEqual({ value: ["a", "b"], text: "a,b" })
  })
})
