import type { MetadataRecord } from "@klamm/metadata"
import { describe, expect, test } from "vitest"
import * as Uncommitted from "../src/Uncommitted.ts"

const records = (name: string): ReadonlyArray<MetadataRecord> => [{ _tag: "Topic", name, topicId: "A".repeat(22) }]
const first = { epoch: 1, lastOffset: 4, records: records("first") }
const second = { epoch: 1, lastOffset: 9, records: records("second") }
const both = Uncommitted.appended(Uncommitted.appended(Uncommitted.none, first), second)

describe("what a controller has appended", () => {
  test("is given once, when it is committed", () => {
    const [of4, after4] = Uncommitted.committed(both, 1, 4)
    expect(of4).toBe(first.records)
    expect(after4.batches).toEqual([second])
    const [of9, after9] = Uncommitted.committed(after4, 1, 9)
    expect(of9).toBe(second.records)
    expect(after9.batches).toEqual([])
  })

  test("is not what another leader has put in its place", () => {
    const [records, after] = Uncommitted.committed(both, 2, 4)
    expect(records).toBeUndefined()
    expect(after.batches).toEqual([second])
  })

  test("is forgotten when it is passed by, and when this node leads no more", () => {
    expect(Uncommitted.committed(both, 2, 12)).toEqual([undefined, { committedOffset: 12, batches: [] }])
    expect(Uncommitted.committed(Uncommitted.resigned(both), 1, 4)[0]).toBeUndefined()
  })

  test("is not kept when it was committed before it was noted", () => {
    const [, after] = Uncommitted.committed(Uncommitted.none, 1, 4)
    expect(Uncommitted.appended(after, first).batches).toEqual([])
    expect(Uncommitted.appended(after, second).batches).toEqual([second])
  })
})
