import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { developmentPreset, parseVoters, presetLayer, printProblem, resolve, setLayer } from "../src/index.ts"
import { development } from "./fixture.ts"

const refusals = (...settings: ReadonlyArray<string>): ReadonlyArray<string> => {
  const resolved = resolve([presetLayer(developmentPreset()), setLayer(settings)])
  return Result.isSuccess(resolved) ? [] : resolved.failure.map(printProblem)
}

describe("listeners", () => {
  it("read names, addresses and protocols together", () => {
    const { endpoints } = development(
      "listeners=INTERNAL://[::1]:9092,EXTERNAL://0.0.0.0:9094,CONTROLLER://:9093",
      "advertised.listeners=internal://inside:9092,EXTERNAL://example.org:19094",
      "listener.security.protocol.map=INTERNAL:PLAINTEXT,EXTERNAL:SASL_SSL,CONTROLLER:SSL",
      "inter.broker.listener.name=INTERNAL"
    )
    expect(endpoints.listeners).toEqual([
      { name: "INTERNAL", host: "::1", port: 9092, protocol: "PLAINTEXT" },
      { name: "EXTERNAL", host: "0.0.0.0", port: 9094, protocol: "SASL_SSL" },
      { name: "CONTROLLER", host: "", port: 9093, protocol: "SSL" }
    ])
    expect(endpoints.advertised.map((each) => `${each.name} ${each.host}:${each.port}`)).toEqual([
      "INTERNAL inside:9092",
      "EXTERNAL example.org:19094"
    ])
    expect(endpoints.advertisedController.map((each) => each.port)).toEqual([9093])
    expect(endpoints.interBrokerListenerName).toBe("INTERNAL")
  })

  it("of controllers are plain text unless a map is given or something is secured", () => {
    expect(development().endpoints.protocols.get("CONTROLLER")).toBe("PLAINTEXT")
    expect(refusals("listener.security.protocol.map=PLAINTEXT:PLAINTEXT")[0]).toContain(
      "No security protocol defined for listener CONTROLLER"
    )
    expect(refusals("listeners=SSL://localhost:9092,CONTROLLER://localhost:9093")[0]).toContain(
      "No security protocol defined for listener CONTROLLER"
    )
  })

  it("must be addresses with different names and ports", () => {
    expect(refusals("listeners=PLAINTEXT://localhost,CONTROLLER://:1")[0]).toContain(
      "Error creating broker listeners: Unable to parse PLAINTEXT://localhost to a broker endpoint"
    )
    expect(refusals("listeners=PLAINTEXT://:1,PLAINTEXT://:2,CONTROLLER://:3")[0]).toContain(
      "Each listener must have a different name"
    )
    expect(refusals("listeners=PLAINTEXT://:1,CONTROLLER://:1")[0]).toContain(
      "Each listener must have a different port"
    )
    expect(refusals("listeners=PLAINTEXT://:99999,CONTROLLER://:1")[0]).toContain("out of range")
    expect(refusals("listeners=PLAINTEXT://:0,CONTROLLER://:0")).toEqual([])
    expect(refusals("listener.security.protocol.map=A:FOO")[0]).toContain(
      "Invalid security protocol `FOO` defined in listener.security.protocol.map"
    )
  })

  it("name the one among brokers once, and it must be advertised", () => {
    expect(refusals("inter.broker.listener.name=NOPE")[0]).toContain("Listener with name NOPE defined in")
    expect(refusals("inter.broker.listener.name=PLAINTEXT", "security.inter.broker.protocol=PLAINTEXT")[0]).toContain(
      "Only one of inter.broker.listener.name and security.inter.broker.protocol should be set."
    )
    expect(refusals("inter.broker.listener.name=SSL")[0]).toContain(
      "inter.broker.listener.name must be a listener name defined in advertised.listeners"
    )
  })

  it("are advertised under names that are listened on, and never as every interface", () => {
    expect(refusals("advertised.listeners=PLAINTEXT://a:1,SSL://a:2")[0]).toContain("equal to or a subset of")
    expect(refusals("listeners=PLAINTEXT://0.0.0.0:9092,CONTROLLER://:9093")[0]).toContain(
      "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0"
    )
    expect(
      refusals("listeners=PLAINTEXT://0.0.0.0:9092,CONTROLLER://:9093", "advertised.listeners=PLAINTEXT://me:9092")
    ).toEqual([])
    expect(refusals("controller.listener.names=PLAINTEXT,CONTROLLER")[0]).toContain(
      "There must be at least one broker advertised listener."
    )
  })
})

