/** The lock of a data directory, by the processes that may have left it behind. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import { DiskError } from "../src/Disk.ts"
import { lockFile } from "../src/node/LockFile.ts"

const hasProc = fs.existsSync("/proc/self/stat")

/** Fields 3 and on of /proc/PID/stat: the state first, the start time at 19. */
const statOf = (pid: string): ReadonlyArray<string> => {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1")
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")
}

/** A signal takes its time to kill. */
const untilZombie = async (pid: string): Promise<void> => {
  while (statOf(pid)[0] !== "Z") await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A shell might collect its dead child; the sleep that it becomes does not. */
const untilUnminded = async (pid: string): Promise<void> => {
  const parent = statOf(pid)[1]
  while (fs.readFileSync(`/proc/${parent}/comm`, "latin1").trim() !== "sleep") {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Runs a shell that prints one line, hands that over, and ends the shell afterwards, with all that it has started. */
const withShell = async (script: string, use: (line: string) => Promise<void>): Promise<void> => {
  const shell = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"], detached: true })
  try {
    const line = await new Promise<string>((resolve) =>
      shell.stdout.once("data", (data) => resolve(String(data).trim()))
    )
    await use(line)
  } finally {
    process.kill(-shell.pid!, "SIGKILL")
  }
}

const takeLock = (holder: string): Promise<string> => {
  const directory = fs.mkdtempSync(join(tmpdir(), "klamm-lock-"))
  const path = join(directory, ".lock")
  fs.writeFileSync(path, `${holder} ${statOf(holder)[19]}\n`)
  const failed = (cause: unknown) => new DiskError({ reason: "Io", operation: "lock", path, cause })
  const taken = Effect.match(lockFile(path, failed), { onSuccess: () => "taken", onFailure: ({ reason }) => reason })
  return Effect.runPromise(Effect.scoped(taken)).finally(() => fs.rmSync(directory, { recursive: true }))
}

describe.runIf(hasProc)("a lock file", () => {
  it("is respected while its holder lives", () =>
    withShell("sleep 30 & echo $!; wait", async (holder) => {
      assert.strictEqual(await takeLock(holder), "Locked")
    }))

  it("of a holder that was killed is taken over, though nobody has collected the dead process yet", () =>
    withShell("sleep 30 & echo $!; exec sleep 30", async (holder) => {
      await untilUnminded(holder)
      process.kill(Number(holder), "SIGKILL")
      await untilZombie(holder)
      assert.strictEqual(await takeLock(holder), "taken")
    }))
})
