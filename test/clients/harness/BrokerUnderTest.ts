/**
 * The brokers that the client suites run against: the one that KAFKA_BOOTSTRAP names (then only that one, which is how
 * the suites are proven against a real Kafka), or ours, as a child process and inside this process. Invariant: what was
 * started here is stopped here. Neighbours: Processes.ts, inProcess.ts, clients.test.ts.
 */
import { startInProcess } from "./inProcess.ts"
import { QUICK_GROUPS, startBroker } from "./Processes.ts"

export interface BrokerUnderTest {
  readonly bootstrap: string
  readonly stop: () => Promise<unknown>
}

export interface Kind {
  readonly name: string
  readonly start: () => Promise<BrokerUnderTest>
}

const given = process.env.KAFKA_BOOTSTRAP

const kindsOfOurs: ReadonlyArray<Kind> = [
  { name: "a broker process", start: () => startBroker({ settings: QUICK_GROUPS }) },
  { name: "a broker in this process", start: startInProcess }
]

export const KINDS: ReadonlyArray<Kind> =
  given === undefined
    ? kindsOfOurs
    : [{ name: `the broker at ${given}`, start: async () => ({ bootstrap: given, stop: async () => undefined }) }]
