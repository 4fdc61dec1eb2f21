import { describe, expect, it } from "vitest"
import { Describe, noOverrides } from "../src/index.ts"
import { topicKeys } from "../src/TopicTable.ts"
import { development, snapshotOf } from "./fixture.ts"

const all: Describe.DescribeOptions = { names: null, includeSynonyms: true, includeDocumentation: false }
const find = (rows: ReadonlyArray<Describe.Described>, name: string): Describe.Described => {
  const row = rows.find((each) => each.name === name)
  if (row === undefined) throw new Error(`no ${name}`)
  return row
}
const chain = (row: Describe.Described): ReadonlyArray<string> =>
  row.synonyms.map((each) => `${each.name}=${each.value}:${each.source}`)

describe("DescribeConfigs of a topic", () => {
  it("behaviour 190: gives value, source and synonyms in order of precedence", () => {
    const snapshot = snapshotOf(development("log.retention.hours=2"), {
      clusterDefault: { "log.retention.ms": "7000000" },
      perBroker: { "log.retention.ms": "5000000" }
    })
    const row = find(Describe.topic(snapshot, new Map([["retention.ms", " 100000 "]]), all), "retention.ms")
    expect(row).toMatchObject({ value: "100000", source: 1, readOnly: false, isSensitive: false, type: 5 })
    expect(chain(row)).toEqual([
      "retention.ms=100000:1",
      "log.retention.ms=5000000:2",
      "log.retention.ms=7000000:3",
      "log.retention.hours=2:4",
      "log.retention.hours=168:5"
    ])
    expect(find(Describe.topic(snapshot, noOverrides, all), "retention.ms").source).toBe(2)
  })

  it("shows no synonym until the strongest name is set, as Kafka does", () => {
    const rows = Describe.topic(snapshotOf(development("log.retention.hours=2")), noOverrides, all)
    const retention = find(rows, "retention.ms")
    expect(retention).toMatchObject({ value: "7200000", source: 5, synonyms: [] })
    expect(chain(find(rows, "cleanup.policy"))).toEqual(["log.cleanup.policy=delete:5"])
    expect(chain(find(rows, "remote.storage.enable"))).toEqual([])
  })

  it("prints the largest long exactly and an empty list as nothing", () => {
    const rows = Describe.topic(snapshotOf(development()), noOverrides, all)
    expect(find(rows, "flush.messages").value).toBe("9223372036854775807")
    expect(find(rows, "leader.replication.throttled.replicas").value).toBe("")
    expect(find(rows, "min.cleanable.dirty.ratio").value).toBe("0.5")
  })

  it("hides internal keys until they are set", () => {
    const snapshot = snapshotOf(development())
    const names = Describe.topic(snapshot, noOverrides, all).map((row) => row.name)
    expect(names).not.toContain("internal.segment.bytes")
    expect(names.length).toBe(topicKeys.length - 1)
    const set = Describe.topic(snapshot, new Map([["internal.segment.bytes", "100"]]), all)
    expect(chain(find(set, "internal.segment.bytes"))).toEqual(["internal.segment.bytes=100:1"])
  })

  it("gives only what was asked for", () => {
    const options = { names: ["retention.ms", "nope"], includeSynonyms: false, includeDocumentation: true }
    const rows = Describe.topic(snapshotOf(development()), noOverrides, options)
    expect(rows.map((row) => row.name)).toEqual(["retention.ms"])
    expect(rows[0]).toMatchObject({ synonyms: [], documentation: "How long a record is kept; -1 is for ever." })
  })
})

