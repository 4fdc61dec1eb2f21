/**
 * A process of the plain loop: `node main.ts PORTS NODE`, the ports of all members (Members.ts) and which of them this one is, 1 for the
 * first. Ended by a signal, whereupon its data is removed. Neighbours: Serve.ts, Loop.ts.
 */
import { optimizeSooner } from "klamm-broker/Compiling"
import { settleHeap } from "klamm-broker/Heap"
import { startLoop } from "./Loop.ts"
import { addressOf, parsePorts } from "./Members.ts"

const [ports = "", nodeId = ""] = process.argv.slice(2)
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0))
try {
  const members = { ports: parsePorts(ports), nodeId: Number(nodeId) }
  const { connected, close } = await startLoop(members)
  process.once("exit", close)
  await connected
  settleHeap()
  optimizeSooner()
  process.stdout.write(`the plain loop listens at ${addressOf(members)}\n`)
} catch (cause) {
  process.stderr.write(`✗ ${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exitCode = 1
}
