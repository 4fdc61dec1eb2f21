import { describe, expect, it } from "vitest"
import { brokerKeys } from "../src/BrokerTable.ts"
import { environmentLayer, fileLayer, keyOfVariable, setLayer } from "../src/Layers.ts"

describe("environment variables", () => {
  it("reach every key of the table by its name in capitals", () => {
    for (const { name } of brokerKeys) {
      expect(keyOfVariable(`KAFKA_${name.toUpperCase().replace(/[.-]/g, "_")}`)).toBe(name)
    }
  })

  it("may spell a dash and an underscore as the container images do", () => {
    expect(keyOfVariable("KAFKA_LISTENER_NAME_SASL__PLAINTEXT_SSL_KEYSTORE_TYPE")).toBe(
      "listener.name.sasl_plaintext.ssl.keystore.type"
    )
    expect(keyOfVariable("KAFKA_LISTENER_NAME_CLIENT_SCRAM___SHA___256_SASL_JAAS_CONFIG")).toBe(
      "listener.name.client.scram-sha-256.sasl.jaas.config"
    )
  })

  it("of Kafka's own scripts, and those a platform makes, mean nothing", () => {
    const foreign = ["HEAP_OPTS", "OPTS", "JVM_PERFORMANCE_OPTS", "LOG4J_OPTS", "GC_LOG_OPTS", "JMX_PORT", "JMX_OPTS"]
    const links = ["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_CLIENT", "PORT", "PORT_9092_TCP", "PORT_9092_TCP_ADDR"]
    for (const name of [...foreign, ...links, "UI_SERVICE_HOST", "UI_PORT_8080_TCP_PROTO"]) {
      expect(keyOfVariable(`KAFKA_${name}`), name).toBeNull()
    }
    expect(keyOfVariable("LOG_RETENTION_MS")).toBeNull()
    expect(keyOfVariable("PATH")).toBeNull()
  })

  it("keep an unknown key, with the variable as its origin", () => {
    expect(
      environmentLayer({ KAFKA_LOG_RETENSION_MS: "1", HOME: "/", KAFKA_OPTS: "-X", KAFKA_NODE_ID: undefined }).given
    ).toEqual([
      {
        name: "log.retension.ms",
        text: "1",
        origin: { _tag: "Environment", variable: "KAFKA_LOG_RETENSION_MS" },
        valueOrigin: { _tag: "Environment", variable: "KAFKA_LOG_RETENSION_MS" }
      }
    ])
  })
})

describe("settings on the command line", () => {
  it("are split at the first equals sign", () => {
    const layer = setLayer(["listeners=PLAINTEXT://:1", "a=b=c", "empty="])
    expect(layer.given.map(({ name, text }) => [name, text])).toEqual([
      ["listeners", "PLAINTEXT://:1"],
      ["a", "b=c"],
      ["empty", ""]
    ])
    expect(layer.problems).toEqual([])
  })

  it("without one are a problem", () => {
    expect(setLayer(["log.dirs", "=x"]).problems.map((problem) => problem._tag)).toEqual(["Malformed", "Malformed"])
  })
})

describe("a file", () => {
  it("gives each value the positions of its key and of itself", () => {
    expect(fileLayer("server.properties", "a = 1").given).toEqual([
      {
        name: "a",
        text: "1",
        origin: { _tag: "File", path: "server.properties", line: 1, column: 1 },
        valueOrigin: { _tag: "File", path: "server.properties", line: 1, column: 5 }
      }
    ])
  })
})
