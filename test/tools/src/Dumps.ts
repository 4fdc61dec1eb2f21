/**
 * kafka-dump-log over everything a broker has left on disk, after a clean stop or a kill. Invariant: every file of every log is
 * read by the tool, and no batch and no index entry is called invalid; after a kill a torn end of a log is no fault.
 */
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { type Check, type Kit, works } from "./Tool.ts"

const TOOL = "kafka-dump-log"
const INVALID = /isvalid: false|Mismatches in|Index mismatch|Found timestamp mismatch|out of order|invalid bytes/i
const TORN_END = /invalid bytes at the end/i

export interface Dumped {
  readonly folder: string
  readonly after: "a clean stop" | "a kill"
}

const filesOf = async (folder: string, log: RegExp, file: RegExp): Promise<ReadonlyArray<string>> => {
  const entries = await readdir(folder, { withFileTypes: true })
  const logs = entries
    .filter((entry) => entry.isDirectory() && log.test(entry.name))
    .map(({ name }) => join(folder, name))
  const found: Array<string> = []
  for (const directory of logs) {
    for (const name of (await readdir(directory)).sort()) if (file.test(name)) found.push(join(directory, name))
  }
  return found
}

const faultIn = (output: string, after: Dumped["after"]): string | undefined =>
  output.split("\n").find((line) => INVALID.test(line) && !(after === "a kill" && TORN_END.test(line)))

const dump = async (
  kit: Kit,
  { after }: Dumped,
  files: ReadonlyArray<string>,
  options: ReadonlyArray<string>,
  expected: ReadonlyArray<RegExp> = []
): Promise<string> => {
  if (files.length === 0) throw new Error(`there is nothing for ${TOOL} ${options.join(" ")} to read`)
  const output = await works(kit, TOOL, ["--files", files.join(","), ...options], expected)
  const fault = faultIn(output, after)
  if (fault !== undefined) throw new Error(`${TOOL} ${options.join(" ")} found: ${fault}`)
  const read = output.match(/^Dumping /gm)?.length ?? 0
  if (read !== files.length) throw new Error(`${TOOL} ${options.join(" ")} read ${read} of ${files.length} files`)
  return output
}

const RECORDS = /^tools-.*-\d+$/
const OFFSETS = /^__consumer_offsets-\d+$/
const ANY = /-\d+$/

const segments = (dumped: Dumped): Check => ({
  name: `${TOOL} on segments after ${dumped.after}`,
  run: async (kit) => {
    const logs = await filesOf(dumped.folder, RECORDS, /\.log$/)
    const batches = await dump(
      kit,
      dumped,
      logs,
      [],
      [/^baseOffset: 0 .* magic: 2 compresscodec: none crc: \d+ isvalid: true$/m]
    )
    for (const codec of ["gzip", "snappy", "lz4", "zstd"]) {
      if (!batches.includes(`compresscodec: ${codec}`)) throw new Error(`${TOOL} saw no batch of ${codec}`)
    }
    const keyed = logs.filter((path) => /tools-(?:keyed|codecs)-/.test(path))
    await dump(
      kit,
      dumped,
      keyed,
      ["--deep-iteration", "--print-data-log"],
      [/headerKeys: \[h1,h2\] key: k1 payload: one$/m, /sequence: 0 headerKeys: \[\] payload: by zstd$/m]
    )
    await dump(kit, dumped, keyed, ["--print-data-log", "--skip-record-metadata"], [/key: k1 payload: one$/m])
  }
})

const indexes = (dumped: Dumped): Check => ({
  name: `${TOOL} on indexes after ${dumped.after}`,
  run: async (kit) => {
    const files = await filesOf(dumped.folder, ANY, /\.(?:index|timeindex)$/)
    await dump(kit, dumped, files, [], [/^offset: \d+ position: \d+$/m, /^timestamp: \d{13} offset: \d+$/m])
    await dump(kit, dumped, files, ["--verify-index-only"])
    const sane = await dump(kit, dumped, files, ["--index-sanity-check"])
    const passed = sane.match(/(?:passed sanity check\.| is empty\.)$/gm)?.length ?? 0
    if (passed !== files.length) throw new Error(`${passed} of ${files.length} indexes pass the sanity check`)
  }
})

const producers = (dumped: Dumped): Check => ({
  name: `${TOOL} on producer snapshots after ${dumped.after}`,
  run: async (kit) => {
    const files = await filesOf(dumped.folder, RECORDS, /\.snapshot$/)
    await dump(
      kit,
      dumped,
      files,
      [],
      [/^producerId: \d+ producerEpoch: 0 coordinatorEpoch: -1 .* lastSequence: \d+ /m]
    )
  }
})

const metadata = (dumped: Dumped): Check => ({
  name: `${TOOL} on the metadata log after ${dumped.after}`,
  run: async (kit) => {
    const decoder = "--cluster-metadata-decoder"
    const log = await filesOf(dumped.folder, /^__cluster_metadata-0$/, /\.log$/)
    await dump(
      kit,
      dumped,
      log,
      [decoder],
      [
        /LeaderChange: \{"version":0,"leaderId":1,/,
        /"type":"REGISTER_BROKER_RECORD".*"name":"PLAINTEXT"/,
        /"type":"TOPIC_RECORD","version":0,"data":\{"name":"tools-keyed"/
      ]
    )
    const snapshots = await filesOf(dumped.folder, /^__cluster_metadata-0$/, /\.checkpoint$/)
    const last = snapshots.at(-1)
    await dump(
      kit,
      dumped,
      last === undefined ? [] : [last],
      [decoder],
      [/SnapshotHeader/, /"type":"FEATURE_LEVEL_RECORD"/, /SnapshotFooter/]
    )
  }
})

const offsets = (dumped: Dumped): Check => ({
  name: `${TOOL} on __consumer_offsets after ${dumped.after}`,
  run: async (kit) => {
    const files = await filesOf(dumped.folder, OFFSETS, /\.log$/)
    await dump(
      kit,
      dumped,
      files,
      ["--offsets-decoder"],
      [
        /key: \{"type":"1","data":\{"group":"tools-console","topic":"tools-codecs","partition":0\}\} payload: \{"version":"\d","data":\{"offset":6,/,
        /key: \{"type":"2","data":\{"group":"tools-console"\}\} payload: \{"version":"\d","data":\{"protocolType":"consumer","generation":\d+,"protocol":"range"/,
        /key: \{"type":"2","data":\{"group":"tools-live"\}\} payload: <DELETE>/
      ]
    )
  }
})

/** What kafka-dump-log has to make of the folder. */
export const dumpChecks = (dumped: Dumped): ReadonlyArray<Check> => [
  segments(dumped),
  indexes(dumped),
  producers(dumped),
  metadata(dumped),
  offsets(dumped)
]
