/**
 * How much memory a process holds, as Linux tells it. Invariant: undefined where it cannot be known (another system, another
 * machine), never a guess. Neighbours: Live.ts, test/clients/hostile.test.ts.
 */
import { readFileSync } from "node:fs"

const KIB = 1024

/** Resident bytes of a process. */
export const residentBytes = (pid: number): number | undefined => {
  try {
    const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
    return found === null ? undefined : Number(found[1]) * KIB
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined
    throw cause
  }
}

/** Watches a process and keeps the most it held. */
export class MemoryWatch {
  private readonly pid: number
  private readonly timer: NodeJS.Timeout
  private most = 0

  constructor(pid: number, everyMs = 100) {
    this.pid = pid
    this.timer = setInterval(() => this.look(), everyMs)
    this.look()
  }

  private look(): void {
    this.most = Math.max(this.most, residentBytes(this.pid) ?? 0)
  }

  /** The most that was seen, in bytes. */
  stop(): number {
    this.look()
    clearInterval(this.timer)
    return this.most
  }
}