describe("the quorum", () => {
  it("needs voters or bootstrap servers", () => {
    expect(refusals("controller.quorum.bootstrap.servers=")[0]).toContain("If using process.roles, either")
    expect(refusals("controller.quorum.bootstrap.servers=", "controller.quorum.voters=1@localhost:9093")).toEqual([])
  })

  it("counts a controller among its voters and a mere broker not", () => {
    expect(refusals("controller.quorum.voters=2@localhost:9093")[0]).toContain(
      "the node id 1 must be included in the set of voters"
    )
    const broker = ["process.roles=broker", "listeners=PLAINTEXT://localhost:9092"]
    expect(refusals(...broker)).toEqual([])
    expect(refusals(...broker, "controller.quorum.voters=1@localhost:9093")[0]).toContain(
      "the node id 1 must not be included in the set of voters"
    )
  })

  it("keeps controller listeners with controllers", () => {
    expect(refusals("controller.listener.names=CONTROLLER,OTHER")[0]).toContain(
      "must only contain values appearing in the 'listeners'"
    )
    expect(refusals("process.roles=broker")[0]).toContain("must not contain a value appearing in the 'listeners'")
    expect(refusals("process.roles=controller")[0]).toContain("must only contain KRaft controller listeners")
    expect(refusals("process.roles=controller", "listeners=CONTROLLER://localhost:9093")).toEqual([])
  })

  it("reads voters with names and with addresses", () => {
    expect(parseVoters(["1@host:9093", "2@[::1]:9094"])).toEqual([
      { id: 1, host: "host", port: 9093 },
      { id: 2, host: "::1", port: 9094 }
    ])
  })
})

describe("values that are right alone and wrong together", () => {
  const cases: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
    [["log.roll.ms=0"], "log.roll.ms must be greater than or equal to 1"],
    [["log.roll.jitter.ms=-1"], "log.roll.jitter.ms must be greater than or equal to 0"],
    [["log.retention.ms=0"], "log.retention.ms must be unlimited (-1) or, greater than or equal to 1"],
    [["log.cleaner.threads=200"], "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread."],
    [["cordoned.log.dirs=/nope"], "Missing entries : /nope"],
    [["log.cleaner.min.compaction.lag.ms=10", "log.cleaner.max.compaction.lag.ms=5"], "min.compaction.lag.ms (10) >"],
    [["queued.max.request.bytes=5"], "queued.max.request.bytes must be larger or equal to socket.request.max.bytes"],
    [["max.connections.per.ip=0"], "max.connections.per.ip can be set to zero only if"],
    [["max.connections.per.ip.overrides=localhost"], "each entry must be host:limit"],
    [["connections.max.idle.ms=50"], "connection.failed.authentication.delay.ms=100 should always be less than"],
    [["replica.fetch.wait.max.ms=30001", "replica.lag.time.max.ms=40000"], "replica.socket.timeout.ms should always"],
    [["replica.lag.time.max.ms=100"], "less than or equal to replica.lag.time.max.ms"],
    [["group.consumer.session.timeout.ms=70000"], "group.consumer.session.timeout.ms must be less than or equal to"],
    [["group.share.min.session.timeout.ms=50000"], "group.share.session.timeout.ms must be greater than or equal to"],
    [["group.streams.max.heartbeat.interval.ms=4000"], "group.streams.max.heartbeat.interval.ms must be greater"],
    [
      ["group.share.delivery.count.limit=2", "group.share.min.delivery.count.limit=3"],
      "group.share.delivery.count.limit"
    ],
    [
      ["group.consumer.session.timeout.ms=5000", "group.consumer.min.session.timeout.ms=1"],
      "group.consumer.heartbeat.interval.ms must be less than group.consumer.session.timeout.ms"
    ],
    [["group.coordinator.rebalance.protocols=consumer"], "Disabling the 'classic' protocol is not supported."]
  ]
  for (const [settings, sentence] of cases) {
    it(`${settings.join(" ")} is refused`, () => {
      const [first, ...rest] = refusals(...settings).filter((each) => each.includes(sentence))
      expect(first).toContain(`--set ${settings[0]?.split("=")[0]}`)
      expect(rest).toEqual([])
    })
  }

  it("asks for the inter-broker mechanism among the enabled ones when SASL is used", () => {
    const sasl = [
      "listeners=SASL_PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093",
      "listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
      "security.inter.broker.protocol=SASL_PLAINTEXT",
      "sasl.enabled.mechanisms=PLAIN"
    ]
    expect(refusals(...sasl)[0]).toContain("sasl.mechanism.inter.broker.protocol must be included")
    expect(refusals(...sasl, "sasl.mechanism.inter.broker.protocol=PLAIN")).toEqual([])
  })
})
