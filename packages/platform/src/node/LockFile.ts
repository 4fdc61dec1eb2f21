/**
 * A lock that one living process holds: a file with its process id and start time, made exclusively. Node has no flock, so a
 * lock left by a killed process is recognised by its holder being gone (the start time tells a reused process id from the
 * holder) and is taken over by renaming a new file into place and reading back who won.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { DiskError } from "../Disk.ts"

interface ProcessStat {
  readonly startTime: string | undefined
  /** Killed, and not yet collected by its parent: it holds no files any more. */
  readonly isZombie: boolean
}

/** Fields 3 and 22 of /proc/PID/stat; undefined where there is no such process or no /proc. */
const statOf = (pid: number): ProcessStat | undefined => {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return { startTime: fields[19], isZombie: fields[0] === "Z" || fields[0] === "X" }
  } catch {
    return undefined
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH")
  }
}

const held = new Set<string>()
const ours = (): string => `${process.pid} ${statOf(process.pid)?.startTime ?? "-"}\n`

/** Whether the process that wrote `content` still lives. */
const holderLives = (content: string): boolean => {
  const [pid, startTime] = content.trim().split(" ")
  const id = Number(pid)
  if (!Number.isInteger(id) || id <= 0 || id === process.pid || !isAlive(id)) return false
  const stat = statOf(id)
  if (stat === undefined || startTime === undefined || startTime === "-") return true
  return !stat.isZombie && stat.startTime === startTime
}

const read = (path: string): string | undefined => {
  try {
    return fs.readFileSync(path, "latin1")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw error
  }
}

/** True when the lock is now ours. */
const take = (path: string): boolean => {
  const content = read(path)
  if (held.has(path) || (content !== undefined && holderLives(content))) return false
  const mine = `${path}.${process.pid}`
  fs.writeFileSync(mine, ours())
  if (content === undefined) {
    try {
      fs.linkSync(mine, path)
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") return false
      throw error
    } finally {
      fs.rmSync(mine)
    }
  } else fs.renameSync(mine, path)
  return read(path) === ours()
}

/** Holds the lock until the scope ends. */
export const lockFile = (
  path: string,
  failed: (cause: unknown) => DiskError
): Effect.Effect<void, DiskError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      try {
        if (!take(path)) return Effect.fail(new DiskError({ reason: "Locked", operation: "lock", path }))
        held.add(path)
        return Effect.void
      } catch (cause) {
        return Effect.fail(failed(cause))
      }
    }),
    () =>
      Effect.sync(() => {
        held.delete(path)
        fs.rmSync(path, { force: true })
      })
  )
