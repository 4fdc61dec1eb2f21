/** What every layer of Network promises, asked of the platform's. */
import { makeMemoryNetwork } from "../src/NetworkMemory.ts"
import { makeNetwork } from "../src/node/NodeNetwork.ts"
import { describeNetwork } from "./support/network-suite.ts"

describeNetwork("TCP into the arena", () => makeNetwork("arena"))
describeNetwork("TCP by data events", () => makeNetwork("data"))
describeNetwork("memory", () => makeMemoryNetwork().host("localhost"))
