/**
 * How fast the log appends and reads through the page cache: 16 batches of 16 KiB a call, as a busy partition sees them.
 * Usage: node packages/log/scripts/bench-log.ts [directory] [GiB]. Prints MB/s; the files are removed afterwards.
 */
import { Disk } from "@klamm/platform"
import { layer } from "@klamm/platform/node/NodeDisk"
import { arenaMemory, reservedBytes } from "@klamm/protocol/Crc32c"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { type AppendEntry, Log } from "../src/Log.ts"
import { defaultLogConfig } from "../src/LogConfig.ts"
import * as ProducerState from "../src/ProducerState.ts"

const [path = "/tmp/klamm-bench-log", size = "2"] = process.argv.slice(2)
const batchBytes = 16 * 1024
const group = 16
const calls = Math.floor((Number(size) * 1024 * 1024 * 1024) / (batchBytes * group))

const memory = new Uint8Array(arenaMemory())
const template = RecordBatch.buildBatch([{ value: new Uint8Array(batchBytes - 80), timestamp: 1 }])
const entries: ReadonlyArray<AppendEntry> = Array.from({ length: group }, (_, index) => {
  const at = reservedBytes + index * batchBytes
  const bytes = memory.subarray(at, at + template.byteLength)
  bytes.set(template)
  return { bytes, producersBefore: ProducerState.empty }
})

const report = (what: string, bytes: number, started: number) => {
  const seconds = (performance.now() - started) / 1000
  console.log(`${what}: ${Math.round(bytes / seconds / 1e6)} MB/s`)
}

const append = (log: Log) =>
  Effect.gen(function* () {
    let offset = log.logEndOffset
    for (let call = 0; call < calls; call++) {
      for (const { bytes } of entries) {
        RecordBatch.setBaseOffset(bytes, 0, offset++)
        RecordBatch.setPartitionLeaderEpoch(bytes, 0, 0)
      }
      yield* log.append(entries, call)
    }
  })

const read = (log: Log, maxBytes: number) =>
  Effect.gen(function* () {
    const target = memory.subarray(reservedBytes, reservedBytes + maxBytes + batchBytes)
    let total = 0
    for (let offset = 0; offset < log.logEndOffset; ) {
      const found = yield* log.read({
        offset,
        maxBytes,
        upToOffset: log.logEndOffset,
        minOneBatch: true,
        allocate: (sizeBytes) => target.subarray(0, sizeBytes),
        hint: "cached"
      })
      if (found === "none") break
      offset += Math.floor(found.bytes.byteLength / template.byteLength)
      total += found.bytes.byteLength
    }
    return total
  })

const main = Effect.gen(function* () {
  const disk = yield* Disk
  const log = yield* Log.open({
    directory: path,
    topic: "bench",
    partition: 0,
    topicId: "AAAAAAAAAAAAAAAAAAAAAQ",
    config: () => defaultLogConfig,
    cleanShutdown: true,
    recoveryPoint: 0,
    logStartOffset: 0,
    now: 0
  })
  for (const round of ["append, cold", "append, warm"]) {
    const started = performance.now()
    yield* append(log)
    report(round, calls * group * template.byteLength, started)
  }
  for (const maxBytes of [64 * 1024, 1024 * 1024]) {
    const started = performance.now()
    const total = yield* read(log, maxBytes)
    report(`read of ${maxBytes / 1024} KiB`, total, started)
  }
  const started = performance.now()
  yield* log.close(ProducerState.empty)
  report("flush and close", log.sizeBytes, started)
  yield* disk.remove(path)
})

await Effect.runPromise(Effect.scoped(main).pipe(Effect.provide(layer)))
