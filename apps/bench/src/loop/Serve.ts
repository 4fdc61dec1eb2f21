/**
 * `pnpm bench loop`: the plain loop in a process of its own, for that one has to be started with the heap of a broker. Invariant: it does
 * not outlive this process. Neighbours: main.ts beside it (what it runs), Loop.ts.
 */
import { spawn } from "node:child_process"
import { join } from "node:path"
import { heapFlags } from "klamm-broker/Heap"
import { alone, formatPorts } from "./Members.ts"

const MAIN = join(import.meta.dirname, "main.ts")

/** Serves until it is ended; resolves with the code it ended with. */
export const serveLoop = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...heapFlags, MAIN, formatPorts(alone(port)), "1"], { stdio: "inherit" })
    const end = (): void => {
      child.kill("SIGTERM")
    }
    process.once("exit", end)
    child.once("error", reject)
    child.once("exit", (code) => {
      process.off("exit", end)
      resolve(code ?? 1)
    })
  })
