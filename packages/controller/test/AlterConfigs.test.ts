import { Operation, ResourceType } from "@klamm/config/Alter"
import { Configs } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { describe, expect, test } from "vitest"
import {
  alterConfigs,
  type Cluster,
  clusterOf,
  createTopics,
  deleteTopics,
  incremental,
  replacement,
  topic
} from "./support.ts"

const { set, delete: remove, append, subtract } = Operation

const configs = (cluster: Cluster, type: number, name: string) =>
  Object.fromEntries(Configs.get(cluster.state.image.configs, type, name))

const prepared = (): Cluster => {
  const cluster = clusterOf(1)
  const withConfigs = [
    { name: "retention.ms", value: "5" },
    { name: "cleanup.policy", value: "delete" }
  ]
  cluster.submit(createTopics([topic("t", { configs: withConfigs }), topic("other")]))
  return cluster
}

const alter = (cluster: Cluster, ...operations: ReadonlyArray<readonly [string, number, string | null]>) =>
  cluster.submit(alterConfigs([incremental(ResourceType.topic, "t", ...operations)]))[0]!

describe("IncrementalAlterConfigs", () => {
  test("behaviour 192: set, delete, append and subtract change only what they name", () => {
    const cluster = prepared()
    const reply = alter(
      cluster,
      ["segment.bytes", set, "1048576"],
      ["retention.ms", remove, null],
      ["cleanup.policy", append, "compact"]
    )
    expect(reply).toEqual({ resource: { type: 2, name: "t" }, errorCode: ErrorCode.NONE, message: null })
    expect(configs(cluster, ResourceType.topic, "t")).toEqual({
      "segment.bytes": "1048576",
      "cleanup.policy": "delete,compact"
    })
    alter(cluster, ["cleanup.policy", subtract, "delete"])
    expect(configs(cluster, ResourceType.topic, "t")["cleanup.policy"]).toBe("compact")
    expect(configs(cluster, ResourceType.topic, "other")).toEqual({})
  })

  test("behaviour 192: append and subtract on what is no list are 40", () => {
    const cluster = prepared()
    expect(alter(cluster, ["retention.ms", append, "1"])).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      message: "Can't APPEND to key retention.ms because its type is not LIST."
    })
    expect(alter(cluster, ["no.such", subtract, "1"])).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      message: "Can't SUBTRACT to key no.such because its type is not LIST."
    })
  })

  test("behaviour 192: one bad operation refuses its resource as a whole, and no other", () => {
    const cluster = prepared()
    const reply = cluster.submit(
      alterConfigs([
        incremental(ResourceType.topic, "t", ["segment.bytes", set, "1048576"], ["retention.ms", set, "soon"]),
        incremental(ResourceType.topic, "other", ["retention.ms", set, "7"])
      ])
    )
    expect(reply.map(({ errorCode, message }) => ({ errorCode, message }))).toEqual([
      {
        errorCode: ErrorCode.INVALID_CONFIG,
        message: "Invalid value soon for configuration retention.ms: Not a number of type LONG"
      },
      { errorCode: ErrorCode.NONE, message: null }
    ])
    expect(configs(cluster, ResourceType.topic, "t")).toEqual({ "retention.ms": "5", "cleanup.policy": "delete" })
    expect(configs(cluster, ResourceType.topic, "other")).toEqual({ "retention.ms": "7" })
  })

  test("behaviour 192: validateOnly answers the same and writes nothing", () => {
    const cluster = prepared()
    const resources = [
      incremental(ResourceType.topic, "t", ["retention.ms", set, "9"]),
      incremental(ResourceType.topic, "other", ["no.such", set, "9"])
    ]
    const before = cluster.state
    const validated = cluster.submit(alterConfigs(resources, true))
    expect(cluster.state).toBe(before)
    expect(cluster.submit(alterConfigs(resources))).toEqual(validated)
    expect(validated.map(({ errorCode }) => errorCode)).toEqual([0, 40])
    expect(configs(cluster, ResourceType.topic, "t")["retention.ms"]).toBe("9")
  })

  test("what is set to what it is already writes no record", () => {
    const cluster = prepared()
    expect(alter(cluster, ["retention.ms", set, "5"], ["no.such", remove, null]).errorCode).toBe(ErrorCode.NONE)
    expect(cluster.written).toEqual([])
  })

  test.each([
    [2, "no", "retention.ms", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "The topic 'no' does not exist."],
    [2, "no", "no.such", ErrorCode.INVALID_CONFIG, "Unknown topic config name: no.such"],
    [2, "", "retention.ms", ErrorCode.INVALID_REQUEST, "Default topic resources are not allowed."],
    [4, "77", "log.cleaner.threads", ErrorCode.BROKER_ID_NOT_REGISTERED, "No node with id 77 found."],
    [4, "x", "log.cleaner.threads", ErrorCode.INVALID_REQUEST, "Unable to parse broker name as a base 10 number."],
    [4, "-1", "log.cleaner.threads", ErrorCode.INVALID_REQUEST, "Invalid negative broker ID."],
    [99, "z", "a", ErrorCode.INVALID_REQUEST, "Unknown resource type 99"],
    [32, "", "consumer.session.timeout.ms", ErrorCode.INVALID_REQUEST, "Default group resources are not allowed."]
  ])("the resource %i %j with %s is refused", (type, name, key, errorCode, message) => {
    const cluster = prepared()
    expect(cluster.submit(alterConfigs([incremental(type, name, [key, set, "1"])]))[0]).toMatchObject({
      errorCode,
      message
    })
    expect(cluster.written).toEqual([])
  })

  test("a broker's own values and the default of all brokers are kept apart; the default counts at once", () => {
    const cluster = prepared()
    const reply = cluster.submit(
      alterConfigs([
        incremental(ResourceType.broker, "1", ["log.cleaner.threads", set, "2"]),
        incremental(ResourceType.broker, "", ["num.partitions", set, "3"])
      ])
    )
    expect(reply.map(({ errorCode }) => errorCode)).toEqual([0, 0])
    expect(configs(cluster, ResourceType.broker, "1")).toEqual({ "log.cleaner.threads": "2" })
    expect(configs(cluster, ResourceType.broker, "")).toEqual({ "num.partitions": "3" })
  })

  test("a deleted topic's configs do not come back with its name", () => {
    const cluster = prepared()
    cluster.submit(deleteTopics({ name: "t" }))
    expect(alter(cluster, ["retention.ms", set, "5"]).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    cluster.submit(createTopics([topic("t")]))
    expect(configs(cluster, ResourceType.topic, "t")).toEqual({})
  })

  test("a list appended to until it is longer than the log can carry is refused, not written", () => {
    const cluster = prepared()
    const key = "follower.replication.throttled.replicas"
    const list = (from: number) => Array.from({ length: 2_500 }, (_, at) => `${from + at}:100`).join(",")
    expect(alter(cluster, [key, append, list(10_000)]).errorCode).toBe(ErrorCode.NONE)
    const before = cluster.state
    expect(alter(cluster, ["retention.ms", set, "6"], [key, append, list(20_000)])).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      message: "The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes."
    })
    expect(cluster.state).toBe(before)
  })

  test("more values than a batch holds change nothing", () => {
    const cluster = prepared()
    const value = "x".repeat(30_000)
    const many = Array.from({ length: 300 }, (_, at) => [`listener.name.l${at}.ssl.protocol`, set, value] as const)
    const reply = cluster.submit(
      alterConfigs([
        incremental(ResourceType.broker, "1", ...many),
        incremental(ResourceType.topic, "t", ["retention.ms", set, "6"])
      ])
    )
    expect(reply.map(({ errorCode, message }) => ({ errorCode, message }))).toEqual(
      Array(2).fill({
        errorCode: ErrorCode.POLICY_VIOLATION,
        message: "Unable to perform excessively large batch operation."
      })
    )
    expect(cluster.written).toEqual([])
    expect(configs(cluster, ResourceType.topic, "t")["retention.ms"]).toBe("5")
  })
})

