import { describe, expect, it } from "vitest"
import * as Valid from "../src/Validator.ts"

describe("which values a key allows", () => {
  it("bounds numbers below and above, in Kafka's words", () => {
    expect(Valid.check(Valid.atLeast(1), "k", 1)).toBeNull()
    expect(Valid.check(Valid.atLeast(1), "k", 0)).toBe("Invalid value 0 for configuration k: Value must be at least 1")
    expect(Valid.check(Valid.between(0, 1), "k", 2)).toBe(
      "Invalid value 2 for configuration k: Value must be no more than 1"
    )
    expect(Valid.check(Valid.gzipLevel, "k", -1)).toBeNull()
    expect(Valid.check(Valid.gzipLevel, "k", 0)).toBe(
      "Invalid value 0 for configuration k: Value must be between 1 and 9 or equal to -1"
    )
  })

  it("takes one of several words, with or without regard to case", () => {
    expect(Valid.check(Valid.oneOf("a", "b"), "k", "A")).toBe(
      "Invalid value A for configuration k: String must be one of: a, b"
    )
    expect(Valid.check(Valid.oneOfIgnoringCase("UP", "DOWN"), "k", "up")).toBeNull()
    expect(Valid.check(Valid.oneOfIgnoringCase("UP", "DOWN"), "k", "left")).toBe(
      "Invalid value left for configuration k: String must be one of (case insensitive): UP, DOWN"
    )
  })

  it("refuses empty lists where they may not be empty, and empty items always", () => {
    expect(Valid.check(Valid.listOf("compact", "delete"), "k", [])).toBeNull()
    expect(Valid.check(Valid.nonEmptyListOf("broker", "controller"), "k", [])).toBe(
      "Configuration 'k' must not be empty. Valid values include: [broker, controller]"
    )
    expect(Valid.check(Valid.nonEmptyListOf(), "k", [])).toBe(
      "Configuration 'k' must not be empty. Valid values include: any non-empty value"
    )
    expect(Valid.check(Valid.listOf(), "k", ["a", ""])).toBe("Configuration 'k' values must not be empty.")
    expect(Valid.check(Valid.listOf("a"), "k", ["a", "x"])).toBe(
      "Invalid value x for configuration k: String must be one of: a"
    )
  })

  it("knows the form of voters, bootstrap servers and throttled replicas", () => {
    expect(Valid.check(Valid.voters, "k", ["1@host:9093", "2@[::1]:9093"])).toBeNull()
    for (const wrong of ["host:9093", "1@host", "x@host:1", "1@host:x"]) {
      expect(Valid.check(Valid.voters, "k", [wrong])).toBe(
        "Invalid configuration value for k. Each entry should be in the form `{id}@{host}:{port}`."
      )
    }
    expect(Valid.check(Valid.bootstrapServers, "k", ["host:1", "b:xx"])).toBe(
      'Failed to parse host name from b:xx for the configuration k. Each entry should be in the form "{host}:{port}"'
    )
    expect(Valid.check(Valid.throttledReplicas, "k", ["*"])).toBeNull()
    expect(Valid.check(Valid.throttledReplicas, "k", ["0:1", "1:2"])).toBeNull()
    expect(Valid.check(Valid.throttledReplicas, "k", ["0:1", "x"])).toBe(
      "Invalid value [0:1, x] for configuration k: k must be the literal '*' or a list of replicas in the following " +
        "format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."
    )
  })

  it("knows the three forms of a share group's offset reset", () => {
    for (const right of ["earliest", "latest", "by_duration:PT1H", "by_duration:P1DT2H3M4.5S"]) {
      expect(Valid.check(Valid.offsetReset, "k", right)).toBeNull()
    }
    for (const wrong of ["x", "EARLIEST", "by_duration:-PT1H", "by_duration:P", "by_duration:PT", "by_duration:1h"]) {
      expect(Valid.check(Valid.offsetReset, "k", wrong)).toContain(`Invalid value ${wrong} for configuration k`)
    }
  })

  it("lets null through everywhere but where Kafka does not", () => {
    expect(Valid.check(Valid.atLeast(1), "k", null)).toBeNull()
    expect(Valid.check(Valid.nonNullString, "k", null)).toBe(
      "Invalid value null for configuration k: entry must be non null"
    )
    expect(Valid.check(Valid.nonEmptyString, "k", "")).toBe(
      "Invalid value  for configuration k: String must be non-empty"
    )
  })
})