describe("DescribeConfigs of a broker", () => {
  const snapshot = snapshotOf(
    development("ssl.key.password=hunter2", "listener.name.plaintext.ssl.keystore.location=/x", "log.roll.hours=4"),
    {
      clusterDefault: {
        "log.roll.ms": "600000",
        "listener.name.plaintext.max.connections": "100",
        "max.connections": "99"
      },
      perBroker: { foo: "hush-hush", "leader.replication.throttled.rate": "10", "log.cleanup.policy": "delete,compact" }
    }
  )
  const rows = Describe.broker(snapshot, all)

  it("behaviour 190: tells sources and synonyms", () => {
    expect(chain(find(rows, "log.roll.ms"))).toEqual([
      "log.roll.ms=600000:3",
      "log.roll.hours=4:4",
      "log.roll.hours=168:5"
    ])
    expect(find(rows, "log.roll.ms")).toMatchObject({ value: "600000", source: 3, readOnly: false })
    expect(find(rows, "log.cleanup.policy")).toMatchObject({ value: "delete,compact", source: 2, type: 7 })
    expect(chain(find(rows, "broker.id"))).toEqual(["broker.id=1:4", "broker.id=-1:5"])
    expect(find(rows, "node.id")).toMatchObject({ value: "1", source: 4, readOnly: true, type: 3 })
    expect(find(rows, "log.flush.interval.ms")).toMatchObject({ value: null, source: 5, synonyms: [] })
    expect(find(rows, "leader.replication.throttled.rate")).toMatchObject({ value: "10", source: 2, readOnly: false })
  })

  it("behaviour 190: tells nothing of passwords nor of what has no known type", () => {
    expect(find(rows, "ssl.key.password")).toMatchObject({ value: null, isSensitive: true, source: 4, type: 9 })
    expect(find(rows, "foo")).toMatchObject({ value: null, isSensitive: true, readOnly: true, type: 0, source: 2 })
    expect(JSON.stringify(rows)).not.toContain("hunter2")
    expect(JSON.stringify(rows)).not.toContain("hush-hush")
  })

  it("tells keys under a listener's prefix, read-only", () => {
    expect(find(rows, "listener.name.plaintext.ssl.keystore.location")).toMatchObject({
      value: "/x",
      source: 4,
      readOnly: true,
      type: 2
    })
  })

  it("tells our own keys and no internal ones", () => {
    expect(find(rows, "klamm.acks.all.sync")).toMatchObject({ value: "true", readOnly: true, type: 1 })
    expect(rows.map((row) => row.name)).not.toContain("unstable.api.versions.enable")
  })

  it("of all brokers tells only what was set there", () => {
    const defaults = Describe.clusterDefault(snapshot, all)
    expect(defaults.map((row) => row.name).sort()).toEqual([
      "listener.name.plaintext.max.connections",
      "log.roll.ms",
      "max.connections"
    ])
    expect(chain(find(defaults, "log.roll.ms"))).toEqual(["log.roll.ms=600000:3"])
    expect(chain(find(defaults, "listener.name.plaintext.max.connections"))).toEqual([
      "listener.name.plaintext.max.connections=100:3",
      "max.connections=99:3"
    ])
  })
})

describe("DescribeConfigs of other resources", () => {
  it("behaviour 190: tells a group's values over the broker's", () => {
    const rows = Describe.group(snapshotOf(development()), new Map([["consumer.session.timeout.ms", "50000"]]), all)
    expect(find(rows, "consumer.session.timeout.ms")).toMatchObject({ value: "50000", source: 8, readOnly: false })
    expect(chain(find(rows, "consumer.session.timeout.ms"))).toEqual([
      "consumer.session.timeout.ms=50000:8",
      "group.consumer.session.timeout.ms=45000:5"
    ])
    expect(chain(find(rows, "share.auto.offset.reset"))).toEqual(["share.auto.offset.reset=latest:5"])
    expect(chain(find(rows, "consumer.heartbeat.interval.ms"))).toEqual(["group.consumer.heartbeat.interval.ms=5000:5"])
  })

  it("behaviour 190: tells a client metrics subscription with its defaults", () => {
    const rows = Describe.clientMetrics(new Map([["interval.ms", "1000"]]), all)
    expect(rows.map((row) => [row.name, row.value, row.source, chain(row)])).toEqual([
      ["interval.ms", "1000", 7, ["interval.ms=1000:7"]],
      ["match", "", 5, []],
      ["metrics", "", 5, []]
    ])
  })

  it("behaviour 190: tells loggers with their own source", () => {
    const rows = Describe.brokerLoggers(new Map([["root", "INFO"]]), all)
    expect(rows).toMatchObject([{ name: "root", value: "INFO", source: 6, readOnly: false, type: 0 }])
  })
})
