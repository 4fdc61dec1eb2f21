import { describe, expect, it } from "vitest"
import { TailPositions, tailBatches } from "../src/TailPositions.ts"

/** Batches of three offsets and ten bytes. */
const addMany = (tail: TailPositions, from: number, to: number): void => {
  for (let batch = from; batch < to; batch++) tail.add(3 * batch, 3 * batch + 2, 10 * batch, 10)
}

describe("the last batches' positions", () => {
  it.each([1, 3, 4, 5, 64, 65, tailBatches])("are all known of %d batches", (count) => {
    const tail = new TailPositions()
    addMany(tail, 0, count)
    for (let batch = 0; batch < count; batch++) {
      expect(tail.find(3 * batch + 1)).toEqual({
        position: 10 * batch,
        sizeBytes: 10,
        baseOffset: 3 * batch,
        lastOffset: 3 * batch + 2
      })
    }
    expect(tail.find(3 * count)).toBeUndefined()
  })

  it("are of the newest when there were more than are remembered", () => {
    const tail = new TailPositions()
    const count = 2 * tailBatches + 7
    addMany(tail, 0, count)
    expect(tail.find(3 * (count - tailBatches) - 1)).toBeUndefined()
    expect(tail.find(3 * (count - tailBatches))?.position).toBe(10 * (count - tailBatches))
    expect(tail.find(3 * count - 1)?.position).toBe(10 * (count - 1))
  })

  it("are of what came after they were forgotten", () => {
    const tail = new TailPositions()
    addMany(tail, 0, 9)
    tail.clear()
    expect(tail.find(0)).toBeUndefined()
    addMany(tail, 4, 6)
    expect(tail.find(11)).toBeUndefined()
    expect(tail.find(12)?.position).toBe(40)
    expect(tail.find(17)?.position).toBe(50)
  })
})
