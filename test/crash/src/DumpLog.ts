/**
 * Kafka's own reader over the log folders that the crashes left. Invariant: a fault is anything that it calls invalid.
 * Neighbours: main.ts.
 */
import { execFile } from "node:child_process"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)
const DUMP_WITHIN_MS = 120_000
const OUTPUT_MAX_BYTES = 1024 * 1024 * 1024

/** What kafka-dump-log prints of a batch or an index that is wrong. */
const WRONG = /isvalid: false|Mismatches in|Index mismatch|Found .* invalid|out of order|Exception/i

const partitionFolders = async (folder: string): Promise<ReadonlyArray<string>> => {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory() && /^[^.].*-\d+$/.test(entry.name)).map(({ name }) => name)
}

/** Faults found; each with the line that tells it. */
export const dumpLogs = async (script: string, folder: string): Promise<ReadonlyArray<string>> => {
  const faults: Array<string> = []
  const files: Array<string> = []
  for (const partition of await partitionFolders(folder)) {
    const names = await readdir(join(folder, partition))
    files.push(
      ...names.filter((name) => /\.(log|index|timeindex)$/.test(name)).map((name) => join(folder, partition, name))
    )
  }
  if (files.length === 0) return [`no log is in ${folder}`]
  const { stdout } = await run(script, ["kafka-dump-log", "--files", files.join(",")], {
    timeout: DUMP_WITHIN_MS,
    maxBuffer: OUTPUT_MAX_BYTES
  })
  for (const line of stdout.split("\n")) if (WRONG.test(line)) faults.push(`kafka-dump-log: ${line.trim()}`)
  console.log(`kafka-dump-log read ${files.length} files, ${stdout.split("baseOffset:").length - 1} batches`)
  return faults
}
