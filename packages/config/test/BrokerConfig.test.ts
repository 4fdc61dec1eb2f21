import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import * as Derived from "../src/Derived.ts"
import type { Layer } from "../src/index.ts"
import {
  BrokerConfig,
  developmentPreset,
  environmentLayer,
  fileLayer,
  forListener,
  presetLayer,
  printProblem,
  resolve,
  setLayer
} from "../src/index.ts"
import { development, snapshotOf } from "./fixture.ts"

const preset = presetLayer(developmentPreset())
const problems = (...layers: ReadonlyArray<Layer>): ReadonlyArray<string> =>
  Result.getOrThrow(Result.flip(resolve([preset, ...layers]))).map(printProblem)

describe("static configuration", () => {
  it("is whole with the development preset alone", () => {
    const { values, endpoints, entries } = development()
    expect(values["node.id"]).toBe(1)
    expect(values["log.segment.bytes"]).toBe(1_073_741_824)
    expect(values["offsets.topic.replication.factor"]).toBe(1)
    expect(Derived.roles(values)).toEqual({ broker: true, controller: true })
    expect(Derived.logDirs(values)).toEqual(["./data"])
    expect(endpoints.advertised.map((each) => each.port)).toEqual([9092])
    expect(entries.get("log.dirs")?.origin).toEqual({ _tag: "Preset" })
  })

  it("takes command line over environment over file over preset over default", () => {
    const file = fileLayer("f", "num.partitions=2\nlog.segment.bytes=2000000\nlog.index.interval.bytes=1\nnode.id=7")
    const environment = environmentLayer({ KAFKA_NUM_PARTITIONS: "3", KAFKA_LOG_SEGMENT_BYTES: "3000000" })
    const set = setLayer(["num.partitions=4"])
    const { values, entries } = Result.getOrThrow(resolve([preset, file, environment, set]))
    expect(values["num.partitions"]).toBe(4)
    expect(values["log.segment.bytes"]).toBe(3_000_000)
    expect(values["log.index.interval.bytes"]).toBe(1)
    expect(values["node.id"]).toBe(7)
    expect(values["log.index.size.max.bytes"]).toBe(10_485_760)
    expect(entries.get("num.partitions")?.origin).toEqual({ _tag: "CommandLine", name: "num.partitions" })
    expect(entries.get("log.segment.bytes")?.origin._tag).toBe("Environment")
    expect(entries.get("node.id")?.origin).toEqual({ _tag: "File", path: "f", line: 4, column: 1 })
    expect(entries.has("log.index.size.max.bytes")).toBe(false)
  })

  it("lets a stronger layer's synonym take the place of a weaker layer's stronger synonym", () => {
    const retention = Result.getOrThrow(
      resolve([preset, fileLayer("f", "log.retention.ms=5"), setLayer(["log.retention.hours=1"])])
    )
    expect(Derived.logRetentionMs(retention.values)).toBe(3_600_000)
    expect(Derived.logDirs(development("log.dir=/one").values)).toEqual(["/one"])
  })

  it("takes the finest unit within one layer", () => {
    const values = development("log.retention.hours=1", "log.retention.minutes=2", "log.roll.hours=3").values
    expect(Derived.logRetentionMs(values)).toBe(120_000)
    expect(Derived.logRollMs(values)).toBe(10_800_000)
    expect(Derived.logRetentionMs(development("log.retention.ms=-5").values)).toBe(-1)
    expect(Derived.logFlushIntervalMs(development("log.flush.scheduler.interval.ms=9").values)).toBe(9)
  })

  it("lets node.id and broker.id stand for each other", () => {
    expect(development("broker.id=5").values["node.id"]).toBe(5)
    expect(development("node.id=6").values["broker.id"]).toBe(6)
    expect(problems(setLayer(["node.id=1", "broker.id=2"]))).toEqual([
      "You must set `node.id` to the same value as `broker.id`. (--set node.id, --set broker.id)"
    ])
  })

  it("tells every problem, each with its place", () => {
    const file = fileLayer("server.properties", "log.segment.bytes = abc\nnum.partitions=0\nfoo.bar.baz.qux=1\nx=\\u1")
    const environment = environmentLayer({ KAFKA_LOG_RETENSION_MS: "1" })
    expect(problems(file, environment, setLayer(["nonsense"]))).toEqual([
      'malformed escape "\\u1": four hexadecimal digits expected (server.properties:4:3)',
      "Invalid value abc for configuration log.segment.bytes: Not a number of type INT (server.properties:1:21)",
      "Invalid value 0 for configuration num.partitions: Value must be at least 1 (server.properties:2:16)",
      'unknown property "foo.bar.baz.qux" (server.properties:3:1)',
      'unknown property "log.retension.ms" (env KAFKA_LOG_RETENSION_MS) — did you mean log.retention.ms?',
      "a setting must have the form key=value (--set nonsense)"
    ])
  })

  it("tells required keys that are missing, once", () => {
    const missing = Result.getOrThrow(Result.flip(resolve([setLayer(["node.id=x"])])))
    expect(missing.map((each) => (each._tag === "MissingKey" ? each.name : each._tag)).sort()).toEqual([
      "InvalidValue",
      "controller.listener.names",
      "process.roles"
    ])
  })

  it("never shows a password in a problem", () => {
    const shown = problems(setLayer(["ssl.key.password=hunter2", "ssl.key.passwort=hunter3"])).join("\n")
    expect(shown).toContain("did you mean ssl.key.password?")
    expect(shown).not.toContain("hunter")
  })

  it("takes keys under a listener's prefix, and names the right one for a wrong one", () => {
    const config = development("listener.name.plaintext.max.connections=7", "rsm.config.bucket=b")
    expect(forListener(snapshotOf(config), "PLAINTEXT", "max.connections")).toBe(7)
    expect(forListener(snapshotOf(config), "CONTROLLER", "max.connections")).toBe(2_147_483_647)
    expect(config.entries.get("rsm.config.bucket")?.raw).toBe("b")
    expect(problems(setLayer(["listener.name.plaintext.max.connection=7"]))).toEqual([
      'unknown property "listener.name.plaintext.max.connection" (--set listener.name.plaintext.max.connection)' +
        " — did you mean listener.name.plaintext.max.connections?"
    ])
  })

  it("is a service", () => {
    const config = development()
    const read = Effect.gen(function* () {
      return (yield* BrokerConfig).values["num.partitions"]
    })
    expect(Effect.runSync(Effect.provide(read, BrokerConfig.layer(config)))).toBe(1)
  })
})

