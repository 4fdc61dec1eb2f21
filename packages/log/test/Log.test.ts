import { describe, expect, it } from "vitest"
import { batch, config, entriesOf, openLog, readAll, run } from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"

describe("Log", () => {
  it("appends, reads back, closes and opens again", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk)
    const batches = [batch({ baseOffset: 0, count: 3 }), batch({ baseOffset: 3 }), batch({ baseOffset: 4, count: 2 })]
    const { entries, after } = entriesOf(batches)
    await run(log.append(entries, 0))
    expect(log.logEndOffset).toBe(6)
    expect(await readAll(log)).toEqual(batches)
    await run(log.close(after))
    expect(disk.openFiles).toBe(0)
    const again = await openLog(disk, { recoveryPoint: 6 })
    expect(again.log.logEndOffset).toBe(6)
    expect(await readAll(again.log)).toEqual(batches)
    expect(config().segmentBytes).toBe(1 << 30)
  })
})
