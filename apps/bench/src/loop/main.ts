/** The process of the plain loop: `node main.ts PORT`, ended by a signal, whereupon its data is removed. Neighbours: Serve.ts, Loop.ts. */
import { optimizeSooner } from "klamm-broker/Compiling"
import { settleHeap } from "klamm-broker/Heap"
import { startLoop } from "./Loop.ts"

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0))
try {
  const { port, close } = await startLoop(Number(process.argv[2]))
  process.once("exit", close)
  settleHeap()
  optimizeSooner()
  process.stdout.write(`the plain loop listens at 127.0.0.1:${port}\n`)
} catch (cause) {
  process.stderr.write(`✗ ${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exitCode = 1
}
