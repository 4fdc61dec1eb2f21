import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { Alter, noOverrides } from "../src/index.ts"
import type { Dynamic } from "./fixture.ts"
import { development, snapshotOf } from "./fixture.ts"

const { ResourceType } = Alter
type Written = readonly [operation: keyof typeof Alter.Operation, name: string, value: string | null]

const operations = (...written: ReadonlyArray<Written>): ReadonlyArray<Alter.ConfigOperation> =>
  written.map(([operation, name, value]) => ({ operation: Alter.Operation[operation], name, value }))

/** Both stages, as a request passes them: the change, or the refusal as `[code, message]`. */
const alter = (
  type: number,
  name: string,
  current: Record<string, string>,
  written: ReadonlyArray<Written>,
  dynamic: Dynamic = {}
) => {
  const snapshot = snapshotOf(development(), dynamic)
  const resource = { type, name }
  const refusal = Alter.checkOnBroker(snapshot, resource, operations(...written))
  if (refusal !== null) return [refusal.errorCode, refusal.message]
  const decided = Alter.decide(snapshot, resource, new Map(Object.entries(current)), operations(...written))
  return Result.isSuccess(decided)
    ? Object.fromEntries(decided.success)
    : [decided.failure.errorCode, decided.failure.message]
}

const topic = (current: Record<string, string>, ...written: ReadonlyArray<Written>) =>
  alter(ResourceType.topic, "t", current, written)
const broker = (dynamic: Dynamic, ...written: ReadonlyArray<Written>) =>
  alter(ResourceType.broker, "1", dynamic.perBroker ?? {}, written, dynamic)
const everyBroker = (...written: ReadonlyArray<Written>) => alter(ResourceType.broker, "", {}, written)
const group = (...written: ReadonlyArray<Written>) => alter(ResourceType.group, "g", {}, written)
const metrics = (...written: ReadonlyArray<Written>) => alter(ResourceType.clientMetrics, "m", {}, written)

describe("altering a topic", () => {
  it("behaviour 192: sets and deletes, and writes only what changes", () => {
    expect(topic({}, ["set", "retention.ms", " 5 "])).toEqual({ "retention.ms": " 5 " })
    expect(topic({ "retention.ms": "5" }, ["set", "retention.ms", "5"])).toEqual({})
    expect(topic({ "retention.ms": "5" }, ["delete", "retention.ms", ""])).toEqual({ "retention.ms": null })
    expect(topic({}, ["delete", "foo", ""])).toEqual({})
  })

  it("behaviour 192: appends to and subtracts from lists only, starting from the default", () => {
    expect(topic({}, ["append", "cleanup.policy", "compact"])).toEqual({ "cleanup.policy": "delete,compact" })
    expect(topic({ "cleanup.policy": "delete,compact" }, ["append", "cleanup.policy", "compact"])).toEqual({})
    expect(topic({ "cleanup.policy": "delete,compact" }, ["subtract", "cleanup.policy", "compact,delete"])).toEqual({
      "cleanup.policy": ""
    })
    expect(topic({}, ["append", "retention.ms", "1"])).toEqual([
      40,
      "Can't APPEND to key retention.ms because its type is not LIST."
    ])
    expect(topic({}, ["subtract", "foo", "1"])).toEqual([40, "Can't SUBTRACT to key foo because its type is not LIST."])
  })

  it("behaviour 192: refuses a repeated key, a null value and an unknown operation", () => {
    expect(topic({}, ["set", "retention.ms", "1"], ["set", "retention.ms", "2"])).toEqual([
      42,
      "Error due to duplicate config keys"
    ])
    expect(topic({}, ["set", "retention.ms", null])).toEqual([42, "Null value not supported for : retention.ms"])
    const unknown = [{ name: "retention.ms", operation: 9, value: "1" }]
    expect(Alter.checkOnBroker(snapshotOf(development()), { type: ResourceType.topic, name: "t" }, unknown)).toEqual({
      errorCode: 42,
      message: "Unknown operations type 9"
    })
    expect(Alter.repeatedResource).toEqual({ errorCode: 42, message: "Each resource must appear at most once." })
  })

  it("behaviour 039: refuses unknown keys and ill-typed values with 40", () => {
    expect(topic({}, ["set", "foo", "1"])).toEqual([40, "Unknown topic config name: foo"])
    expect(topic({}, ["set", "retention.ms", "abc"])).toEqual([
      40,
      "Invalid value abc for configuration retention.ms: Not a number of type LONG"
    ])
    const refusal = Alter.validateTopic(snapshotOf(development()), new Map([["cleanup.policy", "x"]]))
    expect(refusal).toEqual({
      errorCode: 40,
      message: "Invalid value x for configuration cleanup.policy: String must be one of: compact, delete"
    })
  })

  it("looks at all of its values together", () => {
    expect(topic({ "max.compaction.lag.ms": "5" }, ["set", "min.compaction.lag.ms", "10"])).toEqual([
      40,
      "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)"
    ])
    expect(topic({}, ["set", "remote.storage.enable", "true"])).toEqual([
      40,
      "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."
    ])
    expect(alter(ResourceType.topic, "", {}, [["set", "retention.ms", "1"]])).toEqual([
      42,
      "Default topic resources are not allowed."
    ])
  })

  it("behaviour 191: replaces all values at once, so that what is left out falls back", () => {
    const snapshot = snapshotOf(development())
    const current = new Map([
      ["retention.ms", "1"],
      ["segment.ms", "2"]
    ])
    const resource = { type: ResourceType.topic, name: "t" }
    const next = new Map([
      ["segment.ms", "2"],
      ["flush.ms", "3"]
    ])
    expect(Result.getOrThrow(Alter.replaceAll(snapshot, resource, current, next))).toEqual(
      new Map([
        ["flush.ms", "3"],
        ["retention.ms", null]
      ])
    )
    expect(Alter.checkReplacementOnBroker(snapshot, resource, [{ name: "a", value: null }])?.errorCode).toBe(42)
  })
})

