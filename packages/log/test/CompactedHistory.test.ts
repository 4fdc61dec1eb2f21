/** Where a compacted log begins and what it knows of epochs, once the batches that both began with are gone. */
import { iterateRecords } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { describe, expect, it } from "vitest"
import type { Log } from "../src/Log.ts"
import * as ProducerState from "../src/ProducerState.ts"
import { config, decompression, directory, entriesOf, keyed, openLog, readAll, run } from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"

const rules = () => config({ cleanupPolicy: { compact: true, delete: false }, minCleanableDirtyRatio: 0 })

const at = (baseOffset: number, key: string, partitionLeaderEpoch: number) =>
  keyed(baseOffset, [[key, String(baseOffset)]], { partitionLeaderEpoch })

const history = [
  { epoch: 0, startOffset: 0 },
  { epoch: 2, startOffset: 2 },
  { epoch: 3, startOffset: 3 }
]

const offsetsIn = async (log: Log): Promise<ReadonlyArray<number>> =>
  (await readAll(log)).flatMap((bytes) =>
    [...iterateRecords(bytes, 0, decompression)].map(
      ({ offsetDelta }) => RecordBatch.baseOffset(bytes, 0) + offsetDelta
    )
  )

/** A log of which only the last batch of epoch 0 and those of epoch 3 are left, killed. */
const cleaned = async (): Promise<FakeDisk> => {
  const disk = new FakeDisk()
  const { log, kill } = await openLog(disk, { config: rules })
  for (const batches of [[at(0, "a", 0), at(1, "b", 0)], [at(2, "a", 2)], [at(3, "a", 3)], [at(4, "c", 3)]]) {
    await run(log.append(entriesOf(batches).entries, 0))
    if (log.logEndOffset < 5) await run(log.roll(ProducerState.empty, 0))
  }
  await run(log.clean(0, 5, { producers: ProducerState.empty, decompression, dedupeBufferBytes: 1 << 20 }))
  expect(await offsetsIn(log)).toEqual([1, 3, 4])
  expect(log.epochs).toEqual(history)
  await kill()
  return disk
}

/** Opened for the third time behind an unclean end. */
const afterCrashes = async (disk: FakeDisk): Promise<Log> => {
  for (let crash = 0; crash < 2; crash++) {
    const { log, kill } = await openLog(disk, { config: rules, cleanShutdown: false })
    expect([log.logStartOffset, log.logEndOffset]).toEqual([0, 5])
    await kill()
  }
  return (await openLog(disk, { config: rules, cleanShutdown: false })).log
}

describe("the start of a compacted log, and its history of epochs,", () => {
  it("outlive crashes, though the batches that they began with are gone", async () => {
    const log = await afterCrashes(await cleaned())
    expect([log.logStartOffset, log.epochs]).toEqual([0, history])
    expect(log.endOffsetForEpoch(0)).toEqual({ epoch: 0, endOffset: 2 })
  })

  it("are where the first segment begins when the history is lost", async () => {
    const disk = await cleaned()
    disk.put(`${directory}/leader-epoch-checkpoint`, new Uint8Array(0))
    const log = await afterCrashes(disk)
    expect([log.logStartOffset, log.epochs]).toEqual([0, [history[0], history[2]]])
  })

  it("are the leader's where a follower is given a first batch behind a gap", async () => {
    const disk = new FakeDisk()
    const { log, kill } = await openLog(disk, { config: rules })
    await run(log.append(entriesOf([at(1, "b", 0), at(3, "a", 3), at(4, "c", 3)]).entries, 0))
    await kill()
    const again = await afterCrashes(disk)
    expect([again.logStartOffset, again.epochs]).toEqual([0, [history[0], history[2]]])
  })
})
