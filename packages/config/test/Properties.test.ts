import { describe, expect, it } from "vitest"
import { parseProperties } from "../src/Properties.ts"

const pairs = (text: string) => parseProperties(text).properties.map(({ key, value }) => [key, value])

describe("a properties file", () => {
  it("ends a key at =, : or white space, whichever comes first", () => {
    expect(pairs("a=1\nb:2\nc 3\nd = 4\ne\t:\t5\nf\ng=\nh==x")).toEqual([
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
      ["d", "4"],
      ["e", "5"],
      ["f", ""],
      ["g", ""],
      ["h", "=x"]
    ])
  })

  it("skips comments and blank lines, but not a # within a line", () => {
    expect(pairs("# a=1\n  ! b=2\n\n   \nc=3 # not a comment\n")).toEqual([["c", "3 # not a comment"]])
  })

  it("continues a line after an odd number of backslashes and drops the next line's indent", () => {
    expect(pairs("a=1,\\\n   2,\\\n\t3\nb=x\\\\\nc=4")).toEqual([
      ["a", "1,2,3"],
      ["b", "x\\"],
      ["c", "4"]
    ])
    expect(pairs("a=1\\\n# kept\nb=2")).toEqual([
      ["a", "1# kept"],
      ["b", "2"]
    ])
    expect(pairs("a=1\\")).toEqual([["a", "1"]])
    expect(pairs("\\\n# still a comment\nb=2\n\\")).toEqual([["b", "2"]])
  })

  it("resolves escapes in keys and values", () => {
    expect(pairs("a\\ b\\=c=\\t\\u00e9\\n\\q\\\\")).toEqual([["a b=c", "\té\nq\\"]])
    expect(pairs("k=C:\\dir")).toEqual([["k", "C:dir"]])
  })

  it("keeps trailing white space of a value, as Java does", () => {
    expect(pairs("a = 1  ")).toEqual([["a", "1  "]])
  })

  it("takes every kind of line end, and a byte order mark", () => {
    expect(pairs("\uFEFFa=1\r\nb=2\rc=3")).toEqual([
      ["a", "1"],
      ["b", "2"],
      ["c", "3"]
    ])
  })

  it("knows where keys and values stand, across continued lines", () => {
    const { properties } = parseProperties("\n  alpha = one\nbeta\\\n    = two\nempty=")
    expect(properties.map(({ keyAt, valueAt }) => [keyAt, valueAt])).toEqual([
      [
        { line: 2, column: 3 },
        { line: 2, column: 11 }
      ],
      [
        { line: 3, column: 1 },
        { line: 4, column: 7 }
      ],
      [
        { line: 5, column: 1 },
        { line: 5, column: 7 }
      ]
    ])
  })

  it("tells where an escape is malformed and leaves that property out", () => {
    const read = parseProperties("a=1\nb=\\u00zz\nc=3")
    expect(read.errors).toEqual([
      { reason: 'malformed escape "\\u00zz": four hexadecimal digits expected', at: { line: 2, column: 3 } }
    ])
    expect(read.properties.map((each) => each.key)).toEqual(["a", "c"])
  })
})
