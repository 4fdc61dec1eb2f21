import { describe, expect, it } from "vitest"
import { Watchers } from "../src/Watchers.ts"

describe("watchers", () => {
  it("are told while they watch, whoever stops first", () => {
    const watchers = new Watchers()
    const told: Array<string> = []
    const stops = ["a", "b", "c"].map((name) => watchers.add((bytes) => told.push(`${name}${bytes}`)))
    stops[0]?.()
    watchers.tell(1)
    stops[2]?.()
    stops[2]?.()
    watchers.tell(2)
    stops[1]?.()
    watchers.tell(3)
    expect(told.toSorted()).toEqual(["b1", "b2", "c1"])
  })

  it("may stop themselves and others while they are told", () => {
    const watchers = new Watchers()
    let told = 0
    const stops: Array<() => void> = []
    for (let count = 0; count < 3; count++) {
      stops.push(
        watchers.add(() => {
          told += 1
          for (const stop of stops) stop()
        })
      )
    }
    watchers.tell(0)
    watchers.tell(0)
    expect(told).toBe(3)
  })
})