describe("altering a broker", () => {
  it("behaviour 192: refuses keys that need a restart, and security stores without a listener", () => {
    expect(broker({}, ["set", "node.id", "3"])).toEqual([42, "Cannot update these configs dynamically: [node.id]"])
    expect(broker({}, ["set", "log.retention.hours", "3"])).toEqual([
      42,
      "Cannot update these configs dynamically: [log.retention.hours]"
    ])
    expect(broker({}, ["set", "ssl.keystore.location", "/x"])).toEqual([
      42,
      "These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]"
    ])
    expect(broker({}, ["set", "listener.name.plaintext.ssl.keystore.location", "/x"])).toEqual({
      "listener.name.plaintext.ssl.keystore.location": "/x"
    })
  })

  it("answers a wrong value and a broken rule with 42", () => {
    expect(broker({}, ["set", "log.retention.ms", "abc"])).toEqual([
      42,
      "Invalid value abc for configuration log.retention.ms: Not a number of type LONG"
    ])
    expect(broker({}, ["set", "log.retention.ms", "0"])).toEqual([
      42,
      "requirement failed: log.retention.ms must be unlimited (-1) or, greater than or equal to 1"
    ])
    expect(
      broker({ clusterDefault: { "log.cleaner.dedupe.buffer.size": "4194304" } }, ["set", "log.cleaner.threads", "4"])
    ).toEqual([42, "requirement failed: log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread."])
  })

  it("takes unknown keys and quotas, and writes an unchanged value anew", () => {
    expect(broker({}, ["set", "foo", "3"])).toEqual({ foo: "3" })
    expect(broker({}, ["set", "leader.replication.throttled.rate", "10"])).toEqual({
      "leader.replication.throttled.rate": "10"
    })
    expect(broker({ perBroker: { "log.retention.ms": "5" } }, ["set", "log.retention.ms", "5"])).toEqual({
      "log.retention.ms": "5"
    })
    expect(broker({}, ["delete", "node.id", ""])).toEqual({ "node.id": null })
  })

  it("behaviour 192: appends to lists only", () => {
    expect(broker({}, ["append", "log.cleanup.policy", "compact"])).toEqual({ "log.cleanup.policy": "delete,compact" })
    expect(broker({}, ["append", "log.retention.ms", "1"])).toEqual([
      40,
      "Config value append is not allowed for config key: log.retention.ms"
    ])
    expect(broker({}, ["subtract", "foo", "1"])).toEqual([40, "Unknown config name: foo"])
  })

  it("has no default for all brokers of what is one broker's own", () => {
    expect(everyBroker(["set", "listeners", "PLAINTEXT://:1"])).toEqual([
      42,
      "Cannot update these configs at default cluster level, broker id must be specified: [listeners]"
    ])
    expect(everyBroker(["set", "max.connections", "100"])).toEqual({ "max.connections": "100" })
    expect(everyBroker(["set", "listener.name.plaintext.max.connections", "100"])).toEqual({
      "listener.name.plaintext.max.connections": "100"
    })
    expect(everyBroker(["set", "listener.name.plaintext.ssl.client.auth", "none"])).toEqual([
      42,
      "Cannot update these configs at default cluster level, broker id must be specified: " +
        "[listener.name.plaintext.ssl.client.auth]"
    ])
  })

  it("is named by a number", () => {
    const decide = (name: string) => Alter.decide(snapshotOf(development()), { type: 4, name }, noOverrides, [])
    expect(decide("x")).toEqual(
      Result.fail({ errorCode: 42, message: "Unable to parse broker name as a base 10 number." })
    )
    expect(decide("-1")).toEqual(Result.fail({ errorCode: 42, message: "Invalid negative broker ID." }))
    expect(Result.isSuccess(decide("7"))).toBe(true)
  })
})

