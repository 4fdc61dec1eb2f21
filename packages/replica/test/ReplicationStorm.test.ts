/** Replication under faults: many seeds of a storm over the real partition machines; a failing seed is named and replays. */
import { assert, describe, it } from "vitest"
import { type Storm, StormRun } from "./support/storm.ts"

const seeds = Number(process.env.KLAMM_SEEDS ?? 60)
const first = Number(process.env.KLAMM_FIRST_SEED ?? 1)

const weather = (change: Partial<Storm>) => {
  let acknowledged = 0
  for (let seed = first; seed < first + seeds; seed++) {
    const run = new StormRun({
      seed,
      steps: 3000,
      syncBeforeAck: true,
      minInsyncReplicas: 2,
      losesPower: true,
      ...change
    })
    try {
      run.run()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    acknowledged += run.acknowledged.length
  }
  assert.isAbove(acknowledged, seeds * 5)
}

describe("acknowledged by all in sync, seen in the log of every replica, once, for ever", () => {
  it("behaviour 180: in sync means synced: whoever loses power, in whatever order", () => weather({}))
  it("in sync means written: whoever dies, in whatever order", () =>
    weather({ syncBeforeAck: false, losesPower: false }))
  it("with one replica in sync being enough", () => weather({ minInsyncReplicas: 1 }))
})
