import { describe, expect, it } from "vitest"
import { brokerTable } from "../src/BrokerTable.ts"
import { distance, nearest } from "../src/Nearest.ts"

describe("the nearest name", () => {
  it("counts insertions, deletions, substitutions and swaps of neighbours as one each", () => {
    expect(distance("kafka", "kafka")).toBe(0)
    expect(distance("kafka", "kafkas")).toBe(1)
    expect(distance("kafka", "kaka")).toBe(1)
    expect(distance("kafka", "kavka")).toBe(1)
    expect(distance("kafka", "kfaka")).toBe(1)
    expect(distance("", "abc")).toBe(3)
  })

  it("finds what was meant", () => {
    const names = [...brokerTable.keys()]
    expect(nearest("log.retension.ms", names)).toBe("log.retention.ms")
    expect(nearest("num.partition", names)).toBe("num.partitions")
    expect(nearest("LOG.SEGMENT.BYTE", names)).toBe("log.segment.bytes")
    expect(nearest("node.ids", names)).toBe("node.id")
  })

  it("offers nothing that is far from what was written", () => {
    expect(nearest("zookeeper.connect", brokerTable.keys())).toBeNull()
    expect(nearest("xyz", ["abcdefgh"])).toBeNull()
  })
})