describe("dynamic configuration", () => {
  const config = development("log.retention.ms=1000", "message.max.bytes=1")

  it("goes per-broker over cluster-wide over static", () => {
    const { values } = snapshotOf(config, {
      clusterDefault: { "log.retention.ms": "2000", "message.max.bytes": "2" },
      perBroker: { "log.retention.ms": "3000" }
    })
    expect(values["log.retention.ms"]).toBe(3000)
    expect(values["message.max.bytes"]).toBe(2)
    expect(config.values["log.retention.ms"]).toBe(1000)
  })

  it("takes the place of a static synonym, which stays weaker whatever its unit", () => {
    const hours = development("log.roll.hours=1")
    expect(Derived.logRollMs(snapshotOf(hours, { clusterDefault: { "log.roll.ms": "5" } }).values)).toBe(5)
  })

  it("leaves out what may not change or is ill-typed, and tells it", () => {
    const snapshot = snapshotOf(config, {
      perBroker: { "node.id": "9", "log.retention.ms": "x", "num.io.threads": "4", unknown: "kept" }
    })
    expect(snapshot.values["node.id"]).toBe(1)
    expect(snapshot.values["log.retention.ms"]).toBe(1000)
    expect(snapshot.values["num.io.threads"]).toBe(4)
    expect(snapshot.ignored.map((each) => each.name)).toEqual(["node.id", "log.retention.ms"])
    expect(snapshot.set.get("unknown")?.text).toBe("kept")
  })
})
