/** What every layer of Network promises, asked of the platform's. */
import { makeMemoryNetwork } from "../src/NetworkMemory.ts"
import { makeNetwork } from "../src/node/NodeNetwork.ts"
import { describeRoom } from "./support/network-room.ts"
import { describeNetwork } from "./support/network-suite.ts"

for (const [name, make] of [
  ["TCP into the arena", () => makeNetwork("arena")],
  ["TCP by data events", () => makeNetwork("data")],
  ["memory", () => makeMemoryNetwork().host("localhost")]
] as const) {
  describeNetwork(name, make)
  describeRoom(name, make)
}
