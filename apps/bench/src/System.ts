/**
 * A system under measurement: one node or a cluster of three, ours or another. Invariant: what a system does not let us do (stop a node
 * of somebody else's, see the processes of another machine) it does not have, and what needs it is told to be not measured.
 * Neighbours: Ours.ts, Against.ts and PlainLoop.ts (make them), Run.ts (runs loads on them).
 */
import { hostname, networkInterfaces } from "node:os"
import { nodesOf, now, sleep } from "./Cluster.ts"
import * as Processes from "./Processes.ts"

/** `floor`: the plain loop, beside which the others are seen. */
export type Role = "ours" | "synced" | "other" | "floor"
/** What that one is called. */
export const PLAIN_LOOP = "plain loop"

export interface System {
  readonly role: Role
  readonly name: string
  readonly bootstrap: string
  /** HOST:PORT of each node. */
  readonly addresses: ReadonlyArray<string>
  /** Ends and starts a node on its data; undefined where that is not ours to do. */
  readonly control: NodeControl | undefined
  readonly close: () => Promise<void>
}

export interface NodeControl {
  /** Resolves when its process is gone. */
  readonly end: (address: string, signal: "SIGTERM" | "SIGKILL") => Promise<void>
  /** Resolves as soon as its start has been asked for. */
  readonly start: (address: string) => void
}

const ENDED_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 5

export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1))

/** Whether an address is one of this machine's own: only then is the process behind its port the one that is meant. */
export const isHere = (address: string): boolean => {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "")
  const own = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map((one) => one.address))
  return host === "localhost" || host === hostname() || host.startsWith("127.") || own.includes(host)
}

const processAt = (address: string): number | undefined =>
  isHere(address) ? Processes.processListeningOn(portOf(address)) : undefined

/** The processes of its nodes; undefined when one of them cannot be found on this machine. */
export const pidsOf = (system: System): ReadonlyArray<number> | undefined => {
  const pids = system.addresses.map(processAt)
  return pids.every((pid) => pid !== undefined) ? pids : undefined
}

const isThere = (pid: number): boolean => Processes.processorSeconds(pid) !== undefined && !isZombie(pid)
const isZombie = (pid: number): boolean => Processes.residentMb(pid) === undefined

/** Signals the process that listens at an address and waits until it is gone. */
export const endListener = async (address: string, signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
  const pid = processAt(address)
  if (pid === undefined) throw new Error(`no process of this machine listens at ${address}`)
  process.kill(pid, signal)
  const giveUp = now() + ENDED_WITHIN_MS
  while (isThere(pid)) {
    if (now() > giveUp) throw new Error(`the process ${pid} at ${address} does not end`)
    await sleep(LOOK_EVERY_MS)
  }
}

/** The addresses that a cluster's nodes tell their clients, in the order of their ids. */
export const addressesOf = async (bootstrap: string): Promise<ReadonlyArray<string>> =>
  [...(await nodesOf(bootstrap))].toSorted(([left], [right]) => left - right).map(([, address]) => address)