describe("AlterConfigs", () => {
  test("behaviour 191: what is not named falls back to its default", () => {
    const cluster = prepared()
    const replaced = cluster.submit(
      alterConfigs([replacement(ResourceType.topic, "t", { "retention.ms": "6", "segment.bytes": "1048576" })])
    )
    expect(replaced[0]?.errorCode).toBe(ErrorCode.NONE)
    expect(configs(cluster, ResourceType.topic, "t")).toEqual({ "retention.ms": "6", "segment.bytes": "1048576" })
    cluster.submit(alterConfigs([replacement(ResourceType.topic, "t", {})]))
    expect(configs(cluster, ResourceType.topic, "t")).toEqual({})
  })

  test("behaviour 191: a bad value keeps the values there were, of an unknown topic too; validateOnly writes nothing", () => {
    const cluster = prepared()
    const before = cluster.state
    const reply = cluster.submit(
      alterConfigs([
        replacement(ResourceType.topic, "t", { "no.such": "1" }),
        replacement(ResourceType.topic, "no", { "no.such": "1" }),
        replacement(ResourceType.topic, "no", {})
      ])
    )
    expect(reply.map(({ errorCode, message }) => [errorCode, message])).toEqual([
      [ErrorCode.INVALID_CONFIG, "Unknown topic config name: no.such"],
      [ErrorCode.INVALID_CONFIG, "Unknown topic config name: no.such"],
      [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "The topic 'no' does not exist."]
    ])
    expect(cluster.submit(alterConfigs([replacement(ResourceType.topic, "t", {})], true))[0]?.errorCode).toBe(0)
    expect(cluster.state).toBe(before)
  })
})