describe("altering a group", () => {
  it("keeps within what the broker allows", () => {
    expect(group(["set", "consumer.session.timeout.ms", "50000"])).toEqual({ "consumer.session.timeout.ms": "50000" })
    const refused: ReadonlyArray<readonly [string, string, string]> = [
      ["consumer.session.timeout.ms", "1", "must be greater than or equal to group.consumer.min.session.timeout.ms"],
      [
        "consumer.heartbeat.interval.ms",
        "16000",
        "must be less than or equal to group.consumer.max.heartbeat.interval.ms"
      ],
      ["share.delivery.count.limit", "11", "must be less than or equal to group.share.max.delivery.count.limit"],
      [
        "share.record.lock.duration.ms",
        "1001",
        "must be greater than or equal to group.share.min.record.lock.duration.ms"
      ],
      ["streams.num.standby.replicas", "7", "must be less than or equal to group.streams.max.standby.replicas"],
      [
        "consumer.assignment.interval.ms",
        "70000",
        "must be less than or equal to group.consumer.max.assignment.interval.ms"
      ]
    ]
    for (const [name, value, rule] of refused) expect(group(["set", name, value])).toEqual([40, `${name} ${rule}`])
    expect(group(["set", "foo", "1"])).toEqual([40, "Unknown group config name: foo"])
    expect(alter(ResourceType.group, "", {}, [["set", "share.delivery.count.limit", "4"]])).toEqual([
      42,
      "Default group resources are not allowed."
    ])
  })

  it("wants a session longer than a heartbeat", () => {
    const config = development("group.consumer.min.session.timeout.ms=6000")
    const written = operations(
      ["set", "consumer.session.timeout.ms", "6000"],
      ["set", "consumer.heartbeat.interval.ms", "6000"]
    )
    const decided = Alter.decide(snapshotOf(config), { type: ResourceType.group, name: "g" }, noOverrides, written)
    expect(decided).toEqual(
      Result.fail({
        errorCode: 40,
        message: "consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms"
      })
    )
  })
})

describe("altering client metrics", () => {
  it("checks the interval and the selectors", () => {
    expect(metrics(["set", "match", "client_id=.*,client_software_name=java"])).toEqual({
      match: "client_id=.*,client_software_name=java"
    })
    expect(metrics(["set", "interval.ms", "50"])).toEqual([
      42,
      "Invalid value 50 for interval.ms, interval must be between 100 and 3600000 (1 hour)"
    ])
    expect(metrics(["set", "interval.ms", "abc"])).toEqual([
      40,
      "Invalid value abc for configuration interval.ms: Not a number of type INT"
    ])
    expect(metrics(["set", "foo", "1"])).toEqual([42, "Unknown client metrics configuration: foo"])
    for (const wrong of ["a=b", "client_id=[", "client_id", "client_id=a=b"]) {
      expect(metrics(["set", "match", wrong])).toEqual([40, `Illegal client matching pattern: ${wrong}`])
    }
    expect(metrics(["append", "metrics", "org.a"])).toEqual([
      40,
      "Can't APPEND to key metrics because its type is not LIST."
    ])
    expect(alter(ResourceType.clientMetrics, "", {}, [["set", "interval.ms", "1000"]])).toEqual([
      42,
      "Subscription name can't be empty"
    ])
    expect(alter(1, "x", {}, [["set", "interval.ms", "1000"]])).toEqual([42, "Unknown resource type 1"])
  })
})
