/**
 * The pages that a topic's files fill. Where a host lends memory to a virtual machine and takes back what lies free, a page that is touched
 * for the first time costs ten times of what a write into the page cache costs otherwise. So as much as is to be measured is written
 * before and dropped from the page cache, and what was measured too: its pages are at hand, for a while, for who writes next.
 * Neighbours: loads/Produce.ts, Cluster.ts.
 */
import { execFile } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { foldersOf } from "./Cluster.ts"

const execute = promisify(execFile)
const WITHIN_MS = 60_000

/** Drops a topic's files from the page cache; false where its files are not here or this cannot be done. */
export const dropFromCache = async (bootstrap: string, topic: string): Promise<boolean> => {
  const folders = await foldersOf(bootstrap, topic)
  try {
    await execute("sync", [], { timeout: WITHIN_MS })
    for (const folder of folders) {
      for (const name of readdirSync(folder)) {
        await execute("dd", [`if=${join(folder, name)}`, "iflag=nocache", "count=0"], { timeout: WITHIN_MS })
      }
    }
    return folders.length > 0
  } catch {
    // Another machine's files, or a dd that knows no such flag.
    return false
  }
}
