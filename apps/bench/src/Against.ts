/**
 * Another system that was started already, by its bootstrap address. Invariant: nothing is done to it but loads, unless its owner gave the
 * command that starts a node again: only then may a node be ended. Neighbours: System.ts, Ours.ts.
 */
import { spawn } from "node:child_process"
import { addressesOf, endListener, portOf, type System } from "./System.ts"

export interface AgainstPlan {
  readonly name: string
  /** HOST:PORT,... */
  readonly bootstrap: string
  /** A shell command that starts the node whose port stands in it as `{port}`, on its data. */
  readonly restart: string | undefined
}

export const openAgainst = async ({ name, bootstrap, restart }: AgainstPlan): Promise<System> => ({
  role: "other",
  name,
  bootstrap,
  addresses: await addressesOf(bootstrap),
  control:
    restart === undefined
      ? undefined
      : {
          end: endListener,
          start: (address) => {
            const command = restart.replaceAll("{port}", String(portOf(address)))
            // It outlives this program, as it was there before it.
            spawn("/bin/sh", ["-c", command], { stdio: "ignore", detached: true }).unref()
          }
        },
  close: () => Promise.resolve()
})
