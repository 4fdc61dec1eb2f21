import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Utf8 from "../src/Utf8.ts"

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

describe("utf-8", () => {
  it("is read as TextDecoder reads it, the first time and again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(8), (text, start) => {
        const bytes = new Uint8Array(start + text.length + 3)
        bytes.set(text, start)
        const expected = decoder.decode(text)
        for (let time = 0; time < 2; time++) expect(Utf8.decode(bytes, start, start + text.length)).toBe(expected)
      })
    )
  })

  it("is not mistaken for another string, however many were read before", () => {
    const names = Array.from({ length: 5000 }, (_, index) => `topic-${index}`)
    for (let time = 0; time < 2; time++) {
      for (const name of names) expect(Utf8.decode(Buffer.from(name), 0, name.length)).toBe(name)
    }
  })
})
