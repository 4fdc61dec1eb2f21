/**
 * What Linux tells of processes by way of /proc: whose a listening port is, memory, processor time, and how busy the machine was
 * with others. Invariant: where it tells nothing (another system, a process of somebody else), the answer is undefined, never 0.
 * Neighbours: System.ts.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

/** USER_HZ, which Linux fixes at 100 for what it tells programs. */
const TICKS_PER_SECOND = 100
const LISTENING = "0A"

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    // Not Linux, not ours to read, or gone meanwhile: all mean that there is nothing to tell.
    return undefined
  }
}

const inodesListening = (port: number): ReadonlySet<string> => {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => (read(path) ?? "").split("\n").slice(1))
  const columns = lines.map((line) => line.trim().split(/\s+/))
  const found = columns.filter(([, local, , state]) => local?.endsWith(wanted) === true && state === LISTENING)
  return new Set(found.map((column) => `socket:[${column[9]}]`))
}

const holds = (pid: string, inodes: ReadonlySet<string>): boolean => {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`)))
  } catch {
    // Gone meanwhile, or of another user.
    return false
  }
}

/** The process that listens on a port of this machine. */
export const processListeningOn = (port: number): number | undefined => {
  const inodes = inodesListening(port)
  if (inodes.size === 0) return undefined
  const pid = readdirSync("/proc").find((name) => /^\d+$/.test(name) && holds(name, inodes))
  return pid === undefined ? undefined : Number(pid)
}

const statusMb = (pid: number, field: string): number | undefined => {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(read(`/proc/${pid}/status`) ?? "")
  return found === null ? undefined : (Number(found[1]) * 1024) / 1e6
}

export const residentMb = (pid: number): number | undefined => statusMb(pid, "VmRSS")
/** The most it ever had since it was started. */
export const peakMb = (pid: number): number | undefined => statusMb(pid, "VmHWM")

/** The processor seconds of user and system time in a line of /proc/PID/stat. */
export const processorSecondsIn = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export const processorSeconds = (pid: number): number | undefined => {
  const stat = read(`/proc/${pid}/stat`)
  return stat === undefined ? undefined : processorSecondsIn(stat)
}

/** The processor seconds that all processes of the machine have used together. */
export const machineSeconds = (): number | undefined => {
  const line = /^cpu +(.*)$/m.exec(read("/proc/stat") ?? "")
  if (line === null) return undefined
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line[1]!.split(" ").map(Number)
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND
}

/** The sum, unless one of them is not known. */
export const sum = (values: ReadonlyArray<number | undefined>): number | undefined => {
  let total = 0
  for (const value of values) {
    if (value === undefined) return undefined
    total += value
  }
  return values.length === 0 ? undefined : total
}
