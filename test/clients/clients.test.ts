/**
 * Real clients against a broker: every client's suite on every kind of broker. Invariant: a client that is not installed
 * is named on the console, never passed over in silence. Neighbours: harness/, scenarios/.
 */
import { afterAll, beforeAll, describe, test } from "vitest"
import { type BrokerUnderTest, KINDS } from "./harness/BrokerUnderTest.ts"
import { hasConfluent, hasKcat } from "./harness/Installed.ts"
import { SCENARIO_WITHIN_MS, SCENARIOS, type Suite } from "./harness/Scenario.ts"
import { suite as confluent } from "./scenarios/confluent/suite.ts"
import { suite as kafkajs } from "./scenarios/kafkajs/suite.ts"
import { suite as kcat } from "./scenarios/kcat/suite.ts"
import { suite as platformatic } from "./scenarios/platformatic/suite.ts"

interface Client {
  readonly name: string
  readonly suite: Suite
}

const installed = async (client: Client, isThere: Promise<boolean>): Promise<ReadonlyArray<Client>> => {
  if (await isThere) return [client]
  console.log(`not run: ${client.name}: it is not installed`)
  return []
}

const CLIENTS: ReadonlyArray<Client> = [
  { name: "kafkajs", suite: kafkajs },
  { name: "@platformatic/kafka", suite: platformatic },
  ...(await installed({ name: "kcat", suite: kcat }, hasKcat())),
  ...(await installed({ name: "confluent-kafka", suite: confluent }, hasConfluent()))
]

for (const kind of KINDS) {
  describe(kind.name, () => {
    let broker: BrokerUnderTest | undefined
    beforeAll(async () => {
      broker = await kind.start()
    })
    afterAll(async () => {
      await broker?.stop()
    })
    for (const { name, suite } of CLIENTS) {
      describe(name, () => {
        for (const scenario of SCENARIOS) {
          const script = suite[scenario]
          if (typeof script !== "function") {
            console.log(`not run: ${name} ${scenario}: ${script.cannot}`)
            continue
          }
          test(
            scenario,
            async () => {
              if (broker === undefined) throw new Error("the broker did not start")
              await script({ bootstrap: broker.bootstrap })
            },
            SCENARIO_WITHIN_MS
          )
        }
      })
    }
  })
}
