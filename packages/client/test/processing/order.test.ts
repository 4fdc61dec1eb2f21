import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Lanes } from "../../src/processing/Lanes.ts"
import { OffsetTracker } from "../../src/processing/OffsetTracker.ts"

describe("the offsets of a partition", () => {
  it("may be committed up to the first that is not done, however many behind it are", () => {
    const tracker = new OffsetTracker(5)
    for (const offset of [5, 6, 9]) tracker.begin(offset)
    tracker.end(6)
    tracker.end(9)
    expect([tracker.committable, tracker.open]).toEqual([5, 3])
    tracker.end(5)
    expect([tracker.committable, tracker.open]).toEqual([10, 0])
  })

  it("move over gaps in which there is nothing to do", () => {
    const tracker = new OffsetTracker(0)
    tracker.advance(4)
    expect(tracker.committable).toBe(4)
    tracker.begin(4)
    tracker.advance(9)
    expect(tracker.committable).toBe(4)
    tracker.end(4)
    expect(tracker.committable).toBe(9)
  })

  it("are committable exactly up to the first open one, in whatever order they end", () => {
    const plan = fc
      .uniqueArray(fc.nat(60), { maxLength: 40 })
      .chain((offsets) =>
        fc.record({ offsets: fc.constant(offsets.toSorted((a, b) => a - b)), order: fc.shuffledSubarray(offsets) })
      )
    fc.assert(
      fc.property(plan, ({ offsets, order }) => {
        const tracker = new OffsetTracker(0)
        for (const offset of offsets) tracker.begin(offset)
        const open = new Set(offsets)
        for (const offset of order) {
          tracker.end(offset)
          open.delete(offset)
          const first = open.size > 0 ? Math.min(...open) : (offsets.at(-1) ?? -1) + 1
          expect([tracker.committable, tracker.open > 0]).toEqual([first, open.size > 0])
        }
      })
    )
  })
})

describe("lanes", () => {
  it("run one item each, side by side, and the next when it is done", () => {
    const lanes = new Lanes<string>(10)
    for (const item of ["a1", "a2", "b1"]) lanes.offer(item[0], item)
    expect([lanes.take()?.item, lanes.take()?.item, lanes.take()]).toEqual(["a1", "b1", undefined])
    lanes.finish("a")
    expect([lanes.take()?.item, lanes.size]).toEqual(["a2", 2])
  })

  it("run no more than the limit", () => {
    const lanes = new Lanes<string>(1)
    lanes.offer(undefined, "x")
    lanes.offer(undefined, "y")
    expect([lanes.take()?.item, lanes.take()]).toEqual(["x", undefined])
    lanes.finish(undefined)
    expect(lanes.take()?.item).toBe("y")
  })

  it("let go of what has not begun, and keep the rest in order", () => {
    const lanes = new Lanes<string>(1)
    for (const item of ["a1", "b1", "a2", "a3", "b2"]) lanes.offer(item[0], item)
    expect(lanes.take()?.item).toBe("a1")
    lanes.drop((item) => item === "b1" || item === "a2")
    lanes.finish("a")
    const rest = [lanes.take()?.item]
    lanes.finish("b")
    rest.push(lanes.take()?.item)
    expect([rest, lanes.size]).toEqual([["b2", "a3"], 1])
  })

  it("keep the order of every lane and lose nothing, whatever ends first", () => {
    const scene = fc.record({
      lanes: fc.array(fc.constantFrom("a", "b", "c", undefined), { maxLength: 40 }),
      limit: fc.integer({ min: 1, max: 4 }),
      picks: fc.array(fc.nat(3), { maxLength: 120 })
    })
    fc.assert(
      fc.property(scene, ({ lanes: given, limit, picks }) => {
        const lanes = new Lanes<number>(limit)
        given.forEach((lane, at) => {
          lanes.offer(lane, at)
        })
        const running: Array<{ lane: string | undefined; item: number }> = []
        const started: Array<number> = []
        const fill = () => {
          for (let next = lanes.take(); next !== undefined; next = lanes.take()) {
            running.push(next)
            started.push(next.item)
          }
          const named = running.flatMap(({ lane }) => lane ?? [])
          expect(new Set(named).size).toBe(named.length)
          expect(running.length).toBeLessThanOrEqual(limit)
        }
        fill()
        for (const pick of [...picks, ...given.map(() => 0)]) {
          const [ended] = running.splice(pick % Math.max(1, running.length), 1)
          if (ended !== undefined) lanes.finish(ended.lane)
          fill()
        }
        expect(started.toSorted((a, b) => a - b)).toEqual(given.map((_, at) => at))
        for (const lane of ["a", "b", "c"]) {
          const mine = started.filter((at) => given[at] === lane)
          expect(mine).toEqual(mine.toSorted((a, b) => a - b))
        }
        expect(lanes.size).toBe(0)
      })
    )
  })
})
