import { describe, expect, it } from "vitest"
import { groupConfig, noOverrides, topicConfig } from "../src/index.ts"
import { development, snapshotOf } from "./fixture.ts"

describe("a topic's values", () => {
  it("come from the broker's defaults, in the topic's names and units", () => {
    const config = development("log.retention.hours=1", "message.max.bytes=5", "log.roll.ms=70000")
    const { values, parsed } = topicConfig(snapshotOf(config), noOverrides)
    expect(values["retention.ms"]).toBe(3_600_000)
    expect(values["max.message.bytes"]).toBe(5)
    expect(values["segment.ms"]).toBe(70_000)
    expect(values["segment.jitter.ms"]).toBe(0)
    expect(values["cleanup.policy"]).toEqual(["delete"])
    expect(values["internal.segment.bytes"]).toBeNull()
    expect(parsed.get("flush.ms")?.text).toBe("9223372036854775807")
    expect(parsed.get("flush.messages")?.text).toBe("9223372036854775807")
  })

  it("behaviour 193: follow dynamic broker values, and its own before those", () => {
    const dynamic = { clusterDefault: { "log.retention.ms": "5" }, perBroker: { "min.insync.replicas": "2" } }
    const snapshot = snapshotOf(development("log.retention.ms=9"), dynamic)
    expect(topicConfig(snapshot, noOverrides).values["retention.ms"]).toBe(5)
    expect(topicConfig(snapshot, noOverrides).values["min.insync.replicas"]).toBe(2)
    expect(topicConfig(snapshot, new Map([["retention.ms", " 7 "]])).values["retention.ms"]).toBe(7)
  })

  it("fall back where the topic's own is not allowed", () => {
    expect(topicConfig(snapshotOf(development()), new Map([["segment.bytes", "1"]])).values["segment.bytes"]).toBe(
      1_073_741_824
    )
  })
})

describe("a group's values", () => {
  it("come from the broker's group keys where there are such, and from its own first", () => {
    const snapshot = snapshotOf(development("group.consumer.session.timeout.ms=50000"))
    const { values } = groupConfig(snapshot, new Map([["share.delivery.count.limit", "7"]]))
    expect(values["consumer.session.timeout.ms"]).toBe(50_000)
    expect(values["share.delivery.count.limit"]).toBe(7)
    expect(values["share.auto.offset.reset"]).toBe("latest")
    expect(values["streams.assignor.name"]).toBeNull()
  })
})
